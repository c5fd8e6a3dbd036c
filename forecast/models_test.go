package forecast

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// Series without noise are reproduced: a level with a season, once a season
// was seen, and a level with a trend.
func TestHoltWintersReproducesNoiselessSeries(t *testing.T) {
	for name, c := range map[string]struct {
		season float64
		series func(i int) float64
	}{
		"season": {day, func(i int) float64 { return 200 + 50*math.Sin(2*math.Pi*float64(i%96)/96) }},
		"trend":  {0, func(i int) float64 { return 200 + 0.5*float64(i) }},
	} {
		f := NewHoltWinters(Setup{Step: 900, Lead: 900}, c.season, quarterSeconds)
		n := 10 * 96
		for i := range n {
			f.Observe(float64(i+1)*900, c.series(i))
		}
		for _, k := range []int{0, 7, 60, 130} {
			if got := f.Forecast(float64(k)*900, float64(k+1)*900).Mean; !near(got, c.series(n+k), 1e-3) {
				t.Errorf("%s, %d bins ahead: %.3f, want %.3f", name, k, got, c.series(n+k))
			}
		}
	}
}

// The recursions of one setting by hand: alpha 0.5, beta 0.2, gamma 0.1, phi
// 0.9, from level 10, trend 1 and season 2, on counts of 15 and 13.
func TestSmoothingByHand(t *testing.T) {
	m := smoothing{alpha: 0.5, beta: 0.2, gamma: 0.1, phi: 0.9, level: 10, trend: 1, season: []float64{2}}
	m.learn(0, 15) // forecast 12.9, error 2.1
	for _, c := range []struct{ got, want float64 }{{m.level, 11.95}, {m.trend, 1.11}, {m.season[0], 2.21}} {
		if !near(c.got, c.want, 1e-12) {
			t.Errorf("got %g, want %g", c.got, c.want)
		}
	}
	m.learn(0, 13) // forecast 11.95 + 0.999 + 2.21 = 15.159, error -2.159
	if !near(m.level, 11.8695, 1e-12) || !near(m.trend, 0.7831, 1e-12) {
		t.Errorf("level %g, trend %g, want 11.8695 and 0.7831", m.level, m.trend)
	}
}

// Demands of 4, 6 and 2 in periods 2, 5 and 6 with alpha 0.2, beta 0.1.
func TestIntermittentByHand(t *testing.T) {
	demand := []float64{0, 4, 0, 0, 6, 2, 0}
	// Croston: size 4, 4.4, 3.92; interval 2, 2.2, 1.96.
	// TSB: probability 1/2, then .45, .405, .4645, .51805, .466245.
	for _, c := range []struct {
		method IntermittentMethod
		want   float64
	}{{Croston, 3.92 / 1.96}, {SBA, 0.9 * 3.92 / 1.96}, {TSB, 0.466245 * 3.92}} {
		f := NewIntermittent(Setup{Step: 60, Lead: 60}, c.method, 0.2, 0.1)
		for i, n := range demand {
			f.Observe(float64(i+1)*60, n)
		}
		if got := f.Forecast(0, 120).Mean; !near(got, 2*c.want, 1e-12) {
			t.Errorf("method %d: %g over two periods, want %g", c.method, got, 2*c.want)
		}
	}
}

// A day whose afternoon is busy except on Sundays and on holidays.
func TestDecompositionKnowsHolidays(t *testing.T) {
	rate := func(dayNumber int64, quarter int) float64 {
		sunday := (dayNumber+4)%7 == 0
		if quarter < 48 || sunday || dayNumber == 17 || dayNumber == 24 {
			return 1
		}
		return 20
	}
	f := NewDecomposition(Setup{Step: 900, Lead: 900, Holidays: []int64{17, 24, 29}})
	for d := range int64(28) {
		for q := range 96 {
			f.Observe(float64(d)*day+float64(q+1)*900, rate(d, q))
		}
	}
	for d, want := range map[int64]float64{28: 20, 29: 1, 30: 20, 31: 1} { // Thursday, holiday, Saturday, Sunday
		from := float64(d-28)*day + 60*900
		if got := f.Forecast(from, from+900).Mean; math.Abs(got-want) > 3 {
			t.Errorf("day %d: %.2f in a quarter hour of the afternoon, want %g", d, got, want)
		}
	}
}

// simulateHawkes draws arrivals by Ogata's thinning (1981) with one kernel and
// counts them by the step.
func simulateHawkes(base, weight, decay, step, length float64, rng *rand.Rand) []float64 {
	counts := make([]float64, int(length/step))
	excited, t := 0.0, 0.0
	for {
		bound := base + weight*decay*excited
		gap := rng.ExpFloat64() / bound
		t += gap
		if t >= length {
			return counts
		}
		excited *= math.Exp(-decay * gap)
		if rng.Float64()*bound < base+weight*decay*excited {
			counts[int(t/step)]++
			excited++
		}
	}
}

func TestSelfExcitingRecoversWeights(t *testing.T) {
	for _, weight := range []float64{0.3, 0.7} {
		rng := rand.New(rand.NewPCG(11, 4))
		counts := simulateHawkes(0.02, weight, math.Ln2/300, 15, 20*day, rng)
		f := NewSelfExciting(Setup{Step: 15}, []float64{300})
		for i, n := range counts {
			f.Observe(float64(i+1)*15, n)
		}
		if got := f.weights[0]; math.Abs(got-weight) > 0.08 {
			t.Errorf("weight %.3f, want %g", got, weight)
		}
		// The base holds what no arrival brought.
		if got := f.base(); !near(got, 0.02, 0.25) {
			t.Errorf("base %.4f, want 0.02", got)
		}
	}
}

// With one kernel the expected arrivals after a burst have a closed form: the
// rate goes to base/(1-w) by exp(-b(1-w)t).
func TestSelfExcitingForecastClosedForm(t *testing.T) {
	f := NewSelfExciting(Setup{Step: 1}, []float64{300})
	b, w := math.Ln2/300, 0.6
	f.weights = []float64{0.6, 1}
	f.recent[0] = 40
	f.usual.count, f.usual.time = 0.02, 1
	excess := 0.02 + w*b*40 - 0.02/(1-w)
	expected := func(to float64) float64 {
		k := b * (1 - w)
		return 0.02/(1-w)*to + excess*(1-math.Exp(-k*to))/k
	}
	for _, h := range [][2]float64{{0, 60}, {0, 1800}, {600, 900}, {0, day}} {
		want := expected(h[1]) - expected(h[0])
		if got := f.Forecast(h[0], h[1]).Mean; !near(got, want, 0.01) {
			t.Errorf("%v: %.4f, want %.4f", h, got, want)
		}
	}
}

// On a stream that changes its nature the combination is nearly as good as the
// better member in each part, and so better than either over both.
func TestCombinationFollowsTheBetterMember(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	setup := Setup{Step: 300, Lead: 300}
	members := func() []Forecaster {
		return []Forecaster{Calibrate(NewEWMA(setup, 600), setup), Calibrate(NewSeasonalNaive(setup, day), setup)}
	}
	all := append(members(), NewCombination(setup, members()...))
	score := make([][2]float64, len(all))
	level := 10.0
	for i := range 30 * 288 {
		rate := 10.0
		half := i / (15 * 288)
		if half == 0 { // a season that the recent rate cannot know
			rate = []float64{2, 30}[i/3%2]
		} else { // a level that wanders
			level = min(max(level*math.Exp(0.1*rng.NormFloat64()), 2), 100)
			rate = level
		}
		n := distuv.Poisson{Lambda: rate, Src: rng}.Rand()
		for k, f := range all {
			if d := f.Forecast(0, 300); i%(15*288) > 3*288 {
				score[k][half] += d.LogProbability(n) / (12 * 288)
			}
			f.Observe(float64(i+1)*300, n)
		}
	}
	for half := range 2 {
		if best := max(score[0][half], score[1][half]); score[2][half] < best-0.05 {
			t.Errorf("part %d: combination %.3f, members %.3f and %.3f", half, score[2][half], score[0][half], score[1][half])
		}
	}
	if score[0][0] > score[1][0] || score[1][1] > score[0][1] {
		t.Errorf("no member is the better one in each part: %v", score)
	}
}

// Shares against the Dirichlet's closed form, with forgetting.
func TestShares(t *testing.T) {
	s := NewShares(Setup{}, 4, 100)
	s.Observe(0, []PartCount{{0, 6}, {1, 2}})
	s.Observe(100, []PartCount{{1, 4}})
	// Now 3, 5, 0, 0 and a quarter of an arrival each as prior.
	for i, want := range []float64{3.25 / 9, 5.25 / 9, 0.25 / 9, 0.25 / 9} {
		mean, square := s.Moments(i)
		if !near(mean, want, 1e-12) || !near(square, want*(want*9+1)/10, 1e-12) {
			t.Errorf("part %d: share %g, its square %g, want %g and %g", i, mean, square, want, want*(want*9+1)/10)
		}
	}
	s.Observe(1e6, nil) // the weights of new arrivals grow beyond any bound
	s.Observe(1e6, []PartCount{{2, 1}})
	if got := s.Share(2); !near(got, 1.25/2, 1e-9) {
		t.Errorf("after everything else is forgotten %g, want 0.625", got)
	}
}

// Thinning the total by shares that are known gives the parts their own
// distribution; the parts' means add up to the total's.
func TestHierarchyParts(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 1))
	setup := Setup{Step: 60, Lead: 120}
	h := NewHierarchy(setup, Calibrate(NewEWMA(setup, 3600), setup), 1000)
	h.Total(0, 120) // from now on the total is calibrated at two minutes
	popular := distuv.NewCategorical([]float64{0.5, 0.3, 0.2}, rng)
	for i := range 5000 {
		var counts [3]float64
		for range int(distuv.Poisson{Lambda: 5, Src: rng}.Rand()) {
			counts[int(popular.Rand())]++
		}
		var parts []PartCount
		for k, n := range counts {
			if n > 0 {
				parts = append(parts, PartCount{k * 100, n})
			}
		}
		h.Observe(float64(i+1)*60, parts)
	}
	total := h.Total(0, 120)
	sum := 0.0
	for k := range 1000 {
		sum += h.Part(total, k).Mean
	}
	if !near(sum, total.Mean, 1e-9) {
		t.Errorf("parts add up to %g of %g", sum, total.Mean)
	}
	for k, want := range []float64{5, 3, 2} {
		if got := h.Part(total, k*100); !near(got.Mean, want, 0.15) || got.Dispersion > 0.1 {
			t.Errorf("part %d: %+v, want mean %g and nearly Poisson", k, got, want)
		}
	}
}

// The registry names every forecaster once, and says so when asked for others.
func TestFind(t *testing.T) {
	var names []string
	for _, f := range Families() {
		names = append(names, f.Name)
		if got, err := Find(f.Name); err != nil || got.Name != f.Name {
			t.Errorf("Find(%s): %v, %v", f.Name, got.Name, err)
		}
	}
	for _, name := range combinedNames {
		if !slices.Contains(names, name) {
			t.Errorf("combination has a member %s that is not registered", name)
		}
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != len(Families()) {
		t.Errorf("a name occurs twice in %v", names)
	}
	if _, err := Find("oracle"); err == nil {
		t.Error("found an oracle")
	}
}
