package experiments

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shadowpool/policy"
	"shadowpool/sim"
)

func point(level int, hitRate, mean, p99, waste float64) *sim.Result {
	return &sim.Result{
		Policy: "static", Params: map[string]any{"level": int64(level)}, HitRate: hitRate, Implementable: true,
		WaitS: sim.Waits{Mean: mean, P99: p99}, InstanceS: sim.InstanceS{Waste: waste, Idle: waste / 2},
		CostUSD: sim.Cost{Total: 3 * waste}, LaunchesPerReq: float64(level),
	}
}

// The hull of these points by hit rate runs (0.5, 10), (0.9, 20), (0.98, 40),
// (1, 100): level 3 lies above it.
func byHand() Curve {
	return Curve{Policy: "static", Label: "static", Knob: "level", Implementable: true, Points: []*sim.Result{
		point(1, 0.5, 60, 120, 10), point(2, 0.9, 10, 60, 20), point(3, 0.92, 9, 50, 60),
		point(4, 0.98, 2, 20, 40), point(5, 1, 0, 0, 100),
	}}
}

func TestMatchOnAHullByHand(t *testing.T) {
	for _, c := range []struct {
		at      string
		reached bool
		waste   float64
		levels  string // of the neighbours
	}{
		// 0.95 is 5/8 of the way from 0.9 to 0.98: 20 + 5/8 x 20.
		{"hit_rate=0.95", true, 32.5, "2 4"},
		{"hit_rate=0.9", true, 20, "2"},
		{"hit_rate=0.99", true, 70, "4 5"},
		{"hit_rate=0.2", true, 10, "1"},
		// 6 s is half-way from 10 s to 2 s.
		{"wait_mean=6s", true, 30, "2 4"},
		{"wait_mean=0s", true, 100, "5"},
		// Percentiles do not mix: the least waste of the points that reach it.
		{"wait_p99=55s", true, 40, "4"},
		{"wait_p99=2m", true, 10, "1"},
	} {
		target, err := ParseTarget(c.at)
		if err != nil {
			t.Fatal(err)
		}
		m := Match([]Curve{byHand()}, *target)[0]
		levels, shares := "", 0.0
		for _, p := range m.Between {
			levels += " " + strconv.FormatInt(p.Params["level"].(int64), 10)
			shares += p.Share
		}
		if m.Reached != c.reached || math.Abs(m.WasteS-c.waste) > 1e-9 || strings.TrimSpace(levels) != c.levels || math.Abs(shares-1) > 1e-12 {
			t.Errorf("%s: reached %v with waste %v between%s, shares %v; want %v, %v, %s", c.at, m.Reached, m.WasteS, levels, shares, c.reached, c.waste, c.levels)
		}
		if math.Abs(m.IdleS-c.waste/2) > 1e-9 || math.Abs(m.CostUSD-3*c.waste) > 1e-9 {
			t.Errorf("%s: idle %v, cost %v", c.at, m.IdleS, m.CostUSD)
		}
	}
}

func TestMatchRelatesToStaticAndSetsApart(t *testing.T) {
	half := byHand()
	half.Policy, half.Label = "ours", "ours"
	for i, p := range half.Points {
		q := *p
		q.InstanceS.Waste /= 2
		half.Points[i] = &q
	}
	seer := half
	seer.Policy, seer.Label, seer.Implementable = "seer", "seer", false
	poor := Curve{Policy: "none", Label: "none", Implementable: true, Points: []*sim.Result{point(0, 0, 120, 120, 0)}}
	got := Match([]Curve{poor, seer, byHand(), half}, Target{"hit_rate", 0.95})
	var order []string
	for _, m := range got {
		order = append(order, m.Policy)
	}
	if diff := cmp.Diff([]string{"ours", "static", "none", "seer"}, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if r := got[0].ToStatic; r == nil || r.Waste != 0.5 {
		t.Errorf("ours relates to static as %+v, want waste 0.5", r)
	}
	if got[2].Reached || got[2].ToStatic != nil || len(got[2].Between) != 0 {
		t.Errorf("none reaches the target: %+v", got[2])
	}
}

// No mixture of any points that reaches the target wastes less.
func TestMatchIsTheLeastOfAllMixtures(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		c := Curve{Policy: "static", Label: "static"}
		for i := range 6 {
			c.Points = append(c.Points, point(i, r.Float64(), 0, 0, 100*r.Float64()))
		}
		target := Target{"hit_rate", 0.1 + 0.6*r.Float64()}
		m := matchCurve(c, target)
		for range 300 {
			hit, waste, total := 0.0, 0.0, 0.0
			for _, p := range c.Points {
				w := math.Pow(r.Float64(), 8) // mostly two or three that count
				hit, waste, total = hit+w*p.HitRate, waste+w*p.InstanceS.Waste, total+w
			}
			if hit/total >= target.Value && waste/total < m.WasteS-1e-9 {
				t.Fatalf("a mixture reaches %v with waste %v, below %v", target.Value, waste/total, m.WasteS)
			}
		}
	}
}

func TestParseTarget(t *testing.T) {
	for text, want := range map[string]*Target{
		"hit_rate=0.99": {"hit_rate", 0.99}, "wait_mean=5s": {"wait_mean", 5}, "wait_p99=500ms": {"wait_p99", 0.5},
		"hit_rate=99": nil, "hit_rate": nil, "wait_p99=5": nil, "wait_p50=5s": nil, "": nil,
	} {
		got, err := ParseTarget(text)
		if (err == nil) != (want != nil) {
			t.Errorf("%q: error %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, got); want != nil && diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
		if want != nil && got.String() != text {
			t.Errorf("%q is written as %q", text, got)
		}
	}
}

func TestSweepFindsTheNeighboursOfTheTarget(t *testing.T) {
	tr := small(t)
	fleet := fleetOf(t, tr, false, true)
	target := &Target{"hit_rate", 0.9}
	var first []Curve
	for _, workers := range []int{1, 3} {
		b, err := NewBench(tr, fleet, Options{Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		curves, err := b.Sweep(context.Background(), specsOf(t, "static,hindsight-rate:dispersion=0.2,hindsight-rate"), 14, target)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = curves
		} else if diff := cmp.Diff(first, curves); diff != "" {
			t.Errorf("curves differ with %d workers:\n%s", workers, diff)
		}
	}
	shapeOfTheFrontier(t, Frontier{PointsPerPolicy: 14, Curves: first, Matched: Match(first, *target)})
	for _, c := range first {
		want := 14
		if c.Knob == "" {
			want = 1
		}
		if len(c.Points) != want {
			t.Errorf("%s has %d points, want %d", c.Label, len(c.Points), want)
		}
	}
	static := first[1]
	if static.Policy != "static" {
		t.Fatalf("curve 1 is %s", static.Policy)
	}
	// Every level from 0 to 40 by itself: the sweep must find the least waste.
	all := Curve{Policy: "static", Label: "static"}
	b, err := NewBench(tr, fleet, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for level := range 41 {
		res, err := b.Run(context.Background(), policy.Spec{Name: "static"}.With("level", strconv.Itoa(level)), nil)
		if err != nil {
			t.Fatal(err)
		}
		all.Points = append(all.Points, res)
	}
	best, found := matchCurve(all, *target), matchCurve(static, *target)
	if !best.Reached || !found.Reached || found.WasteS > best.WasteS*1.005 {
		t.Errorf("the sweep's least waste at 0.9 is %v, of all levels %v", found.WasteS, best.WasteS)
	}
}

// A knob that changes nothing must not be chased to its end, nor loop.
func TestSweepOfAFlatKnob(t *testing.T) {
	tr := small(t)
	b, err := NewBench(tr, fleetOf(t, tr, false, true), Options{})
	if err != nil {
		t.Fatal(err)
	}
	curves, err := b.Sweep(context.Background(), specsOf(t, "static,keepalive"), 8, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(curves[2].Points); n != 8 {
		t.Errorf("keepalive has %d points", n)
	}
	if _, err := b.Sweep(context.Background(), specsOf(t, "static:level=3"), 8, nil); err == nil || !strings.Contains(err.Error(), "sweeps level") {
		t.Errorf("a fixed knob gives %v", err)
	}
}

func TestScalesReadWhatTheyWrite(t *testing.T) {
	for _, kind := range []policy.Kind{policy.Count, policy.Number, policy.Share, policy.Span} {
		s, ok := scaleOf(kind)
		if !ok {
			t.Fatalf("kind %d has no scale", kind)
		}
		last := math.Inf(-1)
		for x := s.least; x <= s.most; x += (s.most - s.least) / 50 {
			text := s.write(x)
			back := s.read(text)
			if back < last || s.write(back) != text {
				t.Errorf("kind %d: %v is written %s and read %v", kind, x, text, back)
			}
			last = back
		}
		if kind == policy.Span {
			if _, err := time.ParseDuration(s.write(s.start[2])); err != nil {
				t.Error(err)
			}
		}
	}
	if _, ok := scaleOf(policy.Text); ok {
		t.Error("text has a scale")
	}
}

// shapeOfTheFrontier checks the keys of its JSON.
func shapeOfTheFrontier(t *testing.T, f Frontier) {
	t.Helper()
	var body bytes.Buffer
	if err := WriteJSON(&body, f); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	matched := got["matched"].([]any)[0].(map[string]any)
	for _, c := range []struct {
		of   any
		want string
	}{
		{got, "config curves matched points_per_policy trace"},
		{got["curves"].([]any)[0], "implementable knob label points policy"},
		{matched, "at between cost_usd idle_s implementable label launches_per_request policy reached relative_to_static service waste_s"},
		{matched["between"].([]any)[0], "params service share waste_s"},
		{matched["relative_to_static"], "cost idle waste"},
		{matched["at"], "measure value"},
	} {
		if diff := cmp.Diff(strings.Fields(c.want), slices.Sorted(maps.Keys(c.of.(map[string]any)))); diff != "" {
			t.Errorf("keys (-want +got):\n%s", diff)
		}
	}
}

// One sweep serves several targets: its points lie close on both sides of
// each, and go on to where they have to reach.
func TestCurveServesSeveralTargets(t *testing.T) {
	tr := small(t)
	b, err := NewBench(tr, fleetOf(t, tr, false, true), Options{})
	if err != nil {
		t.Fatal(err)
	}
	reach := Target{"hit_rate", 0.99}
	aim := Aim{Targets: []Target{{"hit_rate", 0.6}, {"hit_rate", 0.9}}, Reach: &reach}
	c, err := b.Curve(context.Background(), policy.Spec{Name: "static"}, 16, aim)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Points) != 16 || !reach.reachedBy(c.Points[len(c.Points)-1]) {
		t.Fatalf("%d points, the last with %v hits", len(c.Points), c.Points[len(c.Points)-1].HitRate)
	}
	for _, target := range aim.Targets {
		i := slices.IndexFunc(c.Points, target.reachedBy)
		below, above := c.Points[i-1].Params["level"].(int64), c.Points[i].Params["level"].(int64)
		if above != below+1 {
			t.Errorf("around %v hits the levels are %d and %d", target.Value, below, above)
		}
	}
}

// A policy that never hits is soon given up where a target is to be reached.
func TestCurveGivesUpWhatNeverHits(t *testing.T) {
	tr := small(t)
	b, err := NewBench(tr, fleetOf(t, tr, false, true), Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := b.Curve(context.Background(), policy.Spec{Name: "keepalive"}, 16, Aim{Targets: []Target{{"hit_rate", 0.9}}})
	if err != nil {
		t.Fatal(err)
	}
	if hits(c) || len(c.Points) >= FewestPoints {
		t.Errorf("single-use instances kept alive: %d evaluations, hits %v", len(c.Points), hits(c))
	}
}
