package proxy_test

import (
	"context"
	"fmt"
	"math/rand"
	"net/http"
	"net/http/httptest"
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
// held joins it.
type keyed struct {
	address string
	mu      sync.Mutex
	held    map[string]string // claims by key
	made    int
}

func (k *keyed) Claim(_ context.Context, r runtime.Request) (runtime.Grant, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	name := k.held[r.Key]
	if name == "" {
		k.made++
		name = fmt.Sprint("claim-", k.made)
		k.held[r.Key] = name
	}
	return runtime.Grant{Claim: name, Instance: runtime.Instance{Name: "run-" + name, Address: k.address}}, nil
}

func (k *keyed) Release(_ context.Context, claim string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for key, name := range k.held {
		if name == claim {
			delete(k.held, key)
			return nil
		}
	}
	return runtime.ErrNoClaim
}

func (k *keyed) claims() map[string]string {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := map[string]string{}
	for key, name := range k.held {
		out[key] = name
	}
	return out
}

// A proxy that is started again finds the claims of its cookies, and releases
// those of which no cookie comes.
func TestStartedAgain(t *testing.T) {
	instance := httptest.NewServer(echo("one"))
	defer instance.Close()
	pool := &keyed{address: instance.URL, held: map[string]string{}}
	o := proxy.Options{Proxy: config.DefaultProxy(), CookieKey: []byte(strings.Repeat("k", 32))}
	o.Session.IdleTimeout = 300 * time.Millisecond
	var current atomic.Pointer[proxy.Proxy]
	start := func() {
		p, err := proxy.New(pool, o)
		if err != nil {
			t.Fatal(err)
		}
		if old := current.Swap(p); old != nil {
			old.Close()
		}
	}
	start()
	of := &bench{T: t, front: httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		current.Load().ServeHTTP(w, r)
	}))}
	defer of.front.Close()
	ann, ben := of.browser(), of.browser()
	for _, c := range []*http.Client{ann, ben} {
		if a := of.get(c, "/"); a.StatusCode != 200 {
			t.Fatal(a.text)
		}
	}
	before := pool.claims()
	if len(before) != 2 {
		t.Fatalf("%v", before)
	}
	start()
	for key, claim := range before {
		if !current.Load().Adopt(claim, key) {
			t.Errorf("%s is not the proxy's", key)
		}
	}
	if current.Load().Adopt("claim-9", "build-17") || current.Load().Adopt("claim-9", "") {
		t.Error("it has taken over what is not its own")
	}
	if a := of.get(ann, "/"); a.StatusCode != 200 || a.Header.Get("Set-Cookie") != "" || pool.made != 2 {
		t.Errorf("%d %q, %d claims", a.StatusCode, a.Header, pool.made)
	}
	of.await("one is released", func() bool {
		if a := of.get(ann, "/"); a.StatusCode != 200 {
			t.Fatal(a.text)
		}
		return len(pool.claims()) == 1
	})
	of.await("all are released", func() bool { return len(pool.claims()) == 0 })
	if pool.made != 2 {
		t.Errorf("%d claims", pool.made)
	}
	// With another key no cookie is known.
	o.CookieKey = []byte(strings.Repeat("K", 32))
	start()
	if a := of.get(ann, "/"); a.Header.Get("Set-Cookie") == "" {
		t.Error("a cookie of another key is taken for ours")
	}
	current.Load().Close()
	if a := of.get(ann, "/"); a.StatusCode != 503 {
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
