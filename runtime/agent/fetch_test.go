package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// An origin is a real server of one dataset, with the faults that it is given.
type origin struct {
	*httptest.Server
	mu      sync.Mutex
	content []byte
	etag    string
	ranges  []string // that were asked for
	breaks  int      // answers that break off after breakAt bytes
	breakAt int
	plain   bool          // it knows nothing of ranges
	silent  bool          // nor tells the size
	pace    time.Duration // per 64 KiB
	status  int
	sent    int
}

func newOrigin(t *testing.T, size int) *origin {
	o := &origin{content: randomBytes(size), etag: `"1"`}
	o.Server = httptest.NewServer(o)
	t.Cleanup(o.Close)
	o.Config.Handler = o
	return o
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// A flow writes slowly, and breaks off.
type flow struct {
	http.ResponseWriter
	*origin
	left int // -1: no end
}

func (f *flow) Write(b []byte) (int, error) {
	n := 0
	for len(b) > 0 {
		part := min(len(b), 64<<10)
		if f.left >= 0 {
			part = min(part, f.left)
			if part == 0 {
				panic(http.ErrAbortHandler)
			}
			f.left -= part
		}
		time.Sleep(f.pace)
		m, err := f.ResponseWriter.Write(b[:part])
		f.mu.Lock()
		f.sent += m
		f.mu.Unlock()
		n += m
		if err != nil {
			return n, err
		}
		b = b[part:]
	}
	return n, nil
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	o.ranges = append(o.ranges, r.Header.Get("Range"))
	f := &flow{w, o, -1}
	if o.breaks > 0 {
		o.breaks--
		f.left = o.breakAt
	}
	content, etag, status := o.content, o.etag, o.status
	o.mu.Unlock()
	if status != 0 {
		w.WriteHeader(status)
		return
	}
	if o.plain {
		r.Header.Del("Range")
	}
	if etag != "" {
		w.Header().Set("ETag", etag)
	}
	if o.silent {
		_ = http.NewResponseController(w).Flush()
		_, _ = f.Write(content)
		return
	}
	http.ServeContent(f, r, "", time.Time{}, bytes.NewReader(content))
}

func (o *origin) asked() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.ranges...)
}

func (o *origin) becomes(content []byte, etag string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.content, o.etag = content, etag
}

func cacheOf(t *testing.T, budget int64) *cache {
	t.Helper()
	c, err := newCache(t.TempDir(), budget)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// there is what the cache has of a dataset.
func (c *cache) there(t *testing.T, url string) []byte {
	t.Helper()
	e := c.look(url)
	if e == nil {
		return nil
	}
	defer c.unpin(e)
	p := c.part(e)
	b, err := os.ReadFile(p.file)
	if err != nil || int64(len(b)) < p.have {
		t.Fatalf("%d bytes of %d: %v", len(b), p.have, err)
	}
	return b[:p.have]
}

func (o *origin) client(t *testing.T) *http.Client { return guardOf(t, o.URL+"/").client() }

func TestFetch(t *testing.T) {
	const size = 3 << 20
	o := newOrigin(t, size)
	c, url := cacheOf(t, size), o.URL+"/set"
	for _, step := range []struct {
		fraction float64
		have     int
		asked    string
	}{
		{0.25, size / 4, "bytes=0-"},
		{0.25, size / 4, ""}, // there already
		{0.1, size / 4, ""},
		{0.5, size / 2, fmt.Sprintf("bytes=%d-%d", size/4, size/2-1)}, // from where it was
		{1, size, fmt.Sprintf("bytes=%d-%d", size/2, size-1)},
	} {
		before := len(o.asked())
		f, err := c.fetch(t.Context(), o.client(t), "set", url, step.fraction)
		if err != nil || f.Have != int64(step.have) || f.Size != size || !bytes.Equal(c.there(t, url), o.content[:step.have]) {
			t.Errorf("%v: %+v %v", step.fraction, f, err)
		}
		if got := strings.Join(o.asked()[before:], " "); got != step.asked {
			t.Errorf("%v: it asked for %q, want %q", step.fraction, got, step.asked)
		}
		// Whole or not at all under its name.
		whole, err := os.ReadFile(filepath.Join(c.whole, "set"))
		if (err == nil) != (step.have == size) || err == nil && !bytes.Equal(whole, o.content) {
			t.Errorf("%v: %d bytes under its name, %v", step.fraction, len(whole), err)
		}
	}
}

// A connection that breaks, again and again, is resumed where it broke.
func TestFetchResumes(t *testing.T) {
	const size = 1 << 20
	o := newOrigin(t, size)
	o.breaks, o.breakAt = 3, 200_000
	c := cacheOf(t, size)
	f, err := c.fetch(t.Context(), o.client(t), "set", o.URL+"/set", 1)
	if err != nil || !bytes.Equal(c.there(t, o.URL+"/set"), o.content) || f.Read != size {
		t.Errorf("%+v %v", f, err)
	}
	if len(o.asked()) != 4 || o.asked()[3] != fmt.Sprintf("bytes=600000-%d", size-1) {
		t.Errorf("%v", o.asked())
	}
	// Without anything that tells versions apart, from the beginning.
	o = newOrigin(t, size)
	o.etag, o.breaks, o.breakAt = "", 2, 200_000
	f, err = c.fetch(t.Context(), o.client(t), "set", o.URL+"/set", 1)
	if err != nil || f.Read != size+400_000 || !bytes.Equal(c.there(t, o.URL+"/set"), o.content) {
		t.Errorf("%+v %v", f, err)
	}
}

// A dataset that has changed is never joined to what was there of it.
func TestFetchChanged(t *testing.T) {
	const size = 1 << 20
	for _, tag := range []string{`"2"`, ""} {
		o := newOrigin(t, size)
		c := cacheOf(t, 2*size)
		if _, err := c.fetch(t.Context(), o.client(t), "set", o.URL+"/set", 0.5); err != nil {
			t.Fatal(err)
		}
		o.becomes(randomBytes(size+1), tag)
		f, err := c.fetch(t.Context(), o.client(t), "set", o.URL+"/set", 1)
		if err != nil || f.Have != size+1 || !bytes.Equal(c.there(t, o.URL+"/set"), o.content) || c.used != size+1 {
			t.Errorf("tag %s: %+v %v, %d used", tag, f, err, c.used)
		}
	}
}

// TestFetchLiar: a server that ignores If-Range and sends the rest of another
// dataset is found out by its validator.
func TestFetchLiar(t *testing.T) {
	const size = 100_000
	content := map[bool][]byte{false: randomBytes(size), true: bytes.Repeat([]byte{'x'}, size)}
	changed := false
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", strconv.Quote(fmt.Sprint(changed)))
		r.Header.Del("If-Range")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content[changed]))
	}))
	defer s.Close()
	c, client := cacheOf(t, size), guardOf(t, s.URL+"/").client()
	if _, err := c.fetch(t.Context(), client, "set", s.URL+"/set", 0.5); err != nil {
		t.Fatal(err)
	}
	changed = true
	if _, err := c.fetch(t.Context(), client, "set", s.URL+"/set", 1); err != nil || !bytes.Equal(c.there(t, s.URL+"/set"), content[true]) {
		t.Error(err)
	}
}

func TestFetchWithoutRanges(t *testing.T) {
	const size = 1 << 20
	o := newOrigin(t, size)
	o.plain = true
	c := cacheOf(t, size)
	f, err := c.fetch(t.Context(), o.client(t), "set", o.URL+"/set", 0.25)
	if err != nil || f.Have != size/4 || f.Size != size {
		t.Errorf("%+v %v", f, err)
	}
	o.silent = true
	if f, err := c.fetch(t.Context(), o.client(t), "other", o.URL+"/other", 1); err != nil || f.Have != size || f.Size != size {
		t.Errorf("%+v %v", f, err)
	}
	if _, err := c.fetch(t.Context(), o.client(t), "third", o.URL+"/third", 0.5); err == nil || !strings.Contains(err.Error(), "size") {
		t.Errorf("half of an unknown size: %v", err)
	}
	if f, err := c.fetch(t.Context(), newOrigin(t, 0).client(t), "empty", o.URL+"/", 1); err == nil {
		t.Errorf("another host: %+v", f)
	}
	empty := newOrigin(t, 0)
	if f, err := c.fetch(t.Context(), empty.client(t), "empty", empty.URL+"/", 1); err != nil || f.Have != 0 || f.Size != 0 {
		t.Errorf("an empty dataset: %+v %v", f, err)
	}
}

func TestFetchFails(t *testing.T) {
	o := newOrigin(t, 1000)
	c := cacheOf(t, 1000)
	o.status = http.StatusForbidden
	if _, err := c.fetch(t.Context(), o.client(t), "set", o.URL+"/set", 1); err == nil || len(o.asked()) != 1 {
		t.Errorf("refused: %v after %d requests", err, len(o.asked()))
	}
	o.status = http.StatusServiceUnavailable
	if _, err := c.fetch(t.Context(), o.client(t), "set", o.URL+"/set", 1); err == nil || len(o.asked()) != 1+mostTries {
		t.Errorf("unavailable: %v after %d requests", err, len(o.asked()))
	}
	if len(c.entries) > 0 || c.used > 0 {
		t.Errorf("%d entries with %d bytes are left", len(c.entries), c.used)
	}
}

// What was used least recently makes room, and what is in use does not.
func TestBudget(t *testing.T) {
	const size = 1 << 20
	o := newOrigin(t, size)
	c := cacheOf(t, 5*size/2)
	get := func(name string) error {
		_, err := c.fetch(t.Context(), o.client(t), name, o.URL+"/"+name, 1)
		return err
	}
	for _, name := range []string{"a", "b", "a", "c"} { // b is the oldest
		if err := get(name); err != nil {
			t.Fatal(err)
		}
	}
	for name, there := range map[string]bool{"a": true, "b": false, "c": true} {
		if got := c.there(t, o.URL+"/"+name); (got != nil) != there {
			t.Errorf("%s: %d bytes", name, len(got))
		}
		if _, err := os.Stat(filepath.Join(c.whole, name)); (err == nil) != there {
			t.Errorf("%s: %v", name, err)
		}
	}
	held := []*entry{c.look(o.URL + "/a"), c.look(o.URL + "/c")}
	if err := get("d"); !errors.Is(err, errBudget) {
		t.Errorf("room was made of what is in use: %v", err)
	}
	for _, e := range held {
		c.unpin(e)
	}
	if err := get("d"); err != nil {
		t.Error(err)
	}
	onDisk := int64(0)
	for _, dir := range []string{c.whole, c.parts} {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			info, _ := e.Info()
			onDisk += info.Size()
		}
	}
	if c.used != onDisk || onDisk > c.budget {
		t.Errorf("%d bytes are known, %d on disk, %d allowed", c.used, onDisk, c.budget)
	}
	// A server cannot make it take more by not telling the size.
	o.silent, o.plain = true, true
	big := cacheOf(t, size/2)
	if _, err := big.fetch(t.Context(), o.client(t), "x", o.URL+"/x", 1); !errors.Is(err, errBudget) || big.used > size/2 {
		t.Errorf("%v, %d used", err, big.used)
	}
}

// A fetch that is cancelled stops at once, and keeps what it has.
func TestFetchStops(t *testing.T) {
	o := newOrigin(t, 64<<20)
	o.pace = 10 * time.Millisecond
	c := cacheOf(t, 64<<20)
	ctx, cancel := context.WithCancelCause(t.Context())
	var stopped time.Time
	time.AfterFunc(300*time.Millisecond, func() { stopped = time.Now(); cancel(errEnough) })
	f, err := c.fetch(ctx, o.client(t), "set", o.URL+"/set", 1)
	if took := time.Since(stopped); !errors.Is(err, errEnough) || took > time.Second || f.Have == 0 {
		t.Errorf("%+v %v after %v", f, err, took)
	}
	if !bytes.Equal(c.there(t, o.URL+"/set"), o.content[:f.Have]) {
		t.Error("what it has kept is not what was sent")
	}
}

func FuzzRanges(f *testing.F) {
	for _, s := range []string{"bytes 0-99/1234", "bytes 5-5/6", "bytes 0-0/*", "bytes */9", "bytes=0-", "bytes=-5", "bytes=3-9", "bytes=9-3", "bytes=0-1,3-4"} {
		f.Add(s, int64(10))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if begins, whole, ok := contentRange(header); ok && (begins < 0 || whole < -1 || whole > 0 && begins >= whole) {
			t.Errorf("%q begins at %d of %d", header, begins, whole)
		}
		if size < 1 {
			return
		}
		if first, last, _, ok := span(header, size); ok && (first < 0 || first > last || last >= size) {
			t.Errorf("%q is %d to %d of %d", header, first, last, size)
		}
	})
}
