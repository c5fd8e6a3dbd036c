package config

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A file of samples may be compressed.
func TestCompressedSamples(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lead.csv.gz")
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte("stage,latency_ms\nboot,1500\npull,250\n")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := ParseLeadTime("empirical:" + path)
	if err != nil || !slices.Equal(l.Samples, []int64{1500e6, 250e6}) {
		t.Errorf("%v, %v", l.Samples, err)
	}
	if err := os.WriteFile(path, b.Bytes()[:20], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ParseLeadTime("empirical:" + path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("cut short: %v", err)
	}
}
