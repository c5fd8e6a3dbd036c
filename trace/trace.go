package trace

import (
	"fmt"
	"iter"
	"slices"
)

// ChunkRows is the number of rows of every chunk but the last one of a trace.
// A power of two, so that a row number splits into chunk and offset by shifts.
const ChunkRows = 1 << 16

// A Trace is a table of past requests, ascending by arrival, one slice a
// column (structure of arrays), strings interned. It costs 8 bytes a request
// for the arrival, 8 for the duration and 2 or 4 for each string column that
// the source fills; columns that are nil are unknown for every row.
//
// Times are nanoseconds since the Unix epoch, UTC; spans are nanoseconds.
type Trace struct {
	// Name is what reports call the trace, usually the file's base name.
	Name string
	// Relative is true when the source counts time from an unknown origin:
	// then that origin stands at the epoch, and hour of day and day of week
	// mean nothing until the trace is shifted to a known origin.
	Relative bool

	Columns
	Strings Strings
}

// Columns are the columns of some consecutive rows of a trace. Arrival and
// Duration are always present; every other column is nil when the source
// says nothing of it. All present columns have the same length.
type Columns struct {
	Arrival  []int64 // ns since the epoch, ascending
	Duration []int64 // ns of service, >= 0

	Category []uint32 // index into Strings.Category
	TaskType []uint16 // index into Strings.TaskType
	Zone     []uint16 // index into Strings.Zone
	Tenant   []uint32 // index into Strings.Tenant
	Image    []uint32 // index into Strings.Image
	Dataset  []uint32 // index into Strings.Dataset

	// Announced is when the request was announced ahead of its arrival, ns
	// since the epoch; NoTime where it was not. Nil when none was.
	Announced []int64
	// Wait is the wait that the source observed, ns; NoTime where unknown.
	Wait []int64
}

// NoTime marks an unknown value in Announced and Wait.
const NoTime = int64(-1 << 63)

// Strings are the dictionaries of a trace's string columns. Index 0 of each
// is the empty string: unknown.
type Strings struct {
	Category, TaskType, Zone, Tenant, Image, Dataset []string
}

// Summary is what is known of a whole trace before its rows are read.
type Summary struct {
	Name        string
	Rows        int64
	First, Last int64 // first and last arrival, ns since the epoch
	Relative    bool
	Strings     Strings
}

// A Chunk is ChunkRows consecutive rows of a trace (fewer in the last one).
type Chunk struct {
	First int64 // row number of the chunk's first row in its trace
	Columns
}

// A Source delivers a trace's rows in order, chunk by chunk: a *Trace in
// memory, or a file that is streamed. All its chunks have the same columns. A
// chunk stays valid after the next one is delivered, for as long as it is
// referred to. An error ends the sequence. Several goroutines may each range
// over Chunks at the same time.
type Source interface {
	Summary() Summary
	Chunks() iter.Seq2[*Chunk, error]
}

// Len is the number of rows.
func (c *Columns) Len() int { return len(c.Arrival) }

// Slice returns rows [from, to), sharing memory with c.
func (c *Columns) Slice(from, to int) Columns {
	return Columns{
		Arrival:   cut(c.Arrival, from, to),
		Duration:  cut(c.Duration, from, to),
		Category:  cut(c.Category, from, to),
		TaskType:  cut(c.TaskType, from, to),
		Zone:      cut(c.Zone, from, to),
		Tenant:    cut(c.Tenant, from, to),
		Image:     cut(c.Image, from, to),
		Dataset:   cut(c.Dataset, from, to),
		Announced: cut(c.Announced, from, to),
		Wait:      cut(c.Wait, from, to),
	}
}

func cut[T any](s []T, from, to int) []T {
	if s == nil {
		return nil
	}
	return s[from:to:to]
}

// Summary implements Source.
func (t *Trace) Summary() Summary {
	s := Summary{Name: t.Name, Rows: int64(t.Len()), Relative: t.Relative, Strings: t.Strings}
	if n := t.Len(); n > 0 {
		s.First, s.Last = t.Arrival[0], t.Arrival[n-1]
	}
	return s
}

// Chunks implements Source. The chunks share the trace's memory.
func (t *Trace) Chunks() iter.Seq2[*Chunk, error] {
	return func(yield func(*Chunk, error) bool) {
		for from := 0; from < t.Len(); from += ChunkRows {
			to := min(from+ChunkRows, t.Len())
			if !yield(&Chunk{First: int64(from), Columns: t.Slice(from, to)}, nil) {
				return
			}
		}
	}
}

// Shift moves every instant of the trace by d nanoseconds and marks it as no
// longer relative. Instants beyond 1678 to 2262 are an error.
func (t *Trace) Shift(d int64) error {
	if row, err := t.shift(d); err != nil {
		return fmt.Errorf("trace %s: row %d: %w", t.Name, row, err)
	}
	t.Relative = false
	return nil
}

func (c *Columns) shift(d int64) (int, error) {
	if d == 0 {
		return 0, nil
	}
	for _, times := range [][]int64{c.Arrival, c.Announced} {
		for i, v := range times {
			if v == NoTime {
				continue
			}
			moved := v + d
			if (moved > v) != (d > 0) || moved == NoTime {
				return i, fmt.Errorf("instant %d ns, moved by %d ns, is out of range (292 years)", v, d)
			}
			times[i] = moved
		}
	}
	return 0, nil
}

// dropUnknown drops the columns that are unknown for every row.
func (t *Trace) dropUnknown() {
	unknown := func(times []int64) bool {
		return !slices.ContainsFunc(times, func(v int64) bool { return v != NoTime })
	}
	if unknown(t.Announced) {
		t.Announced = nil
	}
	if unknown(t.Wait) {
		t.Wait = nil
	}
	dropEmpty(&t.Category, t.Strings.Category)
	dropEmpty(&t.TaskType, t.Strings.TaskType)
	dropEmpty(&t.Zone, t.Strings.Zone)
	dropEmpty(&t.Tenant, t.Strings.Tenant)
	dropEmpty(&t.Image, t.Strings.Image)
	dropEmpty(&t.Dataset, t.Strings.Dataset)
}

func dropEmpty[T any](column *[]T, words []string) {
	if len(words) == 1 {
		*column = nil
	}
}

// Validate checks what every reader guarantees: equal column lengths,
// ascending arrivals, durations and waits that are not negative, announcements
// not after their arrival, and indexes within the dictionaries. The error names the first row that breaks a rule.
func (t *Trace) Validate() error {
	n := t.Len()
	if len(t.Duration) != n {
		return fmt.Errorf("trace %s: %d durations for %d arrivals", t.Name, len(t.Duration), n)
	}
	for _, times := range [][]int64{t.Announced, t.Wait} {
		if times != nil && len(times) != n {
			return fmt.Errorf("trace %s: %d announcements or waits for %d arrivals", t.Name, len(times), n)
		}
	}
	if row, err := t.check(NoTime, true); err != nil {
		return fmt.Errorf("trace %s: row %d: %w", t.Name, row, err)
	}
	for _, err := range []error{
		inside(t.Name, "category", n, t.Category, t.Strings.Category),
		inside(t.Name, "task_type", n, t.TaskType, t.Strings.TaskType),
		inside(t.Name, "zone", n, t.Zone, t.Strings.Zone),
		inside(t.Name, "tenant", n, t.Tenant, t.Strings.Tenant),
		inside(t.Name, "image", n, t.Image, t.Strings.Image),
		inside(t.Name, "dataset", n, t.Dataset, t.Strings.Dataset),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func inside[T uint16 | uint32](name, column string, rows int, values []T, dictionary []string) error {
	if values == nil {
		return nil
	}
	if len(values) != rows {
		return fmt.Errorf("trace %s: column %s has %d values for %d rows", name, column, len(values), rows)
	}
	for i, v := range values {
		if int(v) >= len(dictionary) {
			return fmt.Errorf("trace %s: row %d: column %s has index %d of a dictionary of %d", name, i, column, v, len(dictionary))
		}
	}
	return nil
}
