package trace

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Options say how to read a file that does not say it all itself. The zero
// value reads what this package writes, and files like it.
type Options struct {
	// Columns maps fields (arrival, duration, category, task_type, zone,
	// tenant, image, dataset, announced, wait) to columns of the file. A
	// field that is not mapped is the column of its own name, with or
	// without a unit: arrival, arrival_ms, announced_at_s. See ParseColumns.
	Columns map[string]string
	// Sort puts the rows in order of arrival; without it, a file that is not
	// in order is an error.
	Sort bool
	// TimeUnit and DurationUnit are the units of instants and of spans that
	// are bare numbers in a column whose name has no unit. See ParseUnit.
	TimeUnit, DurationUnit time.Duration
	// Start is the instant that a relative trace counts from, local to
	// Timezone: 2024-11-15T16:57:50, or with an offset of its own.
	Start string
	// Timezone is the IANA zone of Start and of wall-clock timestamps (those
	// without an offset); UTC when empty.
	Timezone string
	// Jitter moves arrivals as Trace.Jitter does, by draws of Seed.
	Jitter time.Duration
	Seed   uint64
	// Open opens what names of traces stand for; OpenFile when nil. A trace
	// that is streamed is opened for each pass.
	Open func(name string) (Input, error)

	location *time.Location
	start    *int64 // ns since the epoch
}

// fields are the names of a record's columns.
var fields = []string{"arrival", "duration", "category", "task_type", "zone", "tenant", "image", "dataset", "announced", "wait"}

// timed are the fields that may carry a unit in their column's name, with
// what they are called beside their own name.
var timed = map[string][]string{
	"arrival":   {"arrival"},
	"duration":  {"duration"},
	"announced": {"announced", "announced_at"},
	"wait":      {"wait"},
}

var units = []struct {
	name string
	unit time.Duration
}{
	{"ns", time.Nanosecond}, {"us", time.Microsecond}, {"ms", time.Millisecond}, {"s", time.Second},
}

// ParseUnit reads a unit of time: ns, us, ms or s. Empty is zero: unknown.
func ParseUnit(text string) (time.Duration, error) {
	for _, u := range units {
		if u.name == text {
			return u.unit, nil
		}
	}
	if text == "" {
		return 0, nil
	}
	return 0, fmt.Errorf("unit %q is none of ns, us, ms, s", text)
}

// ParseColumns reads a mapping of fields to columns: arrival=ts,duration=dur_s.
func ParseColumns(text string) (map[string]string, error) {
	if text == "" {
		return nil, nil
	}
	columns := make(map[string]string)
	for pair := range strings.SplitSeq(text, ",") {
		field, column, ok := strings.Cut(pair, "=")
		if !ok || column == "" {
			return nil, fmt.Errorf("column mapping %q is not FIELD=COLUMN", pair)
		}
		if err := checkField(field); err != nil {
			return nil, err
		}
		if _, twice := columns[field]; twice {
			return nil, fmt.Errorf("column mapping names %s twice", field)
		}
		columns[field] = column
	}
	return columns, nil
}

func checkField(field string) error {
	if !slices.Contains(fields, field) {
		return fmt.Errorf("column mapping: no field %q (fields are %s)", field, strings.Join(fields, ", "))
	}
	return nil
}

// prepare checks the options and resolves zone and start.
func (o Options) prepare() (*Options, error) {
	for _, field := range slices.Sorted(maps.Keys(o.Columns)) {
		if err := checkField(field); err != nil {
			return nil, err
		}
	}
	if o.TimeUnit < 0 || o.DurationUnit < 0 {
		return nil, fmt.Errorf("a unit of time is negative")
	}
	o.location = time.UTC
	if o.Timezone != "" {
		var err error
		if o.location, err = time.LoadLocation(o.Timezone); err != nil {
			return nil, fmt.Errorf("time zone %q is not known (it is named like Europe/Paris): %w", o.Timezone, err)
		}
	}
	if o.Start != "" {
		t, _, err := parseInstant(o.Start, o.location)
		if err != nil {
			return nil, fmt.Errorf("start %q is not an instant like 2024-11-15T16:57:50", o.Start)
		}
		o.start = &t
	}
	return &o, nil
}

// parseInstant reads an RFC 3339 instant as ns since the epoch; one without
// an offset is local to the location. Date and time may be separated by a
// blank, and the time may be left out.
func parseInstant(text string, location *time.Location) (int64, bool, error) {
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			ns, err := nanoseconds(t)
			return ns, false, err
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, location); err == nil {
			ns, err := nanoseconds(t)
			return ns, true, err
		}
	}
	return 0, false, fmt.Errorf("%.40q is not an instant like 2024-11-15T16:57:50Z", text)
}

func nanoseconds(t time.Time) (int64, error) {
	if t.Before(earliest) || t.After(latest) {
		return 0, fmt.Errorf("%v is out of range (1678 to 2262)", t)
	}
	return t.UnixNano(), nil
}

var earliest, latest = time.Unix(0, -1<<63+1), time.Unix(0, 1<<63-1)

// finder returns a function that finds a field's column among names: its
// index (-1 if there is none) and the unit that its name carries (0 if none).
// Ambiguous and missing mapped columns are errors.
func (o *Options) finder(names []string) (func(field string) (int, time.Duration, error), error) {
	index := make(map[string]int, len(names))
	for i, name := range names {
		if _, twice := index[name]; twice {
			return nil, fmt.Errorf("two columns are named %s", name)
		}
		index[name] = i
	}
	return func(field string) (int, time.Duration, error) {
		bases, isTimed := timed[field]
		if column, ok := o.Columns[field]; ok {
			i, ok := index[column]
			if !ok {
				sorted := slices.Sorted(slices.Values(names))
				return -1, 0, fmt.Errorf("no column %s for %s (columns are %.500s)", column, field, strings.Join(sorted, ", "))
			}
			if isTimed {
				return i, suffixUnit(column), nil
			}
			return i, 0, nil
		}
		if !isTimed {
			if i, ok := index[field]; ok {
				return i, 0, nil
			}
			return -1, 0, nil
		}
		found, unit := -1, time.Duration(0)
		for _, base := range bases {
			for _, suffix := range []string{"", "_ns", "_us", "_ms", "_s"} {
				i, ok := index[base+suffix]
				if !ok {
					continue
				}
				if found >= 0 {
					return -1, 0, fmt.Errorf("columns %s and %s could both be %s (choose: --columns %s=%s)", names[found], names[i], field, field, names[i])
				}
				found, unit = i, suffixUnit(suffix)
			}
		}
		return found, unit, nil
	}, nil
}

// suffixUnit is the unit in which a column's name ends, 0 if none.
func suffixUnit(column string) time.Duration {
	for _, u := range units {
		if strings.HasSuffix(column, "_"+u.name) {
			return u.unit
		}
	}
	return 0
}
