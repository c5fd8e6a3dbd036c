package trace

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
)

// A leaf is one column of a Parquet file.
type leaf struct {
	index    int    // its place among the column chunks of a row group
	path     string // names joined by dots
	levels   int    // the definition level of a value that is not null
	repeated bool
	element  *format.SchemaElement
}

// leaves lists the columns of a schema.
func leaves(schema []format.SchemaElement) ([]leaf, error) {
	if len(schema) == 0 {
		return nil, corrupt("it has no schema")
	}
	var all []leaf
	at := 1
	var walk func(children int32, parent leaf, depth int) error
	walk = func(children int32, parent leaf, depth int) error {
		for range children {
			if at >= len(schema) || depth > maxThriftDepth {
				return corrupt("its schema does not add up")
			}
			e := &schema[at]
			at++
			l := leaf{path: strings.TrimPrefix(parent.path+"."+e.Name, "."), levels: parent.levels, repeated: parent.repeated, element: e}
			switch {
			case !e.RepetitionType.Valid || e.RepetitionType.V == format.Required:
			case e.RepetitionType.V == format.Optional:
				l.levels++
			default:
				l.levels++
				l.repeated = true
			}
			if e.NumChildren.Valid && e.NumChildren.V > 0 {
				if err := walk(e.NumChildren.V, l, depth+1); err != nil {
					return err
				}
				continue
			}
			l.index = len(all)
			all = append(all, l)
		}
		return nil
	}
	if err := walk(schema[0].NumChildren.V, leaf{}, 0); err != nil {
		return nil, err
	}
	if at != len(schema) {
		return nil, corrupt("its schema does not add up")
	}
	return all, nil
}

// A layout says which column of a file holds what. Entries are nil where the
// file has none.
type layout struct {
	arrival, duration, announced, wait               *numbers
	category, taskType, zone, tenant, image, dataset *leaf
	// counted is true when arrivals are bare numbers, so that nothing tells
	// what instant they count from.
	counted bool
}

// numbers is a column of instants or spans and how to read it.
type numbers struct {
	leaf
	unit     time.Duration  // of one
	local    *time.Location // where its wall-clock times hold, nil for instants
	unsigned bool
}

func newLayout(all []leaf, own bool, opt *Options) (*layout, error) {
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].path
	}
	find, err := opt.finder(names)
	if err != nil {
		return nil, err
	}
	l := new(layout)
	number := func(field string, unit time.Duration, instant bool) (*numbers, error) {
		i, suffix, err := find(field)
		if err != nil || i < 0 {
			return nil, err
		}
		n := &numbers{leaf: all[i]}
		if suffix != 0 {
			unit = suffix
		} else if unit == 0 && own {
			unit = time.Nanosecond
		}
		return n, n.resolve(unit, instant, opt)
	}
	word := func(field string) (*leaf, error) {
		i, _, err := find(field)
		if err != nil || i < 0 {
			return nil, err
		}
		return &all[i], all[i].checkWords()
	}
	for _, w := range []struct {
		field string
		leaf  **leaf
	}{
		{"category", &l.category}, {"task_type", &l.taskType}, {"zone", &l.zone},
		{"tenant", &l.tenant}, {"image", &l.image}, {"dataset", &l.dataset},
	} {
		if *w.leaf, err = word(w.field); err != nil {
			return nil, err
		}
	}
	if l.arrival, err = number("arrival", opt.TimeUnit, true); err != nil {
		return nil, err
	}
	if l.duration, err = number("duration", opt.DurationUnit, false); err != nil {
		return nil, err
	}
	if l.announced, err = number("announced", opt.TimeUnit, true); err != nil {
		return nil, err
	}
	if l.wait, err = number("wait", opt.DurationUnit, false); err != nil {
		return nil, err
	}
	if l.arrival == nil || l.duration == nil {
		return nil, missing(l.arrival == nil, names)
	}
	l.counted = !own && !isTimestamp(l.arrival.element)
	return l, nil
}

func missing(arrival bool, names []string) error {
	field := "duration"
	if arrival {
		field = "arrival"
	}
	names = slices.Clone(names)
	slices.Sort(names)
	return fmt.Errorf("no column %s (columns are %.500s; say which one it is: --columns %s=NAME)", field, strings.Join(names, ", "), field)
}

func isTimestamp(e *format.SchemaElement) bool {
	_, logical := e.LogicalType.Value.(*format.TimestampType)
	ct := e.ConvertedType
	return logical || e.Type.V == format.Int96 ||
		ct.Valid && (ct.V == deprecated.TimestampMillis || ct.V == deprecated.TimestampMicros)
}

// resolve finds what one means in a column of numbers: what its type says,
// else the given unit, which comes from its name or from the options.
func (n *numbers) resolve(unit time.Duration, instant bool, opt *Options) error {
	e := n.element
	if n.repeated {
		return fmt.Errorf("column %s holds lists", n.path)
	}
	if !e.Type.Valid {
		return corrupt("column %s has no type", n.path)
	}
	switch e.Type.V {
	case format.Int32, format.Int64, format.Float, format.Double:
	case format.Int96:
		if !instant {
			return fmt.Errorf("column %s holds instants (INT96), not spans", n.path)
		}
		return nil
	default:
		return fmt.Errorf("column %s has type %s; it should be a timestamp or a number", n.path, e.Type.V)
	}
	logical := e.LogicalType.Value
	if logical == nil && e.ConvertedType.Valid {
		switch e.ConvertedType.V {
		case deprecated.TimestampMillis:
			logical = &format.TimestampType{IsAdjustedToUTC: true, Unit: format.TimeUnit{Value: new(format.MilliSeconds)}}
		case deprecated.TimestampMicros:
			logical = &format.TimestampType{IsAdjustedToUTC: true, Unit: format.TimeUnit{Value: new(format.MicroSeconds)}}
		case deprecated.Uint8, deprecated.Uint16, deprecated.Uint32, deprecated.Uint64:
			logical = &format.IntType{}
		case deprecated.Int8, deprecated.Int16, deprecated.Int32, deprecated.Int64:
			logical = &format.IntType{IsSigned: true}
		default:
			return fmt.Errorf("column %s has a type (%d) that is neither a timestamp nor a number", n.path, e.ConvertedType.V)
		}
	}
	switch t := logical.(type) {
	case nil:
	case *format.TimestampType:
		if !instant {
			return fmt.Errorf("column %s holds instants, not spans", n.path)
		}
		if !t.IsAdjustedToUTC {
			n.local = opt.location
		}
		switch t.Unit.Value.(type) {
		case *format.MilliSeconds:
			n.unit = time.Millisecond
		case *format.MicroSeconds:
			n.unit = time.Microsecond
		case *format.NanoSeconds:
			n.unit = time.Nanosecond
		default:
			return corrupt("column %s is a timestamp of no known unit", n.path)
		}
		return nil
	case *format.IntType:
		n.unsigned = !t.IsSigned
	default:
		return fmt.Errorf("column %s has type %v; it should be a timestamp or a number", n.path, t)
	}
	if unit == 0 {
		flag := "--duration-unit"
		if instant {
			flag = "--time-unit"
		}
		return fmt.Errorf("column %s is a number of no known unit (say it by %s ns|us|ms|s, or by a name that ends in _ns, _us, _ms or _s)", n.path, flag)
	}
	n.unit = unit
	return nil
}

// checkWords tells whether a column can be read as strings: texts, and whole
// numbers that stand for names.
func (l *leaf) checkWords() error {
	if l.repeated {
		return fmt.Errorf("column %s holds lists", l.path)
	}
	if t := l.element.Type; t.Valid && l.element.ConvertedType.V != deprecated.Decimal {
		switch t.V {
		case format.ByteArray, format.Int32, format.Int64:
			return nil
		}
		return fmt.Errorf("column %s has type %s; it should be text", l.path, t.V)
	}
	return fmt.Errorf("column %s should be text", l.path)
}
