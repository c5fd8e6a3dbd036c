package sweep

import (
	"context"
	"os"
	"path/filepath"
	"strings"
)

// A Directory is a Store of files.
type Directory string

// Read implements Store.
func (d Directory) Read(_ context.Context, name string) ([]byte, error) {
	return os.ReadFile(d.path(name))
}

// Write implements Store. The file has another name until it is complete.
func (d Directory) Write(_ context.Context, name string, body []byte) error {
	path := d.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".part-*")
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error counts
	}
	return err
}

// List implements Store.
func (d Directory) List(_ context.Context, prefix string) ([]string, error) {
	dir := filepath.Dir(d.path(prefix + "x"))
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if name := prefix + e.Name(); e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".part-") {
			names = append(names, name)
		}
	}
	return names, err
}

func (d Directory) path(name string) string {
	return filepath.Join(string(d), filepath.FromSlash(name))
}
