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
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"shadowpool/policy"
	"shadowpool/runtime"
	"shadowpool/runtime/api"
)

// BenchmarkClaims makes claims over real connections and releases them; client
// and server share the processors. An operation is one claim: POST and DELETE.
// The client is as lean as one can be, so that what is seen is the server.
func BenchmarkClaims(b *testing.B) {
	limits := api.Limits{Rate: 1e6, Claims: 1000, Waiting: 1000, Fair: 500}
	b.Run("limits", func(b *testing.B) { benchmarkClaims(b, true, 16, api.Options{Limits: limits}) })
	for _, reusable := range []bool{true, false} {
		for _, clients := range []int{1, 16, 256} {
			b.Run(fmt.Sprintf("reusable=%v/clients=%d", reusable, clients), func(b *testing.B) {
				benchmarkClaims(b, reusable, clients, api.Options{})
			})
		}
	}
}

func benchmarkClaims(b *testing.B, reusable bool, clients int, opt api.Options) {
	opt.Events = api.NewEvents()
	host, err := runtime.New(runtime.Options{
		Policy: policy.Spec{Name: "static", Params: []policy.Setting{{Key: "level", Value: "300"}}},
		Fleet:  policy.Config{Categories: []policy.Category{{Name: "x", Reusable: reusable}}}, Provisioner: newMemory(0),
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
	var left atomic.Int64
	left.Store(int64(b.N))
	var running sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	used := cpu(b)
	for range clients {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		running.Go(func() {
			defer conn.Close()
			c := lean{conn: conn, in: bufio.NewReader(conn)}
			for left.Add(-1) >= 0 {
				if err := c.claim(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "claims/s")
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
