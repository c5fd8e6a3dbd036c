package trace

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/plain"
	"github.com/parquet-go/parquet-go/format"
)

func TestIndexes(t *testing.T) {
	tests := map[string]struct {
		data   []byte
		values int
		want   []int32
		err    string
	}{
		"a run, then bits":           {[]byte{2, 3 << 1, 1, 1<<1 | 1, 0b11_10_01_00, 0}, 6, []int32{1, 1, 1, 0, 1, 2}, ""},
		"bits padded to 32 (DuckDB)": {[]byte{1, 4<<1 | 1, 0b101, 0, 0, 0}, 3, []int32{1, 0, 1}, ""},
		"no bits at all":             {[]byte{0, 5 << 1}, 5, []int32{0, 0, 0, 0, 0}, ""},
		"bytes after the last run":   {[]byte{1, 2 << 1, 1, 99, 99}, 2, []int32{1, 1}, ""},
		"nothing":                    {nil, 0, nil, ""},
		"no width":                   {nil, 1, nil, "no width"},
		"width of 33 bits":           {[]byte{33, 2, 0}, 1, nil, "no width"},
		"too few":                    {[]byte{1, 2 << 1, 1}, 3, nil, "holds 2 values instead of 3"},
		"a run too long":             {[]byte{1, 0xfe, 0xff, 0xff, 0xff, 0x0f, 1}, 3, nil, "too long"},
		"bits too long":              {[]byte{0, 0xff, 0xff, 0xff, 0xff, 0x0f}, 3, nil, "too long"},
		"bits cut off":               {[]byte{8, 2<<1 | 1, 1, 2, 3}, 9, nil, "cut off"},
		"outside the dictionary":     {[]byte{3, 2 << 1, 4}, 2, nil, "index 4 into a dictionary of 4 values"},
	}
	for name, test := range tests {
		got, err := decodeIndexes(nil, test.data, test.values, 4)
		if err != nil || test.err != "" {
			if err == nil || test.err == "" || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: got %v, want %q", name, err, test.err)
			}
			continue
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestDeltas(t *testing.T) {
	values := make([]int64, 1000)
	for i := range values {
		values[i] = int64(i*i*i) << (i % 20)
	}
	data, err := new(delta.BinaryPackedEncoding).EncodeInt64(nil, values)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := deltas(append(data, 1, 2, 3), 64, len(values)); err != nil || n != len(data) {
		t.Errorf("%d of %d bytes, %v", n, len(data), err)
	}
	for n := range data {
		if _, err := deltas(data[:n], 64, len(values)); err == nil {
			t.Errorf("cut to %d of %d bytes: no error", n, len(data))
		}
	}
	for _, want := range []int{0, 999, 1001} {
		if _, err := deltas(data, 64, want); err == nil {
			t.Errorf("%d values: no error", want)
		}
	}
	if _, err := deltas(data, 32, len(values)); err == nil {
		t.Error("deltas of more than 32 bits: no error")
	}
	if _, err := deltas([]byte{0x81, 1, 4, 1, 0}, 64, 1); err == nil {
		t.Error("129 values a block: no error")
	}
}

func TestEachBytes(t *testing.T) {
	want := []string{"", "tenant-1", "tenant-12", "", "täglich", "tenant-12"}
	var all []byte
	offsets := []uint32{0}
	for _, word := range want {
		all = append(all, word...)
		offsets = append(offsets, uint32(len(all)))
	}
	for _, e := range []encoding.Encoding{new(plain.Encoding), new(delta.LengthByteArrayEncoding), new(delta.ByteArrayEncoding)} {
		data, err := e.EncodeByteArray(nil, all, offsets)
		if err != nil {
			t.Fatal(err)
		}
		read := func(data []byte) (got []string, err error) {
			p := &page{rows: len(want), values: len(want), encoding: e.Encoding(), data: data}
			err = eachBytes(p, func(word []byte) error {
				got = append(got, string(word))
				return nil
			})
			return got, err
		}
		got, err := read(data)
		if err != nil {
			t.Errorf("%s: %v", e, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", e, diff)
		}
		for n := range data {
			if got, err := read(data[:n]); err == nil {
				t.Errorf("%s, cut to %d of %d bytes: %q", e, n, len(data), got)
			}
		}
	}
}

// fastparquet leaves bytes after the last value of a page.
func TestPlainPageWithATail(t *testing.T) {
	element := new(format.SchemaElement)
	element.Type.V = format.Int32
	c := &numberColumn{numbers: &numbers{leaf: leaf{element: element}, unit: 1000}}
	data := []byte{1, 0, 0, 0, 255, 255, 255, 255, 9, 9, 9}
	if err := c.decodePage(&page{rows: 3, values: 2, defined: []byte{1, 0, 1}, encoding: format.Plain, data: data}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{1000, NoTime, -1000}, c.out); diff != "" {
		t.Error(diff)
	}
	if err := c.decodePage(&page{rows: 3, values: 3, encoding: format.Plain, data: data}); err == nil {
		t.Error("two values and a tail were read as three")
	}
}
