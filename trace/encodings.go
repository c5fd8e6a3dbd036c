package trace

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/plain"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/format"
)

// The library's decoders are fast but trust their input: a run may claim any
// length. So each page is first walked, header by header, and only what
// holds exactly the values that it should is decoded.

// plainDictionary is what old writers call both a dictionary (now PLAIN) and
// indexes into it (now RLE_DICTIONARY).
const plainDictionary = format.Encoding(2)

// indexed tells whether pages of an encoding hold dictionary indexes.
func indexed(e format.Encoding) bool {
	return e == format.RLEDictionary || e == plainDictionary
}

// runs returns the length of the RLE / bit-packed hybrid in src that holds
// the wanted number of values of the given width.
func runs(src []byte, width, want int) (int, error) {
	at := 0
	for values := 0; values < want; {
		header, n := binary.Uvarint(src[at:])
		if n <= 0 {
			return 0, corrupt("a page holds %d values instead of %d", values, want)
		}
		at += n
		count := header >> 1
		bytes := uint64(width+7) / 8
		if header&1 == 1 {
			// The last run may be padded: to 8 values as the format has it,
			// by DuckDB to 32.
			if count > maxPageValues/8 {
				return 0, corrupt("a run of a page is too long")
			}
			bytes = count * uint64(width)
			count *= 8
		} else if count > uint64(want-values) {
			return 0, corrupt("a run of a page is too long")
		}
		if bytes > uint64(len(src)-at) {
			return 0, corrupt("a page is cut off")
		}
		at += int(bytes)
		values += int(count)
	}
	return at, nil
}

// decodeLevels returns one level per row, in dst if it is large enough.
func decodeLevels(dst, src []byte, highest, rows int) ([]byte, error) {
	width := bits.Len(uint(highest))
	n, err := runs(src, width, rows)
	if err != nil {
		return nil, err
	}
	levels, err := (&rle.Encoding{BitWidth: width}).DecodeLevels(dst, src[:n])
	if err != nil || len(levels) < rows {
		return nil, corrupt("levels: %d of %d, %v", len(levels), rows, err)
	}
	return levels[:rows], nil
}

// decodeIndexes returns the dictionary indexes of a page, each checked to be
// below size.
func decodeIndexes(dst []int32, src []byte, values, size int) ([]int32, error) {
	if values == 0 {
		return dst[:0], nil
	}
	if len(src) == 0 || src[0] > 32 {
		return nil, corrupt("a page has no width of its dictionary indexes")
	}
	width := int(src[0])
	n, err := runs(src[1:], width, values)
	if err != nil {
		return nil, err
	}
	indexes, err := (&rle.Encoding{BitWidth: width}).DecodeInt32(dst, src[1:1+n])
	if err != nil || len(indexes) < values {
		return nil, corrupt("dictionary indexes: %d of %d, %v", len(indexes), values, err)
	}
	indexes = indexes[:values]
	for _, i := range indexes {
		if uint32(i) >= uint32(size) {
			return nil, corrupt("index %d into a dictionary of %d values", uint32(i), size)
		}
	}
	return indexes, nil
}

// deltas returns the length of the DELTA_BINARY_PACKED sequence at the start
// of src, which must hold the wanted number of values of at most width bits.
func deltas(src []byte, width, want int) (int, error) {
	at := 0
	number := func() uint64 {
		v, n := binary.Uvarint(src[min(at, len(src)):])
		if n <= 0 {
			n = len(src) + 1 // beyond the end, which is checked below
		}
		at += n
		return v
	}
	if len(src) == 0 && want == 0 {
		return 0, nil
	}
	block, minis, total := number(), number(), number()
	number() // the first value
	if at > len(src) {
		return 0, corrupt("a delta-coded page is cut off")
	}
	if block == 0 || block > 1<<16 || block%128 != 0 || minis == 0 || minis > block || block%minis != 0 || block/minis%32 != 0 {
		return 0, corrupt("a delta-coded page has %d values a block in %d parts", block, minis)
	}
	if total != uint64(want) {
		return 0, corrupt("a page holds %d values instead of %d", total, want)
	}
	size := int(block / minis)
	for left := want - 1; left > 0; {
		number() // the block's least delta
		widths := at
		at += int(minis)
		if at > len(src) {
			return 0, corrupt("a delta-coded page is cut off")
		}
		for _, w := range src[widths:at] {
			if left <= 0 {
				break // parts beyond the last value are not stored
			}
			if int(w) > width {
				return 0, corrupt("a delta of %d bits", w)
			}
			if at += size * int(w) / 8; at > len(src) {
				return 0, corrupt("a delta-coded page is cut off")
			}
			left -= size
		}
	}
	return at, nil
}

// eachBytes calls f with every byte string of a page, in order. The strings
// are valid during the call.
func eachBytes(p *page, f func([]byte) error) error {
	switch p.encoding {
	case format.Plain:
		return eachPlain(p.data, p.values, f)
	case format.DeltaLengthByteArray:
		lengths, rest, err := lengths(p.data, p.values)
		if err != nil {
			return err
		}
		for _, n := range lengths {
			if n < 0 || int(n) > len(rest) {
				return corrupt("a page is cut off")
			}
			if err := f(rest[:n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	case format.DeltaByteArray:
		prefixes, rest, err := lengths(p.data, p.values)
		if err != nil {
			return err
		}
		suffixes, rest, err := lengths(rest, p.values)
		if err != nil {
			return err
		}
		var word []byte
		for i, prefix := range prefixes {
			n := suffixes[i]
			if prefix < 0 || int(prefix) > len(word) || n < 0 || int(n) > len(rest) || int(prefix)+int(n) > maxString {
				return corrupt("a string shares %d bytes with one of %d, then has %d of %d", prefix, len(word), n, len(rest))
			}
			word = append(word[:prefix], rest[:n]...)
			rest = rest[n:]
			if err := f(word); err != nil {
				return err
			}
		}
		return nil
	}
	return unsupported(p.encoding)
}

func unsupported(e format.Encoding) error {
	return fmt.Errorf("encoding %s is not supported for this type", e)
}

func eachPlain(data []byte, values int, f func([]byte) error) error {
	for range values {
		word, rest, err := plain.NextByteArray(data)
		if err != nil {
			return corrupt("a page holds fewer strings than it should")
		}
		if err := f(word); err != nil {
			return err
		}
		data = rest
	}
	return nil
}

func lengths(src []byte, want int) (values []int32, rest []byte, err error) {
	n, err := deltas(src, 32, want)
	if err != nil || want == 0 {
		return nil, src, err
	}
	values, err = new(delta.BinaryPackedEncoding).DecodeInt32(make([]int32, 0, want), src[:n])
	if err != nil || len(values) != want {
		return nil, nil, corrupt("string lengths: %d of %d, %v", len(values), want, err)
	}
	return values, src[n:], nil
}
