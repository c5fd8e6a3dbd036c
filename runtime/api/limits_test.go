package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shadowpool/runtime"
	"shadowpool/runtime/api"
)

// TestFair: a tenant floods the pool with 5,000 requests, another asks once and
// is served among the first, over real connections.
func TestFair(t *testing.T) {
	t.Parallel()
	const flood, most = 5000, 4
	s := start(t, "0", api.Options{Limits: api.Limits{Fair: most}}, func(o *runtime.Options) {
		o.Fleet.Categories[0].MaxInstances, o.Fleet.Categories[0].Reusable = 1, true
	})
	first, err := s.Claim(t.Context(), api.ClaimRequest{Category: "x", Tenant: "a"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	var served atomic.Int64
	var running sync.WaitGroup
	// Whoever gets the only instance hands it on.
	for range flood {
		running.Go(func() {
			c, err := s.Claim(ctx, api.ClaimRequest{Category: "x", Tenant: "a", DeadlineS: 300})
			if err != nil {
				return
			}
			served.Add(1)
			_ = s.Release(context.Background(), c.Claim)
		})
	}
	soon(t, "the flood waits", func() bool { return s.metric(t, "shadowpool_api_claims_in_line") == flood-most })
	if n := s.waiting(t); n != most {
		t.Errorf("%d wait in the host, want %d", n, most)
	}
	before := make(chan int64, 1)
	running.Go(func() {
		c, err := s.Claim(ctx, api.ClaimRequest{Category: "x", Tenant: "b"})
		if err != nil {
			t.Error(err)
		}
		before <- served.Load()
		_ = s.Release(context.Background(), c.Claim)
	})
	soon(t, "the other waits in the host", func() bool { return s.waiting(t) == most+1 })
	if err := s.Release(t.Context(), first.Claim); err != nil {
		t.Fatal(err)
	}
	// The flood's answers are counted by as many goroutines that compete for two
	// processors: some of those after may be counted too.
	if n := <-before; n > 50 {
		t.Errorf("%d of the flood were served before the other tenant", n)
	} else {
		t.Logf("%d of the flood were served before the other tenant", n)
	}
	// Who repeats a request has had its turn.
	kept, err := s.Claim(ctx, api.ClaimRequest{Category: "x", Tenant: "c", Key: "k", DeadlineS: 300})
	if err != nil {
		t.Fatal(err)
	}
	running.Go(func() { _, _ = s.Claim(ctx, api.ClaimRequest{Category: "x", Tenant: "c"}) })
	again, err := s.Claim(ctx, api.ClaimRequest{Category: "x", Tenant: "c", Key: "k"})
	if err != nil || again.Claim != kept.Claim {
		t.Errorf("repeated: %+v, %v; before %+v", again, err, kept)
	}
	leave()
	running.Wait()
	soon(t, "nobody stands in line", func() bool { return s.metric(t, "shadowpool_api_claims_in_line") == 0 && s.waiting(t) == 0 })
}

// TestTurns: lines take turns, one of each.
func TestTurns(t *testing.T) {
	t.Parallel()
	s := start(t, "0", api.Options{Limits: api.Limits{Fair: 1}}, func(o *runtime.Options) {
		o.Fleet.Categories[0].MaxInstances, o.Fleet.Categories[0].Reusable = 1, true
	})
	first, err := s.Claim(t.Context(), api.ClaimRequest{Category: "x"})
	if err != nil {
		t.Fatal(err)
	}
	order := make(chan string, 12)
	var running sync.WaitGroup
	for i, tenant := range []string{"a", "a", "a", "a", "b", "b", "b", "b", "c", "c", "c", "c"} {
		running.Go(func() {
			c, err := s.Claim(t.Context(), api.ClaimRequest{Category: "x", Tenant: tenant})
			if err != nil {
				t.Error(err)
			}
			order <- tenant
			_ = s.Release(context.Background(), c.Claim)
		})
		soon(t, "it waits", func() bool {
			return s.waiting(t)+int(s.metric(t, "shadowpool_api_claims_in_line")) == i+1
		})
	}
	if err := s.Release(t.Context(), first.Claim); err != nil {
		t.Fatal(err)
	}
	running.Wait()
	close(order)
	var seen string
	for tenant := range order {
		seen += tenant
	}
	if seen != "abcabcabcabc" {
		t.Errorf("served in the order %s", seen)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		limits api.Limits
		says   string
	}{
		{"claims", api.Limits{Claims: 2}, "2 claims that wait or are held"},
		{"rate", api.Limits{Rate: 0.01, Burst: 2}, "0.01 claims a second"},
		{"waiting", api.Limits{Waiting: 2}, "2 requests of the tenant wait"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			level := "10"
			if tt.limits.Waiting > 0 {
				level = "0"
			}
			s := start(t, level, api.Options{Limits: tt.limits}, func(o *runtime.Options) {
				if tt.limits.Waiting > 0 {
					o.Provisioner = newMemory(time.Hour)
				}
			})
			ctx, leave := context.WithCancel(t.Context())
			var running sync.WaitGroup
			var claims []string
			for range 2 {
				if tt.limits.Waiting > 0 {
					running.Go(func() { _, _ = s.Claim(ctx, api.ClaimRequest{Category: "x", Tenant: "a"}) })
					continue
				}
				c, err := s.Claim(ctx, api.ClaimRequest{Category: "x", Tenant: "a", Key: fmt.Sprint(len(claims))})
				if err != nil {
					t.Fatal(err)
				}
				claims = append(claims, c.Claim)
			}
			if tt.limits.Waiting > 0 {
				soon(t, "two wait", func() bool { return s.waiting(t) == 2 })
			}
			_, err := s.Claim(ctx, api.ClaimRequest{Category: "x", Tenant: "a"})
			var problem *api.Problem
			if !errors.As(err, &problem) || problem.Status != http.StatusTooManyRequests || problem.RetryAfterS <= 0 || !contains(problem.Detail, tt.says) {
				t.Errorf("the third is told %+v", err)
			}
			if tt.limits.Waiting == 0 {
				if _, err := s.Claim(ctx, api.ClaimRequest{Category: "x", Tenant: "b"}); err != nil {
					t.Errorf("another tenant is told %v", err)
				}
			}
			if tt.limits.Claims > 0 {
				// One that is repeated joins, whatever the limit.
				if c, err := s.Claim(ctx, api.ClaimRequest{Category: "x", Tenant: "a", Key: "1"}); err != nil || c.Claim != claims[1] {
					t.Errorf("repeated: %+v, %v", c, err)
				}
				if err := s.Release(ctx, claims[0]); err != nil {
					t.Fatal(err)
				}
				if _, err := s.Claim(ctx, api.ClaimRequest{Category: "x", Tenant: "a"}); err != nil {
					t.Errorf("after a release: %v", err)
				}
			}
			leave()
			running.Wait()
		})
	}
}

// TestLostCounts: a claim whose instance is lost counts no more.
func TestLostCounts(t *testing.T) {
	t.Parallel()
	s := start(t, "3", api.Options{Limits: api.Limits{Claims: 1}})
	c, err := s.Claim(t.Context(), api.ClaimRequest{Category: "x", Tenant: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.memory.Stop(t.Context(), c.Instance); err != nil {
		t.Fatal(err)
	}
	soon(t, "it may claim again", func() bool {
		_, err := s.Claim(t.Context(), api.ClaimRequest{Category: "x", Tenant: "a"})
		return err == nil
	})
}

// TestManyTenants: the table of tenants is bounded, and those beyond it are
// limited together.
func TestManyTenants(t *testing.T) {
	t.Parallel()
	s := start(t, "50", api.Options{Limits: api.Limits{Rate: 0.001, Burst: 2, Tenants: 3}})
	refused := 0
	for i := range 10 {
		_, err := s.Claim(t.Context(), api.ClaimRequest{Category: "x", Tenant: fmt.Sprint("t", i)})
		if api.TooManyRequests.Is(err) {
			refused++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if refused != 10-3-2 {
		t.Errorf("%d of ten tenants were refused; three have limits of their own, two more share a burst of 2", refused)
	}
}
