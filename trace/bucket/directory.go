package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"shadowpool/trace"
)

// partial ends the names of files that are being written.
const partial = ".partial"

// A directory is a place in the file system.
type directory string

func (d directory) path(name string) string {
	return filepath.Join(string(d), filepath.FromSlash(name))
}

func (d directory) open(_ context.Context, name string) (trace.Input, error) {
	return trace.OpenFile(d.path(name))
}

func (d directory) write(ctx context.Context, name string, content func(io.Writer) error) error {
	path := d.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return writeFile(ctx, path, content)
}

func (d directory) list(ctx context.Context, prefix string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(string(d), func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || entry.IsDir() || strings.HasSuffix(path, partial) {
			return err
		}
		name, err := filepath.Rel(string(d), path)
		if name = filepath.ToSlash(name); strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) { // nothing was written yet
		return nil, nil
	}
	slices.Sort(names)
	return names, err
}

func (d directory) close() error { return nil }

// writeFile writes under another name, by which another process may not
// write at the same time, and renames.
func writeFile(ctx context.Context, path string, content func(io.Writer) error) (err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", path)
	}
	unfinished := fmt.Sprintf("%s.%08x%s", path, rand.Uint32(), partial)
	file, err := os.OpenFile(unfinished, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
			_ = os.Remove(unfinished)
		}
	}()
	if err := content(file); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(unfinished, path)
}
