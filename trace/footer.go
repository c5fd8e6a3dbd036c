package trace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

const (
	parquetMagic = "PAR1"
	maxFooter    = 64 << 20 // bytes
)

var errCorrupt = errors.New("the file is damaged")

func corrupt(message string, args ...any) error {
	return fmt.Errorf("%w: %s", errCorrupt, fmt.Sprintf(message, args...))
}

// readFooter reads a Parquet file's metadata. It takes no declared size on
// trust: what it allocates is bounded by what the file really holds.
func readFooter(r io.ReaderAt, size int64) (*format.FileMetaData, error) {
	const tail = 8 // length of the footer, magic
	if size < int64(len(parquetMagic))+tail {
		return nil, corrupt("%d bytes are too few for a Parquet file", size)
	}
	var end [tail]byte
	if _, err := r.ReadAt(end[:], size-tail); err != nil {
		return nil, err
	}
	switch string(end[4:]) {
	case parquetMagic:
	case "PARE":
		return nil, errors.New("the file is encrypted, which is not supported")
	default:
		return nil, corrupt("it does not end as a Parquet file does (was it cut off, or its writer not closed?)")
	}
	length := int64(binary.LittleEndian.Uint32(end[:4]))
	if length > min(size-tail-int64(len(parquetMagic)), maxFooter) {
		return nil, corrupt("its footer claims %d bytes", length)
	}
	footer := make([]byte, length)
	if _, err := r.ReadAt(footer, size-tail-length); err != nil {
		return nil, err
	}
	if err := checkThrift(footer); err != nil {
		return nil, corrupt("footer: %v", err)
	}
	meta := new(format.FileMetaData)
	if err := thrift.Unmarshal(new(thrift.CompactProtocol), footer, meta); err != nil {
		return nil, corrupt("footer: %v", err)
	}
	return meta, nil
}

// checkThrift walks a struct in thrift's compact protocol without decoding
// it, because the decoder allocates whatever length a list claims. It accepts
// a list only if its elements fit into the bytes that are left.
func checkThrift(b []byte) error {
	w := thriftWalk{rest: b}
	w.structure(0)
	return w.err
}

type thriftWalk struct {
	rest []byte
	err  error
}

// Types of thrift's compact protocol.
const (
	thriftTrue, thriftFalse, thriftByte    = 1, 2, 3
	thriftInt16, thriftInt32, thriftInt64  = 4, 5, 6
	thriftDouble, thriftBinary, thriftList = 7, 8, 9
	thriftSet, thriftMap, thriftStruct     = 10, 11, 12
	maxThriftDepth                         = 32
)

func (w *thriftWalk) structure(depth int) {
	if depth > maxThriftDepth {
		w.fail("nested more than %d deep", maxThriftDepth)
	}
	for w.err == nil {
		header := w.byte()
		if header == 0 {
			return
		}
		if header>>4 == 0 {
			w.varint() // the field's number, in full
		}
		if kind := header & 15; kind != thriftTrue && kind != thriftFalse {
			w.value(kind, depth)
		}
	}
}

func (w *thriftWalk) value(kind byte, depth int) {
	switch kind {
	case thriftTrue, thriftFalse, thriftByte:
		w.skip(1)
	case thriftInt16, thriftInt32, thriftInt64:
		w.varint()
	case thriftDouble:
		w.skip(8)
	case thriftBinary:
		w.skip(w.varint())
	case thriftList, thriftSet:
		header := w.byte()
		n := uint64(header >> 4)
		if n == 15 {
			n = w.varint()
		}
		w.elements(n, depth, header&15)
	case thriftMap:
		if n := w.varint(); n > 0 {
			kinds := w.byte()
			w.elements(n, depth, kinds>>4, kinds&15)
		}
	case thriftStruct:
		w.structure(depth + 1)
	default:
		w.fail("unknown type %d", kind)
	}
}

func (w *thriftWalk) elements(n uint64, depth int, kinds ...byte) {
	if n > uint64(len(w.rest)) {
		w.fail("a list claims %d elements in %d bytes", n, len(w.rest))
	}
	for ; n > 0 && w.err == nil; n-- {
		for _, kind := range kinds {
			w.value(kind, depth)
		}
	}
}

func (w *thriftWalk) byte() byte {
	if len(w.rest) == 0 {
		w.fail("cut off")
		return 0
	}
	b := w.rest[0]
	w.rest = w.rest[1:]
	return b
}

func (w *thriftWalk) varint() uint64 {
	v, n := binary.Uvarint(w.rest)
	if n <= 0 {
		w.fail("cut off")
		return 0
	}
	w.rest = w.rest[n:]
	return v
}

func (w *thriftWalk) skip(n uint64) {
	if n > uint64(len(w.rest)) {
		w.fail("cut off")
		return
	}
	w.rest = w.rest[n:]
}

func (w *thriftWalk) fail(message string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(message, args...)
		w.rest = nil
	}
}
