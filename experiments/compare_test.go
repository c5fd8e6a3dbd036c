package experiments

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shadowpool/policy"
	"shadowpool/sim"
	"shadowpool/trace"
)

// small is two days of some three thousand requests of three categories.
func small(t testing.TB) *trace.Trace {
	t.Helper()
	w := trace.Workload{
		Name: "small", Start: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Span: 48 * time.Hour, Tenants: 5,
		Tasks: []trace.Task{{
			Name: "job", PerDay: 1500, Categories: 3, Skew: 1,
			Day:      []float64{1, 1, 1, 1, 1, 2, 4, 8, 9, 9, 9, 9, 7, 8, 9, 9, 8, 6, 4, 3, 2, 2, 1, 1},
			Duration: trace.Lognormal{Mid: time.Minute, P99: 20 * time.Minute},
			Bursts:   []trace.Burst{{PerWeek: 100, Size: 10, Spread: time.Minute}},
		}},
	}
	tr, err := w.Generate(7)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func fleetOf(t testing.TB, tr *trace.Trace, reusable, pooled bool) sim.Fleet {
	t.Helper()
	f, err := sim.FleetOf(tr, sim.Category{
		Category: policy.Category{Reusable: reusable},
		Lead:     sim.Lognormal{Median: 45 * time.Second, P99: 2 * time.Minute}, Price: 2,
	}, pooled)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func specsOf(t testing.TB, list string) []policy.Spec {
	t.Helper()
	specs, err := policy.ParseSpecs(list)
	if err != nil {
		t.Fatal(err)
	}
	return specs
}

func TestCompareIsTheSameOnAnyNumberOfWorkers(t *testing.T) {
	tr := small(t)
	specs := specsOf(t, "static:level=3,schedule:hit_rate=0.9,ewma,hindsight-rate,headroom:spare=2")
	var bodies [][]byte
	for _, workers := range []int{1, 2, 7} {
		opt := Options{Seed: 3, MeasureFrom: tr.Arrival[0] + int64(24*time.Hour), Workers: workers, Version: "v", Timeline: 600}
		b, err := NewBench(tr, fleetOf(t, tr, false, false), opt)
		if err != nil {
			t.Fatal(err)
		}
		results, err := b.Compare(context.Background(), specs)
		if err != nil {
			t.Fatal(err)
		}
		c := Comparison{Trace: b.TraceInfo(), Config: b.Setup(), Results: results}
		var body bytes.Buffer
		if err := WriteJSON(&body, c); err != nil {
			t.Fatal(err)
		}
		page, err := b.pictures(Report{Comparison: &c})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page {
			body.Write(p.svg)
		}
		bodies = append(bodies, body.Bytes())
		if workers > 1 {
			continue
		}
		var names []string
		for _, r := range results {
			names = append(names, r.Policy)
			if runs := r.Policy != "oracle" && r.Policy != "hindsight-rate"; r.Implementable != runs {
				t.Errorf("%s: implementable %v", r.Policy, r.Implementable)
			}
			if r.Version != "v" || r.Seed != 3 || r.Requests != results[0].Requests {
				t.Errorf("%s: version %q, seed %d, %d requests", r.Policy, r.Version, r.Seed, r.Requests)
			}
		}
		want := []string{"none", "static", "schedule", "ewma", "hindsight-rate", "headroom", "oracle"}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("order of results (-want +got):\n%s", diff)
		}
		if none, oracle := results[0], results[len(results)-1]; none.Hits != 0 || oracle.HitRate != 1 {
			t.Errorf("none hits %d, oracle's hit rate %v", none.Hits, oracle.HitRate)
		}
	}
	for i, body := range bodies[1:] {
		if !bytes.Equal(body, bodies[0]) {
			t.Errorf("run %d gave other bytes than run 0", i+1)
		}
	}
}

func TestCompareRefuses(t *testing.T) {
	tr := small(t)
	fleet := fleetOf(t, tr, false, false)
	for _, c := range []struct {
		specs, want string
		from        time.Duration
	}{
		{"dynamic", `no policy "dynamic"`, 0},
		{"static:size=3", `no parameter "size"`, 0},
		{"static:level=3,static:level=3", "asked for twice", 0},
		{"schedule", "", 0}, // its own words: a training span is missing
		{"static", "after the last arrival", 1000 * time.Hour},
	} {
		b, err := NewBench(tr, fleet, Options{MeasureFrom: tr.Arrival[0] + int64(c.from)})
		if err == nil {
			_, err = b.Compare(context.Background(), specsOf(t, c.specs))
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.specs, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	b, err := NewBench(tr, fleet, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Compare(ctx, specsOf(t, "static")); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancelling: %v", err)
	}
}

func TestTrainingIsWhatComesBefore(t *testing.T) {
	tr := small(t)
	fleet := fleetOf(t, tr, false, false)
	from := tr.Arrival[0] + int64(24*time.Hour)
	b, err := NewBench(tr, fleet, Options{MeasureFrom: from})
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.training()
	if err != nil {
		t.Fatal(err)
	}
	want := make([][]policy.Time, len(fleet.Categories))
	for i, at := range tr.Arrival {
		for pool, k := range fleet.Categories {
			if at < from && tr.Strings.Category[tr.Category[i]] == k.Name {
				want[pool] = append(want[pool], at)
			}
		}
	}
	if diff := cmp.Diff(want, got.Training); diff != "" {
		t.Errorf("training (-want +got):\n%s", diff)
	}
}

func TestShapeOfTheJSON(t *testing.T) {
	tr := small(t)
	b, err := NewBench(tr, fleetOf(t, tr, true, true), Options{})
	if err != nil {
		t.Fatal(err)
	}
	results, err := b.Compare(context.Background(), specsOf(t, "keepalive"))
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	if err := WriteJSON(&body, Comparison{b.TraceInfo(), b.Setup(), results}); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	keys := func(v any) []string { return slices.Sorted(maps.Keys(v.(map[string]any))) }
	if diff := cmp.Diff([]string{"config", "results", "trace"}, keys(got)); diff != "" {
		t.Error(diff)
	}
	one := got["results"].([]any)[1].(map[string]any)
	for _, c := range []struct {
		of   any
		want string
	}{
		{one, "cost_usd failed_launches hit_rate hits implementable instance_s interruptions launches launches_per_request misses params partial_hits peak_instances policy requests seed span_s terminations trace version wait_s"},
		{one["wait_s"], "max mean p50 p90 p95 p99 p999"},
		{one["instance_s"], "draining idle launching serving waste"},
		{one["cost_usd"], "idle launching on_demand serving spot stopped total"},
		{one["params"], "ttl_s"},
		{got["trace"], "categories first last measured_from name relative requests span_s tenants"},
	} {
		if diff := cmp.Diff(strings.Fields(c.want), keys(c.of)); diff != "" {
			t.Errorf("keys (-want +got):\n%s", diff)
		}
	}
}
