package experiments

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shadowpool/sim"
)

// byDays makes a curve's point of hits, cost and waits by day, ten requests each.
func byDays(hits []int64, cost, wait []float64) *sim.Result {
	r := &sim.Result{Params: map[string]any{"level": int64(1)}, Implementable: true}
	for i := range hits {
		r.Days = append(r.Days, sim.Day{Requests: 10, Hits: hits[i], CostUSD: cost[i], Wait: sim.InstanceTime{Seconds: int64(wait[i])}})
		r.Requests += 10
		r.Hits += hits[i]
		r.CostUSD.Total += cost[i]
		r.WaitS.Mean += wait[i]
	}
	r.WaitS.Mean /= float64(r.Requests)
	r.HitRate = float64(r.Hits) / float64(r.Requests)
	r.WaitS.P99 = 10 * r.WaitS.Mean
	return r
}

// Bare serving costs $1 a day. The first step costs $11 a day at a mean wait of
// 2 s; the second $3 at 3 s and $7 at 1 s, so that half of each gives 2 s for
// $5: 4 above bare, 40 % of the first's 10, whatever days are drawn.
func TestLadderByHand(t *testing.T) {
	const days = 4
	repeat := func(v float64) []float64 {
		all := make([]float64, days)
		for i := range all {
			all[i] = v
		}
		return all
	}
	hits := []int64{9, 9, 9, 9}
	bare := byDays(hits, repeat(1), repeat(100))
	curves := []Curve{
		{Label: "first", Points: []*sim.Result{byDays(hits, repeat(11), repeat(20))}},
		{Label: "second", Points: []*sim.Result{byDays(hits, repeat(3), repeat(30)), byDays(hits, repeat(7), repeat(10))}},
		{Label: "third", Points: []*sim.Result{byDays(hits, repeat(2), repeat(40))}},
	}
	l := &Ladder{Steps: []Step{{Name: "first"}, {Name: "second"}, {Name: "third"}}, HitRate: 0.9, Resamples: 100, Seed: 1}
	r := &LadderResult{Days: days, BareUSD: 4, WaitMeanS: 2, WaitP99S: 20}
	r.read(curves, 0, bare, l)
	second := r.Rungs[1]
	for what, got := range map[string]float64{
		"at the mean": *second.AtMean.Share, "low": *second.AtMean.ShareLow, "high": *second.AtMean.ShareHigh,
	} {
		if math.Abs(got-0.4) > 1e-9 {
			t.Errorf("second, %s: %v, want 0.4", what, got)
		}
	}
	if got := second.AtMean.AboveUSD; math.Abs(got-16) > 1e-9 {
		t.Errorf("$%v above bare, want $16 over four days", got)
	}
	// Percentiles do not mix: 10 s is below 20 s, 30 s is not.
	if got := *second.AtP99.Share; math.Abs(got-0.6) > 1e-9 {
		t.Errorf("at the p99: %v, want 0.6", got)
	}
	if third := r.Rungs[2]; third.AtMean.Reached || third.AtMean.Share != nil || third.AtP99.Reached {
		t.Errorf("the third does not reach the service, and reads %+v", third)
	}
	if first := r.Rungs[0]; *first.AtMean.Share != 1 || *first.AtP99.Share != 1 {
		t.Errorf("the first is %v and %v of itself", *first.AtMean.Share, *first.AtP99.Share)
	}
}

func smallLadder(t *testing.T) *Ladder {
	t.Helper()
	tr := small(t)
	step := func(name, spec string, price float64) Step {
		fleet := fleetOf(t, tr, false, true)
		fleet.Categories[0].Price = price
		b, err := NewBench(tr, fleet, Options{Seed: 1, MeasureFrom: tr.Arrival[0] + int64(25*time.Hour), Days: true})
		if err != nil {
			t.Fatal(err)
		}
		return Step{name, b, specsOf(t, spec)[0]}
	}
	return &Ladder{
		Steps:   []Step{step("static", "static", 1), step("ewma", "ewma", 1), step("at half the price", "ewma", 0.5)},
		HitRate: 0.9, Points: 2 * FewestPoints, Resamples: 50, Seed: 1,
	}
}

// At half the price the same step costs half, less the bare serving of the first.
func TestLadder(t *testing.T) {
	l := smallLadder(t)
	if err := l.Check(); err != nil {
		t.Fatal(err)
	}
	var told []string
	r, err := l.Run(context.Background(), func(step string) { told = append(told, step) })
	if err != nil {
		t.Fatal(err)
	}
	if len(told) != 3 || len(r.Rungs) != 3 || r.BareUSD <= 0 || r.WaitMeanS <= 0 {
		t.Fatalf("told %v, result %+v", told, r)
	}
	whole, half := r.Rungs[1].AtMean, r.Rungs[2].AtMean
	if !whole.Reached || !half.Reached {
		t.Fatalf("not reached: %+v, %+v", whole, half)
	}
	if got, want := half.AboveUSD+r.BareUSD, (whole.AboveUSD+r.BareUSD)/2; math.Abs(got/want-1) > 0.02 {
		t.Errorf("at half the price it costs $%v, want $%v", got, want)
	}
	if v := whole; v.ShareLow == nil || *v.ShareLow > *v.Share || *v.ShareHigh < *v.Share {
		t.Errorf("the interval does not hold the share: %+v", v)
	}
	dir := t.TempDir()
	if err := WriteLadderReport(t.Context(), dir, r); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"report.html", "ladder.svg", "ladder.json"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || len(b) < 1000 {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
	}
	var b bytes.Buffer
	if err := WriteLadder(&b, r); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(b.String(), "\n") {
		if len([]rune(line)) > 100 {
			t.Errorf("%d columns: %s", len([]rune(line)), line)
		}
	}
}

func TestLadderFaults(t *testing.T) {
	l := smallLadder(t)
	l.Steps[1].Name = "static"
	if err := l.Check(); err == nil || !strings.Contains(err.Error(), "name them") {
		t.Errorf("two steps of one name: %v", err)
	}
	l = smallLadder(t)
	l.Steps = l.Steps[:1]
	if err := l.Check(); err == nil {
		t.Error("a ladder of one step is accepted")
	}
	l = smallLadder(t)
	l.Steps[0].Spec = specsOf(t, "none")[0]
	if _, err := l.Run(context.Background(), nil); err == nil || !strings.Contains(err.Error(), "reaches no hit rate") {
		t.Errorf("a first step that never hits: %v", err)
	}
	l.HitRate = 0
	if _, err := l.Run(context.Background(), nil); err == nil || !strings.Contains(err.Error(), "no more than bare serving") {
		t.Errorf("a first step that holds nothing: %v", err)
	}
}
