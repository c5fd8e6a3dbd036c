package forecast

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Weeks of remission of 21 leukaemia patients under 6-mercaptopurine, negative
// where it went on beyond them (Freireich et al., Blood 1963), and the
// product-limit estimate that textbooks print (Cox and Oakes 1984, table 1.1).
func TestProductLimit(t *testing.T) {
	var l Lifetimes
	weights := 0.0
	for _, weeks := range []float64{6, 6, 6, -6, 7, -9, 10, -10, -11, 13, 16, -17, -19, -20, 22, 23, -25, -32, -32, -34, -35} {
		l.Weight = 0 // all count the same
		if weeks < 0 {
			l.Censor(-weeks)
		} else {
			l.End(weeks)
		}
	}
	for _, b := range l.Bins {
		weights += b.Ended + b.Censored
	}
	if math.Abs(weights-21) > 1e-9 {
		t.Fatalf("weights add up to %v", weights)
	}
	var c Curve
	l.estimate(&Curve{}, 0, &c)
	for _, w := range []struct{ week, want float64 }{
		{5.9, 1}, {6, 0.857}, {7, 0.807}, {9.9, 0.807}, {10, 0.753}, {13, 0.690}, {16, 0.627}, {22, 0.538}, {23, 0.448}, {34.5, 0.448}, {35, 0},
	} {
		if got := c.Survival(w.week); math.Abs(got-w.want) > 0.0005 {
			t.Errorf("S(%g) = %.4f, want %.3f", w.week, got, w.want)
		}
	}
	// By hand: 6 + 0.857 (7-6) + 0.807 (10-7) + 0.753 (13-10) + 0.690 (16-13) +
	// 0.627 (22-16) + 0.538 (23-22) + 0.448 (35-23).
	if got := c.Mean(); math.Abs(got-23.288) > 0.01 {
		t.Errorf("mean %.4f, want 23.288", got)
	}
	if got := c.Quantile(0.5); got != 23 {
		t.Errorf("median %v, want 23", got)
	}
}

// The newest of many spans count, however many came before, in bounded memory.
func TestLifetimesForget(t *testing.T) {
	var l Lifetimes
	rng := rand.New(rand.NewPCG(1, 1))
	var c Curve
	for i := range 20_000 {
		span := math.Exp(rng.NormFloat64())
		if i >= 16_000 {
			span *= 3
		}
		l.End(span)
	}
	l.estimate(&Curve{}, 0, &c)
	if got := c.Quantile(0.5); math.Abs(got/3-1) > 0.25 {
		t.Errorf("median %.3f, want about 3", got)
	}
	if len(l.Bins) > 300 || l.Weight > 2*heaviest {
		t.Errorf("%d bins, weight %g", len(l.Bins), l.Weight)
	}
	l.End(0)
	l.End(math.Inf(1))
	if len(l.Bins) > 641 {
		t.Errorf("%d bins", len(l.Bins))
	}
}
