package trace

import (
	"fmt"
	"io"
	"os"
	"time"
)

// An Input is what a trace is read from: a file, or an object of a store.
// It is read in several places at the same time.
type Input interface {
	io.ReaderAt
	io.Closer
	Name() string // for messages, and to call the trace by
	Size() int64  // bytes
	// Version differs where the content does.
	Version() string
	// Forward returns a reader for one goroutine, which promises to read
	// these ranges one after another, each from its start on: what answers
	// slowly can be asked ahead. Parts that it leaves out cost little; reads
	// elsewhere are answered too.
	Forward(ranges ...Range) io.ReaderAt
}

// A Range is a part of an input, in bytes.
type Range struct{ Offset, Length int64 }

// OpenFile returns a file to read a trace from.
func OpenFile(path string) (Input, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close() // the first error counts
		return nil, err
	}
	return &fileInput{f, info}, nil
}

type fileInput struct {
	*os.File
	info os.FileInfo
}

func (f *fileInput) Size() int64 { return f.info.Size() }

func (f *fileInput) Version() string {
	return fmt.Sprintf("%d bytes of %s", f.info.Size(), f.info.ModTime().Format(time.RFC3339Nano))
}

// Forward is the file: the system reads ahead.
func (f *fileInput) Forward(...Range) io.ReaderAt { return f }

func (o *Options) open(name string) (Input, error) {
	if o.Open != nil {
		return o.Open(name)
	}
	return OpenFile(name)
}

// content is all of an input as a stream.
func content(in Input) io.Reader {
	return io.NewSectionReader(in.Forward(Range{0, in.Size()}), 0, in.Size())
}
