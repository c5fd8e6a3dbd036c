package policy

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"
)

// Idle times of 30.5 minutes fall into bin 30: the instance is ended at its
// release, and one is warm from 27 minutes on (30 less 10 %) for 7.1 minutes
// (until 31 and 10 %).
func TestHybridHistogramByHand(t *testing.T) {
	v := newVisitor(t, "hybrid-histogram", time.Minute, 1)
	gap := int64(30*time.Minute + 30*time.Second)
	v.visit(1, 0, time.Second)
	for range fewestIdleTimes {
		if !v.visit(v.now+gap, 0, time.Second) {
			t.Fatal("a new histogram did not keep the instance")
		}
	}
	released := v.now
	minutes := func(m float64) Time { return released + int64(m*float64(time.Minute)) }
	for _, at := range []struct {
		minutes         float64
		warm, launching int32
	}{{0.01, 0, 0}, {25.9, 0, 0}, {26.3, 0, 1}, {27.3, 1, 0}, {34, 1, 0}, {34.5, 0, 0}, {300, 0, 0}} {
		v.pass(minutes(at.minutes))
		if s := v.ctrl.Stock(0); s.Warm != at.warm || s.Launching != at.launching {
			t.Errorf("%.2f minutes after the release %+v, want %d warm, %d launching", at.minutes, s, at.warm, at.launching)
		}
	}
	v.visit(v.now+1, 0, time.Second)
	if !v.visit(v.now+gap, 0, time.Second) {
		t.Error("the pre-warmed instance was not there")
	}
}

// Idle times spread over the whole range have a small coefficient of variation
// by bin: the standard keep-alive. Those beyond the range are forecast where
// they can be.
func TestHybridHistogramFallsBack(t *testing.T) {
	h := buildSizer(t, "hybrid-histogram:range=2h", Config{Categories: []Category{{Name: "a", Reusable: true}}}).(*HybridHistogram)
	now := Time(0)
	h.Start(now, 0)
	use := func(idle time.Duration) preload {
		h.Release(now, 0, 0, Stock{})
		now += int64(idle)
		h.Arrive(now, Request{}, Stock{InUse: 1})
		return h.Pools[0].Preload
	}
	rng := rand.New(rand.NewPCG(4, 1))
	var got preload
	for range 200 {
		got = use(time.Duration(rng.Int64N(int64(2 * time.Hour))))
	}
	if got != h.wide {
		t.Errorf("idle times without a mode: %+v, want the whole range", got)
	}
	counts := make([]float64, len(h.Pools[0].Counts))
	for i, n := range h.Pools[0].Counts {
		counts[i] = float64(n)
	}
	mean, variance := stat.PopMeanVariance(counts, nil)
	if cv := math.Sqrt(variance) / mean; (cv >= 2) != h.Pools[0].representative() {
		t.Errorf("coefficient of variation %.3f, representative %v", cv, h.Pools[0].representative())
	}
	h.Start(now, 0)
	for range 20 {
		got = use(5 * time.Hour)
	}
	if want := preloadBetween(4.25*float64(time.Hour), 5.75*float64(time.Hour)); math.Abs(float64(got.Windows[0].From-want.Windows[0].From)) > 1e3 || math.Abs(float64(got.Windows[0].To-want.Windows[0].To)) > 1e3 {
		t.Errorf("regular idle times beyond the range: %+v, want %+v", got, want)
	}
	h.Start(now, 0)
	for range 200 {
		got = use(2*time.Hour + time.Duration(rng.ExpFloat64()*float64(20*time.Hour)))
	}
	if got != h.wide {
		t.Errorf("idle times beyond the range that no one can forecast: %+v, want the whole range", got)
	}
}

// The autoregression is gonum's line through the pairs of neighbours.
func TestAutoregression(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	var a autoregression
	var xs, ys []float64
	last := 10.0
	a.note(last)
	for range 100 {
		next := 3 + 0.7*last + rng.NormFloat64()
		xs, ys = append(xs, last), append(ys, next)
		a.note(next)
		last = next
	}
	alpha, beta := stat.LinearRegression(xs, ys, nil, false)
	if got, want := a.forecast(), alpha+beta*last; math.Abs(got-want) > 1e-9*want {
		t.Errorf("forecast %v, want %v", got, want)
	}
}
