package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"shadowpool/trace"

	"gocloud.dev/blob"
)

const (
	blockBytes = 4 << 20   // of one request, at most
	tailBytes  = 256 << 10 // where formats keep their tables of contents
	maxAsked   = 8         // requests of one object at a time
	maxBroken  = 5         // answers in a row that break off without a byte
)

var errChanged = errors.New("the object has changed since it was opened")

// An object is read by requests for ranges of its bytes.
type object struct {
	bucket  *blob.Bucket
	key     string
	name    string
	size    int64
	version string
	whole   *store // to be closed with it

	ctx     context.Context
	cancel  context.CancelFunc
	fetches sync.WaitGroup
	seats   chan struct{}

	last    sync.Once
	tail    []byte
	tailErr error

	first    sync.Once
	modified time.Time // as the first answer said
}

func (o *object) Name() string    { return o.name }
func (o *object) Size() int64     { return o.size }
func (o *object) Version() string { return o.version }

// Close ends all requests.
func (o *object) Close() error {
	o.cancel()
	o.fetches.Wait()
	if o.whole != nil {
		return o.whole.close()
	}
	return nil
}

// ReadAt implements io.ReaderAt by one request for what is asked. The last
// part, in which formats keep their tables of contents, is asked for at once
// and kept. Errors leave the object's name to the caller.
func (o *object) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 {
		return 0, errors.New("reading before the start")
	}
	end := io.EOF
	if left := o.size - offset; left <= 0 {
		return 0, io.EOF
	} else if left >= int64(len(p)) {
		end = nil
	} else {
		p = p[:left]
	}
	if tail := max(0, o.size-tailBytes); offset >= tail {
		o.last.Do(func() {
			o.tail = make([]byte, o.size-tail)
			o.tailErr = o.fetch(o.tail, tail)
		})
		if o.tailErr != nil {
			return 0, o.tailErr
		}
		return copy(p, o.tail[offset-tail:]), end
	}
	if err := o.fetch(p, offset); err != nil {
		return 0, err
	}
	return len(p), end
}

// fetch fills p. What an answer delivered before it broke off is kept.
func (o *object) fetch(p []byte, offset int64) error {
	select {
	case o.seats <- struct{}{}:
		defer func() { <-o.seats }()
	case <-o.ctx.Done():
		return o.ctx.Err()
	}
	for broken := 0; len(p) > 0; {
		n, err := o.ask(p, offset)
		p, offset = p[n:], offset+int64(n)
		if n > 0 {
			broken = 0
		}
		if broken++; err != nil && (broken > maxBroken || !errors.As(err, new(brokenOff))) {
			return err
		}
	}
	return nil
}

// brokenOff is the error of an answer that began well.
type brokenOff struct{ error }

func (b brokenOff) Unwrap() error { return b.error }

// ask sends one request and returns how much of the answer came.
func (o *object) ask(p []byte, offset int64) (int, error) {
	r, err := o.bucket.NewRangeReader(o.ctx, o.key, offset, int64(len(p)), nil)
	if o.ctx.Err() != nil {
		return 0, o.ctx.Err()
	}
	if err != nil {
		return 0, errors.New(cause(err))
	}
	defer r.Close()
	o.first.Do(func() { o.modified = r.ModTime() })
	if r.Size() != o.size || !r.ModTime().Equal(o.modified) {
		return 0, errChanged
	}
	n, err := io.ReadFull(r, p)
	switch {
	case err == nil:
		return n, nil
	case o.ctx.Err() != nil:
		return n, o.ctx.Err()
	}
	return n, brokenOff{fmt.Errorf("the answer broke off: %w", err)}
}

// Forward implements trace.Input.
func (o *object) Forward(ranges ...trace.Range) io.ReaderAt {
	if o.size <= tailBytes {
		return o
	}
	f := &forward{object: o}
	for _, r := range ranges {
		// What a damaged file claims may lie outside it.
		if r.Offset >= 0 && r.Offset < o.size && r.Length > 0 {
			f.ranges = append(f.ranges, trace.Range{Offset: r.Offset, Length: min(r.Length, o.size-r.Offset)})
		}
	}
	return f
}
