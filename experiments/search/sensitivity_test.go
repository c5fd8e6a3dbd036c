package search

import (
	"context"
	"math"
	"testing"
)

// The cost's logarithm is x + 2 y, the third variable is nothing: of uniform
// variables the variances are 1/12 and 4/12, so that the shares are 1/5, 4/5
// and 0; what they do together is nothing.
func TestEffectsOfASum(t *testing.T) {
	f := Family{Variables: make([]Variable, 3), Knob: 0}
	res, err := Minimise(context.Background(), []Family{f}, each(func(p Point) (float64, float64) {
		return math.Exp(p.At[0] + 2*p.At[1]), p.At[0]
	}), Options{Needs: []float64{0.5}, Budget: 15, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	cost, service := res.Effects(0)
	for i, want := range []float64{0.2, 0.8, 0} {
		if math.Abs(cost[i].First-want) > 0.06 || math.Abs(cost[i].Total-want) > 0.06 {
			t.Errorf("variable %d: %+v, want %v", i, cost[i], want)
		}
	}
	if service[0].Total < 0.95 || service[1].Total > 0.05 {
		t.Errorf("effects on the service %+v, want all of it by the first", service)
	}
	// Held at 1, the second variable costs e^2 of what it does at 0; the first
	// cannot be below 1/2, and costs e^(1/2) at 1; the third costs nothing.
	for v, want := range [][]float64{{math.Inf(1), 1, math.Exp(0.5)}, {1, math.E, math.E * math.E}, {1, 1, 1}} {
		for i, got := range res.Profile(0, v, 0.5, []float64{0, 0.5, 1}) {
			if !(math.Abs(got-want[i]) <= 0.1*want[i]) && got != want[i] {
				t.Errorf("variable %d held at %v: %v, want %v", v, float64(i)/2, got, want[i])
			}
		}
	}
}

// An interaction counts for both of its variables, and for neither alone: of
// (x - 1/2) (y - 1/2) all is common.
func TestEffectsOfAProduct(t *testing.T) {
	f := &Family{Variables: make([]Variable, 2), Knob: -1}
	random := stream(3, 0)
	var points []Point
	var values []float64
	for _, at := range f.spread(60, random) {
		points = append(points, Point{At: at, Fidelity: 1})
		values = append(values, (at[0]-0.5)*(at[1]-0.5))
	}
	p := newProcess(f, points, values, priorLaws(f))
	p.fit()
	r := &runner{family: f}
	for i, e := range r.effects(p) {
		if e.First > 0.1 || e.Total < 0.9 {
			t.Errorf("variable %d: %+v, want nothing alone and all together", i, e)
		}
	}
}
