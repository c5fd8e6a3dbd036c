package forecast

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

const step = 15.0 // seconds

// feed gives a model Poisson counts of a rate that depends on the time, and
// calls look at the end of every step.
func feed(m *Model, seed uint64, days int, rate func(second float64) float64, look func(second float64, d NegBinomial)) {
	rng := rand.New(rand.NewPCG(seed, 1))
	a := m.New(0)
	clock := func(second float64) Clock { return Clock{Quarter: int64(second / quarterSeconds)} }
	for n := int64(1); n <= int64(float64(days)*86400/step); n++ {
		end := float64(n) * step
		count := distuv.Poisson{Lambda: rate(end-step/2) * step, Src: rng}.Rand()
		d := m.Update(a, n, count, clock(end), clock(end+m.lead/2))
		look(end, d)
	}
}

// On a steady stream the mean comes to rate times lead time, whether the lead
// time is much longer or much shorter than a step, and the spread to Poisson's.
func TestSteadyStream(t *testing.T) {
	for _, c := range []struct{ rate, lead float64 }{{0.1, 120}, {2, 3}, {0.01, 900}} {
		m := NewModel(step, c.lead, []float64{60, 600, 3600, 86400}, true, true)
		var sum, count, variance float64
		feed(m, 1, 4, func(float64) float64 { return c.rate }, func(s float64, d NegBinomial) {
			if s > 3*86400 {
				sum += d.Mean
				variance += d.Mean + d.Dispersion*d.Mean*d.Mean
				count++
			}
		})
		want := c.rate * c.lead
		if mean := sum / count; math.Abs(mean-want) > 0.1*want {
			t.Errorf("rate %g, lead %g s: mean %.3f, want %.3f", c.rate, c.lead, mean, want)
		}
		if ratio := variance / sum; ratio > 3 {
			t.Errorf("rate %g, lead %g s: variance %.2f of the mean", c.rate, c.lead, ratio)
		}
	}
}

// With profiles the forecast rises before the office opens; without, after.
func TestProfileLooksAhead(t *testing.T) {
	office := func(second float64) float64 {
		if h := math.Mod(second, 86400) / 3600; h >= 9 && h < 17 {
			return 0.2
		}
		return 0.002
	}
	at := func(profiles bool) (before, noon float64) {
		m := NewModel(step, 600, []float64{120, 900, 7200}, profiles, true)
		feed(m, 2, 15, office, func(s float64, d NegBinomial) {
			if s > 14*86400 {
				switch math.Mod(s, 86400) {
				case 9*3600 - 30:
					before = d.Mean
				case 12 * 3600:
					noon = d.Mean
				}
			}
		})
		return before, noon
	}
	before, noon := at(true)
	blind, _ := at(false)
	if noon < 90 || noon > 150 {
		t.Errorf("at noon %.1f, want about 120", noon)
	}
	if before < 5*blind || before < 15 {
		t.Errorf("half a minute before the office opens %.1f with profiles, %.1f without; most of 120 are to come", before, blind)
	}
}

// Spread finds the over-dispersion of counts that were drawn with one.
func TestSpreadLearns(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	for _, want := range []float64{0, 0.2, 1.6} {
		var s Spread
		for range 4000 {
			mean := 2 + 18*rng.Float64()
			rate := mean
			if want > 0 { // a gamma-Poisson mixture is negative binomial
				rate *= distuv.Gamma{Alpha: 1 / want, Beta: 1 / want, Src: rng}.Rand()
			}
			s.Learn(mean, distuv.Poisson{Lambda: rate, Src: rng}.Rand(), 1, 1, nil)
		}
		got := s.Distribution(11)
		if math.Abs(got.Dispersion-want) > 1e-9 {
			t.Errorf("dispersion %g: learned %.3f", want, got.Dispersion)
		}
	}
}

// Counts of any size tell how little they scatter: here by 5 %.
func TestSpreadLearnsLargeCounts(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 2))
	var s Spread
	for range 200 {
		mean := 5e4 + 5e5*rng.Float64()
		s.Learn(mean, math.Round(mean*(1+0.05*rng.NormFloat64())), 1, 1, nil)
	}
	if got := s.Distribution(1e5).Dispersion; got != 0.002 {
		t.Errorf("dispersion %g, want the grid's nearest to 0.0025", got)
	}
}

// A lead time of a day is learned from at all its hours: learned from twice a
// day, when the level is usual, the recent rate would mislead by a quarter.
func TestAdaptiveForecastsADay(t *testing.T) {
	rate := func(at float64) float64 { return 5 + 4*math.Sin(2*math.Pi*at/day) }
	a := NewAdaptive(Setup{Step: 1800, Lead: day})
	want := 48 * 5.0
	for i := range 60 * 48 {
		at := float64(i+1) * 1800
		a.Observe(at, rate(at-900))
		if got := a.Forecast(0, day); i > 40*48 && math.Abs(got.Mean-want) > 0.1*want {
			t.Fatalf("day %d, hour %g: %.1f arrivals in the coming day, want %.0f", i/48, float64(i%48)/2, got.Mean, want)
		}
	}
}

// Rates at several half-lives against the closed form after skipped steps; a
// steady stream has its rate at all of them soon after the start.
func TestRates(t *testing.T) {
	d := NewDecays(step, []float64{15, 60})
	r := d.NewRates()
	r.Update(d, 30, 0) // 2 a second, half of it counts at a half-life of a step
	if math.Abs(r.Sum[0]-1) > 1e-12 {
		t.Errorf("after one step %v", r.Sum)
	}
	r.Update(d, 0, 3)
	if want := math.Pow(0.5, 4); math.Abs(r.Sum[0]-want) > 1e-12 {
		t.Errorf("after four steps without arrivals %v, want %v", r.Sum[0], want)
	}
	if want := 1 - math.Pow(0.5, 4+5); math.Abs(r.Filled[0]-want) > 1e-12 {
		t.Errorf("filled %v, want %v", r.Filled[0], want)
	}
	week := NewDecays(step, []float64{7 * 86400})
	r = week.NewRates()
	for range 40 {
		r.Update(week, 30, 0)
	}
	if got := r.PerSecond(0); math.Abs(got-2*600./660) > 0.01 {
		t.Errorf("a rate of 2 is %.3f after ten minutes", got)
	}
}

// A pool that slept wakes to the rates of one that was visited all along (the
// weights are not learned here: asleep there is nothing to learn from).
func TestSleepIsClosedForm(t *testing.T) {
	m := NewModel(step, 60, []float64{60, 3600}, false, false)
	awake, asleep := m.New(0), m.New(0)
	for n := int64(1); n <= 100; n++ {
		m.Update(awake, n, 1, Clock{}, Clock{})
		m.Update(asleep, n, 1, Clock{}, Clock{})
	}
	var d NegBinomial
	for n := int64(101); n <= 300; n++ {
		d = m.Update(awake, n, 0, Clock{}, Clock{})
	}
	e := m.Update(asleep, 300, 0, Clock{}, Clock{})
	if math.Abs(d.Mean-e.Mean) > 0.05*d.Mean+1e-6 {
		t.Errorf("mean %.6f awake, %.6f asleep", d.Mean, e.Mean)
	}
}

// A forecast that is excited by arrivals is that of an update which counts
// them.
func TestExcited(t *testing.T) {
	m := NewModel(15, 40, []float64{20, 300, 3600}, false, false)
	a, b := m.New(0), m.New(0)
	for step := int64(1); step <= 50; step++ {
		n := float64(step * step % 3)
		m.Update(a, step, n, Clock{}, Clock{})
		m.Update(b, step, n, Clock{}, Clock{})
	}
	m.Update(a, 51, 1, Clock{}, Clock{})
	got, want := m.Excited(a, 3), m.Update(b, 51, 4, Clock{}, Clock{})
	if math.Abs(got.Mean-want.Mean) > 1e-12*want.Mean {
		t.Errorf("mean %g after 1 and 3 more arrivals, %g after 4", got.Mean, want.Mean)
	}
	if still := m.Excited(a, 0); still.Mean != a.M {
		t.Errorf("mean %g without arrivals, was %g", still.Mean, a.M)
	}
}
