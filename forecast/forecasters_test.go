package forecast

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // Europe/Berlin, also where the machine has no zones

	"gonum.org/v1/gonum/stat/distuv"
)

// near says whether got is want within a relative tolerance.
func near(got, want, tolerance float64) bool {
	return math.Abs(got-want) <= tolerance*math.Max(math.Abs(want), 1e-9)
}

type zone struct{ *time.Location }

func (z zone) Local(t float64) float64 {
	_, offset := time.Unix(int64(t), 0).In(z.Location).Zone()
	return t + float64(offset)
}

// Every forecaster copes with irregular spans, silence, bursts and the first
// moment, at any horizon, and forecasts a constant rate once it has seen it.
func TestEveryForecasterOnEasyCounts(t *testing.T) {
	for _, family := range Families() {
		const start = 1_700_000_000
		f := family.New(Setup{Start: start, Step: 900, Lead: 900})
		check := func(what string, d NegBinomial) {
			if !(d.Mean >= 0 && d.Mean < 1e6 && d.Dispersion >= 0) {
				t.Fatalf("%s %s: %+v", family.Name, what, d)
			}
		}
		check("before anything", f.Forecast(0, 900))
		at := float64(start)
		for i := range 16 * 96 {
			at += 900
			f.Observe(at, 18)
			if i%97 == 0 {
				check("on the way", f.Forecast(0, 900))
			}
		}
		for _, h := range [][2]float64{{0, 900}, {900, 1800}, {0, 7 * day}} {
			d := f.Forecast(h[0], h[1])
			check("after a fortnight", d)
			if want := (h[1] - h[0]) / 50; !near(d.Mean, want, 0.06) {
				t.Errorf("%s: mean %.4g over %v, want %.4g", family.Name, d.Mean, h, want)
			}
		}
		f.Observe(at+17, 0)
		f.Observe(at+20*day, 3)
		f.Observe(at+20*day+1, 50_000)
		check("after silence and a burst", f.Forecast(0, 900))
	}
}

// Once horizons and tables are known, nothing is allocated.
func TestNoAllocation(t *testing.T) {
	for _, family := range Families() {
		f := family.New(Setup{Step: 60, Lead: 600})
		at, i := 0.0, 0
		step := func() {
			at, i = at+60, i+1
			f.Observe(at, float64(i%7))
			f.Forecast(0, 600)
		}
		for range 1600 { // more than a day: seasons have begun
			step()
		}
		if n := testing.AllocsPerRun(50, step); n > 0 {
			t.Errorf("%s: %g allocations an observation", family.Name, n)
		}
	}
}

// Bands of every forecaster hold nearly what they say on counts that are
// Poisson or negative binomial around a constant rate.
func TestCoverageIsNominal(t *testing.T) {
	for _, family := range Families() {
		for _, dispersion := range []float64{0, 0.3} {
			rng := rand.New(rand.NewPCG(7, 7))
			f := family.New(Setup{Step: 300, Lead: 300})
			var inside [3]float64
			n := 0.0
			begin, tolerance := 1000, 0.06
			if strings.HasPrefix(family.Name, "seasonal") || strings.HasPrefix(family.Name, "holt") {
				begin = 4200 // a week has to be seen first
			}
			if strings.HasPrefix(family.Name, "seasonal") {
				tolerance = 0.1 // a single past count is a noisy mean, whose errors are no negative binomial's
			}
			for i := range begin + 1100 {
				rate := 8.0
				if dispersion > 0 {
					rate *= distuv.Gamma{Alpha: 1 / dispersion, Beta: 1 / dispersion, Src: rng}.Rand()
				}
				count := distuv.Poisson{Lambda: rate, Src: rng}.Rand()
				if i > begin {
					p := f.Forecast(0, 300).Probabilities(nil, 1000)
					u := 0.0
					for k := 0; k < int(count) && k < len(p); k++ {
						u += p[k]
					}
					if int(count) < len(p) {
						u += rng.Float64() * p[int(count)]
					}
					for b, share := range []float64{0.5, 0.9, 0.99} {
						if math.Abs(u-0.5) <= share/2 {
							inside[b]++
						}
					}
					n++
				} else {
					f.Forecast(0, 300)
				}
				f.Observe(float64(i+1)*300, count)
			}
			for b, share := range []float64{0.5, 0.9, 0.99} {
				if got := inside[b] / n; math.Abs(got-share) > tolerance {
					t.Errorf("%s, dispersion %g: the %g %% band holds %.1f %%", family.Name, dispersion, 100*share, 100*got)
				}
			}
		}
	}
}

func TestSeasonalNaiveIsExact(t *testing.T) {
	f := NewSeasonalNaive(Setup{Step: 900, Lead: 900}, day)
	for i := range 96 {
		f.Observe(float64(i+1)*900, float64(i*i))
	}
	for i := range 200 { // beyond a season it repeats
		want := float64((i % 96) * (i % 96))
		if got := f.Forecast(float64(i)*900, float64(i+1)*900); got.Mean != want {
			t.Fatalf("bin %d: %g, want %g", i, got.Mean, want)
		}
	}
	if got := f.Forecast(450, 1800).Mean; got != 0.5*0+1 {
		t.Errorf("half of bin 0 and bin 1: %g, want 1", got)
	}
}

// On the Sunday when clocks go forward in Berlin the office hour comes 23 h
// after Saturday's.
func TestSeasonsFollowSummerTime(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(month time.Month, day, hour int) float64 {
		return float64(time.Date(2026, month, day, hour, 0, 0, 0, berlin).Unix())
	}
	setup := Setup{Start: at(3, 1, 0), Step: 900, Lead: 900, Zone: zone{berlin}}
	for name, f := range map[string]Forecaster{
		"naive": NewSeasonalNaive(setup, day), "holt-winters": NewHoltWinters(setup, day, quarterSeconds), "decomposition": NewDecomposition(setup),
	} {
		midnight := at(3, 29, 0)
		for s := setup.Start; s < midnight; s += 900 {
			n := 0.0
			if time.Unix(int64(s), 0).In(berlin).Hour() == 9 {
				n = 40
			}
			f.Observe(s+900, n)
		}
		nine := at(3, 29, 9)
		if nine-midnight != 8*3600 {
			t.Fatal("the clocks do not go forward")
		}
		if got := f.Forecast(nine-midnight, nine-midnight+3600).Mean; !near(got, 160, 0.2) {
			t.Errorf("%s: %.1f arrivals from 9 to 10 on the day of 23 hours, want 160", name, got)
		}
		if got := f.Forecast(nine-midnight+5400, nine-midnight+7200).Mean; got > 16 {
			t.Errorf("%s: %.1f arrivals from half past 10 to 11, where winter's 9 to 10 lies half an hour past, want next to none", name, got)
		}
	}
}

// The exponentially weighted mean against its closed form, whatever the spans.
func TestAverage(t *testing.T) {
	a := newAverage(0, 100)
	a.Observe(100, 30) // weights: an hour's rate 0.3
	if !near(a.rate(), 0.3, 1e-12) {
		t.Errorf("one span: %g, want its rate", a.rate())
	}
	a.Observe(200, 0) // half of the weight of the newer span
	if !near(a.rate(), 0.1, 1e-12) {
		t.Errorf("after as long without arrivals %g, want a third", a.rate())
	}
	b := newAverage(0, 100)
	for i := range 100 {
		b.Observe(float64(i+1), 0.3)
	}
	b.Observe(200, 0)
	if !near(b.rate(), 0.1, 1e-12) {
		t.Errorf("in small spans %g, want the same", b.rate())
	}
}

// The predictive distribution is the gamma mixture of Poisson distributions:
// against numerical integration over the posterior.
func TestGammaPoissonPredictive(t *testing.T) {
	g := NewGammaPoisson(Setup{Step: 60}, 600)
	for i := range 50 {
		g.Observe(float64(i+1)*60, float64(i%4))
	}
	shape, exposure := g.Posterior()
	d := g.Forecast(0, 120)
	if !near(d.Mean, shape/exposure*120, 1e-12) || !near(d.Dispersion, 1/shape, 1e-12) {
		t.Fatalf("%+v of shape %g, exposure %g", d, shape, exposure)
	}
	posterior := distuv.Gamma{Alpha: shape, Beta: exposure}
	for _, n := range []int{0, 1, 3, 8} {
		sum, step := 0.0, shape/exposure/2000
		for x := step / 2; x < 12*shape/exposure; x += step {
			sum += posterior.Prob(x) * distuv.Poisson{Lambda: 120 * x}.Prob(float64(n)) * step
		}
		if got := math.Exp(d.LogProbability(float64(n))); !near(got, sum, 1e-4) {
			t.Errorf("P(%d) = %g, by integration %g", n, got, sum)
		}
	}
	// Without arrivals the posterior goes back to the prior around the usual rate.
	g.Observe(3000+40*day, 0)
	if shape, _ := g.Posterior(); !near(shape, priorShape, 1e-6) {
		t.Errorf("shape %g after a long silence, want the prior's %g", shape, priorShape)
	}
}

func TestLogProbability(t *testing.T) {
	for _, m := range []float64{0.001, 0.3, 17.5, 499, 700_000} {
		for _, dispersion := range []float64{0, 1e-4, 0.01, 0.3, 9} {
			d := NegBinomial{m, dispersion}
			for _, n := range []float64{0, 1, math.Floor(m), math.Floor(3 * m)} {
				want := distuv.Poisson{Lambda: m}.LogProb(n)
				if dispersion > 0 {
					r := 1 / dispersion
					a, _ := math.Lgamma(n + r)
					b, _ := math.Lgamma(r)
					c, _ := math.Lgamma(n + 1)
					want = a - b - c - r*math.Log1p(m/r) + n*math.Log(m/(r+m))
				}
				if got := d.LogProbability(n); math.Abs(got-want) > 1e-9*math.Abs(want)+1e-7 {
					t.Errorf("%+v: log P(%g) = %.12g, want %.12g", d, n, got, want)
				}
			}
		}
	}
}

func TestMixture(t *testing.T) {
	a, b := NegBinomial{2, 0.5}, NegBinomial{10, 0}
	got := Mixture([]NegBinomial{a, b}, []float64{0.25, 0.75})
	// Law of total variance: E[var] + var[mean].
	variance := 0.25*(2+0.5*4) + 0.75*10 + 0.25*0.75*64
	if !near(got.Mean, 8, 1e-12) || !near(got.Mean+got.Dispersion*64, variance, 1e-12) {
		t.Errorf("%+v, want mean 8 and variance %g", got, variance)
	}
}

// Bins get the shares of irregular observations that fall into them.
func TestBins(t *testing.T) {
	b := newBins(50, 100)
	var got []float64
	full := func(index int64, count float64) { got = append(got, float64(index), count) }
	b.add(150, 10, full) // half of it belongs to the first bin, which was not seen whole
	b.add(200, 1, full)
	b.add(450, 5, full)
	want := []float64{1, 6, 2, 2, 3, 2}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if !near(got[i], want[i], 1e-12) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
	if sum := b.over(0, 100, func(i int64) float64 { return float64(i) }); !near(sum, 4.5, 1e-12) {
		t.Errorf("half of bin 4 and half of bin 5: %g, want 4.5", sum)
	}
}
