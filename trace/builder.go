package trace

import (
	"cmp"
	"fmt"
	"slices"
)

// A Record is one request as a row: what importers and recorders deal in.
// Empty strings are unknown; Announced and Wait are NoTime where unknown.
type Record struct {
	Arrival  int64 // ns since the epoch, UTC
	Duration int64 // ns of service, >= 0

	Category, TaskType, Tenant, Zone, Image, Dataset string

	Announced int64 // ns since the epoch, not after Arrival
	Wait      int64 // ns, >= 0
}

// Check tells what is impossible about the record, nil if nothing.
func (r *Record) Check() error {
	return checkTimes(r.Arrival, r.Duration, r.Announced, r.Wait)
}

func checkTimes(arrival, duration, announced, wait int64) error {
	switch {
	case arrival == NoTime:
		return fmt.Errorf("arrival is unknown")
	case duration == NoTime:
		return fmt.Errorf("duration is unknown")
	case duration < 0:
		return fmt.Errorf("duration is negative (%d ns)", duration)
	case announced != NoTime && announced > arrival:
		return fmt.Errorf("announced %d ns after its arrival", announced-arrival)
	case wait != NoTime && wait < 0:
		return fmt.Errorf("wait is negative (%d ns)", wait)
	}
	return nil
}

// A Builder makes a Trace from records. Columns that no record fills cost
// nothing and are nil in the trace. Not for concurrent use.
type Builder struct {
	columns  Columns
	words    words
	unsorted int // first row that arrives before its predecessor, 0 if none
}

// NewBuilder returns an empty Builder.
func NewBuilder() *Builder {
	return &Builder{words: newWords()}
}

// Len is the number of records added.
func (b *Builder) Len() int { return b.columns.Len() }

// Add appends one record. The error names the row (from 0) and what is
// impossible about it; a record in error is not added.
func (b *Builder) Add(r Record) error {
	row := b.Len()
	if err := r.Check(); err != nil {
		return fmt.Errorf("row %d: %w", row, err)
	}
	ids, err := b.words.record(&r)
	if err != nil {
		return fmt.Errorf("row %d: %w", row, err)
	}
	c := &b.columns
	if row > 0 && b.unsorted == 0 && r.Arrival < c.Arrival[row-1] {
		b.unsorted = row
	}
	c.Arrival = append(c.Arrival, r.Arrival)
	c.Duration = append(c.Duration, r.Duration)
	c.Category = put(c.Category, row, ids.category, 0)
	c.TaskType = put(c.TaskType, row, ids.taskType, 0)
	c.Zone = put(c.Zone, row, ids.zone, 0)
	c.Tenant = put(c.Tenant, row, ids.tenant, 0)
	c.Image = put(c.Image, row, ids.image, 0)
	c.Dataset = put(c.Dataset, row, ids.dataset, 0)
	c.Announced = put(c.Announced, row, r.Announced, NoTime)
	c.Wait = put(c.Wait, row, r.Wait, NoTime)
	return nil
}

// put appends value as the given row of a column that stays nil for as long
// as every value is the absent one.
func put[T comparable](column []T, row int, value, absent T) []T {
	if column == nil {
		if value == absent {
			return nil
		}
		column = make([]T, row, row+1)
		for i := range column {
			column[i] = absent
		}
	}
	return append(column, value)
}

// Build returns the trace of all records added and empties the builder. With
// sort, rows are put in order of arrival, ties in the order in which they
// were added; without, arrivals that go back are an error that names the row.
func (b *Builder) Build(name string, sort bool) (*Trace, error) {
	if b.unsorted > 0 {
		if !sort {
			i := b.unsorted
			return nil, fmt.Errorf("%s: row %d arrives %d ns before row %d (sort the trace, or read it with --sort)",
				name, i, b.columns.Arrival[i-1]-b.columns.Arrival[i], i-1)
		}
		b.columns.sortByArrival()
	}
	t := &Trace{Name: name, Columns: b.columns, Strings: b.words.strings()}
	if t.Arrival == nil {
		t.Arrival, t.Duration = []int64{}, []int64{}
	}
	*b = *NewBuilder()
	return t, nil
}

// sortByArrival puts the rows in order of arrival, ties in their old order.
func (c *Columns) sortByArrival() {
	order := make([]int, c.Len())
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(c.Arrival[i], c.Arrival[j]) })
	permute(c.Arrival, order)
	permute(c.Duration, order)
	permute(c.Category, order)
	permute(c.TaskType, order)
	permute(c.Zone, order)
	permute(c.Tenant, order)
	permute(c.Image, order)
	permute(c.Dataset, order)
	permute(c.Announced, order)
	permute(c.Wait, order)
}

func permute[T any](column []T, order []int) {
	if column == nil {
		return
	}
	old := slices.Clone(column)
	for to, from := range order {
		column[to] = old[from]
	}
}
