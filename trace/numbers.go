package trace

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go/format"
)

// numberColumn decodes the pages of a column of instants or spans into ns.
type numberColumn struct {
	*numbers
	out        []int64
	dictionary []int64

	indexes []int32
	values  values
}

// define takes the chunk's dictionary, as PLAIN data.
func (c *numberColumn) define(n int, data []byte) error {
	if n > maxPageValues {
		return corrupt("a dictionary of %d values", n)
	}
	var err error
	c.dictionary, err = c.decode(c.dictionary[:0], &page{rows: n, values: n, encoding: format.Plain, data: data})
	return err
}

func (c *numberColumn) rows() int { return len(c.out) }

func (c *numberColumn) forget() { c.out = c.out[:0] }

// decodePage appends the page's rows to out, NoTime where null.
func (c *numberColumn) decodePage(p *page) error {
	from := len(c.out)
	out, err := c.decode(c.out, p)
	if err != nil {
		return err
	}
	if p.defined != nil {
		out = spreadRows(out, from, p.defined, NoTime)
	}
	c.out = out
	return nil
}

// decode appends the page's values, in ns.
func (c *numberColumn) decode(out []int64, p *page) ([]int64, error) {
	if p.values == 0 {
		return out, nil
	}
	from, n := len(out), p.values
	out = extend(out, n)
	to := out[from:]
	if indexed(p.encoding) {
		indexes, err := decodeIndexes(c.indexes, p.data, n, len(c.dictionary))
		if err != nil {
			return nil, err
		}
		c.indexes = indexes
		for i, index := range indexes {
			to[i] = c.dictionary[index]
		}
		return out, nil
	}
	switch c.element.Type.V {
	case format.Int32, format.Int64:
		if err := c.values.integers(to, p, c.element.Type.V, c.unsigned); err != nil {
			return nil, err
		}
		return out, c.scale(to)
	case format.Float, format.Double:
		reals, err := c.values.reals(p, c.element.Type.V)
		if err != nil {
			return nil, err
		}
		for i, v := range reals {
			if to[i], err = scaleFloat(v, c.unit); err != nil {
				return nil, err
			}
		}
		return out, nil
	default: // INT96
		if p.encoding != format.Plain {
			return nil, unsupported(p.encoding)
		}
		if err := p.fixed(12); err != nil {
			return nil, err
		}
		var err error
		for i := range to {
			if to[i], err = int96(p.data[12*i:]); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
}

// scale turns whole numbers of the column's unit into ns.
func (c *numberColumn) scale(values []int64) error {
	if c.unit > 1 {
		unit := int64(c.unit)
		limit := math.MaxInt64 / unit
		for i, v := range values {
			if v > limit || v < -limit {
				return fmt.Errorf("%d x %v is out of range (292 years)", v, c.unit)
			}
			values[i] = v * unit
		}
	}
	if c.local != nil && c.local != time.UTC {
		for i, v := range values {
			t := time.Unix(0, v).UTC()
			t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), c.local)
			var err error
			if values[i], err = nanoseconds(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// scaleFloat turns v units into whole ns; not-a-number is unknown.
func scaleFloat(v float64, unit time.Duration) (int64, error) {
	if math.IsNaN(v) {
		return NoTime, nil
	}
	ns := math.Round(v * float64(unit))
	if math.Abs(ns) >= math.MaxInt64 {
		return 0, fmt.Errorf("%g x %v is out of range (292 years)", v, unit)
	}
	return int64(ns), nil
}

// int96 reads Impala's and Spark's old timestamp: ns of the day, Julian day.
func int96(b []byte) (int64, error) {
	const julianEpoch, day = 2440588, 24 * int64(time.Hour)
	ns, julian := int64(binary.LittleEndian.Uint64(b)), int64(binary.LittleEndian.Uint32(b[8:]))
	days := julian - julianEpoch
	if ns < 0 || ns > day || days > math.MaxInt64/day-1 || days < -math.MaxInt64/day+1 {
		return 0, fmt.Errorf("INT96 timestamp (%d ns of Julian day %d) is out of range", ns, julian)
	}
	return days*day + ns, nil
}

// spreadRows moves the values from out[from:] apart, so that row i has one where
// defined[i] is 1 and the absent value elsewhere.
func spreadRows[T any](out []T, from int, defined []byte, absent T) []T {
	at := len(out)
	out = extend(out, from+len(defined)-at)
	for i := len(defined) - 1; i >= 0; i-- {
		if defined[i] == 0 {
			out[from+i] = absent
		} else {
			at--
			out[from+i] = out[at]
		}
	}
	return out
}

// extend makes out n elements longer; the caller sets them.
func extend[T any](out []T, n int) []T {
	return slices.Grow(out, n)[:len(out)+n]
}
