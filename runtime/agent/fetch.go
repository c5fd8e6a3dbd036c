package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// A fetched is how far a prefetch has come.
type fetched struct {
	Have, Size int64 // bytes there, and of the whole; Size is -1 if unknown
	Read       int64 // bytes that were read for it
}

// How often a fetch that makes no progress is tried again, and how long it
// waits before that, at first.
const (
	mostTries  = 5
	firstPause = 100 * time.Millisecond
)

// piece is how much is written at one time, and what room is made for where a
// server does not tell the size.
const piece = 256 << 10

// A refusal is an answer that trying again does not change.
type refusal struct{ error }

// fetch reads a dataset up to a fraction, from where the cache has it. A
// connection that breaks is resumed there, unless the dataset has changed.
func (c *cache) fetch(ctx context.Context, client *http.Client, name, url string, fraction float64) (fetched, error) {
	e := c.pin(name, url)
	defer c.unpin(e)
	var read int64
	for try, pause := 0, firstPause; ; {
		n, err := c.get(ctx, client, e, fraction)
		read += n
		p := c.part(e)
		var final refusal
		switch {
		case err == nil:
			err := c.finish(e)
			p = c.part(e)
			return fetched{p.have, p.size, read}, err
		case ctx.Err() != nil:
			return fetched{p.have, p.size, read}, context.Cause(ctx)
		case errors.As(err, &final) || errors.Is(err, errBudget):
			return fetched{p.have, p.size, read}, err
		}
		if n > 0 {
			try, pause = 0, firstPause
		}
		if try++; try >= mostTries {
			return fetched{p.have, p.size, read}, fmt.Errorf("after %d tries: %w", try, err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		pause *= 2
	}
}

// target is how many leading bytes a fraction is.
func target(size int64, fraction float64) int64 {
	return min(int64(math.Ceil(float64(size)*fraction)), size)
}

// get makes one request, for what is missing, and returns how much it has
// added.
func (c *cache) get(ctx context.Context, client *http.Client, e *entry, fraction float64) (int64, error) {
	p := c.part(e)
	if p.size >= 0 && p.have >= target(p.size, fraction) {
		return 0, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // what is beyond the target is not read
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, e.url, nil)
	if err != nil {
		return 0, refusal{err}
	}
	r.Header.Set("Accept-Encoding", "identity")
	from := int64(0)
	if p.have > 0 && p.size >= 0 && p.validator != "" {
		from = p.have
		r.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", from, target(p.size, fraction)-1))
		r.Header.Set("If-Range", p.validator)
	} else {
		r.Header.Set("Range", "bytes=0-")
	}
	a, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer a.Body.Close()
	begins, size, err := extent(a)
	if err != nil {
		return 0, err
	}
	switch {
	case begins == from && from > 0 && size == p.size && sameValidator(a.Header, p.validator):
	case begins == 0:
		from = 0
		if size < 0 && fraction < 1 {
			return 0, refusal{fmt.Errorf("the server of %s does not tell the size, of which %v is to be read", e.url, fraction)}
		}
		if err := c.begin(e, size, validator(a.Header)); err != nil {
			return 0, refusal{err}
		}
	default:
		// A server that ignores If-Range and whose dataset has changed.
		if err := c.begin(e, -1, ""); err != nil {
			return 0, refusal{err}
		}
		return 0, fmt.Errorf("the server of %s answered with another part than was asked for", e.url)
	}
	return c.write(e, a.Body, from, size, fraction)
}

// extent is where the body of an answer begins in the whole, and the size of
// that, -1 if unknown.
func extent(a *http.Response) (begins, size int64, err error) {
	if e := a.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return 0, 0, refusal{fmt.Errorf("the answer is encoded as %.20q, which was not asked for", e)}
	}
	switch a.StatusCode {
	case http.StatusOK:
		return 0, a.ContentLength, nil
	case http.StatusPartialContent:
		begins, size, ok := contentRange(a.Header.Get("Content-Range"))
		if !ok {
			return 0, 0, refusal{fmt.Errorf("a partial answer whose Content-Range %.100q does not say which part", a.Header.Get("Content-Range"))}
		}
		return begins, size, nil
	case http.StatusRequestedRangeNotSatisfiable:
		// An empty dataset has no first byte.
		if _, size, ok := contentRange(strings.Replace(a.Header.Get("Content-Range"), "*/", "0-0/", 1)); ok && size == 0 {
			a.Body = http.NoBody
			return 0, 0, nil
		}
		return 0, 0, errors.New("the server says that it is shorter than before")
	}
	err = fmt.Errorf("the server answered %s", a.Status)
	if a.StatusCode/100 == 4 && a.StatusCode != http.StatusTooManyRequests && a.StatusCode != http.StatusRequestTimeout {
		err = refusal{err}
	}
	return 0, 0, err
}

// contentRange reads "bytes 0-99/1234", or "bytes 0-99/*".
func contentRange(h string) (begins, size int64, ok bool) {
	rest, bytes := strings.CutPrefix(h, "bytes ")
	span, all, whole := strings.Cut(rest, "/")
	first, last, part := strings.Cut(span, "-")
	begins, err := strconv.ParseInt(first, 10, 64)
	ends, err2 := strconv.ParseInt(last, 10, 64)
	size = -1
	var err3 error
	if all != "*" {
		size, err3 = strconv.ParseInt(all, 10, 64)
	}
	if !bytes || !whole || !part || err != nil || err2 != nil || err3 != nil || begins < 0 || ends < begins || size < -1 || size > 0 && ends >= size {
		return 0, 0, false
	}
	return begins, size, true
}

// validator is what tells a dataset from a later one of the same URL: a weak
// ETag does not.
func validator(h http.Header) string {
	if tag := h.Get("ETag"); strings.HasPrefix(tag, `"`) {
		return tag
	}
	if h.Get("ETag") != "" {
		return ""
	}
	return h.Get("Last-Modified")
}

// sameValidator: a partial answer may leave out what was asked for.
func sameValidator(h http.Header, want string) bool {
	v := validator(h)
	return v == want || v == "" && h.Get("ETag") == ""
}

// write appends the body to an entry's file, up to the target.
func (c *cache) write(e *entry, body io.Reader, from, size int64, fraction float64) (written int64, err error) {
	f, err := os.OpenFile(c.part(e).file, os.O_WRONLY, 0)
	if err != nil {
		return 0, refusal{err}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	to := int64(math.MaxInt64)
	if size >= 0 {
		to = target(size, fraction)
	}
	buffer := make([]byte, piece)
	for at := from; at < to; {
		most := min(int64(len(buffer)), to-at)
		n, err := io.ReadAtLeast(body, buffer[:most], 1)
		if n > 0 {
			if full := c.room(e, int64(n)); full != nil {
				return written, full
			}
			if _, err := f.WriteAt(buffer[:n], at); err != nil {
				return written, refusal{err}
			}
			at += int64(n)
			written += int64(n)
			c.add(e, int64(n))
		}
		switch {
		case err == io.EOF && size < 0:
			return written, nil
		case err != nil && at < to:
			return written, fmt.Errorf("the answer broke off at %d of %d bytes: %w", at, to, err)
		}
	}
	return written, nil
}
