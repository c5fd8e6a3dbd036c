package trace

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A folder is one trace of its files, sorted by arrival, whatever the order and the kind of
// the files; what is still being written is left alone.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	parquet := func(name string, records ...Record) {
		t.Helper()
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := WriteParquet(f, build(t, true, records...)); err != nil {
			t.Fatal(err)
		}
	}
	at := func(second int64, tenant string) Record {
		return Record{Arrival: (1_700_000_000 + second) * 1e9, Duration: 1e9, Tenant: tenant, Announced: NoTime, Wait: 7}
	}
	parquet("requests-2.parquet", at(50, "d"), at(5, "b"))
	parquet("requests-1.parquet", at(10, "c"), at(1, "a"), at(60, "e"))
	write("requests-3.csv", "arrival_s,duration_s,tenant\n1700000005,1,f\n")
	write("requests-4.parquet.partial", "half a fi")
	write("README", "what this is")
	for _, read := range []func() (Source, error){
		func() (Source, error) { return Load(dir, Options{}) },
		func() (Source, error) { return Open(dir+"/", Options{}) },
	} {
		src, err := read()
		if err != nil {
			t.Fatal(err)
		}
		all := src.(*Trace)
		var tenants []string
		for _, i := range all.Tenant {
			tenants = append(tenants, all.Strings.Tenant[i])
		}
		// The file whose name comes first is first at one instant.
		if got := strings.Join(tenants, ""); got != "abfcde" || !slices.IsSorted(all.Arrival) || all.Wait[2] != NoTime || all.Wait[0] != 7 || all.Name != filepath.Base(dir) {
			t.Errorf("%s of %+v", got, all)
		}
	}
	write("requests-5.csv", "arrival_s,duration_s\n1,1\n")
	if _, err := Load(dir, Options{}); err == nil || !strings.Contains(err.Error(), "unknown origin") {
		t.Errorf("files of two kinds of time: %v", err)
	}
	write("requests-5.csv", "arrival_s\n1\n")
	if _, err := Load(dir, Options{}); err == nil || !strings.Contains(err.Error(), "requests-5.csv") {
		t.Errorf("a damaged file: %v", err)
	}
	if _, err := Load(t.TempDir(), Options{}); err == nil || !strings.Contains(err.Error(), "has no file") {
		t.Errorf("an empty folder: %v", err)
	}
}
