package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"shadowpool/policy"
	"shadowpool/runtime"
	"shadowpool/runtime/api"
	"shadowpool/runtime/process"
	"shadowpool/runtime/worker"
)

const asWorker = "SHADOWPOOL_TEST_WORKER"

func TestMain(m *testing.M) {
	if os.Getenv(asWorker) == "" {
		os.Exit(m.Run())
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	warmUp, _ := time.ParseDuration(os.Getenv(asWorker))
	if err := worker.Run(ctx, os.Stdout, warmUp); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serve runs a server of two categories: "quick" is held warm, "slow" is not
// warm within a test.
func serve(t *testing.T) (*api.Client, string) {
	t.Helper()
	each := map[string]process.Config{}
	for name, warmUp := range map[string]string{"quick": "0s", "slow": "1h"} {
		each[name] = process.Config{
			Command: []string{os.Args[0]}, Environment: []string{asWorker + "=" + warmUp},
			Ready: process.Ready{Line: worker.ReadyLine},
		}
	}
	provisioner, err := process.New(each)
	if err != nil {
		t.Fatal(err)
	}
	host, err := runtime.New(runtime.Options{
		Policy: policy.Spec{Name: "static", Params: []policy.Setting{{Key: "level.slow", Value: "0"}}},
		Fleet:  policy.Config{Categories: []policy.Category{{Name: "quick"}, {Name: "slow"}}}, Provisioner: provisioner,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Version: "test", UsageInterval: 100 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- host.Run(ctx) }()
	server := httptest.NewServer(check(t, api.Handler(host, api.Options{MaxDeadline: time.Minute})))
	t.Cleanup(func() {
		stop()
		host.Hurry()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		server.Close()
	})
	client, err := api.NewClient(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return client, server.URL
}

// until asks for the status until it is as wanted.
func until(t *testing.T, c *api.Client, wanted func(runtime.Status) bool) runtime.Status {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		s, err := c.Status(ctx)
		if err != nil {
			t.Fatalf("%v; last %+v", err, s)
		}
		if wanted(s) {
			return s
		}
	}
}

func TestClaim(t *testing.T) {
	t.Parallel()
	client, _ := serve(t)
	until(t, client, func(s runtime.Status) bool { return s.Pools[0].Warm == 1 })
	claim, err := client.Claim(t.Context(), api.ClaimRequest{Category: "quick", Tenant: "acme", DeadlineS: 20})
	if err != nil {
		t.Fatal(err)
	}
	if claim.Outcome != "hit" || claim.WaitS != 0 || claim.Category != "quick" || claim.PID == 0 {
		t.Errorf("%+v", claim)
	}
	answer, err := http.Get(claim.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var who struct{ Instance, Category string }
	if err := json.NewDecoder(answer.Body).Decode(&who); err != nil || who.Instance != claim.Instance || who.Category != "quick" {
		t.Errorf("the instance says %+v, %v", who, err)
	}
	if err := client.Release(t.Context(), claim.Claim); err != nil {
		t.Fatal(err)
	}
	var problem *api.Problem
	if err := client.Release(t.Context(), claim.Claim); !errors.As(err, &problem) || problem.Status != http.StatusNotFound {
		t.Errorf("released twice: %v", err)
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	_, url := serve(t)
	const kind = "application/json"
	for _, tt := range []struct {
		name, kind, origin, host, body string
		status                         int
		says                           string
	}{
		{"category", kind, "", "", `{"category": "huge"}`, 422, "known are quick, slow"},
		{"no category", kind, "", "", `{}`, 422, "known are quick, slow"},
		{"deadline", kind, "", "", `{"category": "slow", "deadline_s": 0.01}`, 504, "within 10ms"},
		{"negative deadline", kind, "", "", `{"category": "slow", "deadline_s": -1}`, 422, "between 0 and 60"},
		{"long deadline", kind, "", "", `{"category": "slow", "deadline_s": 1e99}`, 422, "between 0 and 60"},
		{"long name", kind, "", "", `{"category": "quick", "tenant": "` + strings.Repeat("x", 300) + `"}`, 422, "300 bytes"},
		{"unknown field", kind, "", "", `{"categroy": "quick"}`, 400, "categroy"},
		{"no JSON", kind, "", "", `category=quick`, 400, "invalid character"},
		{"more", kind, "", "", `{"category": "quick"} {}`, 400, "more"},
		{"too long", kind, "", "", `{"category": "` + strings.Repeat("x", 1<<20) + `"}`, 413, "16384"},
		{"form", "application/x-www-form-urlencoded", "", "", `category=quick`, 415, "Content-Type"},
		{"another site", kind, "https://example.org", "", `{"category": "quick"}`, 403, ""},
		{"another name", kind, "", "example.org", `{"category": "quick"}`, 421, "localhost"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			request, err := http.NewRequest(http.MethodPost, url+"/v1/claims", strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", tt.kind)
			if tt.origin != "" {
				request.Header.Set("Origin", tt.origin)
			}
			if tt.host != "" {
				request.Host = tt.host
			}
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			if err != nil || answer.StatusCode != tt.status || !strings.Contains(string(body), tt.says) {
				t.Errorf("status %d, %s, %v; want %d that says %q", answer.StatusCode, body, err, tt.status, tt.says)
			}
			if kind := answer.Header.Get("Content-Type"); tt.says != "" && kind != "application/problem+json" {
				t.Errorf("a problem is %s", kind)
			}
		})
	}
}

// TestGone: a client that goes away withdraws its claim.
func TestGone(t *testing.T) {
	t.Parallel()
	client, _ := serve(t)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := client.Claim(ctx, api.ClaimRequest{Category: "slow"})
		left <- err
	}()
	until(t, client, func(s runtime.Status) bool { return s.Pools[1].Waiting == 1 })
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the client is told %v", err)
	}
	until(t, client, func(s runtime.Status) bool { return s.Pools[1].Waiting == 0 && s.Withdrawn == 1 })
}

func TestMetricsAndHealth(t *testing.T) {
	t.Parallel()
	client, url := serve(t)
	for range 2 {
		if _, err := client.Claim(t.Context(), api.ClaimRequest{Category: "quick"}); err != nil {
			t.Fatal(err)
		}
	}
	get := func(path string) (int, string) {
		answer, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(body)
	}
	_, text := get("/metrics")
	for _, want := range []string{
		`shadowpool_instances{category="quick",state="serving"} 2`,
		`shadowpool_wait_seconds_count{category="quick"} 2`,
		`shadowpool_level{category="quick"} 1`,
		`shadowpool_level{category="slow"} 0`,
		`shadowpool_build_info{policy="static:level.slow=0",version="test"} 1`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("metrics lack %s", want)
		}
	}
	if problems, err := promlint.New(strings.NewReader(text)).Lint(); err != nil || len(problems) > 0 {
		t.Errorf("metrics: %v, %v", problems, err)
	}
	if status, _ := get("/healthz"); status != http.StatusOK {
		t.Errorf("health %d", status)
	}
	s, err := client.Drain(t.Context())
	if err != nil || !s.Draining {
		t.Errorf("drain: %+v, %v", s, err)
	}
	if status, body := get("/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("readiness while draining %d %s", status, body)
	}
	var problem *api.Problem
	if _, err := client.Claim(t.Context(), api.ClaimRequest{Category: "quick"}); !errors.As(err, &problem) || problem.Status != http.StatusServiceUnavailable {
		t.Errorf("claimed while draining: %v", err)
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	client, _ := serve(t)
	var requests []api.Timed
	for i := range 12 {
		requests = append(requests, api.Timed{
			At: time.Duration(i) * 3 * time.Millisecond, Hold: 5 * time.Millisecond,
			ClaimRequest: api.ClaimRequest{Category: "quick"},
		})
	}
	requests[3].Category = "huge"
	done, err := client.Replay(t.Context(), slices.Values(requests), 3)
	if err != nil {
		t.Fatal(err)
	}
	if done.Requests != 12 || done.Failed != 1 || done.Hits+done.PartialHits+done.Misses != 11 || !strings.Contains(done.FirstError, "huge") {
		t.Errorf("%+v", done)
	}
	s := until(t, client, func(s runtime.Status) bool { return s.Pools[0].InUse == 0 })
	if s.Requests != 11 || s.Hits != done.Hits {
		t.Errorf("the server says %+v, the client %+v", s, done)
	}
}
