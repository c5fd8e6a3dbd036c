package trace

import (
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// values decodes the numbers of pages; its buffers are used again.
type values struct {
	int32s  []int32
	floats  []float32
	doubles []float64
}

// integers decodes an INT32 or INT64 page into to, one element a value.
func (v *values) integers(to []int64, p *page, kind format.Type, unsigned bool) error {
	if len(to) == 0 {
		return nil
	}
	width := 4
	if kind == format.Int64 {
		width = 8
	}
	if p.encoding == format.DeltaBinaryPacked {
		if _, err := deltas(p.data, 8*width, len(to)); err != nil {
			return err
		}
	} else if err := p.fixed(width); err != nil {
		return err
	}
	encoding := parquet.LookupEncoding(p.encoding)
	if kind == format.Int64 {
		decoded, err := encoding.DecodeInt64(to[:0:len(to)], p.data)
		if err != nil || len(decoded) != len(to) {
			return corrupt("a page holds %d values instead of %d (%v)", len(decoded), len(to), err)
		}
		if &decoded[0] != &to[0] {
			copy(to, decoded)
		}
		return nil
	}
	var err error
	v.int32s, err = encoding.DecodeInt32(v.int32s[:0], p.data)
	if err != nil || len(v.int32s) != len(to) {
		return corrupt("a page holds %d values instead of %d (%v)", len(v.int32s), len(to), err)
	}
	for i, n := range v.int32s {
		to[i] = int64(n)
		if unsigned {
			to[i] = int64(uint32(n))
		}
	}
	return nil
}

// reals decodes a FLOAT or DOUBLE page.
func (v *values) reals(p *page, kind format.Type) ([]float64, error) {
	encoding := parquet.LookupEncoding(p.encoding)
	var err error
	if kind == format.Double {
		if err := p.fixed(8); err != nil {
			return nil, err
		}
		v.doubles, err = encoding.DecodeDouble(v.doubles[:0], p.data)
	} else {
		if err := p.fixed(4); err != nil {
			return nil, err
		}
		v.floats, err = encoding.DecodeFloat(v.floats[:0], p.data)
		v.doubles = v.doubles[:0]
		for _, f := range v.floats {
			v.doubles = append(v.doubles, float64(f))
		}
	}
	if err != nil || len(v.doubles) != p.values {
		return nil, corrupt("a page holds %d values instead of %d (%v)", len(v.doubles), p.values, err)
	}
	return v.doubles, nil
}

// fixed checks a page of values of a fixed width, and cuts off the bytes that
// fastparquet leaves after the last one.
func (p *page) fixed(width int) error {
	size := width * p.values
	switch {
	case p.encoding != format.Plain && p.encoding != format.ByteStreamSplit:
		return unsupported(p.encoding)
	case len(p.data) < size, len(p.data) > size && p.encoding != format.Plain:
		return corrupt("a page holds %d bytes for %d values", len(p.data), p.values)
	}
	p.data = p.data[:size]
	return nil
}
