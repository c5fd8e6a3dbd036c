package recorder

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"shadowpool/trace"
)

// Options say how files are written and kept. A zero is the default.
type Options struct {
	Rotate    time.Duration // how long a file is written, up to a whole multiple since the epoch: 1 h
	Rows      int           // how many rows it has at most: 1,000,000
	Keep      time.Duration // how long files are kept: for ever
	KeepBytes int64         // what they take at most: no limit
	Flush     time.Duration // how often what came is put on the disk: 1 s
	Logger    *slog.Logger  // nil is slog.Default
}

// A Recorder writes into a folder, the only one that does. Write may be called by
// several goroutines.
type Recorder struct {
	dir     string
	opt     Options
	now     func() time.Time
	lock    *os.File
	records chan trace.Record
	dropped atomic.Int64
	closing sync.Once
	done    chan struct{}
	err     error // of sealing at the end

	file    *os.File // nil while it cannot be written
	out     *bufio.Writer
	rows    int
	ends    time.Time // of the open file, or when another is tried
	scratch []byte
}

// buffered is how many records may wait for the disk.
const buffered = 1 << 16

// Open begins to record into a folder, which is made if there is none, and seals what a
// crash has left there.
func Open(dir string, opt Options) (*Recorder, error) {
	r, err := prepare(dir, opt, time.Now)
	if err == nil {
		go r.run()
	}
	return r, err
}

// prepare is Open without the goroutine.
func prepare(dir string, opt Options, now func() time.Time) (*Recorder, error) {
	if opt.Rotate == 0 {
		opt.Rotate = time.Hour
	}
	if opt.Rows == 0 {
		opt.Rows = 1_000_000
	}
	if opt.Flush == 0 {
		opt.Flush = time.Second
	}
	if opt.Logger == nil {
		opt.Logger = slog.Default()
	}
	if opt.Rotate < 0 || opt.Rows < 0 || opt.Keep < 0 || opt.KeepBytes < 0 || opt.Flush < 0 {
		return nil, errors.New("recorder: an option is negative")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	r := &Recorder{dir: dir, opt: opt, now: now, lock: lock, records: make(chan trace.Record, buffered), done: make(chan struct{})}
	if err := errors.Join(r.salvage(), r.begin()); err != nil {
		_ = lock.Close()
		return nil, err
	}
	return r, nil
}

// Write records a request. It does not wait for the disk: when that is behind by tens
// of thousands, or cannot be written, requests are left out and counted.
func (r *Recorder) Write(q trace.Record) {
	select {
	case r.records <- q:
	default:
		r.drop("the disk is behind")
	}
}

// Dropped is how many requests were left out.
func (r *Recorder) Dropped() int64 { return r.dropped.Load() }

// Close seals the open file. Nothing may be written any more.
func (r *Recorder) Close() error {
	r.closing.Do(func() { close(r.records) })
	<-r.done
	return r.err
}

func (r *Recorder) drop(why any) {
	if n := r.dropped.Add(1); n&(n-1) == 0 { // the 1st, 2nd, 4th, ...
		r.opt.Logger.Error("requests are not recorded", "so_far", n, "why", why)
	}
}

func (r *Recorder) run() {
	defer close(r.done)
	ticker := time.NewTicker(r.opt.Flush)
	defer ticker.Stop()
	for {
		select {
		case q, more := <-r.records:
			if !more {
				r.err = errors.Join(r.end(), r.lock.Close())
				return
			}
			r.append(&q)
		case <-ticker.C:
			r.sync()
		}
		r.rotate()
	}
}

// rotate seals the open file if it is time to.
func (r *Recorder) rotate() {
	if r.rows < r.opt.Rows && r.now().Before(r.ends) {
		return
	}
	if err := errors.Join(r.end(), r.begin()); err != nil {
		r.opt.Logger.Error("recording requests", "error", err)
	}
}

// A line is a record in an open file.
type line struct {
	Arrival   int64  `json:"arrival"`
	Duration  int64  `json:"duration"`
	Wait      *int64 `json:"wait,omitempty"`
	Announced *int64 `json:"announced,omitempty"`
	Category  string `json:"category,omitempty"`
	TaskType  string `json:"task_type,omitempty"`
	Tenant    string `json:"tenant,omitempty"`
	Zone      string `json:"zone,omitempty"`
	Image     string `json:"image,omitempty"`
	Dataset   string `json:"dataset,omitempty"`
}

func known(t int64) *int64 {
	if t == trace.NoTime {
		return nil
	}
	return &t
}

func orNone(t *int64) int64 {
	if t == nil {
		return trace.NoTime
	}
	return *t
}

func (r *Recorder) append(q *trace.Record) {
	if r.file == nil {
		r.drop("the file cannot be written")
		return
	}
	if err := q.Check(); err != nil {
		r.drop(err)
		return
	}
	text, err := json.Marshal(line{
		q.Arrival, q.Duration, known(q.Wait), known(q.Announced), q.Category, q.TaskType, q.Tenant, q.Zone, q.Image, q.Dataset,
	})
	if err == nil {
		r.scratch = append(append(r.scratch[:0], text...), '\n')
		_, err = r.out.Write(r.scratch)
	}
	if err != nil {
		r.drop(err)
		r.broken(err)
		return
	}
	r.rows++
}

// sync puts on the disk what came.
func (r *Recorder) sync() {
	if r.file == nil || r.out.Buffered() == 0 {
		return
	}
	if err := errors.Join(r.out.Flush(), r.file.Sync()); err != nil {
		r.broken(err)
	}
}

// again is when, after an error, another file is tried.
const again = time.Minute

// broken leaves the open file as it is, to be sealed by a later Open.
func (r *Recorder) broken(err error) {
	r.opt.Logger.Error("the file of requests cannot be written", "file", r.file.Name(), "error", err)
	_ = r.file.Close()
	r.file, r.rows = nil, 0
	r.ends = r.now().Add(again)
}

// begin opens a file.
func (r *Recorder) begin() error {
	now := r.now()
	r.ends = now.Add(again)
	for at := now.UTC(); ; at = at.Add(time.Millisecond) {
		name := prefix + at.Format(stamp)
		if _, err := os.Stat(filepath.Join(r.dir, name+sealed)); err == nil {
			continue
		}
		f, err := os.OpenFile(filepath.Join(r.dir, name+open), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		r.file, r.out, r.rows = f, bufio.NewWriter(f), 0
		r.ends = now.Truncate(r.opt.Rotate).Add(r.opt.Rotate)
		return nil
	}
}

// end seals the open file.
func (r *Recorder) end() error {
	if r.file == nil {
		return nil
	}
	f := r.file
	r.file = nil
	if err := errors.Join(r.out.Flush(), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	if err := r.seal(f.Name()); err != nil {
		return err
	}
	return r.retain()
}
