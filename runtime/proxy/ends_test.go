package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shadowpool/policy/config"
	"shadowpool/runtime"
	"shadowpool/runtime/proxy"
)

// A request that its instance dies of is made once more if that does no harm.
func TestLostInstance(t *testing.T) {
	var bench *bench
	dies := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("die") == "all" || r.URL.Query().Get("die") == name {
				go func() { _ = bench.servers.Stop(context.Background(), name) }()
				<-r.Context().Done()
				panic(http.ErrAbortHandler)
			}
			echo(name).ServeHTTP(w, r)
		})
	}
	b := newBench(t, func(s *setup) { s.handler = dies })
	bench = b
	ann := b.browser()
	first := b.get(ann, "/").instance()
	second := b.get(ann, "/x?die="+first)
	if second.StatusCode != 200 || second.instance() == first || second.instance() == "" || !strings.HasPrefix(second.text, "GET /x?die="+first+"\n") {
		t.Errorf("%d %s", second.StatusCode, second.text)
	}
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, b.front.URL+"/?die="+second.instance(), strings.NewReader("once"))
	if a := b.do(ann, r); a.StatusCode != 502 && a.StatusCode != 503 {
		t.Errorf("a POST was made again: %d %s", a.StatusCode, a.text)
	}
	b.await("both losses are known", func() bool { return b.figure("sessions_ended_total", "lost") == 2 })
	if a := b.get(ann, "/?die=all"); a.StatusCode != 502 && a.StatusCode != 503 {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	if a := b.get(ann, "/"); a.StatusCode != 200 {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	b.await("four have been lost", func() bool { return b.figure("sessions_ended_total", "lost") == 4 })
	if s, _ := b.host.Status(t.Context()); s.Requests != 5 {
		t.Errorf("%d claims", s.Requests)
	}
}

// When someone else releases a session's claim, its instance may be another's
// in a moment: what is open is cut off.
func TestReleasedBySomeoneElse(t *testing.T) {
	b := newBench(t, func(s *setup) {
		s.handler, s.category.Reusable, s.category.MaxInstances, s.policy = talker, true, 1, "static:level=1"
		s.proxy.MaxWait = time.Second
	})
	ann, ben := b.browser(), b.browser()
	socket := b.dial(t.Context(), ann, "/socket")
	say(t, socket, "hello")
	waiting := make(chan answer, 1)
	go func() { waiting <- b.get(ben, "/") }()
	b.await("the other waits", func() bool { _, n := b.use(); return n == 1 })
	if err := b.host.Release(t.Context(), b.claim(t)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	if _, _, err := socket.Read(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("the websocket is still open: %v", err)
	}
	if a := <-waiting; a.StatusCode != 200 {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	if a := b.get(ann, "/"); a.StatusCode != 503 { // it waits for the only instance
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	if b.figure("sessions_ended_total", "released") != 1 {
		t.Error("the figures do not say so")
	}
}

// claim is the name of the only claim: the run's name is in that of instances.
func (b *bench) claim(t *testing.T) string {
	names, err := b.servers.List(t.Context())
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	run, _, _ := strings.Cut(names[0], "-")
	return run + "-0"
}

// What nobody waits for any more is withdrawn.
func TestLeft(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for as long as a claim does of which nobody asks")
	}
	t.Parallel()
	b := newBench(t, func(s *setup) { s.gate, s.policy = make(chan struct{}), "none" })
	ctx, cancel := context.WithCancel(t.Context())
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, b.front.URL, nil)
	go func() {
		if _, err := b.browser().Do(r); err == nil {
			t.Error("it was answered")
		}
	}()
	b.await("it waits", func() bool { _, n := b.use(); return n == 1 })
	cancel()
	b.await("it has left", func() bool { return b.figure("sessions_ended_total", "left") == 1 })
	if s, _ := b.host.Status(t.Context()); s.Withdrawn != 1 || s.Pools[0].Waiting != 0 {
		t.Errorf("%+v", s)
	}
}

// keyed is a pool that survives a proxy: a claim with the key of one that is
// held joins it, and a key whose claim is over is of no use any more.
type keyed struct {
	address string
	mu      sync.Mutex
	held    map[string]runtime.Request // by claim
	spent   map[string]bool            // keys
	made    int
	finding int // so many claims are answered before the instance is found
}

var errSpent = errors.New("the key is spent")

func (k *keyed) Claim(_ context.Context, r runtime.Request) (runtime.Grant, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.spent[r.Key] {
		return runtime.Grant{}, errSpent
	}
	name := ""
	for claim, other := range k.held {
		if other.Key == r.Key {
			name = claim
		}
	}
	if name == "" {
		k.made++
		name = fmt.Sprint("claim-", k.made)
		k.held[name] = r
	}
	if k.finding > 0 {
		k.finding--
		return runtime.Grant{Claim: name}, nil
	}
	return runtime.Grant{Claim: name, Instance: runtime.Instance{Name: "run-" + name, Address: k.address}}, nil
}

func (k *keyed) Release(_ context.Context, claim string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	r, held := k.held[claim]
	if !held {
		return runtime.ErrNoClaim
	}
	delete(k.held, claim)
	k.spent[r.Key] = true
	return nil
}

func (k *keyed) claims() map[string]runtime.Request {
	k.mu.Lock()
	defer k.mu.Unlock()
	return maps.Clone(k.held)
}

// An instance that died on the way to the session is none, and neither is one
// without an address.
func TestDeadOnArrival(t *testing.T) {
	instance := httptest.NewServer(echo("alive"))
	defer instance.Close()
	gone := make(chan struct{})
	close(gone)
	pool := &scripted{grants: []runtime.Grant{
		{Claim: "1", Instance: runtime.Instance{Name: "x-1-1", Address: "http://127.0.0.1:1", Gone: gone}},
		{Claim: "2", Instance: runtime.Instance{Name: "x-2-1", Address: instance.URL}},
		{Claim: "3", Instance: runtime.Instance{Name: "x-3-1", Address: "file:///x"}},
	}}
	p, err := proxy.New(pool, proxy.Options{Proxy: config.DefaultProxy()})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, front: httptest.NewServer(p)}
	defer b.front.Close()
	if a := b.get(b.browser(), "/"); a.instance() != "alive" || pool.asked[0].Key == pool.asked[1].Key {
		t.Errorf("%d %s, keys of %v", a.StatusCode, a.text, pool.asked)
	}
	if a := b.get(b.browser(), "/"); a.StatusCode != 502 {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	b.await("what is of no use is released", func() bool {
		pool.Lock()
		defer pool.Unlock()
		return slices.Equal(pool.released, []string{"3"})
	})
	p.Close()
	if len(pool.released) != 1 {
		t.Errorf("%q was released by a proxy that was closed", pool.released)
	}
}

// scripted is a pool with the given grants.
type scripted struct {
	sync.Mutex
	grants   []runtime.Grant
	asked    []runtime.Request
	released []string
}

func (s *scripted) Claim(_ context.Context, r runtime.Request) (runtime.Grant, error) {
	s.Lock()
	defer s.Unlock()
	g := s.grants[0]
	s.grants, s.asked = s.grants[1:], append(s.asked, r)
	return g, nil
}

func (s *scripted) Release(_ context.Context, claim string) error {
	s.Lock()
	defer s.Unlock()
	s.released = append(s.released, claim)
	return nil
}

// A proxy that is started again finds the claims of its cookies, and releases
// those of which no cookie comes.
func TestStartedAgain(t *testing.T) {
	instance := httptest.NewServer(echo("one"))
	defer instance.Close()
	pool := &keyed{address: instance.URL, held: map[string]runtime.Request{}, spent: map[string]bool{}}
	o := proxy.Options{Proxy: config.DefaultProxy(), CookieKey: []byte(strings.Repeat("k", 32))}
	o.Session.IdleTimeout = 500 * time.Millisecond
	var current atomic.Pointer[proxy.Proxy]
	start := func() *proxy.Proxy {
		p, err := proxy.New(pool, o)
		if err != nil {
			t.Fatal(err)
		}
		if old := current.Swap(p); old != nil {
			old.Close()
		}
		return p
	}
	start()
	b := &bench{T: t, front: httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		current.Load().ServeHTTP(w, r)
	}))}
	defer b.front.Close()
	ann, ben := b.browser(), b.browser()
	for _, c := range []*http.Client{ann, ben, b.browser()} {
		if a := b.get(c, "/"); a.StatusCode != 200 {
			t.Fatal(a.text)
		}
	}
	before := pool.claims()
	if len(before) != 3 {
		t.Fatalf("%v", before)
	}
	p := start()
	for claim, r := range before {
		if !p.Adopt(claim, r) {
			t.Errorf("%+v is not the proxy's", r)
		}
	}
	for _, key := range []string{"", "build-17", "proxy-17", "proxy-" + strings.Repeat("0", 40)} {
		if p.Adopt("claim-9", runtime.Request{Key: key}) {
			t.Errorf("it has taken over %q", key)
		}
	}
	pool.finding = 3
	if a := b.get(ann, "/"); a.StatusCode != 200 || a.Header.Get("Set-Cookie") != "" || pool.made != 3 {
		t.Errorf("%d %q, %d claims", a.StatusCode, a.Header, pool.made)
	}
	// One that was released meanwhile is claimed anew.
	if err := pool.Release(t.Context(), "claim-2"); err != nil {
		t.Fatal(err)
	}
	if a := b.get(ben, "/"); a.StatusCode != 200 || pool.made != 4 {
		t.Errorf("%d %s, %d claims", a.StatusCode, a.text, pool.made)
	}
	b.await("what nobody asks for is released", func() bool {
		if a := b.get(ann, "/"); a.StatusCode != 200 {
			t.Fatal(a.text)
		}
		_, left := pool.claims()["claim-1"]
		return left && len(pool.claims()) == 1
	})
	b.await("all are released", func() bool { return len(pool.claims()) == 0 })
	if a := b.get(ann, "/"); a.StatusCode != 200 || a.Header.Get("Set-Cookie") != "" || pool.made != 5 {
		t.Errorf("%d %q, %d claims", a.StatusCode, a.Header, pool.made)
	}
	// With another key no cookie is known.
	o.CookieKey = []byte(strings.Repeat("K", 32))
	start()
	if a := b.get(ann, "/"); a.Header.Get("Set-Cookie") == "" {
		t.Error("a cookie of another key is taken for ours")
	}
	current.Load().Close()
	if a := b.get(ann, "/"); a.StatusCode != 503 {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
}

// Whatever happens at one time, a session never gets another's answer, and in
// the end nothing is held.
func TestStorm(t *testing.T) {
	b := newBench(t, func(s *setup) {
		s.proxy.Session.By = []config.SessionKey{{In: config.InHeader, Name: "X-Session"}}
		s.proxy.Session.IdleTimeout = 5 * time.Millisecond
		s.handler = func(name string) http.Handler {
			var owner atomic.Value
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				key := r.Header.Get("X-Session")
				if was := owner.Swap(key); was != nil && was != key {
					t.Errorf("%s was of %s, now of %s", name, was, key)
				}
				fmt.Fprint(w, key)
			})
		}
	})
	client := &http.Client{Timeout: limit, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	var all sync.WaitGroup
	for worker := range 16 {
		all.Go(func() {
			random := rand.New(rand.NewSource(int64(worker)))
			for range 60 {
				key := fmt.Sprint("s", random.Intn(12))
				a := b.get(client, "/", "X-Session: "+key)
				if a.StatusCode != 200 || a.text != key {
					t.Errorf("%s: %d %s", key, a.StatusCode, a.text)
				}
				if random.Intn(3) == 0 {
					time.Sleep(time.Duration(random.Intn(12)) * time.Millisecond)
				}
			}
		})
	}
	all.Wait()
	b.serving(0)
	b.await("no session is left", func() bool { return b.figure("sessions") == 0 })
}
