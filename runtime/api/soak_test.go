//go:build linux

package api_test

import (
	"bufio"
	"context"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"os"
	goruntime "runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shadowpool/policy"
	"shadowpool/runtime"
	"shadowpool/runtime/api"
)

var soak = flag.Duration("soak", 8*time.Second, "how long TestSoak claims and releases")

// TestSoak: a server that has claimed and released for long, and kept it all in
// SQLite, has no more memory, goroutines and open files than after a while.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time")
	}
	events := api.NewEvents()
	host, err := runtime.New(runtime.Options{
		Policy: policy.Spec{Name: "adaptive"}, Provisioner: newMemory(time.Millisecond),
		Fleet: policy.Config{Categories: []policy.Category{
			{Name: "x", Reusable: true, LeadTime: time.Millisecond, MaxInstances: 100},
		}},
		Lead: load{durable: true}.lead(t), Logger: slog.New(slog.DiscardHandler), Observers: []runtime.Observer{events},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- host.Run(ctx) }()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: api.Handler(host, api.Options{Events: events}), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	defer func() {
		_ = server.Close()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()

	end := time.Now().Add(*soak)
	var claims atomic.Int64
	var running sync.WaitGroup
	for range 16 {
		running.Go(func() {
			conn, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			for c := (lean{conn: conn, in: bufio.NewReader(conn)}); time.Now().Before(end); claims.Add(1) {
				if err := c.claim(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	time.Sleep(*soak / 4)
	early := measured(t)
	time.Sleep(time.Until(end) - *soak/20)
	late := measured(t)
	running.Wait()
	t.Logf("%d claims; after a quarter of the time %+v, at the end %+v", claims.Load(), early, late)
	if late.goroutines > early.goroutines+20 || late.files > early.files+10 || late.heap > early.heap+early.heap/4+8<<20 {
		t.Errorf("after a quarter of the time %+v, at the end %+v", early, late)
	}
}

// A footprint is what a process holds.
type footprint struct {
	heap              uint64 // bytes that are in use
	goroutines, files int
}

func measured(t *testing.T) footprint {
	t.Helper()
	goruntime.GC()
	var m goruntime.MemStats
	goruntime.ReadMemStats(&m)
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return footprint{m.HeapAlloc, goruntime.NumGoroutine(), len(files)}
}
