package agent

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"shadowpool/runtime/wire"
)

// dataOf serves the datasets of an origin; those of acme alone begin with its
// name.
func dataOf(t *testing.T, o *origin) (*dataServer, *source) {
	t.Helper()
	d, err := newDataServer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	g := guardOf(t, o.URL+"/")
	s := &source{
		settings: &wire.Settings{Recipes: []wire.Recipe{
			{Kind: "prefetch", Name: "acme-*", URL: o.URL + "/of/{tenant}/{name}", Private: true},
			{Kind: "prefetch", Name: "*", URL: o.URL + "/{name}"},
		}},
		guard: g, client: g.client(), cache: cacheOf(t, 64<<20),
	}
	d.use(s)
	return d, s
}

func get(t *testing.T, url, ranges string) (int, []byte, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if ranges != "" {
		r.Header.Set("Range", ranges)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Errorf("%s: %v", ranges, err)
	}
	return a.StatusCode, b, a.Header
}

// Whatever part is asked for, it is that of the whole, wherever it comes from.
func TestData(t *testing.T) {
	const size = 1000_000
	o := newOrigin(t, size)
	d, s := dataOf(t, o)
	for _, fraction := range []float64{0, 0.3, 1} {
		if fraction > 0 {
			if _, err := s.cache.fetch(t.Context(), s.client, "set", o.URL+"/set", fraction); err != nil {
				t.Fatal(err)
			}
		}
		have := int(fraction * size)
		for _, c := range []struct {
			ranges      string
			first, last int
		}{
			{"", 0, size - 1},
			{"bytes=0-99", 0, 99},
			{"bytes=299990-300009", 299990, 300009},
			{"bytes=300000-300009", 300000, 300009},
			{"bytes=999990-", 999990, size - 1},
			{"bytes=-5", size - 5, size - 1},
			{"bytes=100-9999999", 100, size - 1},
		} {
			d.begin("")
			before := len(o.asked())
			status, b, h := get(t, d.url(d.task)+"set", c.ranges)
			want := http.StatusPartialContent
			if c.ranges == "" {
				want = http.StatusOK
			} else if r := h.Get("Content-Range"); r != fmt.Sprintf("bytes %d-%d/%d", c.first, c.last, size) {
				t.Errorf("%v %s: %s", fraction, c.ranges, r)
			}
			if status != want || !bytes.Equal(b, o.content[c.first:c.last+1]) {
				t.Errorf("%v %s: %d, %d bytes", fraction, c.ranges, status, len(b))
			}
			if asked := len(o.asked()) > before; asked != (c.last >= have) {
				t.Errorf("%v %s: the origin was asked: %v", fraction, c.ranges, asked)
			}
			near := max(min(have, c.last+1)-c.first, 0)
			u := d.used()
			if len(u) != 1 || u[0].Sent != int64(len(b)) || u[0].Near != int64(near) || u[0].Read != float64(c.last+1)/size || u[0].Size != size {
				t.Errorf("%v %s: %+v, want %d from near", fraction, c.ranges, u, near)
			}
		}
	}
	// What the predictive workload reads is not the task's.
	d.begin("")
	if status, _, _ := get(t, d.url(d.warm)+"set", ""); status != http.StatusOK || len(d.used()) > 0 {
		t.Errorf("%d, %+v", status, d.used())
	}
}

// A part of a dataset that has changed is never joined to another one's.
func TestDataChanged(t *testing.T) {
	o := newOrigin(t, 100_000)
	d, s := dataOf(t, o)
	if _, err := s.cache.fetch(t.Context(), s.client, "set", o.URL+"/set", 0.5); err != nil {
		t.Fatal(err)
	}
	o.becomes(randomBytes(120_000), `"2"`)
	if status, b, _ := get(t, d.url(d.task)+"set", ""); status != http.StatusOK || !bytes.Equal(b, o.content) {
		t.Errorf("%d, %d bytes", status, len(b))
	}
}

func TestDataRefuses(t *testing.T) {
	o := newOrigin(t, 10)
	d, _ := dataOf(t, o)
	for path, want := range map[string]int{
		d.url("guessed") + "set": http.StatusNotFound,
		d.url("") + "set":        http.StatusNotFound,
		d.url(d.task) + "acme-x": http.StatusForbidden, // no tenant is served
		d.url(d.task) + "-x":     http.StatusForbidden,
		d.url(d.task) + "a b":    http.StatusForbidden,
		d.url(d.task):            http.StatusForbidden,
	} {
		if status, _, _ := get(t, path, ""); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	if len(o.asked()) > 0 {
		t.Error("the origin was asked")
	}
	d.begin("acme")
	if status, _, _ := get(t, d.url(d.task)+"acme-x", ""); status != http.StatusOK {
		t.Errorf("its own dataset: %d", status)
	}
	if a, err := http.Post(d.url(d.task)+"set", "", nil); err != nil || a.StatusCode != http.StatusMethodNotAllowed {
		t.Error(a.Status, err)
	}
}

// TestNear measures what prefetching spares a task that reads a dataset from a
// slow server.
func TestNear(t *testing.T) {
	o := newOrigin(t, 2<<20)
	o.pace = 10 * time.Millisecond // 6 MiB/s
	d, s := dataOf(t, o)
	read := func() time.Duration {
		began := time.Now()
		if _, b, _ := get(t, d.url(d.task)+"set", ""); !bytes.Equal(b, o.content) {
			t.Error("not the dataset")
		}
		return time.Since(began)
	}
	far := read()
	if _, err := s.cache.fetch(t.Context(), s.client, "set", o.URL+"/set", 1); err != nil {
		t.Fatal(err)
	}
	near := read()
	if near > far/2 {
		t.Errorf("%v with prefetching, %v without", near, far)
	}
	t.Logf("%v with prefetching, %v without", near, far)
}
