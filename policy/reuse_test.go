package policy

import (
	"math"
	"testing"

	"shadowpool/forecast"
)

// Services of 5 and 15 s have a mean of 10 s. After a lead time of 10 s the
// share 1 - 1/e of those in use is back, and 1/e of what came at its begin is
// still there: over the whole of it, 1 - 1/e.
func TestServices(t *testing.T) {
	s := services{Stay: 1}
	if s.back(7) != 0 || s.thin(forecast.NegBinomial{Mean: 3}).Mean != 3 {
		t.Error("something comes back before anything is known")
	}
	s.learn(5, 10)
	s.learn(15, 10)
	gone := 1 - 1/math.E
	if math.Abs(s.Mean-10) > 1e-12 || math.Abs(s.Back-gone) > 1e-12 || math.Abs(s.Stay-gone) > 1e-12 {
		t.Errorf("%+v, want a mean of 10 and shares of %.4f", s, gone)
	}
	if got := s.back(5); got != 3 { // 3.16
		t.Errorf("%d of 5 come back, want 3", got)
	}
	// In equilibrium rate x mean are in use, and as many come back as stay.
	for _, served := range []float64{0.01, 2, 80, 4000} {
		s := services{}
		s.learn(served, 10)
		in := s.thin(forecast.NegBinomial{Mean: 0.7 * 10}).Mean
		if out := s.Back * 0.7 * served; math.Abs(in-out) > 1e-9*in {
			t.Errorf("services of %g s: %g come to stay and %g come back", served, in, out)
		}
	}
}

// The first idle instance is held while the rate of arrivals exceeds the
// price, however long services are: of Poisson arrivals at 0.1 a lead time,
// half of which are in service at its end, P(D=1) = 0.05 exp(-0.05) against
// idling for half a lead time with P(D=0) = exp(-0.05).
func TestHoldsByTheRateOfClaims(t *testing.T) {
	var rule priceRule
	for _, stay := range []float64{1, 0.5, 0.1} {
		d := (&services{Stay: stay}).thin(forecast.NegBinomial{Mean: 0.1})
		rule.read(d.Probabilities(nil, 100), stay)
		if rule.level(0.0999) != 1 || rule.level(0.1001) != 0 {
			t.Errorf("stay %g: levels %d and %d about a price of 0.1, want 1 and 0", stay, rule.level(0.0999), rule.level(0.1001))
		}
	}
}

// An instance that will be back is not launched anew, but nobody is left to
// wait for it.
func TestBesides(t *testing.T) {
	l := Level{Stock: 2, Retire: 5}
	if got := l.besides(1); got != (Level{Stock: 1, Retire: 5}) {
		t.Errorf("%+v", got)
	}
	if got := l.besides(3); got != (Level{Stock: 0, Retire: 5}) {
		t.Errorf("%+v", got)
	}
}
