package trace

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// Limits of one page, above what any writer makes, so that a damaged header
// cannot ask for all memory.
const (
	maxPageBytes  = 256 << 20
	maxPageValues = 32 << 20
)

// A page is one data page of a column, decompressed but still encoded. It is
// valid until the next one is read.
type page struct {
	rows     int
	defined  []byte // per row 1 where it has a value; nil when all rows have
	values   int    // rows that have a value
	encoding format.Encoding
	data     []byte // the encoded values
}

// pageReader reads the pages of one column chunk in order.
type pageReader struct {
	file   io.ReaderAt
	at     int64 // offset of the next page header
	end    int64 // end of the chunk
	codec  format.CompressionCodec
	levels int   // the definition level of a value that is not null
	left   int64 // rows not read yet

	head, body, plain, defined []byte // buffers, used again for each page
}

func (p *pageReader) open(file io.ReaderAt, size int64, chunk *format.ColumnMetaData, leaf *leaf) error {
	start := chunkStart(chunk)
	if start < 4 || chunk.TotalCompressedSize < 0 || start > size || chunk.TotalCompressedSize > size-start {
		return corrupt("its data lie outside the file")
	}
	p.file, p.at, p.end = file, start, start+chunk.TotalCompressedSize
	p.codec, p.levels, p.left = chunk.Codec, leaf.levels, chunk.NumValues
	return nil
}

// chunkStart is where a column chunk begins.
func chunkStart(chunk *format.ColumnMetaData) int64 {
	if d := chunk.DictionaryPageOffset; d > 0 && d < chunk.DataPageOffset {
		return d
	}
	return chunk.DataPageOffset
}

// next reads pages until the next data page; a dictionary page on the way is
// passed to dictionary as its number of values and PLAIN data. It returns
// io.EOF after the last row.
func (p *pageReader) next(dictionary func(n int, data []byte) error) (*page, error) {
	for p.left > 0 {
		header, err := p.header()
		if err != nil {
			return nil, err
		}
		if header.UncompressedPageSize < 0 || header.UncompressedPageSize > maxPageBytes {
			return nil, corrupt("a page claims %d bytes", header.UncompressedPageSize)
		}
		if header.CompressedPageSize < 0 || int64(header.CompressedPageSize) > p.end-p.at {
			return nil, corrupt("a page claims %d bytes where the column has %d left", header.CompressedPageSize, p.end-p.at)
		}
		body := grow(&p.body, int(header.CompressedPageSize))
		if _, err := p.file.ReadAt(body, p.at); err != nil {
			return nil, fmt.Errorf("reading a page: %w", err)
		}
		p.at += int64(len(body))
		if header.CRC != 0 && crc32.ChecksumIEEE(body) != uint32(header.CRC) {
			return nil, corrupt("a page's checksum does not match")
		}
		page, err := p.page(header, body, dictionary)
		if page != nil || err != nil {
			return page, err
		}
	}
	return nil, io.EOF
}

func (p *pageReader) header() (*format.PageHeader, error) {
	header := new(format.PageHeader)
	var protocol thrift.CompactProtocol
	// Headers are some 30 bytes; long strings as statistics make them longer.
	for _, window := range []int64{512, 64 << 10, 4 << 20} {
		window = min(window, p.end-p.at)
		b := grow(&p.head, int(window))
		if _, err := p.file.ReadAt(b, p.at); err != nil {
			return nil, fmt.Errorf("reading a page header: %w", err)
		}
		r := protocol.NewReaderFromBytes(b)
		*header = format.PageHeader{}
		if err := thrift.NewDecoder(r).Decode(header); err == nil {
			p.at += int64(r.BytesRead())
			return header, nil
		}
	}
	return nil, corrupt("a page header makes no sense")
}

// page takes one page apart; nil when it is not a data page.
func (p *pageReader) page(header *format.PageHeader, body []byte, dictionary func(int, []byte) error) (*page, error) {
	size := int(header.UncompressedPageSize)
	switch {
	case header.DataPageHeader.Valid:
		h := &header.DataPageHeader.V
		data, err := p.decompress(body, size)
		if err != nil {
			return nil, err
		}
		page := &page{encoding: h.Encoding, data: data}
		var levels []byte
		if p.levels > 0 {
			if len(data) < 4 || int64(binary.LittleEndian.Uint32(data)) > int64(len(data)-4) {
				return nil, corrupt("a page is too short for its levels")
			}
			n := 4 + int(binary.LittleEndian.Uint32(data))
			levels, page.data = data[4:n], data[n:]
			if h.DefinitionLevelEncoding != format.RLE {
				return nil, fmt.Errorf("levels encoded as %s are not supported", h.DefinitionLevelEncoding)
			}
		}
		return page, p.rows(page, h.NumValues, levels)

	case header.DataPageHeaderV2.Valid:
		h := &header.DataPageHeaderV2.V
		r, d := int(h.RepetitionLevelsByteLength), int(h.DefinitionLevelsByteLength)
		if r < 0 || d < 0 || r+d > len(body) || r+d > size {
			return nil, corrupt("a page is too short for its levels")
		}
		levels, data := body[r:r+d], body[r+d:]
		if !h.IsCompressed.Valid || h.IsCompressed.V {
			var err error
			if data, err = p.decompress(data, size-r-d); err != nil {
				return nil, err
			}
		}
		page := &page{encoding: h.Encoding, data: data}
		if d == 0 && h.NumNulls == 0 && p.levels > 0 {
			levels = nil
		}
		return page, p.rows(page, h.NumValues, levels)

	case header.DictionaryPageHeader.Valid:
		h := &header.DictionaryPageHeader.V
		if h.Encoding != format.Plain && h.Encoding != plainDictionary {
			return nil, fmt.Errorf("a dictionary encoded as %s is not supported", h.Encoding)
		}
		data, err := p.decompress(body, size)
		if err != nil {
			return nil, err
		}
		if h.NumValues < 0 || int(h.NumValues) > len(data) {
			return nil, corrupt("a dictionary claims %d values in %d bytes", h.NumValues, len(data))
		}
		return nil, dictionary(int(h.NumValues), data)
	}
	return nil, nil // an index page: nothing to read
}

// rows sets the page's number of rows and which of them have values.
func (p *pageReader) rows(page *page, n int32, levels []byte) error {
	if n < 0 || n > maxPageValues || int64(n) > p.left {
		return corrupt("a page claims %d rows where %d are left", n, p.left)
	}
	p.left -= int64(n)
	page.rows, page.values = int(n), int(n)
	if p.levels == 0 || n == 0 {
		return nil
	}
	defined, err := decodeLevels(p.defined, levels, p.levels, page.rows)
	if err != nil {
		return err
	}
	p.defined = defined
	if p.levels > 1 { // inside structs: what is not wholly there is null
		for i, level := range defined {
			defined[i] = 0
			if int(level) == p.levels {
				defined[i] = 1
			}
		}
	}
	page.values = bytes.Count(defined, []byte{1})
	if page.values < page.rows {
		page.defined = defined
	}
	return nil
}

// grow returns a slice of n elements from the buffer, made larger if need be.
func grow[T any](buffer *[]T, n int) []T {
	if cap(*buffer) < n {
		*buffer = make([]T, n)
	}
	*buffer = (*buffer)[:n]
	return *buffer
}
