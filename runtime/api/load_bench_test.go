//go:build unix

package api_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"shadowpool/policy"
	"shadowpool/runtime"
	"shadowpool/runtime/api"
	"shadowpool/runtime/sqlite"
)

// BenchmarkClaims makes claims over real connections and releases them; client
// and server share the processors. An operation is one claim: POST and DELETE.
// The client is as lean as one can be, so that what is seen is the server.
func BenchmarkClaims(b *testing.B) {
	limits := api.Limits{Rate: 1e6, Claims: 1000, Waiting: 1000, Fair: 500}
	b.Run("limits", func(b *testing.B) { benchmarkClaims(b, load{reusable: true, clients: 16}, api.Options{Limits: limits}) })
	for _, reusable := range []bool{true, false} {
		for _, clients := range []int{1, 16, 256} {
			b.Run(fmt.Sprintf("reusable=%v/clients=%d", reusable, clients), func(b *testing.B) {
				benchmarkClaims(b, load{reusable: reusable, clients: clients}, api.Options{})
			})
		}
	}
	for _, clients := range []int{16, 256} {
		b.Run(fmt.Sprintf("durable/clients=%d", clients), func(b *testing.B) {
			benchmarkClaims(b, load{reusable: true, clients: clients, durable: true}, api.Options{})
		})
	}
	// At half of what is asked of the server, clients come at a steady pace.
	for _, l := range []load{{reusable: true, clients: 256, pace: 5000}, {reusable: true, clients: 256, pace: 2500, durable: true}} {
		b.Run(fmt.Sprintf("pace=%d/durable=%v", l.pace, l.durable), func(b *testing.B) { benchmarkClaims(b, l, api.Options{}) })
	}
}

// A load is what is asked of the server.
type load struct {
	reusable bool
	clients  int
	durable  bool // claims are kept in SQLite before they are answered
	pace     int  // claims a second; 0: each client makes one after the other
}

// lead is that of a new store in SQLite; nil if the load needs none.
func (l load) lead(b testing.TB) runtime.Lead {
	if !l.durable {
		return nil
	}
	store, err := sqlite.Open(filepath.Join(b.TempDir(), "pool.db"))
	if err != nil {
		b.Fatal(err)
	}
	lead, err := store.Lead(b.Context(), runtime.Replica{Name: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := store.Close(); err != nil {
			b.Error(err)
		}
	})
	return lead
}

func benchmarkClaims(b *testing.B, l load, opt api.Options) {
	opt.Events = api.NewEvents()
	host, err := runtime.New(runtime.Options{
		Policy: policy.Spec{Name: "static", Params: []policy.Setting{{Key: "level", Value: "300"}}},
		Fleet:  policy.Config{Categories: []policy.Category{{Name: "x", Reusable: l.reusable}}}, Lead: l.lead(b), Provisioner: newMemory(0),
		Logger: slog.New(slog.DiscardHandler), Version: "test", Observers: []runtime.Observer{opt.Events},
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- host.Run(ctx) }()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: api.Handler(host, opt), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	defer func() {
		_ = server.Close()
		stop()
		host.Hurry()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	}()
	var next atomic.Int64
	var running sync.WaitGroup
	waits := hdrhistogram.New(1, int64(time.Minute), 3)
	var mu sync.Mutex // of waits
	b.ReportAllocs()
	b.ResetTimer()
	used, began := cpu(b), time.Now()
	for range l.clients {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		running.Go(func() {
			defer conn.Close()
			c := lean{conn: conn, in: bufio.NewReader(conn)}
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				due := time.Now()
				if l.pace > 0 { // late ones count from when they were due
					due = began.Add(time.Duration(n) * time.Second / time.Duration(l.pace))
					time.Sleep(time.Until(due))
				}
				if err := c.claim(); err != nil {
					b.Error(err)
					return
				}
				mu.Lock()
				_ = waits.RecordValue(int64(time.Since(due)))
				mu.Unlock()
			}
		})
	}
	running.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "claims/s")
	b.ReportMetric(float64(waits.ValueAtQuantile(99))/1e6, "p99-ms")
	// What a machine that does nothing else could do: this is no wall time.
	b.ReportMetric(float64((cpu(b)-used).Microseconds())/float64(b.N), "cpu-us/claim")
}

// cpu is the processor time that this program has used.
func cpu(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// lean is an HTTP client of one connection that knows what it will be told.
type lean struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
	body []byte
}

const leanClaim = `{"category":"x","tenant":"acme","deadline_s":20}`

var leanPost = fmt.Sprintf("POST /v1/claims HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(leanClaim), leanClaim)

func (c *lean) claim() error {
	if _, err := io.WriteString(c.conn, leanPost); err != nil {
		return err
	}
	if err := c.answer(http.StatusCreated); err != nil {
		return err
	}
	_, name, found := bytes.Cut(c.body, []byte(`"claim":"`))
	name, _, ended := bytes.Cut(name, []byte(`"`))
	if !found || !ended {
		return fmt.Errorf("no claim in %s", c.body)
	}
	c.out = append(append(append(c.out[:0], "DELETE /v1/claims/"...), name...), " HTTP/1.1\r\nHost: localhost\r\n\r\n"...)
	if _, err := c.conn.Write(c.out); err != nil {
		return err
	}
	return c.answer(http.StatusNoContent)
}

// answer reads one into c.body.
func (c *lean) answer(want int) error {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if status, err := strconv.Atoi(string(line[9:12])); err != nil || status != want {
		rest, _ := c.in.Peek(c.in.Buffered())
		return fmt.Errorf("%s%s", line, rest)
	}
	size, chunked := 0, false
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 {
			break
		}
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if size, err = strconv.Atoi(string(v[:len(v)-2])); err != nil {
				return err
			}
		}
		chunked = chunked || bytes.HasPrefix(line, []byte("Transfer-Encoding: chunked"))
	}
	c.body = c.body[:0]
	for {
		if chunked {
			line, err := c.in.ReadSlice('\n')
			if err != nil {
				return err
			}
			n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
			if err != nil {
				return err
			}
			size = int(n)
		}
		at := len(c.body)
		c.body = append(c.body, make([]byte, size)...)
		if _, err := io.ReadFull(c.in, c.body[at:]); err != nil {
			return err
		}
		if !chunked {
			return nil
		}
		if _, err := c.in.Discard(2); err != nil {
			return err
		}
		if size == 0 {
			return nil
		}
	}
}
