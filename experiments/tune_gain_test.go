package experiments

import (
	"math"
	"math/rand/v2"
	"testing"

	"shadowpool/sim"
)

// daily is a result of days with so much waste, s, and so many hits of 100.
func daily(waste []float64, hits []int64) *sim.Result {
	r := &sim.Result{SpanS: float64(len(waste)) * 86400}
	for i, w := range waste {
		seconds := sim.InstanceTime{Seconds: int64(w)}
		r.Days = append(r.Days, sim.Day{Requests: 100, Hits: hits[i], Waste: seconds, CostUSD: w / 3600, Wait: sim.InstanceTime{Seconds: 100 - hits[i]}})
	}
	return r
}

// The gain is paired by day: of settings that differ by the same on every day, however
// the days differ, the interval is that difference.
func TestGainIsPaired(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	var a, b []float64
	var hits, more []int64
	for range 21 {
		w := 3600 * float64(20+random.IntN(50))
		a, b = append(a, w), append(b, w-2*3600)
		hits = append(hits, 90)
		more = append(more, 93)
	}
	for _, minimised := range []string{"waste", "cost"} {
		g := gain(daily(a, hits), daily(b, more), minimised, 1)
		if g.Days != 21 || math.Abs(g.LessPerDay.Value-2) > 1e-9 || math.Abs(*g.LessPerDay.Low-2) > 1e-9 || math.Abs(*g.LessPerDay.High-2) > 1e-9 {
			t.Errorf("%s: %+v, from %v to %v", minimised, g, *g.LessPerDay.Low, *g.LessPerDay.High)
		}
		if math.Abs(g.HitRate.Value-0.03) > 1e-9 || math.Abs(*g.WaitMeanS.High+0.03) > 1e-9 || *g.LessShare.Low <= 0 || *g.LessShare.Low >= *g.LessShare.High {
			t.Errorf("%+v", g)
		}
	}
}

// Where the difference itself changes sign from day to day, the interval holds nothing, and of few days
// there is none.
func TestGainThatIsNone(t *testing.T) {
	var a, b []float64
	var hits []int64
	for i := range 28 {
		a = append(a, 36000)
		b = append(b, 36000+float64(7200*(i%2))-3600)
		hits = append(hits, 90)
	}
	if g := gain(daily(a, hits), daily(b, hits), "waste", 1); *g.LessPerDay.Low >= 0 || *g.LessPerDay.High <= 0 {
		t.Errorf("from %v to %v", *g.LessPerDay.Low, *g.LessPerDay.High)
	}
	if g := gain(daily(a[:7], hits), daily(b[:7], hits), "waste", 1); g.LessPerDay.Low != nil || g.Days != 7 || g.text("waste h/day") != "of 7 whole days there is no interval; from 8 on there is" {
		t.Errorf("%+v: %s", g, g.text("waste h/day"))
	}
	if g := gain(&sim.Result{SpanS: 100}, &sim.Result{SpanS: 100}, "waste", 1); g != nil {
		t.Errorf("%+v of no day", g)
	}
}
