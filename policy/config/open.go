package config

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// An Opener opens the files that a configuration names. Messages call a file
// by its Name, if it has that method, as an *os.File has.
type Opener func(name string) (io.ReadCloser, error)

// besides opens files of a directory, or by their absolute path.
func besides(dir string) Opener {
	return func(name string) (io.ReadCloser, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		return os.Open(name)
	}
}

// readFile reads a file that may be compressed by gzip.
func readFile[T any](open Opener, name string, read func(io.Reader) (T, error)) (T, error) {
	var none T
	f, err := open(name)
	if err != nil {
		return none, err
	}
	defer f.Close()
	if f, ok := f.(interface{ Name() string }); ok {
		name = f.Name()
	}
	text, err := unzipped(f)
	if err != nil {
		return none, fmt.Errorf("%s: %w", name, err)
	}
	content, err := read(text)
	if err != nil {
		return none, fmt.Errorf("%s: %w", name, err)
	}
	return content, nil
}

// unzipped reads a file that may be compressed by gzip.
func unzipped(f io.Reader) (io.Reader, error) {
	b := bufio.NewReader(f)
	if magic, _ := b.Peek(2); string(magic) == "\x1f\x8b" {
		return gzip.NewReader(b)
	}
	return b, nil
}
