package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/runtime"
	"shadowpool/runtime/proxy"
)

// limit bounds every wait of the tests.
const limit = 20 * time.Second

// servers are a provisioner whose instances are HTTP servers of this program.
type servers struct {
	handler func(name string) http.Handler
	gate    chan struct{} // a launch waits until it can be read from; nil: none does

	mu  sync.Mutex
	all map[string]*instance
}

type instance struct {
	server *http.Server
	gone   chan struct{}
}

func (s *servers) Start(ctx context.Context, spec runtime.InstanceSpec) (runtime.Instance, error) {
	if s.gate != nil {
		select {
		case <-s.gate:
		case <-ctx.Done():
			return runtime.Instance{}, ctx.Err()
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return runtime.Instance{}, err
	}
	i := &instance{&http.Server{Handler: s.handler(spec.Name)}, make(chan struct{})}
	go func() {
		if err := i.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(err)
		}
	}()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[spec.Name] = i
	return runtime.Instance{Name: spec.Name, Address: "http://" + listener.Addr().String(), Gone: i.gone}, nil
}

func (s *servers) Adopt(context.Context, runtime.InstanceSpec) (runtime.Instance, error) {
	return runtime.Instance{}, runtime.ErrGone
}

func (s *servers) Stop(_ context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.all[name]; i != nil {
		delete(s.all, name)
		_ = i.server.Close()
		close(i.gone)
	}
	return nil
}

func (s *servers) List(context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.all)), nil
}

// A bench is a proxy, its own server and a host of real HTTP servers.
type bench struct {
	*testing.T
	host    *runtime.Host
	servers *servers
	proxy   *proxy.Proxy
	front   *httptest.Server
	metrics *prometheus.Registry
}

// setup is what a test changes of a bench.
type setup struct {
	proxy    config.Proxy
	options  proxy.Options
	category policy.Category
	handler  func(name string) http.Handler
	gate     chan struct{}
	policy   string
	tls      bool
}

// late lets a host tell a proxy that is made after it.
type late struct{ atomic.Pointer[proxy.Proxy] }

func (l *late) Observe(e *runtime.Entry) {
	if p := l.Load(); p != nil {
		p.Observe(e)
	}
}

func newBench(t *testing.T, change func(*setup)) *bench {
	t.Helper()
	s := setup{proxy: config.DefaultProxy(), category: policy.Category{Name: "one", LeadTime: time.Millisecond}, policy: "static:level=2", handler: echo}
	if change != nil {
		change(&s)
	}
	b := &bench{T: t, servers: &servers{handler: s.handler, gate: s.gate, all: map[string]*instance{}}, metrics: prometheus.NewRegistry()}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	specs, err := policy.ParseSpecs(s.policy)
	if err != nil {
		t.Fatal(err)
	}
	observer := &late{}
	b.host, err = runtime.New(runtime.Options{
		Policy: specs[0], Fleet: policy.Config{Categories: []policy.Category{s.category}},
		Provisioner: b.servers, Logger: log, StopTimeout: time.Millisecond, Observers: []runtime.Observer{observer},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		if err := b.host.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	o := s.options
	o.Proxy, o.Logger, o.Metrics = s.proxy, log, b.metrics
	if b.proxy, err = proxy.New(b.host, o); err != nil {
		t.Fatal(err)
	}
	observer.Store(b.proxy)
	b.front = httptest.NewUnstartedServer(b.proxy)
	if b.front.Config.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelError); s.tls {
		b.front.EnableHTTP2 = true
		b.front.StartTLS()
	} else {
		b.front.Start()
	}
	t.Cleanup(func() {
		b.proxy.Close()
		b.front.Close()
		stop()
		<-b.host.Done()
	})
	return b
}

// echo is an instance that says who it is and what it was asked.
func echo(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Instance", name)
		fmt.Fprintf(w, "%s %s\nHost: %s\n", r.Method, r.RequestURI, r.Host)
		_ = r.Header.Write(w)
	})
}

// browser is a client that keeps cookies.
func (b *bench) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	return &http.Client{Jar: jar, Transport: b.front.Client().Transport, Timeout: limit}
}

type answer struct {
	*http.Response
	text string
}

func (a answer) instance() string { return a.Header.Get("X-Instance") }

// get asks with headers, NAME: VALUE.
func (b *bench) get(c *http.Client, path string, headers ...string) answer {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, b.front.URL+path, nil)
	if err != nil {
		b.Fatal(err)
	}
	return b.do(c, r, headers...)
}

func (b *bench) do(c *http.Client, r *http.Request, headers ...string) answer {
	b.Helper()
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	response, err := c.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.Fatal(err)
	}
	return answer{response, string(text)}
}

// use is how many instances serve and how many requests wait.
func (b *bench) use() (serving, waiting int32) {
	b.Helper()
	s, err := b.host.Status(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return s.Pools[0].InUse, s.Pools[0].Waiting
}

// await waits for what takes a moment.
func (b *bench) await(what string, is func() bool) {
	b.Helper()
	for deadline := time.Now().Add(limit); !is(); {
		if time.Now().After(deadline) {
			b.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func (b *bench) serving(want int32) {
	b.Helper()
	b.await(fmt.Sprintf("%d instances serve", want), func() bool { n, _ := b.use(); return n == want })
}

// figure is the sum of a metric over those of its labels that are asked for.
func (b *bench) figure(name string, labels ...string) (sum float64) {
	b.Helper()
	families, err := b.metrics.Gather()
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			has := f.GetName() == "shadowpool_proxy_"+name
			for _, l := range m.GetLabel() {
				has = has && (len(labels) == 0 || slices.Contains(labels, l.GetValue()))
			}
			if has {
				sum += m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return sum
}

func TestSessionsHaveInstances(t *testing.T) {
	b := newBench(t, func(s *setup) { s.proxy.Session.IdleTimeout = 300 * time.Millisecond })
	ann, ben := b.browser(), b.browser()
	first := b.get(ann, "/a?q=1;x=%zz", "Cookie: theme=dark")
	if first.StatusCode != 200 || first.instance() == "" || !strings.HasPrefix(first.text, "GET /a?q=1;x=%zz\nHost: "+strings.TrimPrefix(b.front.URL, "http://")+"\n") {
		t.Fatalf("%d %s", first.StatusCode, first.text)
	}
	cookie := first.Header.Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "shadowpool=") || !strings.HasSuffix(cookie, "; Path=/; HttpOnly; SameSite=Lax") || first.Header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("%q %q", cookie, first.Header)
	}
	second := b.get(ann, "/b", "Cookie: theme=dark")
	if second.instance() != first.instance() || second.Header.Get("Set-Cookie") != "" || second.Header.Get("Cache-Control") != "" {
		t.Errorf("%q after %s", second.Header, first.instance())
	}
	if !strings.Contains(second.text, "Cookie: theme=dark\r\n") || strings.Contains(second.text, "shadowpool") {
		t.Errorf("the instance got\n%s", second.text)
	}
	if other := b.get(ben, "/"); other.instance() == first.instance() {
		t.Error("two browsers have one instance")
	}
	b.serving(2)
	if b.figure("sessions", "open") != 2 || b.figure("first_request_wait_seconds") != 2 {
		t.Errorf("%v open, %v waited", b.figure("sessions", "open"), b.figure("first_request_wait_seconds"))
	}
	b.serving(0)
	b.await("both have ended", func() bool { return b.figure("sessions_ended_total", "idle") == 2 && b.figure("sessions") == 0 })
	if third := b.get(ann, "/"); third.StatusCode != 200 || third.instance() == first.instance() || third.Header.Get("Set-Cookie") != "" {
		t.Errorf("%d %q", third.StatusCode, third.Header)
	}
}

func TestManyFirstRequests(t *testing.T) {
	gate := make(chan struct{})
	b := newBench(t, func(s *setup) {
		s.proxy.Session.By = []config.SessionKey{{In: config.InHeader, Name: "X-Session"}}
		s.gate, s.policy = gate, "none"
	})
	const sessions, each = 5, 20
	got := make(chan [2]string, sessions*each)
	for i := range sessions * each {
		go func() {
			key := fmt.Sprint("s", i%sessions)
			got <- [2]string{key, b.get(b.front.Client(), "/", "X-Session: "+key).instance()}
		}()
	}
	b.await("one claim each", func() bool { _, n := b.use(); return n == sessions })
	if n := b.figure("sessions", "waiting"); n != sessions {
		t.Errorf("%v wait", n)
	}
	close(gate)
	of := map[string]string{}
	for range sessions * each {
		g := <-got
		if g[1] == "" || of[g[0]] != "" && of[g[0]] != g[1] {
			t.Errorf("%s was served by %q and %q", g[0], of[g[0]], g[1])
		}
		of[g[0]] = g[1]
	}
	if s, _ := b.host.Status(t.Context()); s.Requests != sessions {
		t.Errorf("%d claims", s.Requests)
	}
	if none := b.get(b.front.Client(), "/"); none.StatusCode != 400 || !strings.Contains(none.text, "send the header X-Session") {
		t.Errorf("%d %s", none.StatusCode, none.text)
	}
}

// While its instance is launched a browser gets a page, others wait; nobody who
// asks again loses the place in the queue.
func TestWhileItStarts(t *testing.T) {
	gate := make(chan struct{})
	b := newBench(t, func(s *setup) {
		s.gate, s.policy, s.proxy.MaxWait = gate, "none", 1500*time.Millisecond
	})
	ann, tool := b.browser(), b.browser()
	began := time.Now()
	page := b.get(ann, "/deep/link", "Accept: text/html,*/*;q=0.8", "Sec-Fetch-Dest: document")
	if took := time.Since(began); took > 1400*time.Millisecond {
		t.Errorf("the page took %v", took)
	}
	if page.StatusCode != 503 || page.Header.Get("Retry-After") != "2" || page.Header.Get("Cache-Control") != "no-store" || page.Header.Get("Set-Cookie") == "" ||
		!strings.Contains(page.text, `<meta http-equiv="refresh" content="2">`) || !strings.Contains(page.text, "So far it has taken 1s.") {
		t.Errorf("%d %q\n%s", page.StatusCode, page.Header, page.text)
	}
	began = time.Now()
	refused := b.get(tool, "/", "Accept: */*")
	if took := time.Since(began); took < 1500*time.Millisecond {
		t.Errorf("it waited for %v", took)
	}
	if refused.StatusCode != 503 || refused.Header.Get("Retry-After") != "2" || refused.Header.Get("Content-Type") != "application/problem+json" ||
		refused.text != `{"title":"starting","status":503,"detail":"Your instance is being started."}`+"\n" {
		t.Errorf("%d %q %s", refused.StatusCode, refused.Header, refused.text)
	}
	if _, waiting := b.use(); waiting != 2 {
		t.Errorf("%d claims wait", waiting)
	}
	close(gate)
	for _, c := range []*http.Client{ann, tool} {
		if a := b.get(c, "/", "Accept: text/html"); a.StatusCode != 200 || a.instance() == "" {
			t.Errorf("%d %s", a.StatusCode, a.text)
		}
	}
	if s, _ := b.host.Status(t.Context()); s.Requests != 2 || s.Withdrawn != 0 {
		t.Errorf("%+v", s)
	}
}

func TestLimits(t *testing.T) {
	b := newBench(t, func(s *setup) {
		s.proxy.Limits = config.ProxyLimits{Sessions: 3, SessionsPerAddress: 2}
		s.proxy.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	ann := b.browser()
	for _, c := range []struct {
		client *http.Client
		from   string
		want   int
	}{
		{ann, "203.0.113.9", 200},
		{b.browser(), "198.51.100.1, 203.0.113.9", 200}, // what is before it anyone may have written
		{b.browser(), "203.0.113.9, 127.0.0.3", 429},    // from a proxy behind a proxy
		{ann, "203.0.113.9", 200},                       // the session that it has
		{b.browser(), "2001:db8::1", 200},
		{b.browser(), "203.0.113.10", 503},
	} {
		if a := b.get(c.client, "/", "X-Forwarded-For: "+c.from); a.StatusCode != c.want || (c.want != 200) != (a.Header.Get("Retry-After") != "") {
			t.Errorf("%s: %d %s", c.from, a.StatusCode, a.text)
		}
	}
	if b.figure("refused_total", "429") != 1 || b.figure("refused_total", "503") != 1 {
		t.Error("the figures do not say so")
	}
}

// What only a proxy in front may say is believed of nobody else.
func TestTrust(t *testing.T) {
	for _, trusted := range []bool{false, true} {
		b := newBench(t, func(s *setup) {
			s.proxy.Tenant = "everyone"
			s.proxy.Headers = config.ProxyHeaders{Tenant: "X-Tenant", TaskType: "X-Task"}
			if trusted {
				s.proxy.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
			}
		})
		ann := b.browser()
		said := []string{"X-Tenant: acme", "X_tenant: acme", "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Host: example.org", "X-Forwarded-User: root", "X-Real-IP: 203.0.113.9", "Forwarded: for=203.0.113.9", "Connection: close, X-Hop", "X-Hop: 1", "Te: gzip"}
		a := b.get(ann, "/", said...)
		for _, c := range []struct {
			line     string
			if_, not bool // it is there if the client is trusted, if it is not
		}{
			{"X-Tenant: acme", true, false}, {"X_tenant: acme", true, false}, {"X-Forwarded-User: root", true, false}, {"X-Real-Ip: 203.0.113.9", true, false},
			{"X-Forwarded-For: 203.0.113.9, 127.0.0.1", true, false}, {"X-Forwarded-For: 127.0.0.1", false, true},
			{"X-Forwarded-Host: example.org", true, false}, {"X-Forwarded-Host: 127.0.0.1", false, true}, {"X-Forwarded-Proto: http", true, true},
			{"Forwarded:", false, false}, {"X-Hop", false, false}, {"Te:", false, false},
		} {
			if has := strings.Contains(a.text, "\n"+c.line); has != (trusted && c.if_ || !trusted && c.not) {
				t.Errorf("trusted %v: %q is there: %v\n%s", trusted, c.line, has, a.text)
			}
		}
		// Whoever has another's cookie is of another session all the same.
		same := b.get(ann, "/", "X-Tenant: other").instance() == a.instance()
		if same == trusted {
			t.Errorf("trusted %v: two tenants with one cookie share an instance: %v", trusted, same)
		}
		secure := strings.Contains(b.get(b.browser(), "/", "X-Forwarded-Proto: https").Header.Get("Set-Cookie"), "__Host-shadowpool=")
		if secure != trusted {
			t.Errorf("trusted %v: a secure cookie: %v", trusted, secure)
		}
	}
}

// Nobody chooses the session that a cookie is of: not the client, not another
// site, not an instance.
func TestCookiesAreOurs(t *testing.T) {
	b := newBench(t, func(s *setup) {
		s.handler = func(name string) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Add("Set-Cookie", "shadowpool=forged; Path=/")
				w.Header().Add("Set-Cookie", "__host-Shadowpool=forged; Path=/; Secure")
				w.Header().Add("Set-Cookie", "app=1")
				echo(name).ServeHTTP(w, r)
			})
		}
	})
	first := b.get(b.browser(), "/")
	given := first.Header.Values("Set-Cookie")
	if len(given) != 2 || given[0] != "app=1" || !strings.HasPrefix(given[1], "shadowpool=") {
		t.Errorf("%q", given)
	}
	value, _, _ := strings.Cut(strings.TrimPrefix(given[1], "shadowpool="), ";")
	if a := b.get(b.front.Client(), "/", "Cookie: a=b; shadowpool="+value+"; c=d"); a.instance() != first.instance() || !strings.Contains(a.text, "\nCookie: a=b; c=d\r\n") {
		t.Errorf("its own cookie: %s", a.text)
	}
	changed := []byte(value)
	changed[3] ^= 1
	for _, forged := range []string{"forged", string(changed), value[:len(value)-1], value + "A", ""} {
		a := b.get(b.front.Client(), "/", "Cookie: shadowpool="+forged)
		if a.StatusCode != 200 || a.instance() == first.instance() || len(a.Header.Values("Set-Cookie")) != 2 || strings.Contains(a.text, "Cookie") {
			t.Errorf("%q: %d %q\n%s", forged, a.StatusCode, a.Header, a.text)
		}
	}
}

// Pages of other sites cannot make browsers claim instances, other than by
// leading there.
func TestOtherSites(t *testing.T) {
	b := newBench(t, nil)
	ann := b.browser()
	for _, c := range []struct {
		headers []string
		want    int
	}{
		{[]string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"}, 403},
		{[]string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: websocket", "Sec-Fetch-Dest: websocket"}, 403},
		{[]string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, 200},
		{[]string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}, 200}, // with a cookie
	} {
		if a := b.get(ann, "/", c.headers...); a.StatusCode != c.want || (a.Header.Get("Set-Cookie") != "") != (c.headers[1] == "Sec-Fetch-Mode: navigate") {
			t.Errorf("%s: %d %q %s", c.headers, a.StatusCode, a.Header, a.text)
		}
	}
	preflight, _ := http.NewRequestWithContext(t.Context(), http.MethodOptions, b.front.URL, nil)
	if a := b.do(b.browser(), preflight, "Access-Control-Request-Method: PUT", "Origin: http://example.org"); a.StatusCode != 403 {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	if s, _ := b.host.Status(t.Context()); s.Requests != 1 {
		t.Errorf("%d claims", s.Requests)
	}
}

// Below a path of its own each session has the whole site.
func TestPaths(t *testing.T) {
	b := newBench(t, func(s *setup) {
		s.proxy.Session.By = []config.SessionKey{{In: config.InQuery, Name: "sid"}, {In: config.InPath, Name: "/s/"}}
		s.handler = func(name string) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if to := r.URL.Query().Get("to"); to != "" {
					w.Header().Set("Location", strings.ReplaceAll(strings.ReplaceAll(to, "SELF", r.Context().Value(http.LocalAddrContextKey).(net.Addr).String()), "HOST", r.Host))
					w.Header().Add("Set-Cookie", "a=1; Path=/")
					w.Header().Add("Set-Cookie", "b=1; Path=/sub; HttpOnly")
					w.Header().Add("Set-Cookie", "c=1")
					w.WriteHeader(http.StatusFound)
					return
				}
				echo(name).ServeHTTP(w, r)
			})
		}
	})
	c := &http.Client{Timeout: limit, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	host := strings.TrimPrefix(b.front.URL, "http://")
	if a := b.get(c, "/s/my%20key?x=1"); a.StatusCode != 308 || a.Header.Get("Location") != "/s/my%20key/?x=1" {
		t.Errorf("%d %q", a.StatusCode, a.Header)
	}
	one := b.get(c, "/s/my%20key/a%2Fb/?x=1")
	if !strings.HasPrefix(one.text, "GET /a%2Fb/?x=1\n") || !strings.Contains(one.text, "\nX-Forwarded-Prefix: /s/my%20key\r\n") || one.Header.Get("Set-Cookie") != "" {
		t.Errorf("%s", one.text)
	}
	if other := b.get(c, "/s/other/").instance(); other == one.instance() || other == "" {
		t.Errorf("two keys, instances %s and %s", one.instance(), other)
	}
	if a := b.get(c, "/x?sid=my%20key"); a.instance() == one.instance() || !strings.HasPrefix(a.text, "GET /x?sid=my%20key\n") {
		t.Errorf("the parameter is the path's: %s", a.text)
	}
	for _, p := range []string{"/", "/s/", "/s//", "/t/a/"} {
		if a := b.get(c, p); a.StatusCode != 400 || !strings.Contains(a.text, "add the query parameter sid, or ask below /s/SESSION/") {
			t.Errorf("%s: %d %s", p, a.StatusCode, a.text)
		}
	}
	for to, want := range map[string]string{
		"/login": "/s/k/login", "login": "login", "/s/k/in": "/s/k/in", "http://SELF/x": "/s/k/x", "http://HOST/x": "http://" + host + "/s/k/x",
		"https://example.org/x": "https://example.org/x", "//example.org/x": "//example.org/x", "http://SELF": "/s/k/", "http://SELF//evil": "/s/k/evil", "?a=b": "?a=b",
	} {
		a := b.get(c, "/s/k/?to="+to)
		if got := a.Header.Get("Location"); got != want {
			t.Errorf("to %s: %s, want %s", to, got, want)
		}
		if got, want := fmt.Sprint(a.Header["Set-Cookie"]), "[a=1; Path=/s/k/ b=1; Path=/s/k/sub; HttpOnly c=1; Path=/s/k/]"; got != want {
			t.Errorf("%s", got)
		}
	}
}

// A request through the proxy, beside one that goes to an instance directly and
// one through the library's proxy alone.
func BenchmarkForward(b *testing.B) {
	instance := httptest.NewServer(echo("one"))
	defer instance.Close()
	pool := &keyed{address: instance.URL, held: map[string]runtime.Request{}, spent: map[string]bool{}}
	o := proxy.Options{Proxy: config.DefaultProxy()}
	o.Session.By = []config.SessionKey{{In: config.InHeader, Name: "X-Session"}}
	p, err := proxy.New(pool, o)
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	front := httptest.NewServer(p)
	defer front.Close()
	target, err := url.Parse(instance.URL)
	if err != nil {
		b.Fatal(err)
	}
	bare := httputil.NewSingleHostReverseProxy(target)
	bare.Transport = &http.Transport{MaxIdleConnsPerHost: 64}
	library := httptest.NewServer(bare)
	defer library.Close()
	for _, to := range []struct{ name, url string }{{"direct", instance.URL}, {"library", library.URL}, {"proxy", front.URL}} {
		b.Run(to.name, func(b *testing.B) {
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
			var n atomic.Int64
			b.RunParallel(func(each *testing.PB) {
				key := fmt.Sprint("s", n.Add(1))
				for each.Next() {
					r, _ := http.NewRequest(http.MethodGet, to.url, nil)
					r.Header.Set("X-Session", key)
					answer, err := client.Do(r)
					if err != nil {
						b.Error(err)
						return
					}
					_, _ = io.Copy(io.Discard, answer.Body)
					answer.Body.Close()
				}
			})
		})
	}
}
