package trace

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// numberColumn decodes the pages of a column of instants or spans into ns.
type numberColumn struct {
	*numbers
	out        []int64
	dictionary []int64

	int32s  []int32
	floats  []float32
	doubles []float64
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
	out = append(out, make([]int64, n)...)
	to := out[from:]
	if p.encoding == format.RLEDictionary || p.encoding == format.PlainDictionary {
		indexes, err := decodeIndexes(c.int32s, p.data, n, len(c.dictionary))
		if err != nil {
			return nil, err
		}
		c.int32s = indexes
		for i, index := range indexes {
			to[i] = c.dictionary[index]
		}
		return out, nil
	}
	if err := c.decodable(p); err != nil {
		return nil, err
	}
	encoding := parquet.LookupEncoding(p.encoding)
	var err error
	got := n
	switch c.element.Type.V {
	case format.Int64:
		var values []int64
		if values, err = encoding.DecodeInt64(to[:0:n], p.data); err == nil {
			if got = len(values); got == n && &values[0] != &to[0] {
				copy(to, values)
			}
		}
	case format.Int32:
		c.int32s, err = encoding.DecodeInt32(c.int32s[:0], p.data)
		if got = len(c.int32s); got == n {
			for i, v := range c.int32s {
				to[i] = int64(v)
				if c.unsigned {
					to[i] = int64(uint32(v))
				}
			}
		}
	case format.Float:
		c.floats, err = encoding.DecodeFloat(c.floats[:0], p.data)
		if got = len(c.floats); err == nil && got == n {
			for i, v := range c.floats {
				if to[i], err = scaleFloat(float64(v), c.unit); err != nil {
					return nil, err
				}
			}
		}
		return c.decoded(out, got, n, err)
	case format.Double:
		c.doubles, err = encoding.DecodeDouble(c.doubles[:0], p.data)
		if got = len(c.doubles); err == nil && got == n {
			for i, v := range c.doubles {
				if to[i], err = scaleFloat(v, c.unit); err != nil {
					return nil, err
				}
			}
		}
		return c.decoded(out, got, n, err)
	case format.Int96:
		if got = len(p.data) / 12; got == n {
			for i := range to {
				if to[i], err = int96(p.data[12*i:]); err != nil {
					return nil, err
				}
			}
		}
		return c.decoded(out, got, n, err)
	}
	if out, err = c.decoded(out, got, n, err); err != nil {
		return nil, err
	}
	return out, c.scale(to)
}

func (c *numberColumn) decoded(out []int64, got, want int, err error) ([]int64, error) {
	if err != nil {
		return nil, corrupt("%v", err)
	}
	if got != want {
		return nil, corrupt("a page holds %d values instead of %d", got, want)
	}
	return out, nil
}

// decodable tells whether the library may be trusted with the page.
func (c *numberColumn) decodable(p *page) error {
	width := map[format.Type]int{format.Int32: 4, format.Int64: 8, format.Float: 4, format.Double: 8, format.Int96: 12}[c.element.Type.V]
	integer := c.element.Type.V == format.Int32 || c.element.Type.V == format.Int64
	switch {
	case p.encoding == format.Plain:
		return p.trim(width)
	case p.encoding == format.ByteStreamSplit && width != 12:
		if len(p.data) != width*p.values {
			return corrupt("a page holds %d bytes for %d values", len(p.data), p.values)
		}
		return nil
	case p.encoding == format.DeltaBinaryPacked && integer:
		_, err := deltas(p.data, 8*width, p.values)
		return err
	}
	return unsupported(p.encoding)
}

// trim cuts a PLAIN page to its values, after which fastparquet leaves some
// bytes.
func (p *page) trim(width int) error {
	if len(p.data) < width*p.values {
		return corrupt("a page holds %d bytes for %d values", len(p.data), p.values)
	}
	p.data = p.data[:width*p.values]
	return nil
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
	out = append(out, make([]T, from+len(defined)-at)...)
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
