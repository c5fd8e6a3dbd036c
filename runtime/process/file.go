package process

import (
	"io"
	"os"
)

// A file takes what a process writes where a pipe would break with the server.
type file struct {
	path string
	read int64 // so far
	take func([]byte)
}

// toFiles says where standard output and error are written to.
func (o *output) toFiles(stdout, stderr string) {
	o.files = []*file{
		{path: stdout, take: func(b []byte) { o.keep(b); o.scan(b) }},
		{path: stderr, take: o.keep},
	}
}

// catchUp takes what is new in the files.
func (o *output) catchUp() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range o.files {
		f.catchUp(o.line == nil)
	}
}

// catchUp takes what is new, or only the end of it.
func (f *file) catchUp(onlyEnd bool) {
	in, err := os.Open(f.path)
	if err != nil {
		return // the instance is gone, and it with it
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return
	}
	if info.Size() < f.read { // it was truncated
		f.read = 0
	}
	if onlyEnd {
		f.read = max(f.read, info.Size()-maxOutput)
	}
	buffer := make([]byte, maxOutput)
	for f.read < info.Size() {
		n, err := in.ReadAt(buffer, f.read)
		f.take(buffer[:n])
		f.read += int64(n)
		if err != nil && err != io.EOF || n == 0 {
			return
		}
	}
}
