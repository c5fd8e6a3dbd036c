package bucket

import (
	"context"
	"io"
	"strings"

	"shadowpool/trace"
)

// A Folder is a directory, or what of a bucket begins with a prefix. Names in
// it may hold slashes. It may be used by several goroutines.
type Folder struct {
	name string
	in   place
}

// A place keeps files by their names.
type place interface {
	open(ctx context.Context, name string) (trace.Input, error)
	write(ctx context.Context, name string, content func(io.Writer) error) error
	list(ctx context.Context, prefix string) ([]string, error)
	close() error
}

// OpenFolder returns the folder at a path or URL, which need not exist: a
// directory is made when the first file is written.
func OpenFolder(ctx context.Context, name string) (*Folder, error) {
	l, err := locate(name)
	if err != nil {
		return nil, err
	}
	if l.path != "" {
		return &Folder{l.path, directory(l.path)}, nil
	}
	s, err := openStore(ctx, l)
	if err != nil {
		return nil, err
	}
	if l.key != "" {
		s.prefix = strings.TrimSuffix(l.key, "/") + "/"
	}
	return &Folder{s.name(""), s}, nil
}

// Name is the folder's path or URL, without the query.
func (f *Folder) Name() string { return f.name }

// Open returns a file to be read in parts, until the context ends or it is
// closed.
func (f *Folder) Open(ctx context.Context, name string) (trace.Input, error) {
	return f.in.open(ctx, name)
}

// Read returns a whole file.
func (f *Folder) Read(ctx context.Context, name string) ([]byte, error) {
	in, err := f.in.open(ctx, name)
	if err != nil {
		return nil, err
	}
	return readAll(in)
}

// Write makes a file, or replaces it, with what content writes. It appears
// whole or not at all: when content fails, or the context ends, nothing has
// changed.
func (f *Folder) Write(ctx context.Context, name string, content func(io.Writer) error) error {
	return f.in.write(ctx, name, content)
}

// List names the files that begin with a prefix, in order.
func (f *Folder) List(ctx context.Context, prefix string) ([]string, error) {
	return f.in.list(ctx, prefix)
}

// Close ends connections. Files opened from the folder must be closed before.
func (f *Folder) Close() error { return f.in.close() }
