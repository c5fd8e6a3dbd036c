package trace

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// zstdDecoders holds decoders that never write beyond the buffer given to
// them. parquet-go's own codecs grow theirs for as long as data come, which a
// small malicious page turns into all memory there is.
var zstdDecoders = sync.Pool{New: func() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		panic(err) // only for impossible options
	}
	return d
}}

// decompress returns the size bytes that src holds, in a buffer that is used
// again for the next page.
func (p *pageReader) decompress(src []byte, size int) ([]byte, error) {
	if p.codec == format.Uncompressed {
		if len(src) != size {
			return nil, corrupt("a page has %d bytes instead of %d", len(src), size)
		}
		return src, nil
	}
	if size == 0 {
		return nil, nil
	}
	dst := grow(&p.plain, size)
	n, err := 0, error(nil)
	switch p.codec {
	case format.Zstd:
		d := zstdDecoders.Get().(*zstd.Decoder)
		defer zstdDecoders.Put(d)
		var out []byte
		out, err = d.DecodeAll(src, dst[:0:size])
		n = len(out)
	case format.Snappy:
		if n, err = snappy.DecodedLen(src); err == nil && n == size {
			_, err = snappy.Decode(dst, src)
		}
	case format.Lz4Raw:
		n, err = lz4.UncompressBlock(src, dst)
	case format.Gzip:
		var z *gzip.Reader
		if z, err = gzip.NewReader(bytes.NewReader(src)); err == nil {
			n, err = readAll(z, dst)
		}
	case format.Brotli:
		n, err = readAll(brotli.NewReader(bytes.NewReader(src)), dst)
	default:
		return nil, fmt.Errorf("compression %s is not supported", p.codec)
	}
	if err != nil {
		return nil, corrupt("decompressing a page (%s): %v", p.codec, err)
	}
	if n != size {
		return nil, corrupt("a page decompresses to %d bytes instead of %d", n, size)
	}
	return dst, nil
}

// readAll fills dst with what r delivers, which must end there: only at its
// end is its checksum compared.
func readAll(r io.Reader, dst []byte) (int, error) {
	n, err := io.ReadFull(r, dst)
	if err != nil {
		return n, err
	}
	var more [1]byte
	switch m, err := io.ReadFull(r, more[:]); {
	case m > 0:
		return n + m, nil
	case err != io.EOF:
		return n, err
	}
	return n, nil
}
