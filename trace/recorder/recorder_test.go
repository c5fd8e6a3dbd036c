package recorder

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"shadowpool/trace"
)

func request(i int) trace.Record {
	return trace.Record{
		Arrival: time.Now().UnixNano() - int64(i%7)*int64(time.Minute), Duration: int64(i), Wait: int64(i % 3), Announced: trace.NoTime,
		Category: "kernel", Tenant: fmt.Sprint("tenant\n", i), TaskType: "train", Zone: "a", Image: "img", Dataset: "d",
	}
}

func start(t *testing.T, dir string, opt Options) *Recorder {
	t.Helper()
	opt.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	r, err := Open(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func stop(t *testing.T, r *Recorder) {
	t.Helper()
	if err := r.Close(); err != nil || r.Dropped() > 0 {
		t.Errorf("%v, %d dropped", err, r.Dropped())
	}
}

// files are the names in a folder, but for the lock.
func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if e.Name() != ".lock" {
			names = append(names, e.Name())
		}
	}
	return names
}

// durations are those of the trace in a folder, ascending: they tell which requests are there.
func durations(t *testing.T, dir string) []int64 {
	t.Helper()
	all, err := trace.Load(dir, trace.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(all.Arrival) {
		t.Error("not in order of arrival")
	}
	d := slices.Clone(all.Duration)
	slices.Sort(d)
	return d
}

// A clocked is a recorder without its goroutine, on a clock that is set.
type clocked struct {
	*Recorder
	at time.Time
}

func startClocked(t *testing.T, dir string, opt Options) *clocked {
	t.Helper()
	c := &clocked{at: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)}
	opt.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	var err error
	if c.Recorder, err = prepare(dir, opt, func() time.Time { return c.at }); err != nil {
		t.Fatal(err)
	}
	return c
}

// take records request i and lets time pass.
func (c *clocked) take(i int, pass time.Duration) {
	q := request(i)
	q.Arrival = c.at.UnixNano() - int64(i%7)*int64(time.Minute)
	c.append(&q)
	c.at = c.at.Add(pass)
	c.sync()
	c.rotate()
}

func (c *clocked) stop(t *testing.T) {
	t.Helper()
	if err := c.end(); err != nil || c.Dropped() > 0 {
		t.Errorf("%v, %d dropped", err, c.Dropped())
	}
	_ = c.lock.Close()
}

// What is written is read again, from files of an hour each, of which only the open one is
// not whole.
func TestRotates(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "requests")
	r := startClocked(t, dir, Options{})
	for i := range 301 {
		r.take(i, time.Minute)
	}
	names := files(t, dir)
	if len(names) != 6 || !strings.HasSuffix(names[5], open) || slices.ContainsFunc(names[:5], func(n string) bool { return !strings.HasSuffix(n, sealed) }) {
		t.Errorf("%q", names)
	}
	if n := len(durations(t, dir)); n != 300 {
		t.Errorf("%d requests before the end", n)
	}
	r.stop(t)
	d := durations(t, dir)
	for i := range 301 {
		if i >= len(d) || d[i] != int64(i) {
			t.Fatalf("%d requests, %v", len(d), d)
		}
	}
	all, err := trace.Load(dir, trace.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, s := &all.Columns, &all.Strings
	for i := range all.Len() {
		n := int(c.Duration[i])
		if c.Wait[i] != int64(n%3) || s.Tenant[c.Tenant[i]] != fmt.Sprint("tenant\n", n) || s.Category[c.Category[i]] != "kernel" ||
			s.TaskType[c.TaskType[i]] != "train" || s.Zone[c.Zone[i]] != "a" || s.Image[c.Image[i]] != "img" || s.Dataset[c.Dataset[i]] != "d" {
			t.Errorf("row %d is not request %d", i, n)
		}
	}
}

func TestRotatesByRows(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, Options{Rows: 10})
	for i := range 95 {
		r.Write(request(i))
	}
	stop(t, r)
	if names := files(t, dir); len(names) != 10 || len(durations(t, dir)) != 95 {
		t.Errorf("%d requests in %q", len(durations(t, dir)), names)
	}
}

// After a crash all that was put on the disk is there again, whatever was left of the last
// line, and whatever the crash interrupted; only one server at a time records.
func TestSalvages(t *testing.T) {
	for name, crash := range map[string]func(t *testing.T, partial string){
		"writing": func(*testing.T, string) {},
		"in a line": func(t *testing.T, partial string) {
			f, err := os.OpenFile(partial, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.WriteString(`{"arrival":1764000000`); err != nil {
				t.Fatal(err)
			}
		},
		"sealing": func(t *testing.T, partial string) {
			if err := os.WriteFile(strings.TrimSuffix(partial, open)+whole, []byte("PAR1 half"), 0o666); err != nil {
				t.Fatal(err)
			}
		},
		"sealed": func(t *testing.T, partial string) {
			all, _, err := read(partial)
			if err == nil {
				err = write(strings.TrimSuffix(partial, open)+sealed, all)
			}
			if err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			r := start(t, dir, Options{Flush: time.Millisecond})
			for i := range 50 {
				r.Write(request(i))
			}
			if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "another server records") {
				t.Errorf("two servers record into one folder: %v", err)
			}
			partial := filepath.Join(dir, files(t, dir)[0])
			for all := []byte{}; strings.Count(string(all), "}\n") < 50; {
				var err error
				if all, err = os.ReadFile(partial); err != nil {
					t.Fatal(err)
				}
			}
			// What a crash leaves: the file as it is.
			left := t.TempDir()
			text, err := os.ReadFile(partial)
			if err != nil {
				t.Fatal(err)
			}
			copied := filepath.Join(left, filepath.Base(partial))
			if err := os.WriteFile(copied, text, 0o666); err != nil {
				t.Fatal(err)
			}
			stop(t, r)
			crash(t, copied)
			again := start(t, left, Options{})
			again.Write(request(50))
			stop(t, again)
			if names := files(t, left); len(names) != 2 || !strings.HasSuffix(names[0], sealed) || !strings.HasSuffix(names[1], sealed) {
				t.Errorf("%q", names)
			}
			if d := durations(t, left); len(d) != 51 || d[50] != 50 {
				t.Errorf("%d requests", len(d))
			}
		})
	}
}

// Old files go, and the oldest of too many; never the latest.
func TestRetains(t *testing.T) {
	record := func(opt Options) []string {
		dir := t.TempDir()
		r := startClocked(t, dir, opt)
		for i := range 97 {
			r.take(i, 10*time.Minute)
		}
		r.stop(t)
		return files(t, dir)
	}
	if got := record(Options{}); len(got) != 17 {
		t.Errorf("%q", got)
	}
	if got := record(Options{Keep: 3*time.Hour + time.Minute}); len(got) != 3 || got[2] != "requests-20261125T160000.000Z.parquet" {
		t.Errorf("%q", got)
	}
	if got := record(Options{KeepBytes: 1}); len(got) != 1 {
		t.Errorf("%q", got)
	}
}

// What cannot be is left out and counted, and does not end the rest; a folder that
// cannot be written to is told at once.
func TestBadRequests(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, Options{})
	bad := request(0)
	bad.Duration = -1
	r.Write(bad)
	r.Write(request(1))
	if err := r.Close(); err != nil || r.Dropped() != 1 || len(durations(t, dir)) != 1 {
		t.Errorf("%v, %d dropped", err, r.Dropped())
	}
	file := filepath.Join(dir, files(t, dir)[0])
	if _, err := Open(file, Options{}); err == nil {
		t.Error("a file is taken for a folder")
	}
}

// BenchmarkTake is what a request costs the goroutine, sealing included.
func BenchmarkTake(b *testing.B) {
	r, err := prepare(b.TempDir(), Options{}, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	q := request(1)
	b.ReportAllocs()
	for b.Loop() {
		r.append(&q)
		r.rotate()
	}
	if err := r.end(); err != nil {
		b.Fatal(err)
	}
}
