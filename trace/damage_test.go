package trace

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// smallFiles are Parquet files of a few kilobytes and several encodings, for
// the tests that damage them.
func smallFiles(t testing.TB) map[string][]byte {
	t.Helper()
	type dictionaries struct {
		Arrival  *int64  `parquet:"arrival_ms,optional,dict"`
		Duration float64 `parquet:"duration_s,dict"`
		Category *string `parquet:"category,optional,dict"`
		Tenant   string  `parquet:"tenant,delta"`
	}
	var rows []dictionaries
	for i := range int64(150) {
		name := strings.Repeat("x", int(i%3))
		rows = append(rows, dictionaries{&i, float64(i % 7), &name, name + name})
	}
	files := map[string]string{
		"own":    writeTrace(t, randomTrace(t, 60)),
		"v1":     writeRows(t, rows, parquet.DataPageVersion(1)),
		"snappy": writeRows(t, rows, parquet.Compression(&parquet.Snappy)),
		"plain":  writeRows(t, nanoRows()[:20]),
	}
	content := make(map[string][]byte)
	for name, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		content[name] = b
	}
	return content
}

// read loads and streams a file with this content. What one way accepts the
// other must accept too, and with the same rows.
func read(t testing.TB, path string, content []byte, opt Options) error {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	tr, err := Load(path, opt)
	if err == nil {
		if err := tr.Validate(); err != nil {
			t.Fatalf("loaded without an error, but %v", err)
		}
	} else if !strings.Contains(err.Error(), filepath.Base(path)) {
		t.Fatalf("%v does not name the file", err)
	}
	src, streamErr := Open(path, opt)
	rows := 0
	if streamErr == nil {
		var chunk *Chunk
		for chunk, streamErr = range src.Chunks() {
			if streamErr != nil {
				break
			}
			rows += chunk.Len()
		}
	}
	if (err == nil) != (streamErr == nil) {
		t.Fatalf("loading: %v; streaming: %v", err, streamErr)
	}
	if err == nil && rows != tr.Len() {
		t.Fatalf("loaded %d rows, streamed %d", tr.Len(), rows)
	}
	return err
}

func TestTruncatedFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cut.parquet")
	for name, content := range smallFiles(t) {
		if err := read(t, path, content, Options{}); err != nil {
			t.Fatalf("%s, whole: %v", name, err)
		}
		for n := 4; n < len(content); n += 1 + n/16 {
			err := read(t, path, content[:n], Options{})
			if !errors.Is(err, errCorrupt) {
				t.Errorf("%s, cut to %d of %d bytes: %v", name, n, len(content), err)
			}
		}
		// A file whose middle is missing has its footer in place.
		half := len(content) / 2
		if err := read(t, path, append(bytes.Clone(content[:half]), content[half+9:]...), Options{}); err == nil {
			t.Errorf("%s, 9 bytes of the middle missing: no error", name)
		}
	}
}

// Every fifth byte damaged in turn: an error or a valid trace, never a panic, and
// what is wrong in the data is told, not skipped.
func TestDamagedFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "damaged.parquet")
	for name, content := range smallFiles(t) {
		found := 0
		for i := 4; i < len(content); i += 5 {
			damaged := bytes.Clone(content)
			damaged[i] ^= 1 << (i / 5 % 8)
			if read(t, path, damaged, Options{}) != nil {
				found++
			}
		}
		t.Logf("%s: %d of %d damages found", name, found, len(content)/5)
		if found < len(content)/5/4 {
			t.Errorf("%s: %d of %d damages found", name, found, len(content)/5)
		}
	}
}

// What a file claims must not make the reader allocate it.
func TestClaimsAreNotTrusted(t *testing.T) {
	footer := []byte{0x15, 0x04, 0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07, 0x00} // a schema of 2^31 elements
	content := append([]byte("PAR1"), footer...)
	content = append(content, byte(len(footer)), 0, 0, 0)
	content = append(content, "PAR1"...)
	err := read(t, filepath.Join(t.TempDir(), "claim.parquet"), content, Options{})
	if err == nil || !strings.Contains(err.Error(), "a list claims 2147483647 elements in 1 bytes") {
		t.Errorf("got %v", err)
	}
}
