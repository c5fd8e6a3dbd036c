package recorder

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"shadowpool/trace"
)

// The names of files.
const (
	prefix = "requests-"
	stamp  = "20060102T150405.000Z" // of when it was begun; names ascend with it
	open   = ".jsonl.partial"
	sealed = ".parquet"
	whole  = ".parquet.partial" // while it is being sealed
)

// salvage seals what a crash has left.
func (r *Recorder) salvage() error {
	names, err := filepath.Glob(filepath.Join(r.dir, prefix+"*"))
	if err != nil {
		return err
	}
	for _, name := range names {
		switch {
		case strings.HasSuffix(name, whole):
			// What it was made of is there, or has been sealed just now.
			if err = os.Remove(name); errors.Is(err, os.ErrNotExist) {
				err = nil
			}
		case strings.HasSuffix(name, open):
			if err = r.seal(name); err == nil {
				r.opt.Logger.Info("sealed a file of requests that an earlier server left", "file", name)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// seal makes a Parquet file of an open one, sorted by arrival.
func (r *Recorder) seal(name string) error {
	base := strings.TrimSuffix(name, open)
	if _, err := os.Stat(base + sealed); err == nil { // the crash came between renaming and removing
		return os.Remove(name)
	}
	t, skipped, err := read(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if skipped > 0 {
		r.opt.Logger.Warn("lines of a file of requests are damaged, and left out", "file", name, "lines", skipped)
	}
	if t.Len() == 0 {
		return os.Remove(name)
	}
	if err := write(base+whole, t); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := os.Rename(base+whole, base+sealed); err != nil {
		return err
	}
	syncFolder(r.dir)
	return os.Remove(name)
}

// read reads the whole lines of an open file, and counts those that are damaged.
func read(name string) (t *trace.Trace, skipped int, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	b := trace.NewBuilder()
	in := bufio.NewReader(f)
	for {
		text, err := in.ReadBytes('\n')
		if err == io.EOF {
			if len(text) > 0 {
				skipped++
			}
			break
		}
		if err != nil {
			return nil, 0, err
		}
		var l line
		if json.Unmarshal(text, &l) != nil {
			skipped++
			continue
		}
		q := trace.Record{
			Arrival: l.Arrival, Duration: l.Duration, Wait: orNone(l.Wait), Announced: orNone(l.Announced),
			Category: l.Category, TaskType: l.TaskType, Tenant: l.Tenant, Zone: l.Zone, Image: l.Image, Dataset: l.Dataset,
		}
		if b.Add(q) != nil { // of these a trace tells 65,535 apart
			if q.TaskType, q.Zone = "", ""; b.Add(q) != nil {
				skipped++
			}
		}
	}
	t, err = b.Build(strings.TrimSuffix(filepath.Base(name), open), true)
	return t, skipped, err
}

func write(name string, t *trace.Trace) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(f)
	return errors.Join(trace.WriteParquet(out, t), out.Flush(), f.Sync(), f.Close())
}

// syncFolder puts names on the disk, where the system can.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync() // not all systems can
		_ = d.Close()
	}
}

// retain removes the files that are too old, and the oldest while all take too much; the
// latest stays.
func (r *Recorder) retain() error {
	names, err := filepath.Glob(filepath.Join(r.dir, prefix+"*"+sealed))
	if err != nil {
		return err
	}
	left := int64(0)
	sizes := make([]int64, len(names))
	for i, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		sizes[i] = info.Size()
		left += sizes[i]
	}
	for i, name := range names[:max(len(names)-1, 0)] {
		began, err := time.Parse(stamp, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), prefix), sealed))
		old := err == nil && r.opt.Keep > 0 && r.now().Sub(began) > r.opt.Keep
		if !old && (r.opt.KeepBytes == 0 || left <= r.opt.KeepBytes) {
			continue
		}
		if err := os.Remove(name); err != nil {
			return err
		}
		left -= sizes[i]
	}
	return nil
}
