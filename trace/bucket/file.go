package bucket

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"shadowpool/trace"
)

// Open returns the file at a path or URL to be read in parts, until the
// context ends or it is closed.
func Open(ctx context.Context, name string) (trace.Input, error) {
	l, err := locate(name)
	if err != nil {
		return nil, err
	}
	if l.path != "" {
		return trace.OpenFile(l.path)
	}
	s, err := openStore(ctx, l)
	if err != nil {
		return nil, err
	}
	o, err := s.object(ctx, l.key)
	if err != nil {
		_ = s.close() // the first error counts
		return nil, err
	}
	o.whole = s
	return o, nil
}

// Opener is Open for what takes no context: trace.Options.
func Opener(ctx context.Context) func(name string) (trace.Input, error) {
	return func(name string) (trace.Input, error) { return Open(ctx, name) }
}

// Read returns the whole file at a path or URL.
func Read(ctx context.Context, name string) ([]byte, error) {
	in, err := Open(ctx, name)
	if err != nil {
		return nil, err
	}
	return readAll(in)
}

// Beside opens the files that lie beside one, or that are named by a whole path
// or URL.
func Beside(ctx context.Context, name string) func(file string) (io.ReadCloser, error) {
	return func(file string) (io.ReadCloser, error) {
		if !IsURL(file) && !filepath.IsAbs(file) {
			file = Join(name, "..", file)
		}
		in, err := Open(ctx, file)
		if err != nil {
			return nil, err
		}
		all := in.Forward(trace.Range{Length: in.Size()})
		return besides{io.NewSectionReader(all, 0, in.Size()), in}, nil
	}
}

// besides is a file that is read from its beginning.
type besides struct {
	io.Reader
	trace.Input
}

// Write makes the file at a path or URL, or replaces it, with what content
// writes. It appears whole or not at all: when content fails, or the context
// ends, nothing has changed.
func Write(ctx context.Context, name string, content func(io.Writer) error) error {
	l, err := locate(name)
	if err != nil {
		return err
	}
	if l.path != "" {
		return writeFile(ctx, l.path, content)
	}
	s, err := openStore(ctx, l)
	if err != nil {
		return err
	}
	defer s.close()
	return s.write(ctx, l.key, content)
}

// readAll reads an input to its end and closes it.
func readAll(in trace.Input) ([]byte, error) {
	defer in.Close()
	all := in.Forward(trace.Range{Length: in.Size()})
	body, err := io.ReadAll(io.NewSectionReader(all, 0, in.Size()))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name(), err)
	}
	return body, nil
}
