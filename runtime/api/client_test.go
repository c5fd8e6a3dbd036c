package api_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"shadowpool/runtime/api"
)

// flaky loses the first answers to every request, once the server has carried
// it out, or refuses them.
func flaky(next http.Handler, first int64, how string) (http.Handler, *atomic.Int64) {
	var seen atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if seen.Add(1) > first {
			next.ServeHTTP(w, r)
			return
		}
		if how == "refuse" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, `{"type":"urn:shadowpool:problem:overloaded","title":"too much","status":503}`)
			return
		}
		next.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}), &seen
}

// TestRetries: what can be repeated is, and has its effect once.
func TestRetries(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"refuse", "lose"} {
		s := start(t, "3", api.Options{})
		retried := func(first int64) (*api.Client, *atomic.Int64) {
			handler, seen := flaky(s.handler, first, how)
			server := httptest.NewServer(handler)
			t.Cleanup(server.Close)
			c, err := api.NewClient(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			return c, seen
		}
		c, _ := retried(2)
		claim, err := c.Claim(t.Context(), api.ClaimRequest{Category: "x", Key: "k"})
		if err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		if status, err := s.Status(t.Context()); err != nil || status.Requests != 1 {
			t.Errorf("%s: one claim made %d, %v", how, status.Requests, err)
		}
		c, _ = retried(1)
		if err := c.Release(t.Context(), claim.Claim); err != nil {
			t.Errorf("%s: release: %v", how, err)
		}
		c, seen := retried(1)
		if _, err := c.Claim(t.Context(), api.ClaimRequest{Category: "x"}); err == nil || seen.Load() != 1 {
			t.Errorf("%s: a claim without a key was made %d times, %v", how, seen.Load(), err)
		}
		c, seen = retried(1000)
		if _, err := c.Status(t.Context()); err == nil || seen.Load() != 5 {
			t.Errorf("%s: the status was asked for %d times, %v", how, seen.Load(), err)
		}
		c, _ = retried(1000)
		ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
		began := time.Now()
		if _, err := c.Claim(ctx, api.ClaimRequest{Category: "x", Key: "k2"}); err == nil || time.Since(began) > 5*time.Second {
			t.Errorf("%s: after %v: %v", how, time.Since(began), err)
		}
		stop()
	}
}

// TestClientToken: the token comes from the environment or from a file, and no
// error tells it.
func TestClientToken(t *testing.T) {
	file, text := tokens(t, everyone)
	known, err := api.LoadTokens(file)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, "1", api.Options{Tokens: known})
	if _, err := s.Status(t.Context()); !api.Unauthenticated.Is(err) {
		t.Errorf("without a token: %v", err)
	}
	t.Setenv(api.TokenVariable, text["all"])
	own := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(own, []byte(text["read"]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, o := range []api.ClientOptions{{}, {TokenFile: own}, {Token: text["read"]}} {
		c, err := api.NewClient(s.url, o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Status(t.Context()); err != nil {
			t.Errorf("%v: %v", o.TokenFile, err)
		}
		if _, err := c.Drain(t.Context()); api.Forbidden.Is(err) != (o != api.ClientOptions{}) {
			t.Errorf("%v: %v", o.TokenFile, err)
		}
	}
	t.Setenv(api.TokenVariable, text["all"]+"\r\nX-Header: 1")
	if _, err := api.NewClient(s.url); err == nil || contains(err.Error(), text["all"]) {
		t.Errorf("a token of two lines: %v", err)
	}
}

// TestSlowClient: those that send their bodies in drops hold up nobody, and
// nobody for long.
func TestSlowClient(t *testing.T) {
	t.Parallel()
	s := start(t, "1", api.Options{MaxRequests: 8})
	address := strings.TrimPrefix(s.url, "http://")
	var conns []net.Conn
	for range 7 {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
		fmt.Fprintf(conn, "POST /v1/claims HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
	}
	soon(t, "seven are under way", func() bool {
		r, _ := s.ask(t, "GET", "/healthz", "", "")
		return r.StatusCode == http.StatusOK
	})
	if _, err := s.Claim(t.Context(), api.ClaimRequest{Category: "x", Key: "k"}); err != nil {
		t.Errorf("beside seven that send nothing more: %v", err)
	}
	if !testing.Short() {
		answer, err := bufio.NewReader(conns[0]).ReadString('\n')
		if err != nil || !contains(answer, "400") {
			t.Errorf("one that sends nothing more is told %q, %v", answer, err)
		}
	}
	for _, conn := range conns {
		conn.Close()
	}
	soon(t, "their room is free", func() bool {
		var overloaded int
		for range 8 {
			if _, err := s.Get(t.Context(), "x"); !api.UnknownClaim.Is(err) {
				overloaded++
			}
		}
		return overloaded == 0
	})
}

func Example() {
	server := os.Getenv("SHADOWPOOL_SERVER")
	if server == "" {
		return
	}
	client, err := api.NewClient(server, api.ClientOptions{TokenFile: "/etc/job/token"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	// With a key the claim is made once, however often it is asked for.
	claim, err := client.Claim(ctx, api.ClaimRequest{Category: "gpu", Key: "job-7", Labels: map[string]string{"job": "7"}})
	var problem *api.Problem
	switch {
	case api.NotInTime.Is(err):
		fmt.Println("nothing became free")
		return
	case errors.As(err, &problem):
		fmt.Println("the server says", problem)
		return
	case err != nil:
		fmt.Println("the server cannot be reached:", err)
		return
	}
	defer client.Release(context.Background(), claim.Claim)
	fmt.Println("work at", claim.Address)
	// Output:
}
