package search

import (
	"math"
	"testing"
)

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance*max(1, math.Abs(b)) }

// With two values the equations of Rasmussen and Williams (2.25, 2.26, 2.30)
// are written out: K^-1 = [[b, -c], [-c, a]] / (ab - c^2).
func TestProcessOfTwoValues(t *testing.T) {
	f := &Family{Variables: []Variable{{}}, Knob: 0}
	l := laws{signal: math.Log(1.5), discord: math.Log(0.4), noise: math.Log(0.1), lengths: []float64{math.Log(0.3)}}
	points := []Point{{At: []float64{0.2}, Fidelity: 1}, {At: []float64{0.7}, Fidelity: 0.25}}
	p := newProcess(f, points, []float64{3, 7}, l) // relative: -1 and 1, of mean 5 and deviation 2
	at := Point{At: []float64{0.4}, Fidelity: 0.5}

	m := func(d float64) float64 {
		r := math.Sqrt(5) * d / 0.3
		return (1 + r + r*r/3) * math.Exp(-r)
	}
	cov := func(x, f, y, g float64) float64 {
		return 4 + 10*(x-0.5)*(y-0.5) + 2.25*m(math.Abs(x-y)) + (1-f)*(1-g)*(1+0.16*2.25*m(math.Abs(x-y)))
	}
	a, b, c := cov(0.2, 1, 0.2, 1)+0.01+1e-8, cov(0.7, 0.25, 0.7, 0.25)+0.01+1e-8, cov(0.2, 1, 0.7, 0.25)
	u, v := cov(0.4, 0.5, 0.2, 1), cov(0.4, 0.5, 0.7, 0.25)
	det := a*b - c*c
	wantMean := 5 + 2*((-u*b-u*c)+(v*c+v*a))/det
	wantVariance := cov(0.4, 0.5, 0.4, 0.5) - (u*u*b-2*u*v*c+v*v*a)/det

	mean, deviation := p.forecast().predict(&at)
	if !near(mean, wantMean, 1e-9) || !near(deviation, 2*math.Sqrt(wantVariance), 1e-9) {
		t.Errorf("%v and %v, want %v and %v", mean, deviation, wantMean, 2*math.Sqrt(wantVariance))
	}
	// -log p(y) = y K^-1 y / 2 + log det K / 2 + n/2 log 2 pi (2.30), the last left out here.
	want := (b+2*c+a)/det/2 + math.Log(det)/2 + l.unlikely(f)
	if got := p.misfit(&l); !near(got, want, 1e-9) {
		t.Errorf("misfit %v, want %v", got, want)
	}
}

// A variable that does not matter is found out, and a smooth function of the
// other is known between its values.
func TestProcessLearns(t *testing.T) {
	f := &Family{Variables: []Variable{{}, {}, {Levels: 3}}, Knob: -1}
	truth := func(at []float64) float64 { return math.Sin(5*at[0]) + 0.3*at[2] }
	random := stream(7, 0)
	var points []Point
	var values []float64
	for _, at := range f.spread(40, random) {
		points = append(points, Point{At: at, Fidelity: 1})
		values = append(values, truth(at))
	}
	p := newProcess(f, points, values, priorLaws(f))
	before := p.misfit(&p.laws)
	p.fit()
	if after := p.misfit(&p.laws); after >= before {
		t.Errorf("fitting went from %v to %v", before, after)
	}
	if p.laws.lengths[1] < p.laws.lengths[0]+math.Log(2) {
		t.Errorf("lengths %v: the second variable should matter less than the first", p.laws.lengths)
	}
	look := p.forecast()
	for range 100 {
		at := Point{At: f.anywhere(random), Fidelity: 1}
		mean, deviation := look.predict(&at)
		if d := math.Abs(mean - truth(at.At)); d > 0.05 || d > 6*deviation {
			t.Errorf("at %v: %v, within %v, is %v", at.At, mean, deviation, truth(at.At))
		}
	}
}

// Cheap values that lie apart from full ones by what is hardly the same
// everywhere tell of them.
func TestProcessOfCheapValues(t *testing.T) {
	f := &Family{Variables: []Variable{{}}, Knob: -1}
	truth := func(x float64) float64 { return math.Cos(6 * x) }
	var points []Point
	var values []float64
	for i := range 12 {
		x := float64(i) / 11
		points = append(points, Point{At: []float64{x}, Fidelity: 0.25})
		values = append(values, truth(x)+0.8+0.1*x)
	}
	for _, x := range []float64{0.1, 0.5, 0.9} {
		points = append(points, Point{At: []float64{x}, Fidelity: 1})
		values = append(values, truth(x))
	}
	p := newProcess(f, points, values, priorLaws(f))
	p.fit()
	look := p.forecast()
	for _, x := range []float64{0.2, 0.35, 0.7, 0.8} {
		if got := look.expected(&Point{At: []float64{x}, Fidelity: 1}); math.Abs(got-truth(x)) > 0.1 {
			t.Errorf("at %v: %v, is %v", x, got, truth(x))
		}
	}
}

func TestImprovement(t *testing.T) {
	for _, c := range []struct{ best, mean, deviation, want float64 }{
		{0, 0, 1, 0.3989422804}, // phi(0)
		{1, 0, 1, 1.0833154706}, // Phi(1) + phi(1) = 0.8413447461 + 0.2419707245
		{0, 1, 1, 0.0833154706}, // 1 less
		{2, 0, 1e-9, 2},
	} {
		if got := improvement(c.best, c.mean, c.deviation); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
