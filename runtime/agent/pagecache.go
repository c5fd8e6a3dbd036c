package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// mostFiles is how many files the patterns of a step may name.
const mostFiles = 100_000

// readFiles reads the files that patterns name, so that the kernel has them in
// memory when they are asked for. What is no regular file is left alone: a pipe
// or a device may wait for ever.
func readFiles(ctx context.Context, patterns []string) (int64, error) {
	var names []string
	for _, p := range patterns {
		found, err := filepath.Glob(p)
		if err != nil {
			return 0, fmt.Errorf("%q: %w", p, err)
		}
		if names = append(names, found...); len(names) > mostFiles {
			return 0, fmt.Errorf("the patterns name more than %d files", mostFiles)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 0 {
		return 0, errors.New("the patterns name no file")
	}
	var read int64
	buffer := make([]byte, 1<<20)
	for _, name := range names {
		n, err := readFile(ctx, name, buffer)
		read += n
		if err != nil {
			return read, err
		}
	}
	return read, nil
}

func readFile(ctx context.Context, name string, buffer []byte) (read int64, err error) {
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
		return 0, err
	}
	f, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for {
		if ctx.Err() != nil {
			return read, context.Cause(ctx)
		}
		n, err := f.Read(buffer)
		read += int64(n)
		if err == io.EOF {
			return read, nil
		}
		if err != nil {
			return read, err
		}
	}
}
