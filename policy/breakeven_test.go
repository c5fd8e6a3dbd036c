package policy

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// gapCost is what a policy pays over gaps between requests, and what the best
// keep-alive in hindsight would: idling, and a lead time for every launch but
// the first.
func gapCost(t testing.TB, spec string, lead time.Duration, gaps []time.Duration) (paid, best float64) {
	v := newVisitor(t, spec, lead, 1)
	v.visit(1, 0, time.Second)
	for _, gap := range gaps {
		v.visit(v.now+int64(gap), 0, time.Second)
		best += min(gap, lead).Seconds()
	}
	return time.Duration(v.idle).Seconds() + float64(v.launch-1)*lead.Seconds(), best
}

// Over any gaps break-even pays at most twice the optimum, and nearly that
// where every gap ends just after the keep-alive.
func TestBreakEvenIsTwoCompetitive(t *testing.T) {
	const lead = 100 * time.Second
	rng := rand.New(rand.NewPCG(1, 1))
	for range 100 {
		var gaps []time.Duration
		scale := math.Exp(rng.Float64()*6 - 3)
		for range 50 {
			gaps = append(gaps, time.Duration(rng.ExpFloat64()*scale*float64(lead)))
		}
		if paid, best := gapCost(t, "break-even", lead, gaps); paid > 2*best+1e-6 {
			t.Errorf("gaps of mean %.2f lead times: %.1f s, the optimum %.1f s", scale, paid, best)
		}
	}
	var worst []time.Duration
	for range 50 {
		worst = append(worst, lead+time.Millisecond)
	}
	if paid, best := gapCost(t, "break-even", lead, worst); math.Abs(paid/best-2) > 1e-4 {
		t.Errorf("against the adversary the ratio is %.4f, want 2", paid/best)
	}
}

// The randomised rule pays e / (e - 1) times the optimum over gaps of any one
// length from the lead time on, and of every share of it.
func TestBreakEvenAtRandom(t *testing.T) {
	const lead, n = 100 * time.Second, 4000
	for _, share := range []float64{0.1, 0.5, 0.9, 1.01, 5} {
		gaps := make([]time.Duration, n)
		for i := range gaps {
			gaps[i] = time.Duration(share * float64(lead))
		}
		paid, best := gapCost(t, "break-even:seed=7", lead, gaps)
		// A gap's cost has a standard deviation below one lead time.
		if want, noise := math.E/(math.E-1), 3/math.Sqrt(n)/min(share, 1); math.Abs(paid/best-want) > noise {
			t.Errorf("gaps of %.2f lead times: ratio %.3f, want %.3f +- %.3f", share, paid/best, want, noise)
		}
	}
}
