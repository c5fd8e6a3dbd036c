package confidence

import (
	"math"
	"math/rand/v2"
	"testing"
)

func sequence(t *testing.T, alpha float64, narrowest int, all ...float64) *Sequence {
	t.Helper()
	s, err := New(alpha, narrowest)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range all {
		if err := s.Add(x); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// mixed is the martingale for the mean mu by its definition and not by a formula:
// the likelihood of the observations under N(sigma·delta, sigma²), mixed over
// sigma with density 1/sigma and over delta ~ N(0, 1/c²), over that under delta = 0;
// both integrals by Simpson's rule.
func mixed(all []float64, mu, precision float64) float64 {
	n, sum, squares := float64(len(all)), 0.0, 0.0
	for _, x := range all {
		sum += x - mu
		squares += (x - mu) * (x - mu)
	}
	scale := math.Sqrt(squares / n)
	// over log sigma, from far below to far above the scale
	likelihood := func(delta float64) float64 {
		return simpson(math.Log(scale)-8, math.Log(scale)+8, 2000, func(l float64) float64 {
			sigma := math.Exp(l)
			e := (squares - 2*sigma*delta*sum + n*sigma*sigma*delta*delta) / (2 * sigma * sigma)
			return math.Exp(-n*(l-math.Log(scale)) - e)
		})
	}
	sd := 1 / math.Sqrt(precision)
	over := simpson(-12*sd, 12*sd, 2000, func(delta float64) float64 {
		return math.Exp(-delta*delta*precision/2) * math.Sqrt(precision/(2*math.Pi)) * likelihood(delta)
	})
	return over / likelihood(0)
}

func simpson(from, to float64, steps int, f func(float64) float64) float64 {
	h := (to - from) / float64(steps)
	sum := f(from) + f(to)
	for i := 1; i < steps; i++ {
		sum += f(from+float64(i)*h) * float64(2+2*(i%2))
	}
	return sum * h / 3
}

// At the ends of an interval the martingale, integrated numerically, is 1/alpha.
func TestIntervalIsWhereTheMartingaleSays(t *testing.T) {
	for _, tt := range []struct {
		alpha     float64
		narrowest int
		all       []float64
	}{
		{0.05, 14, []float64{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8}},
		{0.01, 30, []float64{-2, -1.5, -2.5, -2.2, -1.8, -2.4, -2, -1.9, -2.1, -2.3, -1.7, -2, -2.1, -1.9, -2.2, -2}},
		{0.2, 3, []float64{1, 2, 4}},
	} {
		s := sequence(t, tt.alpha, tt.narrowest, tt.all...)
		i := s.Interval()
		if math.IsInf(i.Low, 0) {
			t.Fatalf("%v: nothing is known", tt.all)
		}
		for _, mu := range []float64{i.Low, i.High} {
			if got := mixed(tt.all, mu, s.precision) * tt.alpha; math.Abs(got-1) > 1e-6 {
				t.Errorf("%v at %v: the martingale is %v/alpha", tt.all, mu, got)
			}
		}
	}
}

// Figures of the formula, by hand: n = 4, the mean 2.5, the variance over n 1.25;
// c² = 1 makes q the fourth root of 0.04/5, 0.299070, and d² = 0.700930·5/(5q - 1).
func TestIntervalByHand(t *testing.T) {
	s := sequence(t, 0.2, 1, 1, 2, 3, 4)
	s.precision = 1
	want := math.Sqrt(1.25 * 0.7009301 * 5 / (5*0.2990698 - 1))
	if i := s.Interval(); math.Abs(i.High-2.5-want) > 1e-5 || math.Abs(2.5-i.Low-want) > 1e-5 {
		t.Errorf("%+v is not 2.5 ± %v", i, want)
	}
}

// With many observations the width is that of the asymptotic sequence.
func TestWidthOfManyIsTheAsymptoticOne(t *testing.T) {
	const alpha, narrowest = 0.05, 30
	l := -2 * math.Log(alpha)
	rho2 := (l + math.Log(l) + 1) / narrowest // equation 24 there: narrowest then
	for n, within := range map[int]float64{300: 0.05, 3000: 0.005, 30000: 0.0005} {
		s := sequence(t, alpha, narrowest)
		for i := range n {
			s.Add(float64(2*(i%2) - 1)) // of standard deviation 1
		}
		m := float64(n)
		want := math.Sqrt(2 * (m*rho2 + 1) / (m * m * rho2) * math.Log(math.Sqrt(m*rho2+1)/alpha))
		if got := s.radius(); math.Abs(got/want-1) > within {
			t.Errorf("%d observations: ± %v, in the limit ± %v", n, got, want)
		}
	}
}

// No other precision makes it narrower where it is asked to be narrowest.
func TestNarrowest(t *testing.T) {
	width := func(narrowest, n int) float64 {
		s := sequence(t, 0.05, narrowest)
		s.n, s.squares = int64(n), float64(n)
		return s.radius()
	}
	for _, other := range []int{100, 200, 800, 1600} {
		if a, b := width(400, 400), width(other, 400); a > 1.0005*b {
			t.Errorf("narrowest at 400: ± %v there, narrowest at %d: ± %v", a, other, b)
		}
	}
}

// laws are of mean zero.
var laws = []struct {
	name string
	draw func(*rand.Rand, float64) float64 // given the one before
	from int64                             // observations before the first look
	most float64                           // share of the runs that may ever miss, in units of alpha
}{
	{"normal", func(r *rand.Rand, _ float64) float64 { return r.NormFloat64() }, 2, 1},
	{"uniform", func(r *rand.Rand, _ float64) float64 { return r.Float64() - 0.5 }, 2, 1},
	{"Laplace", func(r *rand.Rand, _ float64) float64 { return r.ExpFloat64() - r.ExpFloat64() }, 2, 1},
	// One-sided tails: an interval that has seen no bad day yet is too sure.
	{"exponential", func(r *rand.Rand, _ float64) float64 { return r.ExpFloat64() - 1 }, 14, 1.8},
	{"lognormal", func(r *rand.Rand, _ float64) float64 { return math.Exp(0.5*r.NormFloat64()) - math.Exp(0.125) }, 14, 1.6},
}

// The intervals of 10,000 runs, looked at after every observation, ever miss the
// mean in a share alpha of them at most.
func TestCoverageAtAllTimes(t *testing.T) {
	const runs, steps, alpha = 10_000, 200, 0.05
	for _, law := range laws {
		t.Run(law.name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(7, 11))
			missed, wide := 0, 0
			for range runs {
				s := sequence(t, alpha, 30)
				x := 0.0
				ever := false
				for range steps {
					x = law.draw(random, x)
					s.Add(x)
					i := s.Interval()
					ever = ever || s.n >= law.from && (i.Low > 0 || i.High < 0)
				}
				if ever {
					missed++
				}
				if s.radius() > 0.5*3 {
					wide++
				}
			}
			share := float64(missed) / runs
			t.Logf("%.4f of the runs ever miss, alpha is %v", share, alpha)
			if share > law.most*alpha+3*math.Sqrt(alpha/runs) {
				t.Errorf("%.4f of the runs ever miss", share)
			}
			if share < alpha/100 || wide > 0 {
				t.Errorf("only %.4f of the runs ever miss, %d say nothing: the intervals are too wide", share, wide)
			}
		})
	}
}

// Looked at as often, the interval of a fixed number of observations misses far more
// often: that is what sequences are for.
func TestOrdinaryIntervalsDoNotBearPeeking(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	missed := 0
	for range 1000 {
		s := sequence(t, 0.05, 30)
		for i := range 200 {
			s.Add(random.NormFloat64())
			if i > 30 && math.Abs(s.mean) > 1.96*math.Sqrt(s.squares/float64(s.n*s.n)) {
				missed++
				break
			}
		}
	}
	if missed < 200 {
		t.Errorf("%d of 1000", missed)
	}
}

func TestStateGoesOn(t *testing.T) {
	a := sequence(t, 0.05, 10, 1, 5, 2)
	b := sequence(t, 0.05, 10)
	if err := b.Restore(a.State()); err != nil {
		t.Fatal(err)
	}
	a.Add(7)
	b.Add(7)
	if a.Interval() != b.Interval() || b.Count() != 4 || b.Mean() != 3.75 {
		t.Errorf("%+v and %+v", a, b)
	}
	if err := b.Restore(State{Count: 1, Squares: math.NaN()}); err == nil {
		t.Error("a damaged state is taken")
	}
	if err := b.Add(math.Inf(1)); err == nil || b.Count() != 4 {
		t.Error("an infinite observation is taken")
	}
	for _, bad := range []struct {
		alpha     float64
		narrowest int
	}{{0, 1}, {1, 1}, {math.NaN(), 1}, {0.1, 0}} {
		if _, err := New(bad.alpha, bad.narrowest); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}
