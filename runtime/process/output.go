package process

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"sync"
)

// maxOutput is how much of what an instance writes is kept, in bytes; maxLine
// how long a line that says ready may be.
const (
	maxOutput = 16 << 10
	maxLine   = 4 << 10
)

// An output keeps the end of what a process writes, and looks for the line
// that says that it is ready.
type output struct {
	mu    sync.Mutex
	ring  []byte // the last maxOutput bytes, from next on when full
	next  int
	line  *regexp.Regexp // nil once it was found
	part  []byte         // of a line of standard output
	ready chan string    // gets the address
	files []*file        // where it is written to; none where pipes bring it
}

func newOutput(line *regexp.Regexp) *output {
	return &output{line: line, ready: make(chan string, 1)}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func (o *output) stdout() io.Writer {
	return writerFunc(func(b []byte) (int, error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.keep(b)
		o.scan(b)
		return len(b), nil
	})
}

func (o *output) stderr() io.Writer {
	return writerFunc(func(b []byte) (int, error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.keep(b)
		return len(b), nil
	})
}

func (o *output) keep(b []byte) {
	b = b[max(0, len(b)-maxOutput):]
	if room := maxOutput - len(o.ring); room > 0 {
		n := min(room, len(b))
		o.ring = append(o.ring, b[:n]...)
		b = b[n:]
	}
	for len(b) > 0 {
		n := copy(o.ring[o.next:], b)
		o.next = (o.next + n) % maxOutput
		b = b[n:]
	}
}

// scan looks for the line; of one that is too long it sees the beginning.
func (o *output) scan(b []byte) {
	for o.line != nil && len(b) > 0 {
		end := bytes.IndexByte(b, '\n')
		whole := end >= 0
		if !whole {
			end = len(b)
		}
		o.part = append(o.part, b[:min(end, maxLine-len(o.part))]...)
		if !whole {
			return
		}
		b = b[end+1:]
		if found := o.line.FindSubmatch(bytes.TrimSuffix(o.part, []byte("\r"))); found != nil {
			address := ""
			if len(found) > 1 {
				address = string(found[1])
			}
			o.ready <- address
			o.line, o.part = nil, nil
			return
		}
		o.part = o.part[:0]
	}
}

// tail is the last line or lines, at most 500 bytes.
func (o *output) tail() string {
	o.catchUp()
	o.mu.Lock()
	defer o.mu.Unlock()
	all := string(o.ring[o.next:]) + string(o.ring[:o.next])
	all = strings.TrimSpace(all)
	return strings.ToValidUTF8(all[max(0, len(all)-500):], "")
}
