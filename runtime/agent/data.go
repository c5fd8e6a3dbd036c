package agent

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"shadowpool/policy/plan"
	"shadowpool/runtime/wire"
)

// A dataServer gives datasets to the instance's own programs, by HTTP on the
// loopback interface: what was prefetched from the disk, the rest from where it
// is. So it knows what a task really read. Its paths begin with something
// secret, because others may be on this machine.
type dataServer struct {
	listener net.Listener
	server   *http.Server
	task     string // the secret of what serves a claim
	warm     string // that of the predictive workload, whose reading is not counted

	mu     sync.Mutex
	tenant string // whose private datasets may be read
	source *source
	uses   map[string]*wire.Use // of the claim, by dataset
}

// A source is where datasets come from.
type source struct {
	settings *wire.Settings
	guard    *guard
	client   *http.Client
	cache    *cache
}

// mostUses is how many datasets of a claim are told.
const mostUses = 64

func newDataServer() (*dataServer, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &dataServer{listener: l, task: secret(), warm: secret(), uses: make(map[string]*wire.Use)}
	d.server = &http.Server{Handler: d, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	go func() { _ = d.server.Serve(l) }()
	return d, nil
}

func secret() string {
	b := make([]byte, 16)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// url is where the datasets are, by name; of a task, or of the workload.
func (d *dataServer) url(of string) string {
	return "http://" + d.listener.Addr().String() + "/" + of + "/"
}

func (d *dataServer) close() { _ = d.server.Close() }

// use sets where datasets come from.
func (d *dataServer) use(s *source) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.source = s
}

// begin counts anew, for a claim of a tenant.
func (d *dataServer) begin(tenant string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tenant = tenant
	clear(d.uses)
}

// used is what was read since begin.
func (d *dataServer) used() []wire.Use {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]wire.Use, 0, len(d.uses))
	for _, u := range d.uses {
		all = append(all, *u)
	}
	slices.SortFunc(all, func(a, b wire.Use) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// count enters bytes of a dataset that were sent to the task.
func (d *dataServer) count(name string, from, n, near, size int64, waited time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	u := d.uses[name]
	if u == nil {
		if len(d.uses) >= mostUses {
			return
		}
		u = &wire.Use{Name: name}
		d.uses[name] = u
	}
	u.Sent += n
	u.Near += near
	u.Waits += waited.Seconds()
	if size > 0 {
		u.Size = size
		u.Read = max(u.Read, min(float64(from+n)/float64(size), 1))
	}
}

// locate is the URL of a dataset for a tenant.
func (s *source) locate(name, tenant string) (string, error) {
	r, ok := s.settings.Find(plan.Prefetch, name)
	if !ok {
		return "", fmt.Errorf("no recipe says where dataset %.100q is", name)
	}
	if tenant == "" && (r.Private || strings.Contains(r.URL, "{tenant}")) || tenant != "" && strings.Contains(r.URL, "{tenant}") && !wire.Plain(tenant) {
		return "", fmt.Errorf("dataset %.100q is private to a tenant, and this instance is not one's", name)
	}
	text := strings.NewReplacer("{name}", escape(name), "{tenant}", escape(tenant)).Replace(r.URL)
	u, err := url.Parse(text)
	if err != nil {
		return "", err
	}
	return text, s.guard.check(u)
}

// escape keeps the slashes of a name.
func escape(name string) string {
	parts := strings.Split(name, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}

// ServeHTTP implements http.Handler.
func (d *dataServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	of, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	d.mu.Lock()
	s, tenant := d.source, d.tenant
	d.mu.Unlock()
	counted := wire.Same(of, d.task)
	switch {
	case !counted && !wire.Same(of, d.warm):
		http.NotFound(w, r)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		http.Error(w, "datasets are read only", http.StatusMethodNotAllowed)
		return
	case s == nil:
		http.Error(w, "the agent has not reached its server yet", http.StatusServiceUnavailable)
		return
	}
	at, err := s.locate(name, tenant)
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	g := &giving{source: s, w: w, r: r, url: at}
	if counted {
		g.count = func(from, n, near int64) { d.count(name, from, n, near, g.size, g.waited) }
	}
	g.give()
}

// A giving is one answer.
type giving struct {
	*source
	w   http.ResponseWriter
	r   *http.Request
	url string
	// count is told of what is sent, before it is: who has read it all finds it
	// counted.
	count func(from, n, near int64)

	at, have, size int64 // of the next byte; bytes on the disk; of the whole
	waited         time.Duration
}

// Write sends to the client.
func (g *giving) Write(b []byte) (int, error) {
	if g.count != nil && len(b) > 0 {
		n := int64(len(b))
		g.count(g.at, n, max(min(g.have-g.at, n), 0))
	}
	g.waited = 0 // that is told once
	n, err := g.w.Write(b)
	g.at += int64(n)
	return n, err
}

func (g *giving) give() {
	e := g.cache.look(g.url)
	if e == nil {
		g.pass()
		return
	}
	defer g.cache.unpin(e)
	p := g.cache.part(e)
	first, last, ranged, ok := span(g.r.Header.Get("Range"), p.size)
	if p.size < 0 || !ok {
		g.pass()
		return
	}
	var rest *http.Response
	if last >= p.have && g.r.Method == http.MethodGet {
		if p.validator == "" {
			g.pass()
			return
		}
		var err error
		if rest, err = g.origin(fmt.Sprintf("bytes=%d-%d", max(first, p.have), last), p.validator); err != nil {
			http.Error(g.w, err.Error(), http.StatusBadGateway)
			return
		}
		defer rest.Body.Close()
		begins, size, err := extent(rest)
		if err != nil || rest.StatusCode != http.StatusPartialContent || begins != max(first, p.have) || size != p.size || !sameValidator(rest.Header, p.validator) {
			// It has changed: what is on the disk is of another one.
			rest.Body.Close()
			g.pass()
			return
		}
	}
	f, err := os.Open(p.file)
	if err != nil {
		http.Error(g.w, "the cache has lost it", http.StatusInternalServerError)
		return
	}
	defer f.Close()
	h := g.w.Header()
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Length", strconv.FormatInt(last-first+1, 10))
	if strings.HasPrefix(p.validator, `"`) {
		h.Set("ETag", p.validator)
	}
	g.at, g.have, g.size = first, p.have, p.size
	status := http.StatusOK
	if ranged {
		status = http.StatusPartialContent
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, p.size))
	}
	g.w.WriteHeader(status)
	if g.r.Method == http.MethodHead {
		return
	}
	if first < p.have {
		if _, err := io.Copy(g, io.NewSectionReader(f, first, min(last+1, p.have)-first)); err != nil {
			return
		}
	}
	if rest != nil {
		_, _ = io.Copy(g, io.LimitReader(rest.Body, last+1-max(first, p.have)))
	}
}

// origin asks where the dataset is.
func (g *giving) origin(ranges, ifRange string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(g.r.Context(), g.r.Method, g.url, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept-Encoding", "identity")
	if ranges != "" {
		r.Header.Set("Range", ranges)
	}
	if ifRange != "" {
		r.Header.Set("If-Range", ifRange)
	}
	began := time.Now()
	a, err := g.client.Do(r)
	g.waited = time.Since(began)
	return a, err
}

// pass gives what is not on the disk.
func (g *giving) pass() {
	a, err := g.origin(g.r.Header.Get("Range"), g.r.Header.Get("If-Range"))
	if err != nil {
		http.Error(g.w, err.Error(), http.StatusBadGateway)
		return
	}
	defer a.Body.Close()
	for _, name := range []string{"Content-Type", "Content-Length", "Content-Range", "ETag", "Last-Modified", "Accept-Ranges"} {
		if v := a.Header.Get(name); v != "" {
			g.w.Header().Set(name, v)
		}
	}
	g.w.WriteHeader(a.StatusCode)
	begins, size, err := extent(a)
	if err != nil { // no part of the dataset
		g.count = nil
	}
	g.at, g.have, g.size = begins, 0, max(size, 0)
	_, _ = io.Copy(g, a.Body)
}

// span reads a Range header for a dataset of a size. Several ranges are taken
// for the whole, as a server may.
func span(header string, size int64) (first, last int64, ranged, ok bool) {
	text, bytes := strings.CutPrefix(header, "bytes=")
	if !bytes || strings.Contains(text, ",") {
		return 0, size - 1, false, true
	}
	a, b, dash := strings.Cut(text, "-")
	last = size - 1
	var err, err2 error
	if a == "" { // the last b bytes
		var n int64
		n, err = strconv.ParseInt(b, 10, 64)
		first = max(size-n, 0)
		if n <= 0 {
			return 0, 0, false, false
		}
	} else {
		first, err = strconv.ParseInt(a, 10, 64)
		if b != "" {
			last, err2 = strconv.ParseInt(b, 10, 64)
			last = min(last, size-1)
		}
	}
	if !dash || err != nil || err2 != nil || first < 0 || first > last {
		return 0, 0, false, false // the origin says what is wrong
	}
	return first, last, true, true
}
