package trace

import (
	"bytes"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
)

func TestDecompress(t *testing.T) {
	plain := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	for _, codec := range []compress.Codec{&parquet.Zstd, &parquet.Snappy, &parquet.Gzip, &parquet.Brotli, &parquet.Lz4Raw, &parquet.Uncompressed} {
		packed, err := codec.Encode(nil, plain)
		if err != nil {
			t.Fatal(err)
		}
		p := &pageReader{codec: codec.CompressionCodec()}
		got, err := p.decompress(packed, len(plain))
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%s: %d bytes, %v", codec, len(got), err)
		}
		// More than the header claims is not even unpacked.
		for _, size := range []int{1, 1000, len(plain) - 1, len(plain) + 1} {
			p := &pageReader{codec: codec.CompressionCodec()}
			if got, err := p.decompress(packed, size); err == nil {
				t.Errorf("%s: %d bytes unpacked into %d", codec, len(plain), len(got))
			}
			if cap(p.plain) > size {
				t.Errorf("%s: a claim of %d bytes took %d", codec, size, cap(p.plain))
			}
		}
		if _, err := p.decompress(packed[:len(packed)/2], len(plain)); err == nil {
			t.Errorf("%s: half of the data was enough", codec)
		}
	}
	p := &pageReader{codec: 3} // LZO
	if _, err := p.decompress(nil, 1); err == nil || err.Error() != "compression LZO is not supported" {
		t.Errorf("got %v", err)
	}
}
