package api_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"shadowpool/policy"
	"shadowpool/runtime"
	"shadowpool/runtime/api"
	"shadowpool/runtime/sqlite"
)

// TestRestart: a client goes on with a server that was started again: its
// claims are there, count, are watched, and are joined by their keys.
func TestRestart(t *testing.T) {
	t.Parallel()
	path, instances := filepath.Join(t.TempDir(), "store"), newMemory(0)
	run := func() (c *api.Client, url string, stop func()) {
		store, err := sqlite.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		lead, err := store.Lead(t.Context(), runtime.Replica{Name: "one"})
		if err != nil {
			t.Fatal(err)
		}
		events := api.NewEvents()
		host, err := runtime.New(runtime.Options{
			Policy: policy.Spec{Name: "static", Params: []policy.Setting{{Key: "level", Value: "2"}}},
			Fleet:  policy.Config{Categories: []policy.Category{{Name: "x"}}}, Provisioner: instances, Lead: lead,
			Logger: slog.New(slog.DiscardHandler), Observers: []runtime.Observer{events},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- host.Run(ctx) }()
		server := httptest.NewServer(check(t, api.Handler(host, api.Options{Events: events, Limits: api.Limits{Claims: 1}})))
		if c, err = api.NewClient(server.URL); err != nil {
			t.Fatal(err)
		}
		return c, server.URL, func() {
			cancel()
			if err := errors.Join(<-ended, store.Close()); err != nil {
				t.Error(err)
			}
			server.Close()
		}
	}
	q := api.ClaimRequest{Category: "x", Tenant: "acme", Key: "job-7", Labels: map[string]string{"a": "b"}}
	c, _, stop := run()
	claim, err := c.Claim(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	stop()
	c, url, stop := run()
	defer stop()
	again, err := c.Claim(t.Context(), q)
	if err != nil || again.Claim != claim.Claim || again.Instance != claim.Instance || again.Address != claim.Address {
		t.Errorf("%+v, %v; before it was started again %+v", again, err, claim)
	}
	found, err := c.Get(t.Context(), claim.Claim)
	if err != nil || found.State != api.Held || found.Labels["a"] != "b" {
		t.Errorf("%+v, %v", found, err)
	}
	soon(t, "the claim from before counts", func() bool {
		more, err := c.Claim(t.Context(), api.ClaimRequest{Category: "x", Tenant: "acme"})
		if err == nil {
			_ = c.Release(t.Context(), more.Claim)
		}
		return api.TooManyRequests.Is(err)
	})
	var seen []string
	(&service{url: url}).events(t, "/v1/claims/"+claim.Claim+"/events", "", func(_, event, _ string) bool {
		if seen = append(seen, event); event == "ready" {
			if err := c.Release(t.Context(), claim.Claim); err != nil {
				t.Error(err)
			}
		}
		return event == "ended"
	})
	if got := strings.Join(seen, " "); got != "ready ended" {
		t.Errorf("told %s", got)
	}
	soon(t, "it counts no more", func() bool {
		more, err := c.Claim(t.Context(), api.ClaimRequest{Category: "x", Tenant: "acme"})
		if err == nil {
			_ = c.Release(t.Context(), more.Claim)
		}
		return err == nil
	})
}
