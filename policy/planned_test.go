package policy

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"shadowpool/forecast"
)

// The three promises against their definitions: xi is the i-th arrival of a
// Poisson process, so that E(L - xi)+ is the integral of P(N(u) >= i) up to L
// and E(xi - L)+ that of P(N(u) < i) beyond it.
func TestNHPPPromises(t *testing.T) {
	const lead, cells = 1.0, 50
	for _, mean := range []float64{0.2, 1, 7.5} {
		count := func(u float64) distuv.Poisson { return distuv.Poisson{Lambda: mean * u / lead} }
		late := func(i float64) float64 { // E(L - xi)+
			sum := 0.0
			for c := range cells {
				sum += (1 - count((float64(c)+0.5)*lead/cells).CDF(i-1)) * lead / cells
			}
			return sum
		}
		idle := func(i float64) float64 { // E(xi - L)+
			sum := 0.0
			for c := range 80 * cells {
				sum += count(lead+(float64(c)+0.5)*lead/cells).CDF(i-1) * lead / cells
			}
			return sum
		}
		for _, target := range []float64{0.55, 0.88} {
			for form, due := range map[string]func(i float64) bool{
				"hit":  func(i float64) bool { return 1-count(lead).CDF(i-1) > 1-target },
				"wait": func(i float64) bool { return late(i) > (1-target)*lead },
				"idle": func(i float64) bool { return idle(i) <= target/(1-target)*lead },
			} {
				want := 0
				for due(float64(want + 1)) {
					want++
				}
				rule := nhppRule{form: form, target: target}
				if got := rule.level(forecast.NegBinomial{Mean: mean}); got != want {
					t.Errorf("mean %g, %s to %g: level %d, by definition %d", mean, form, target, got, want)
				}
			}
		}
	}
}

// On a steady Poisson stream the policies that hold a quantile come to that of
// the demand over the lead time, give or take the noise of what they know.
func TestPlannedOnPoisson(t *testing.T) {
	const lead = 60 * time.Second
	fleet := Fleet{Config: Config{Categories: []Category{{LeadTime: lead}}}}
	want := 0
	for (distuv.Poisson{Lambda: 12}).CDF(float64(want)) < 0.95 {
		want++
	}
	for _, spec := range []Spec{
		{"fourier", []Setting{{"quantile", "0.95"}}},
		{"nhpp", []Setting{{"target", "0.95"}}},
	} {
		s, err := Build(spec, fleet)
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(3, 1))
		arrivals := poisson(rng, 0, 60*hour, func(Time) float64 { return 0.2 }, 0.2)
		s.Start(0, 0)
		var sum, count float64
		next := int64(DefaultTick)
		for _, at := range arrivals {
			for ; next <= at; next += int64(DefaultTick) {
				l, _ := s.Tick(next, 0, Stock{})
				if next > 30*hour {
					sum += float64(l.Stock)
					count++
				}
			}
			s.Arrive(at, Request{}, Stock{})
		}
		if got := sum / count; math.Abs(got-float64(want)) > 1.5 {
			t.Errorf("%v: mean level %.2f, the Poisson quantile is %d", spec, got, want)
		}
	}
}

// By hand: lead time 60 s, target 0.5, so that a minute with n arrivals needs
// 2 n. Three minutes in a row scale out, fifteen scale in.
func TestAWSPredictiveFollowsTheLoad(t *testing.T) {
	fleet := Fleet{Config: Config{Categories: []Category{{LeadTime: time.Minute}}}}
	s, err := Build(Spec{Name: "aws-predictive"}, fleet)
	if err != nil {
		t.Fatal(err)
	}
	start := 1_750_000_020 * int64(time.Second) // a whole minute
	s.Start(start, 0)
	for m := range 40 {
		arrivals := 0
		if m < 10 {
			arrivals = 3 + m%2 // needs of 6 and 8
		} else if m < 30 {
			arrivals = 1
		}
		for range arrivals {
			s.Arrive(start+int64(m)*minute+1, Request{}, Stock{})
		}
		l, _ := s.Tick(start+int64(m+1)*minute, 0, Stock{})
		want := int32(6) // the third minute's need
		switch {
		case m < 2:
			want = 0
		case m >= 9+awsScaleIn:
			want = 2
		}
		if l.Stock != want {
			t.Errorf("after minute %d: level %d, want %d", m, l.Stock, want)
		}
	}
}
