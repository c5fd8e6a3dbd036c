package policy

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize/convex/lp"
)

// programme is the linear programme of a chain, by gonum's simplex: for each
// block b and demand k, N_b - idle + wait = k, and N_b - N_(b-1) + slack = ramp.
// first is N_1 where it is not negative.
func programme(t *testing.T, c *saaChain, before, first int) float64 {
	t.Helper()
	n := len(c.blocks)
	var cost, right []float64
	var rows [][]float64
	columns := 2 * n
	for _, b := range c.blocks {
		columns += 2 * len(b.demand)
	}
	cost = make([]float64, columns)
	row := func(value float64) []float64 {
		r := make([]float64, columns)
		rows, right = append(rows, r), append(right, value)
		return r
	}
	at := 2 * n
	for i, b := range c.blocks {
		for k, p := range b.demand {
			r := row(float64(k))
			r[i], r[at], r[at+1] = 1, -1, 1
			cost[at], cost[at+1] = p*(1-c.weight), p*c.weight
			at += 2
		}
		r := row(float64(c.ramp))
		r[i], r[n+i] = 1, 1
		if i > 0 {
			r[i-1] = -1
		} else {
			right[len(right)-1] += float64(before)
		}
	}
	if first >= 0 {
		row(float64(first))[0] = 1
	}
	a := mat.NewDense(len(rows), columns, nil)
	for i, r := range rows {
		a.SetRow(i, r)
	}
	least, _, err := lp.Simplex(cost, a, right, 1e-10, nil)
	if err != nil {
		t.Fatal(err)
	}
	return least
}

// The dynamic programme's first size is one with which the linear programme
// reaches its optimum.
func TestSAAChainAgainstSimplex(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	bound := 0
	for range 60 {
		c := &saaChain{ramp: 1 + rng.IntN(3)}
		c.begin([]float64{0.5, 0.9, 0.97}[rng.IntN(3)])
		for range 1 + rng.IntN(4) {
			c.addBlock()
			p := make([]float64, 1+rng.IntN(7))
			sum := 0.0
			for k := range p {
				p[k] = rng.Float64()
				sum += p[k]
			}
			for k := range p {
				p[k] /= sum
			}
			c.addDemand(p, 1)
		}
		before := rng.IntN(3)
		first := c.first(before)
		if first > before+c.ramp {
			t.Fatalf("from %d to %d, with a ramp of %d", before, first, c.ramp)
		}
		if first != c.best(&c.blocks[0]) {
			bound++
		}
		got, want := programme(t, c, before, first), programme(t, c, before, -1)
		if math.Abs(got-want) > 1e-7 {
			t.Fatalf("%+v from %d: with %d first the cost is %g, the least %g", c, before, first, got, want)
		}
	}
	if bound < 10 {
		t.Errorf("the ramp bound only %d of the chains", bound)
	}
}

// Worked by hand: demands 0, 0 and 3 for certain, waiting dear. With a ramp of
// one the size must rise to 1 and 2 before it can be 3; when waiting is cheap
// nothing is held early.
func TestSAAChainRisesAhead(t *testing.T) {
	for weight, want := range map[float64]int{0.9: 1, 0.3: 0} {
		c := &saaChain{ramp: 1}
		c.begin(weight)
		for _, d := range []int{0, 0, 3} {
			c.addBlock()
			p := make([]float64, d+1)
			p[d] = 1
			c.addDemand(p, 1)
		}
		if got := c.first(0); got != want {
			t.Errorf("weight %g: first size %d, want %d", weight, got, want)
		}
	}
}
