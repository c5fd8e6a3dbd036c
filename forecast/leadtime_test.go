package forecast

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/stat/distuv"
)

// launch is one of a category; its lead time is cut off where it fails.
type launch struct {
	category    int
	order, lead float64
	fails       bool
}

// observe feeds launches in the order of their events and looks at every tick.
func observe(l *LeadTimes, launches []launch, look func(t float64)) {
	var flying []launch
	next := 0.0
	end := func(until float64) {
		for len(flying) > 0 && flying[0].order+flying[0].lead <= until {
			f := flying[0]
			flying = flying[1:]
			if f.fails {
				l.Fail(f.category, f.order, f.lead)
			} else {
				l.Warm(f.category, f.order, f.lead)
			}
		}
	}
	until := func(t float64) {
		for ; next <= t; next += 15 {
			end(next)
			look(next)
		}
		end(t)
	}
	for _, f := range launches {
		until(f.order)
		l.Order(f.category, f.order)
		i, _ := slices.BinarySearchFunc(flying, f, func(a, b launch) int {
			if a.order+a.lead <= b.order+b.lead {
				return -1
			}
			return 1
		})
		flying = slices.Insert(flying, i, f)
	}
	until(launches[len(launches)-1].order)
}

// sigma99 is the deviation of the logarithm when p99 and median have that ratio.
func sigma99(ratio float64) float64 { return math.Log(ratio) / distuv.UnitNormal.Quantile(0.99) }

// steady has n launches at a rate per second of median 45 s and p99 120 s.
func steady(rng *rand.Rand, n int, rate float64) []launch {
	var all []launch
	at := 0.0
	for range n {
		at += rng.ExpFloat64() / rate
		all = append(all, launch{order: at, lead: 45 * math.Exp(sigma99(120.0/45)*rng.NormFloat64())})
	}
	return all
}

func TestLeadTimesOfLognormal(t *testing.T) {
	const n = 2000
	var mean, median, p99, variance float64
	const runs = 10
	for seed := range uint64(runs) {
		l := NewLeadTimes([]float64{70})
		last := 0.0
		observe(l, steady(rand.New(rand.NewPCG(seed, 2)), n, 0.1), func(t float64) { last = t })
		d := l.At(last, 0)
		mean += d.Mean() / runs
		median += d.Quantile(0.5) / runs
		p99 += d.Quantile(0.99) / runs
		variance += d.Variance / runs
	}
	sigma := sigma99(120.0 / 45)
	for _, c := range []struct {
		name             string
		got, want, share float64
	}{
		{"mean", mean, 45 * math.Exp(sigma*sigma/2), 0.05},
		{"median", median, 45, 0.06},
		{"p99", p99, 120, 0.12},
	} {
		if !(math.Abs(c.got/c.want-1) < c.share) {
			t.Errorf("%s %.1f, want %.1f", c.name, c.got, c.want)
		}
	}
	if !(variance < 0.1*sigma*sigma) {
		t.Errorf("common variance %.4f of %.4f, want next to none", variance, sigma*sigma)
	}
}

// What never varies is learned exactly, whatever is under way.
func TestLeadTimesOfConstant(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	var all []launch
	at := 0.0
	for range 3000 {
		at += rng.ExpFloat64() * 8
		c := rng.IntN(2)
		all = append(all, launch{category: c, order: at, lead: []float64{120, 37.3}[c], fails: false})
		if rng.IntN(20) == 0 {
			all[len(all)-1].lead *= rng.Float64()
			all[len(all)-1].fails = true
		}
	}
	l := NewLeadTimes([]float64{120, 37.3, 9})
	observe(l, all, func(now float64) {
		for c, want := range []float64{120, 37.3, 9} {
			if d := l.At(now, c); d.Mean() != want || d.Variance != 0 || d.Quantile(0.99) != want {
				t.Fatalf("at %g s: category %d: mean %v, variance %v, want %v exactly", now, c, d.Mean(), d.Variance, want)
			}
		}
	})
}

// A registry three times as slow is followed within some launches, and the
// launches' own spread stays what it was.
func TestLeadTimesFollowSlowdown(t *testing.T) {
	const runs = 10
	var after10, after40, back, spread float64
	for seed := range uint64(runs) {
		all := steady(rand.New(rand.NewPCG(seed, 4)), 800, 0.1)
		from := all[400].order
		to := from + 1200
		for i := range all {
			if all[i].order >= from && all[i].order < to {
				all[i].lead *= 3
			}
		}
		l := NewLeadTimes([]float64{50})
		var usual, spreadBefore float64
		seen := [3]bool{}
		observe(l, all, func(now float64) {
			d := l.At(now, 0)
			at := func(i int, when float64) bool {
				first := now >= when && !seen[i]
				seen[i] = seen[i] || first
				return first
			}
			wide := d.Own.Quantile(0.95) / d.Own.Quantile(0.5)
			switch {
			case now < from:
				usual, spreadBefore = d.Mean(), wide
			case at(0, from+250): // about ten launches have ended since
				after10 += d.Mean() / usual / runs
			case at(1, from+550):
				after40 += d.Mean() / usual / runs
				spread += wide / spreadBefore / runs
			case at(2, to+1200):
				back += d.Mean() / usual / runs
			}
		})
	}
	if !(after10 > 1.8 && after40 > 2.6 && after40 < 3.4) {
		t.Errorf("%.2f times the usual after about 10 launches, %.2f after 40; want 3", after10, after40)
	}
	if !(math.Abs(back-1) < 0.2) {
		t.Errorf("%.2f times the usual when it is over", back)
	}
	if !(spread < 1.25) {
		t.Errorf("the own spread is taken for %.2f times what it was", spread)
	}
}

// Launches that fail before they are warm say nothing against the long lead
// times. Were they dropped, only the short ones would be left: those that are
// warm before the limit on the launch.
func TestLeadTimesCountFailures(t *testing.T) {
	const limit = 60
	sigma := sigma99(120.0 / 45)
	truth := distuv.LogNormal{Mu: math.Log(45), Sigma: sigma}
	var kept, dropped float64
	const runs = 10
	for seed := range uint64(runs) {
		all := steady(rand.New(rand.NewPCG(seed, 5)), 1500, 0.1)
		var ended []launch
		for i := range all {
			if all[i].lead > limit {
				all[i].lead, all[i].fails = limit, true
			} else {
				ended = append(ended, all[i])
			}
		}
		for _, c := range []struct {
			launches []launch
			sum      *float64
		}{{all, &kept}, {ended, &dropped}} {
			l := NewLeadTimes([]float64{45})
			var last float64
			observe(l, c.launches, func(t float64) { last = t })
			*c.sum += l.At(last, 0).Survival(55) / runs
		}
	}
	want := truth.Survival(55)
	if !(math.Abs(kept-want) < 0.06) {
		t.Errorf("P(L > 55 s) = %.3f, want %.3f", kept, want)
	}
	if !(dropped < want-0.15) {
		t.Errorf("P(L > 55 s) = %.3f without the failures: the test shows nothing (%.3f with)", dropped, kept)
	}
}

// Launches that fail at once do not shorten the estimate, and one that is not
// warm for long lengthens it before it ends.
func TestLeadTimesOfUnfinished(t *testing.T) {
	l := NewLeadTimes([]float64{60})
	for i := range 50 {
		l.Order(0, float64(100*i))
		l.Warm(0, float64(100*i), 60)
	}
	usual := l.At(5000, 0).Mean()
	for range 30 {
		l.Order(0, 5000)
		l.Fail(0, 5000, 2)
	}
	if got := l.At(5002, 0).Mean(); got != usual {
		t.Errorf("mean %v after failures, %v before", got, usual)
	}
	l.Order(0, 5010)
	l.Order(0, 5010)
	if got := l.At(5050, 0).Mean(); got != usual {
		t.Errorf("mean %v while nothing is overdue, %v before", got, usual)
	}
	late := l.At(5300, 0).Mean()
	later := l.At(5900, 0).Mean()
	if late < 1.1*usual || later <= late {
		t.Errorf("mean %v at 290 s, %v at 890 s, usually %v", late, later, usual)
	}
}

// A category of few launches goes by what the others take, as multiples of
// what was expected of each.
func TestLeadTimesBorrow(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	all := steady(rng, 300, 0.1)
	l := NewLeadTimes([]float64{24.5, 100, 10})
	var last float64
	observe(l, all, func(t float64) { last = t })
	if got := l.At(last, 1).Mean(); math.Abs(got/200-1) > 0.15 {
		t.Errorf("mean of a category without launches %.1f, want about 200", got)
	}
	for i := range 40 {
		at := last + float64(60*i)
		l.Order(2, at)
		l.Warm(2, at, 10)
	}
	if got := l.At(last+2400, 2).Mean(); math.Abs(got/10-1) > 0.2 {
		t.Errorf("mean after 40 launches of its own %.1f, want about 10", got)
	}
}

// Memory is bounded though launches hang for ever, and the state survives JSON.
func TestLeadTimesSnapshot(t *testing.T) {
	l := NewLeadTimes([]float64{45, 45})
	rng := rand.New(rand.NewPCG(7, 7))
	all := steady(rng, 3000, 0.2)
	for i := range all {
		if rng.IntN(100) == 0 {
			all[i].lead = 1e7
		}
	}
	observe(l, all, func(t float64) { l.At(t, 0) })
	if n := len(l.Categories[0].Cohorts); n > 2*mostCohorts {
		t.Errorf("%d cohorts", n)
	}
	data, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	again := NewLeadTimes([]float64{45, 45})
	if err := json.Unmarshal(data, again); err != nil {
		t.Fatal(err)
	}
	now := all[len(all)-1].order + 20
	l.Warm(0, now-30, 30)
	again.Warm(0, now-30, 30)
	for c := range 2 {
		if d := cmp.Diff(l.At(now, c), again.At(now, c)); d != "" {
			t.Error(d)
		}
	}
}

// A configured lead time that is far off is put right, however many launches
// are under way.
func TestLeadTimesPutRight(t *testing.T) {
	sigma := sigma99(120.0 / 45)
	want := 45 * math.Exp(sigma*sigma/2)
	const runs = 5
	for _, expected := range []float64{1, 10, 50, 600} {
		got := 0.0
		for seed := range uint64(runs) {
			l := NewLeadTimes([]float64{expected})
			var last float64
			observe(l, steady(rand.New(rand.NewPCG(seed, 10)), 4000, 3), func(t float64) { last = t; l.At(t, 0) })
			got += l.At(last, 0).Mean() / runs
		}
		if !(math.Abs(got/want-1) < 0.1) {
			t.Errorf("expected %g s, learned %.1f, want %.1f", expected, got, want)
		}
	}
}

// A launch allocates nothing once the tables have grown.
func TestLeadTimesDoNotAllocate(t *testing.T) {
	l := NewLeadTimes([]float64{45})
	rng := rand.New(rand.NewPCG(9, 9))
	at, flying := 0.0, []launch{}
	turn := func() {
		at += 5
		l.Order(0, at)
		flying = append(flying, launch{order: at, lead: 45 * math.Exp(rng.NormFloat64()/3)})
		kept := flying[:0]
		for _, f := range flying {
			if f.order+f.lead > at {
				kept = append(kept, f)
			} else if rng.IntN(10) == 0 {
				l.Fail(0, f.order, f.lead)
			} else {
				l.Warm(0, f.order, f.lead)
			}
		}
		flying = kept
		l.At(at, 0)
	}
	for range 5000 {
		turn()
	}
	if n := testing.AllocsPerRun(2000, turn); n > 0.01 {
		t.Errorf("%.3f allocations a launch", n)
	}
}

func BenchmarkLeadTimes(b *testing.B) {
	all := steady(rand.New(rand.NewPCG(8, 8)), 10000, 1)
	b.ReportAllocs()
	for b.Loop() {
		l := NewLeadTimes([]float64{45})
		observe(l, all, func(t float64) { l.At(t, 0) })
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10000, "ns/launch")
}
