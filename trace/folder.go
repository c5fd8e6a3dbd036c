package trace

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A folder is read as one trace of all Parquet and CSV files that lie in it, sorted by
// arrival, since files that a server records overlap. Other files, and those that are
// still being written (.partial), are left alone.

// filesOf are the traces in a folder, in the order of their names; folder is false for
// what is none.
func filesOf(path string) (files []string, folder bool, err error) {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return nil, false, nil // opening it says what is wrong
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, true, err
	}
	for _, e := range entries {
		for _, suffix := range []string{".parquet", ".csv", ".csv.gz"} {
			if strings.HasSuffix(e.Name(), suffix) && !e.IsDir() {
				files = append(files, filepath.Join(path, e.Name()))
			}
		}
	}
	if len(files) == 0 {
		err = fmt.Errorf("folder %s has no file that ends in .parquet, .csv or .csv.gz", path)
	}
	return files, true, err
}

// loadAll reads files as one trace.
func loadAll(name string, files []string, opt *Options) (*Trace, error) {
	b := NewBuilder()
	relative := false
	for i, file := range files {
		t, err := load(file, opt)
		if err != nil {
			return nil, err
		}
		if i > 0 && t.Relative != relative {
			return nil, fmt.Errorf("%s: some files of this folder say when their requests came, and others count from an unknown origin", name)
		}
		relative = t.Relative
		for row := range t.Len() {
			if err := b.Add(t.record(row)); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	t, err := b.Build(filepath.Base(filepath.Clean(name)), true)
	if err != nil {
		return nil, err
	}
	t.Relative = relative
	return t, nil
}

// record is a row.
func (t *Trace) record(i int) Record {
	c, s := &t.Columns, &t.Strings
	r := Record{
		Arrival: c.Arrival[i], Duration: c.Duration[i], Announced: NoTime, Wait: NoTime,
		Category: wordAt(s.Category, c.Category, i), TaskType: wordAt(s.TaskType, c.TaskType, i), Tenant: wordAt(s.Tenant, c.Tenant, i),
		Zone: wordAt(s.Zone, c.Zone, i), Image: wordAt(s.Image, c.Image, i), Dataset: wordAt(s.Dataset, c.Dataset, i),
	}
	if c.Announced != nil {
		r.Announced = c.Announced[i]
	}
	if c.Wait != nil {
		r.Wait = c.Wait[i]
	}
	return r
}

func wordAt[T uint16 | uint32](words []string, column []T, i int) string {
	if column == nil {
		return ""
	}
	return words[column[i]]
}
