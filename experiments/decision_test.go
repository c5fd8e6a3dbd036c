package experiments

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"shadowpool/policy"
	"shadowpool/sim"
)

// A synthetic setting spends by day what the demand and its own luck make, and
// hits a share of the requests.
type synthetic struct {
	name           string
	spends, hits   float64 // of a day, hours; of a request
	luck, fidelity float64 // of the spending; how much the luck of a day is the day before's
}

// grid runs settings over days of a week's pattern, with one seed for each run
// of them; all see the same demand.
func grid(r *rand.Rand, days, seeds int, settings ...synthetic) Grid {
	demand := make([]float64, days)
	busy := r.NormFloat64()
	for d := range demand {
		busy = 0.5*busy + 0.866*r.NormFloat64()
		demand[d] = 100 * math.Exp(0.3*busy)
		if d%7 >= 5 {
			demand[d] /= 2
		}
	}
	g := Grid{Trace: "synthetic"}
	for i := range seeds {
		g.Seeds = append(g.Seeds, uint64(i+1))
	}
	for _, s := range settings {
		spec, err := policy.ParseSpecs(s.name)
		if err != nil {
			panic(err)
		}
		t := Trial{Spec: spec[0]}
		luck := r.NormFloat64()
		days := make([]float64, days)
		for d := range days {
			luck = s.fidelity*luck + math.Sqrt(1-s.fidelity*s.fidelity)*r.NormFloat64()
			days[d] = s.spends*(1+0.2*demand[d]/100) + s.luck*luck
		}
		for range seeds {
			var requests, hits []int64
			var waste []float64
			for d := range days {
				n := int64(math.Round(demand[d]))
				requests, hits = append(requests, n), append(hits, int64(math.Round(float64(n)*s.hits)))
				waste = append(waste, 3600*max(days[d]+0.1*s.luck*r.NormFloat64(), 0))
			}
			res := daysOf(requests, hits, waste)
			res.SpanS = 86400 * float64(len(days))
			for d := range res.Days {
				res.Days[d].CostUSD = res.Days[d].Waste.Float() / 3600
				res.CostUSD.Total += res.Days[d].CostUSD
			}
			t.Results = append(t.Results, res)
		}
		g.Trials = append(g.Trials, t)
	}
	return g
}

func decide(t *testing.T, g Grid, against string) *Decision {
	t.Helper()
	d, err := Decide(g, DecideOptions{Target: &Target{"hit_rate", 0.9}, Minimise: "cost", Against: against, Resamples: 400, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Of settings that are alike the choice is no finding: another is told apart
// from the best in about one span of twenty, be they two or twenty.
func TestAlikeSettingsAreTied(t *testing.T) {
	for _, c := range []struct {
		settings, days int
		fidelity       float64
	}{{2, 28, 0}, {2, 21, 0.5}, {20, 28, 0.3}} {
		const spans = 200
		apart, last := 0, 0
		r := rand.New(rand.NewPCG(uint64(c.settings), uint64(c.days)))
		for range spans {
			var settings []synthetic
			for i := range c.settings {
				settings = append(settings, synthetic{name: fmt.Sprintf("static:level=%d", i), spends: 50, hits: 0.95, luck: 5, fidelity: c.fidelity})
			}
			d := decide(t, grid(r, c.days, 1, settings...), "")
			if slices.ContainsFunc(d.Options, func(o Option) bool { return !o.Tied }) {
				apart++
			}
			if i := slices.IndexFunc(d.Options, func(o Option) bool { return o.Policy == "static:level=1" }); !d.Options[i].Tied {
				last++
			}
		}
		if share := float64(apart) / spans; c.settings == 2 && share > 0.08 {
			t.Errorf("%+v: told apart in %.1f %% of the spans", c, 100*share)
		}
		if share := float64(last) / spans; share > 0.06 {
			t.Errorf("%+v: one of the best is left out in %.1f %% of the spans", c, 100*share)
		}
	}
}

// The interval of the saving holds the true one, and a saving that is there is
// found.
func TestSaving(t *testing.T) {
	const spans = 150
	held, found := 0, 0
	r := rand.New(rand.NewPCG(2, 2))
	for range spans {
		g := grid(r, 28, 2,
			synthetic{name: "adaptive:hit_rate=0.95", spends: 40, hits: 0.95, luck: 4, fidelity: 0.3},
			synthetic{name: "static:level=9", spends: 50, hits: 0.96, luck: 4, fidelity: 0.3})
		d := decide(t, g, "static")
		// What is spent more follows the demand, which is given.
		mean := 0.0
		for _, day := range g.Trials[0].Results[0].Days {
			mean += float64(day.Requests) / 28
		}
		truth := 10 * (1 + 0.2*mean/100) * 365.25 / 12
		if s := d.Saving; *s.CostUSD.Low <= truth && truth <= *s.CostUSD.High {
			held++
		}
		if d.Chosen.Policy == "adaptive:hit_rate=0.95" && d.Saving.CostUSD.above(0) && !d.Options[1].Tied {
			found++
		}
	}
	if share := float64(held) / spans; share < 0.89 || share > 0.99 {
		t.Errorf("95 %% intervals hold the saving in %.1f %% of the spans", 100*share)
	}
	if found < spans*9/10 {
		t.Errorf("the saving is found in %d of %d spans", found, spans)
	}
}

// A difference that is the same every day has no width, in dollars a month and
// as a share of the cost.
func TestSavingOfEveryDay(t *testing.T) {
	g := grid(rand.New(rand.NewPCG(1, 1)), 30, 1, synthetic{name: "static:level=2", spends: 20, hits: 0.95, luck: 1})
	cheap := Trial{Spec: policy.Spec{Name: "adaptive"}}
	res := *g.Trials[0].Results[0]
	res.Days = slices.Clone(res.Days)
	for i := range res.Days {
		res.Days[i].CostUSD /= 4
	}
	res.CostUSD.Total /= 4
	cheap.Results = []*sim.Result{&res}
	for i := range g.Trials[0].Results[0].Days { // and the day's length counts
		g.Trials[0].Results[0].Days[i].CostUSD = 8
		res.Days[i].CostUSD = 2
	}
	g.Trials = append(g.Trials, cheap)
	d := decide(t, g, "static:level=2")
	want := 6 * 365.25 / 12
	for _, got := range []float64{d.Saving.CostUSD.Value, *d.Saving.CostUSD.Low, *d.Saving.CostUSD.High} {
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("six dollars a day are %v a month, want %v", got, want)
		}
	}
	if s := d.Saving.CostShare; math.Abs(s.Value-0.75) > 1e-12 || math.Abs(*s.Low-0.75) > 1e-9 {
		t.Errorf("three quarters are saved: %v", s)
	}
	if d.Chosen.Policy != "adaptive" || d.Options[1].Tied || math.Abs(d.Options[1].More.Value-want) > 1e-9 {
		t.Errorf("chosen %s; the other %+v", d.Chosen.Policy, d.Options[1])
	}
}

func TestTooFewDays(t *testing.T) {
	g := grid(rand.New(rand.NewPCG(1, 1)), 6, 1,
		synthetic{name: "static:level=1", spends: 20, hits: 0.95, luck: 1}, synthetic{name: "static:level=2", spends: 90, hits: 0.99, luck: 1})
	d := decide(t, g, "static:level=2")
	if d.Intervals || d.Saving.CostUSD.Low != nil || d.Saving.CostUSD.above(0) || d.Chosen.Surely || !d.Options[1].Tied || d.Crossed != nil {
		t.Errorf("six days make no interval, and no winner: %+v", d)
	}
}

// Seeds that differ make intervals wider than the same one twice.
func TestSeedsAreReplications(t *testing.T) {
	g := grid(rand.New(rand.NewPCG(9, 1)), 28, 2, synthetic{name: "static:level=1", spends: 20, hits: 0.95, luck: 1})
	width := func(g Grid) float64 {
		e := decide(t, g, "").Options[0].CostUSD
		return *e.High - *e.Low
	}
	one := g
	one.Seeds = one.Seeds[:1]
	one.Trials = []Trial{{g.Trials[0].Spec, g.Trials[0].Results[:1]}}
	same := g
	same.Trials = []Trial{{g.Trials[0].Spec, []*sim.Result{g.Trials[0].Results[0], g.Trials[0].Results[0]}}}
	if a, b := width(one), width(same); math.Abs(a/b-1) > 1e-9 {
		t.Errorf("one seed has an interval %v wide, the same twice %v", a, b)
	}
	apart := same
	more := *g.Trials[0].Results[0]
	more.Days = slices.Clone(more.Days)
	for i := range more.Days {
		more.Days[i].CostUSD += 20
	}
	apart.Trials = []Trial{{g.Trials[0].Spec, []*sim.Result{g.Trials[0].Results[0], &more}}}
	// Two seeds 20 $ a day apart are drawn alike in half of the resamples: the
	// mean is then off by 10 $, times the root of two.
	if b := width(apart); b < 2*10*math.Sqrt2*365.25/12 {
		t.Errorf("seeds that differ by 20 $ a day make an interval %v wide", b)
	}
}

// Chosen among many that are alike, the cheapest looks better than it is: on
// days that it was not chosen on it saves nothing in the mean.
func TestChosenOnOtherDays(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	within, across := 0.0, 0.0
	const spans = 40
	for range spans {
		settings := []synthetic{{name: "keepalive:ttl=1m", spends: 50, hits: 0.95, luck: 5}}
		for i := range 30 {
			settings = append(settings, synthetic{name: fmt.Sprintf("static:level=%d", i), spends: 50, hits: 0.95, luck: 5})
		}
		d := decide(t, grid(r, 28, 1, settings...), "keepalive")
		within += d.Saving.CostUSD.Value / spans
		across += *d.Crossed.SavedUSD / spans
	}
	d := decide(t, grid(r, 28, 1, synthetic{name: "static:level=1", spends: 10, hits: 0.95, luck: 1}, synthetic{name: "static:level=2", spends: 90, hits: 0.95, luck: 1}), "static:level=2")
	if got := d.crossedWords(); !strings.Contains(got, "the same setting is chosen") || *d.Crossed.SavedUSD != d.Saving.CostUSD.Value {
		t.Errorf("%q, saved %v and %v", got, *d.Crossed.SavedUSD, d.Saving.CostUSD.Value)
	}
	if within < 30 || math.Abs(across) > within/3 {
		t.Errorf("on the days of the choice it saves $%.1f a month, on others $%.1f; none are saved", within, across)
	}
}

// Closed form: what x and y add is known, and so is their part of the variance.
func TestEffects(t *testing.T) {
	var settings []synthetic
	for _, x := range []float64{1, 2, 10} {
		for _, y := range []float64{0.5, 0.7} {
			settings = append(settings, synthetic{name: fmt.Sprintf("headroom:share=%v,floor=%v", y, x), spends: 10*x + 100*y, hits: 0.99})
		}
	}
	settings[0].hits = 0.5 // x=1, y=0.5
	settings[1].hits = 0.5 // x=1, y=0.7
	d := decide(t, grid(rand.New(rand.NewPCG(1, 1)), 8, 1, settings...), "")
	if len(d.Effects) != 2 || d.Effects[0].Parameter != "floor" || d.Effects[1].Parameter != "share" {
		t.Fatalf("effects %+v", d.Effects)
	}
	floor, share := d.Effects[0], d.Effects[1]
	var values []string
	for _, v := range floor.Values {
		values = append(values, v.Value)
	}
	if !slices.Equal(values, []string{"1", "2", "10"}) || floor.Values[0].Least != nil || floor.Unreached != 1 {
		t.Errorf("floor: %+v", floor)
	}
	// At the target floor is 2 or 10: 70 against 150 with the best share.
	if math.Abs(floor.Matters-(150.0/70-1)) > 1e-6 || math.Abs(share.Matters-(90.0/70-1)) > 1e-6 {
		t.Errorf("floor matters by %v, share by %v", floor.Matters, share.Matters)
	}
	vx, vy := 100*(1.0+4+100)/3-10000*math.Pow(13.0/3, 2)/100, 100.0 // of 10x, of 100y
	if got, want := *floor.SpendShare, vx/(vx+vy); math.Abs(got-want) > 1e-6 {
		t.Errorf("floor has %v of the variance, want %v", got, want)
	}
	if got, want := *share.SpendShare, vy/(vx+vy); math.Abs(got-want) > 1e-6 {
		t.Errorf("share has %v of the variance, want %v", got, want)
	}
}

func TestFrontAndPrice(t *testing.T) {
	option := func(name string, hits, cost float64) Option {
		return Option{Policy: name, Implementable: true, Service: Estimate{Value: hits}, CostUSD: Estimate{Value: cost}}
	}
	points := front([]Option{
		option("b", 0.92, 120), option("worse", 0.91, 125), option("a", 0.90, 100), option("dent", 0.93, 180), option("c", 0.94, 200),
		{Policy: "oracle", Service: Estimate{Value: 1}},
	}, &Target{"hit_rate", 0.93})
	var text string
	for _, p := range points {
		text += " " + p.Policy
		if p.PriceUSD != nil {
			text += ":" + strconv.FormatFloat(*p.PriceUSD, 'f', 3, 64)
		}
	}
	if want := " a b:1.000 dent c:4.000"; text != want {
		t.Errorf("the front is%s, want%s", text, want)
	}
	if price, ok := priceAt(points, &Target{"hit_rate", 0.93}); !ok || math.Abs(price-4) > 1e-9 {
		t.Errorf("at 93 %% a tenth of a percent costs %v", price)
	}
	if _, ok := priceAt(points, &Target{"hit_rate", 0.94}); ok {
		t.Error("beyond the front there is a price")
	}
}

// The hull reads what all pairs of settings make possible.
func TestLeastOnTheHullIsThatOfAllPairs(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 6))
	for range 2000 {
		var points []hullPoint
		var service, spends []float64
		for range 1 + r.IntN(8) {
			s, x := math.Round(20*r.Float64())/20, math.Round(50*r.Float64())
			service, spends = append(service, s), append(spends, x)
			points = append(points, hullPoint{s, x})
		}
		need, mixes := math.Round(20*r.Float64())/20, r.IntN(4) > 0
		want, ok := leastMixture(service, spends, need, mixes)
		got := leastAt(points, need, mixes)
		if ok != !math.IsInf(got, 1) || ok && math.Abs(got-want.waste) > 1e-9 {
			t.Fatalf("%v at %v, mixed %v: %v, want %v", points, need, mixes, got, want.waste)
		}
	}
}

// Percentiles of days are not known: there is no interval of them, and no
// certainty.
func TestTargetOfAPercentile(t *testing.T) {
	g := grid(rand.New(rand.NewPCG(1, 1)), 28, 1, synthetic{name: "static:level=1", spends: 20, hits: 0.95}, synthetic{name: "static:level=2", spends: 90, hits: 0.99})
	g.Trials[0].Results[0].WaitS.P99 = 40
	g.Trials[1].Results[0].WaitS.P99 = 20
	d, err := Decide(g, DecideOptions{Target: &Target{"wait_p99", 30}, Minimise: "waste", Against: "static", Resamples: 100, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if d.Chosen.Policy != "static:level=2" || d.Chosen.Service.Low != nil || d.Chosen.Surely || d.Sure != nil || d.Crossed != nil || d.Chosen.CostUSD.Low == nil {
		t.Errorf("chosen %+v", d.Chosen)
	}
}

func TestDecideRefuses(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	g := grid(r, 10, 1, synthetic{name: "static:level=1", spends: 20, hits: 0.95})
	other := grid(r, 11, 1, synthetic{name: "static:level=2", spends: 20, hits: 0.95})
	opt := DecideOptions{Target: &Target{"hit_rate", 0.9}, Minimise: "cost", Resamples: 100}
	mixed := g
	mixed.Trials = append(slices.Clone(g.Trials), other.Trials...)
	none := g
	none.Trials = nil
	undated := g
	undated.Trials = []Trial{{g.Trials[0].Spec, []*sim.Result{{Requests: 3}}}}
	for name, bad := range map[string]Grid{"other days": mixed, "none": none, "no days": undated} {
		if _, err := Decide(bad, opt); err == nil {
			t.Errorf("%s: decided", name)
		}
	}
	opt.Against = "ewma"
	if _, err := Decide(g, opt); err == nil {
		t.Error("held against what was not run")
	}
}
