package api_test

import (
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"shadowpool/runtime"
	"shadowpool/runtime/api"
)

// TestUsage: what real processes use is in the status and in the metrics.
func TestUsage(t *testing.T) {
	t.Parallel()
	client, url := serve(t)
	claim, err := client.Claim(t.Context(), api.ClaimRequest{Category: "quick"})
	if err != nil {
		t.Fatal(err)
	}
	s := until(t, client, func(s runtime.Status) bool {
		p := s.Pools[0]
		return p.MemoryShare != nil && p.Shadows.CPUShare != nil
	})
	quick, slow := s.Pools[0], s.Pools[1]
	// Both are the same program, which does the same.
	if *quick.MemoryShare < 0.5 || *quick.Shadows.CPUShare > 1 || *quick.Shadows.MemoryMeanBytes < 1<<20 {
		t.Errorf("share %v, %+v", *quick.MemoryShare, quick.Shadows)
	}
	if quick.Launch == nil || quick.Launch.Count < 2 || quick.WarmUp != nil {
		t.Errorf("launch %+v, warm-up %+v", quick.Launch, quick.WarmUp)
	}
	if slow.Shadows != nil || slow.MemoryShare != nil || slow.Launch != nil {
		t.Errorf("none of them has ever been warm: %+v", slow)
	}
	if err := client.Release(t.Context(), claim.Claim); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	s = until(t, client, func(s runtime.Status) bool { return s.Pools[0].Ended >= 2 })
	if p := s.Pools[0]; p.Unclaimed != p.Ended-1 || *p.UnclaimedCPUS <= 0 || *p.UnclaimedCPUS >= *p.CPUS {
		t.Errorf("of %d that have ended %d were unclaimed; cpu %v s of %v", p.Ended, p.Unclaimed, *p.UnclaimedCPUS, *p.CPUS)
	}

	answer, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, series := range []string{
		`cpu_seconds_total{category="quick"}`, `unclaimed_cpu_seconds_total{category="quick"}`,
		`warm_instances_ended_total{category="quick",claimed="yes"}`, `warm_instances_ended_total{category="quick",claimed="no"}`,
		`shadow_memory_mean_bytes{category="quick"}`, `shadow_memory_max_bytes{category="quick"}`,
		`shadow_cached_mean_bytes{category="quick"}`, `memory_ratio{category="quick"}`,
		`stage_seconds_count{category="quick",stage="launch"}`,
	} {
		found := regexp.MustCompile(`(?m)^shadowpool_` + regexp.QuoteMeta(series) + ` (.+)$`).FindSubmatch(body)
		if found == nil {
			t.Errorf("metrics lack %s", series)
		} else if v, err := strconv.ParseFloat(string(found[1]), 64); err != nil || v <= 0 {
			t.Errorf("%s is %s", series, found[1])
		}
	}
	for _, series := range []string{"shadow_cpu_ratio", "memory_bytes", "usage_failures_total"} {
		if !strings.Contains(string(body), "\nshadowpool_"+series) {
			t.Errorf("metrics lack %s", series)
		}
	}
	if problems, err := promlint.New(strings.NewReader(string(body))).Lint(); err != nil || len(problems) > 0 {
		t.Errorf("metrics: %v, %v", problems, err)
	}
}
