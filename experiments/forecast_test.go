package experiments

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // zones must not depend on the machine

	"gonum.org/v1/gonum/stat/distuv"

	"shadowpool/forecast"
	"shadowpool/trace"
)

// sure knows what will come: counts of a constant rate.
type sure struct{ d forecast.NegBinomial }

func (sure) Observe(float64, float64)                         {}
func (k sure) Forecast(from, to float64) forecast.NegBinomial { return k.d }

func knownFamily(d forecast.NegBinomial) forecast.Family {
	return forecast.Family{Name: "known", New: func(forecast.Setup) forecast.Forecaster { return sure{d} }}
}

func family(t *testing.T, name string) forecast.Family {
	t.Helper()
	f, err := forecast.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// poissonCounts are counts by quarter hours of a rate that depends on it.
func poissonCounts(days int, rate func(i int) float64) *Counts {
	rng := rand.New(rand.NewPCG(2, 3))
	c := &Counts{Name: "poisson", Step: 900}
	for i := range days * 96 {
		c.Ends = append(c.Ends, float64(i+1)*900)
		n := 0.0
		if r := rate(i); r > 0 {
			n = distuv.Poisson{Lambda: r, Src: rng}.Rand()
		}
		c.N = append(c.N, uint32(n))
	}
	return c
}

func backtest(t *testing.T, c *Counts, h time.Duration, families ...forecast.Family) []ForecastScore {
	t.Helper()
	b, err := NewBacktester(c, BacktestOptions{Horizons: []time.Duration{h}, From: c.Start + 15*86400})
	if err != nil {
		t.Fatal(err)
	}
	scores, err := b.Run(context.Background(), families)
	if err != nil {
		t.Fatal(err)
	}
	return scores
}

// Who knows the distribution is calibrated exactly, at small and large counts;
// who is too sure, or leans, shows it.
func TestKnownDistributionIsCalibrated(t *testing.T) {
	for _, mean := range []float64{0.2, 6, 900} {
		c := poissonCounts(60, func(int) float64 { return mean })
		s := backtest(t, c, 15*time.Minute,
			knownFamily(forecast.NegBinomial{Mean: mean}), knownFamily(forecast.NegBinomial{Mean: mean, Dispersion: 1}),
			knownFamily(forecast.NegBinomial{Mean: 1.5 * mean}))
		for k, share := range bands {
			if got := []float64{s[0].Coverage50, s[0].Coverage90, s[0].Coverage99}[k]; math.Abs(got-share) > 0.025 {
				t.Errorf("mean %g: the %g %% band of the true distribution holds %.1f %%", mean, 100*share, 100*got)
			}
		}
		if s[0].Pinball > s[1].Pinball || s[0].Pinball > s[2].Pinball || s[0].LogScore < s[1].LogScore || s[0].LogScore < s[2].LogScore {
			t.Errorf("mean %g: the true distribution scores worse than a false one: %+v", mean, s)
		}
		if mean > 1 && s[1].Coverage50 < 0.6 || math.Abs(s[2].Bias-0.5) > 0.1 {
			t.Errorf("mean %g: too wide %.2f, biased %.2f, want above 0.6 and 0.5", mean, s[1].Coverage50, s[2].Bias)
		}
		poisson, entropy := distuv.Poisson{Lambda: mean}, 0.0
		for k := range int(3*mean) + 40 {
			entropy -= poisson.Prob(float64(k)) * poisson.LogProb(float64(k))
		}
		if math.Abs(s[0].LogScore+entropy) > 0.05 {
			t.Errorf("mean %g: log score %.3f, want minus the entropy %.3f", mean, s[0].LogScore, entropy)
		}
	}
}

// Seasonal naive beside itself has a MASE of one, by weeks in a long series
// and by days in a short one, in summer time too.
func TestNaiveBesideItself(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		days int
		name string
	}{{30, "seasonal-naive-week"}, {18, "seasonal-naive-day"}} {
		counts := poissonCounts(c.days, func(i int) float64 { return 60 + 40*math.Sin(float64(i)/15) })
		start := float64(time.Date(2026, 3, 13, 0, 0, 0, 0, berlin).Unix())
		counts.Start = start
		for i := range counts.Ends {
			counts.Ends[i] += start
		}
		b, err := NewBacktester(counts, BacktestOptions{Horizons: []time.Duration{time.Hour}, From: start + 15*86400, Zone: berlin})
		if err != nil {
			t.Fatal(err)
		}
		s, err := b.Run(context.Background(), []forecast.Family{family(t, c.name)})
		if err != nil {
			t.Fatal(err)
		}
		// The hour that is skipped on 29 March is the only difference.
		if math.Abs(s[0].MASE-1) > 0.01 {
			t.Errorf("%s: MASE %.4f, want 1", c.name, s[0].MASE)
		}
	}
}

// The scores of two forecasts by hand.
func TestScoresByHand(t *testing.T) {
	var s scorer
	s.add(forecast.NegBinomial{}, 2, 4)        // sure of 0
	s.add(forecast.NegBinomial{Mean: 1}, 0, 1) // Poisson quantiles 1, 2, 4
	r := s.score()
	pinball := (2*(0.5+0.9+0.99) + 1*0.5 + 2*0.1 + 4*0.01) / 3 / 2
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"pinball", r.Pinball, pinball}, {"MASE", r.MASE, 3.0 / 3}, {"bias", r.Bias, -0.5},
		{"log score", r.LogScore, (-700 - math.Log(2) - 1) / 2},
		// The first count is outside of all; the second's probability is 0..0.3679.
		{"50 %", r.Coverage50, (1 - 0.25/math.Exp(-1)) / 2}, {"90 %", r.Coverage90, (1 - 0.05/math.Exp(-1)) / 2},
	} {
		if math.Abs(c.got-c.want) > 1e-6 {
			t.Errorf("%s: %.6f, want %.6f", c.name, c.got, c.want)
		}
	}
}

// Quantiles and probabilities beyond the size that is added up term by term
// agree with those within.
func TestLargeDistribution(t *testing.T) {
	for _, d := range []forecast.NegBinomial{{Mean: mostWalked, Dispersion: 0}, {Mean: mostWalked, Dispersion: 0.01}, {Mean: mostWalked, Dispersion: 1.5}} {
		var small, large distribution
		small.set(d)
		large.d = d
		for _, q := range []float64{0.005, 0.25, 0.5, 0.9, 0.99, 0.995} {
			if a, b := small.quantile(q), large.quantile(q); a != b {
				t.Errorf("%+v: %g-quantile %g by terms, %g by integrals", d, q, a, b)
			}
		}
	}
	var huge distribution
	huge.set(forecast.NegBinomial{Mean: 1e6, Dispersion: 1e-4}) // sd 10,050
	for q, z := range map[float64]float64{0.5: 0, 0.9: 1.2816, 0.99: 2.3263} {
		if got := huge.quantile(q); math.Abs(got-1e6-z*10_050) > 200 {
			t.Errorf("%g-quantile of a large count %g, want about %g", q, got, 1e6+z*10_050)
		}
	}
}

// Two tenants in turn: the whole is steady, the parts are not. Shares that
// forget follow them; the sum of two forecasts is no worse than one.
func TestPartsAreJudged(t *testing.T) {
	b := trace.NewBuilder()
	for i := range 20 * 24 * 20 {
		tenant := []string{"day", "night"}[i/(12*20)%2]
		if err := b.Add(trace.Record{Arrival: int64(i) * int64(3*time.Minute), Duration: 1e9, Tenant: tenant}); err != nil {
			t.Fatal(err)
		}
	}
	src, err := b.Build("turns", false)
	if err != nil {
		t.Fatal(err)
	}
	c, err := CountTrace(src, 15*time.Minute, "tenant")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Parts) != 2 || c.Total() != 9600 || c.part(0).Total() != 4800 {
		t.Fatalf("%d parts, %g arrivals, %g of the first", len(c.Parts), c.Total(), c.part(0).Total())
	}
	bt, err := NewBacktester(c, BacktestOptions{Horizons: []time.Duration{30 * time.Minute}, From: 5 * 86400})
	if err != nil {
		t.Fatal(err)
	}
	s, err := bt.RunParts(context.Background(), []forecast.Family{family(t, "ewma-1d")})
	if err != nil {
		t.Fatal(err)
	}
	if s[0].Whole.MeanCount != 10 || math.Abs(s[0].Alone.MeanCount-5) > 1e-9 {
		t.Errorf("%g arrivals of the whole, %g of a part, want 10 and 5", s[0].Whole.MeanCount, s[0].Alone.MeanCount)
	}
	if s[0].Shares.Pinball > 0.7*s[0].Alone.Pinball {
		t.Errorf("parts by shares %.3f, alone %.3f: the shares do not follow", s[0].Shares.Pinball, s[0].Alone.Pinball)
	}
	if s[0].Sum.Pinball > 1.5*s[0].Whole.Pinball+0.02 {
		t.Errorf("the sum of parts %.3f, as one %.3f", s[0].Sum.Pinball, s[0].Whole.Pinball)
	}
	var out strings.Builder
	if err := (Backtest{Config: BacktestConfig{By: "tenant", Parts: 2}, Attribute: s}).WriteTable(&out); err != nil || !strings.Contains(out.String(), "by tenant (2 parts)") {
		t.Errorf("%v, table %s", err, out.String())
	}
}

// What cannot be judged is refused with a reason.
func TestBacktestRefuses(t *testing.T) {
	c := poissonCounts(3, func(int) float64 { return 1 })
	for h, want := range map[time.Duration]string{
		20 * time.Minute: "whole multiple", time.Minute: "whole multiple", 96 * time.Hour: "beyond the end",
	} {
		_, err := NewBacktester(c, BacktestOptions{Horizons: []time.Duration{h}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("horizon %v: %v, want %q", h, err, want)
		}
	}
	b := trace.NewBuilder()
	if err := b.Add(trace.Record{Arrival: 1, Duration: 1}); err != nil {
		t.Fatal(err)
	}
	src, err := b.Build("one", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, by := range []string{"tenant", "colour"} {
		if _, err := CountTrace(src, time.Minute, by); err == nil {
			t.Errorf("a trace without tenants is counted by %s", by)
		}
	}
}
