package proxy_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// talker is an instance with all that takes long: websockets that echo, bodies
// that are sent back as they come, events one by one.
func talker(name string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", echo(name))
	mux.HandleFunc("/socket", func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"echo"}})
		if err != nil {
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(-1)
		for {
			kind, text, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), kind, append([]byte(name+": "), text...)) != nil {
				return
			}
		}
	})
	mux.HandleFunc("/back", func(w http.ResponseWriter, r *http.Request) {
		answer := http.NewResponseController(w)
		_ = answer.EnableFullDuplex()
		w.Header().Set("Trailer", "X-Sum")
		w.WriteHeader(200)
		_ = answer.Flush()
		sum := sha256.New()
		_, err := io.Copy(io.MultiWriter(w, sum), r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("X-Sum", hex.EncodeToString(sum.Sum(nil)))
	})
	mux.HandleFunc("/events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := 0; r.Context().Err() == nil; i++ {
			fmt.Fprintf(w, "data: %d\n\n", i)
			_ = http.NewResponseController(w).Flush()
			select {
			case <-time.After(20 * time.Millisecond):
			case <-r.Context().Done():
			}
		}
	})
	mux.HandleFunc("/early", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusRequestEntityTooLarge) })
	return mux
}

func (b *bench) dial(ctx context.Context, c *http.Client, path string) *websocket.Conn {
	b.Helper()
	socket, _, err := websocket.Dial(ctx, b.front.URL+path, &websocket.DialOptions{
		HTTPClient: &http.Client{Jar: c.Jar, Transport: c.Transport}, Subprotocols: []string{"echo"}, HTTPHeader: http.Header{"Origin": {b.front.URL}},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = socket.CloseNow() })
	socket.SetReadLimit(-1)
	return socket
}

func say(t *testing.T, c *websocket.Conn, text string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	if err := c.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
	_, back, err := c.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return string(back)
}

// An open websocket is a session in use, however silent it is; it may be the
// session's first request.
func TestWebsocket(t *testing.T) {
	const idle = 200 * time.Millisecond
	b := newBench(t, func(s *setup) { s.handler, s.proxy.Session.IdleTimeout = talker, idle })
	ann := b.browser()
	socket := b.dial(t.Context(), ann, "/socket")
	if socket.Subprotocol() != "echo" {
		t.Errorf("subprotocol %q", socket.Subprotocol())
	}
	name := b.get(ann, "/").instance()
	if got := say(t, socket, "hello"); got != name+": hello" {
		t.Errorf("%q, not from %s", got, name)
	}
	time.Sleep(3 * idle)
	long := strings.Repeat("x", 1<<20)
	if got := say(t, socket, long); got != name+": "+long {
		t.Errorf("%d bytes came back", len(got))
	}
	b.serving(1)
	if err := socket.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	b.serving(0)
}

// Events come one by one, and keep a session alive while somebody reads them.
func TestEvents(t *testing.T) {
	const idle = 200 * time.Millisecond
	b := newBench(t, func(s *setup) { s.handler, s.proxy.Session.IdleTimeout = talker, idle })
	ctx, cancel := context.WithCancel(t.Context())
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, b.front.URL+"/events", nil)
	answer, err := b.browser().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for began := time.Now(); time.Since(began) < 3*idle; {
		if !lines.Scan() {
			t.Fatal(lines.Err())
		}
	}
	b.serving(1)
	cancel()
	b.serving(0)
}

// Long bodies go both ways at one time, byte for byte, with their trailers.
func TestLongBodies(t *testing.T) {
	for _, tls := range []bool{false, true} {
		b := newBench(t, func(s *setup) { s.handler, s.tls = talker, tls })
		const size = 32 << 20
		source := sha256.New()
		body := io.TeeReader(io.LimitReader(rand.New(rand.NewSource(1)), size), source)
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, b.front.URL+"/back", struct{ io.Reader }{body})
		answer, err := b.browser().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		back := sha256.New()
		n, err := io.Copy(back, answer.Body)
		answer.Body.Close()
		sum := hex.EncodeToString(source.Sum(nil))
		if err != nil || n != size || hex.EncodeToString(back.Sum(nil)) != sum || answer.Trailer.Get("X-Sum") != sum {
			t.Errorf("HTTP/%d: %d bytes, %v, trailers %q", answer.ProtoMajor, n, err, answer.Trailer)
		}
		cookie := answer.Header.Get("Set-Cookie")
		if want := map[bool]int{false: 1, true: 2}[tls]; answer.ProtoMajor != want || strings.HasPrefix(cookie, "__Host-shadowpool=") != tls || strings.Contains(cookie, "; Secure") != tls {
			t.Errorf("HTTP/%d, cookie %s", answer.ProtoMajor, cookie)
		}
	}
}

// An answer that comes before the body has been read, or instead of it, leaves
// the connection in order.
func TestEarlyAnswers(t *testing.T) {
	b := newBench(t, func(s *setup) { s.handler = talker })
	ann := b.browser()
	for range 20 {
		for _, path := range []string{"/early", "/"} {
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, b.front.URL+path, strings.NewReader(strings.Repeat("x", 10_000)))
			want := map[string]int{"/early": 413, "/": 200}[path]
			if a := b.do(ann, r); a.StatusCode != want {
				t.Fatalf("%s: %d %s", path, a.StatusCode, a.text)
			}
		}
	}
	// The instance is there, but nobody listens.
	s := b.get(ann, "/").instance()
	b.servers.mu.Lock()
	_ = b.servers.all[s].server.Close()
	b.servers.mu.Unlock()
	for range 20 {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, b.front.URL+"/", strings.NewReader("body"))
		if a := b.do(ann, r); a.StatusCode != 502 || !strings.Contains(a.text, "no answer") {
			t.Fatalf("%d %s", a.StatusCode, a.text)
		}
	}
}

// A client that reads and writes a few bytes at a time is no idle one.
func TestSlowClient(t *testing.T) {
	const idle = 100 * time.Millisecond
	b := newBench(t, func(s *setup) { s.handler, s.proxy.Session.IdleTimeout = talker, idle })
	c, err := net.Dial("tcp", strings.TrimPrefix(b.front.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(limit))
	text := "POST /back HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789"
	for i := range text {
		if _, err := c.Write([]byte{text[i]}); err != nil {
			t.Fatal(err)
		}
		if i > len(text)-10 {
			time.Sleep(idle / 2)
		}
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	back, err := io.ReadAll(answer.Body)
	if err != nil || string(back) != "0123456789" {
		t.Errorf("%q %v", back, err)
	}
	if n := b.figure("sessions_ended_total"); n != 0 {
		t.Errorf("%v sessions ended meanwhile", n)
	}
	b.serving(0)
}

// A connection cannot be made one of HTTP/2, past the proxy.
func TestNoSmuggling(t *testing.T) {
	b := newBench(t, nil)
	a := b.get(b.browser(), "/", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA")
	if a.StatusCode != 200 || strings.Contains(a.text, "Upgrade") || strings.Contains(a.text, "Http2") {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	for _, method := range []string{"CONNECT example.org:443", "OPTIONS *"} {
		c, err := net.Dial("tcp", strings.TrimPrefix(b.front.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(limit))
		fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: x\r\n\r\n", method)
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || answer.StatusCode != 400 && method[0] == 'C' {
			t.Errorf("%s: %v %v", method, answer, err)
		}
		c.Close()
	}
}
