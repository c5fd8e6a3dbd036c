package proxy_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/runtime"
	"shadowpool/runtime/proxy"
	"shadowpool/runtime/sqlite"
)

// lasting servers are still there when the host is started again.
type lasting struct{ *servers }

func (l lasting) Adopt(_ context.Context, spec runtime.InstanceSpec) (runtime.Instance, error) {
	time.Sleep(100 * time.Millisecond) // it takes a moment to find them
	l.mu.Lock()
	defer l.mu.Unlock()
	i := l.all[spec.Name]
	if i == nil {
		return runtime.Instance{}, runtime.ErrGone
	}
	return runtime.Instance{Name: spec.Name, Address: i.server.Addr, Gone: i.gone}, nil
}

func (l lasting) Start(ctx context.Context, spec runtime.InstanceSpec) (runtime.Instance, error) {
	i, err := l.servers.Start(ctx, spec)
	if err == nil {
		l.mu.Lock()
		l.all[spec.Name].server.Addr = i.Address
		l.mu.Unlock()
	}
	return i, err
}

// Sessions go on when the server is started again with what its store has.
func TestSessionsOutliveTheServer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "store")
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	instances := lasting{&servers{handler: echo, all: map[string]*instance{}}}
	var current atomic.Pointer[proxy.Proxy]
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { current.Load().ServeHTTP(w, r) }))
	defer front.Close()
	o := proxy.Options{Proxy: config.DefaultProxy(), CookieKey: []byte(strings.Repeat("k", 32)), Logger: log}
	o.Session.IdleTimeout = 700 * time.Millisecond
	var host *runtime.Host
	start := func() (stop func()) {
		store, err := sqlite.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		lead, err := store.Lead(t.Context(), runtime.Replica{Name: "one"})
		if err != nil {
			t.Fatal(err)
		}
		specs, _ := policy.ParseSpecs("static:level=2")
		observer := &late{}
		host, err = runtime.New(runtime.Options{
			Policy: specs[0], Fleet: policy.Config{Categories: []policy.Category{{Name: "one", LeadTime: time.Millisecond}}},
			Provisioner: instances, Logger: log, Lead: lead, Observers: []runtime.Observer{observer},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			if err := host.Run(ctx); err != nil {
				t.Error(err)
			}
		}()
		<-host.Ready()
		p, err := proxy.New(host, o)
		if err != nil {
			t.Fatal(err)
		}
		held, err := host.Claims(t.Context(), "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range held {
			if !p.Adopt(c.Claim, c.Request) {
				t.Errorf("%+v", c)
			}
		}
		observer.Store(p)
		current.Store(p)
		return func() {
			p.Close()
			cancel()
			<-host.Done()
			if err := lead.Release(context.Background()); err != nil {
				t.Log(err)
			}
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	b := &bench{T: t, front: front}
	stop := start()
	ann, ben := b.browser(), b.browser()
	first, other := b.get(ann, "/").instance(), b.get(ben, "/").instance()
	for range 3 {
		stop()
		stop = start()
		if a := b.get(ann, "/"); a.instance() != first || a.StatusCode != 200 {
			t.Fatalf("%d %s instead of %s: %s", a.StatusCode, a.instance(), first, a.text)
		}
	}
	b.await("what nobody asks for is released", func() bool {
		if a := b.get(ann, "/"); a.instance() != first {
			t.Fatalf("%d %s", a.StatusCode, a.text)
		}
		held, err := host.Claims(t.Context(), "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		return len(held) == 1
	})
	if a := b.get(ben, "/"); a.instance() == other || a.StatusCode != 200 {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	stop()
}
