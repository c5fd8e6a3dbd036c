//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"shadowpool/runtime/api"
)

// TestLogAsJSON: every line of the log is an object with a message, of the
// levels that were asked for.
func TestLogAsJSON(t *testing.T) {
	t.Parallel()
	c := command("serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--lead-time", "10ms", "--debug-listen", "127.0.0.1:0")
	errs, err := c.StderrPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill() }()
	var said []string
	for lines := bufio.NewScanner(errs); lines.Scan(); {
		var line struct {
			Time       time.Time
			Level, Msg string
			Address    string
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil || line.Time.IsZero() || line.Level == "" {
			t.Errorf("%s: %v", lines.Text(), err)
		}
		said = append(said, line.Msg)
		switch line.Msg {
		case "serving profiles":
			answer, err := http.Get(line.Address + "goroutine?debug=1")
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(body), "goroutine profile") {
				t.Errorf("profiles: %d %.200s %v", answer.StatusCode, body, err)
			}
		case "serving":
			answer, err := http.Get(line.Address + "/debug/pprof/")
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			if answer.StatusCode != http.StatusNotFound {
				t.Errorf("profiles are served where claims are: %d", answer.StatusCode)
			}
			_ = c.Process.Signal(syscall.SIGTERM)
		}
	}
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
	if len(said) < 3 || said[len(said)-1] != "stopped" {
		t.Errorf("the log has %q", said)
	}
}

// TestTraces: a server sends what the environment asks for, at its end too.
func TestTraces(t *testing.T) {
	sent := make(chan string, 10)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent <- r.URL.Path + string(body)
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_SERVICE_NAME", "our-pool")
	s := startServer(t, "--lead-time", "10ms", "--stop-timeout", "100ms")
	client, err := api.NewClient(s.address)
	if err == nil {
		_, err = client.Claim(t.Context(), api.ClaimRequest{Tenant: "acme"})
	}
	if err != nil {
		t.Fatal(err)
	}
	if status, log := s.end(t, syscall.SIGTERM); status != 0 || strings.Contains(log, "msg=traces") {
		t.Errorf("%d %s", status, log)
	}
	select {
	case got := <-sent:
		for _, want := range []string{"/v1/traces", "our-pool", "POST /v1/claims", "wait in queue", "promotion", "delivery", "acme"} {
			if !strings.Contains(got, want) {
				t.Errorf("what is sent lacks %q: %q", want, got)
			}
		}
	default:
		t.Error("nothing was sent")
	}
}

// TestObserveFlags: what cannot be is bad usage.
func TestObserveFlags(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ flags, want string }{
		{"--log-format xml", "--log-format"}, {"--log-level loud", "--log-level"}, {"--log-level info+1", "--log-level"},
		{"--debug-listen 0.0.0.0:0", "--debug-public"},
	} {
		_, errs, status := live(t, append([]string{"serve", "--listen", "127.0.0.1:0"}, strings.Fields(c.flags)...)...)
		if status != 2 || !strings.Contains(errs, c.want) {
			t.Errorf("%s: %d %s", c.flags, status, errs)
		}
	}
	s := startServer(t, "--log-level", "info", "--quiet", "--debug-listen", "0.0.0.0:0", "--debug-public")
	if status, log := s.end(t, syscall.SIGTERM); status != 0 {
		t.Errorf("%d %s", status, log)
	}
}
