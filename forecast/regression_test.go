package forecast

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// Both ways to learn weights find those that counts were drawn with, one of
// them zero: the regression soon, the attribution on its way there.
func TestWeightsAreLearned(t *testing.T) {
	want := []float64{0.7, 0, 0.3}
	rng := rand.New(rand.NewPCG(5, 1))
	regression, attribution := NewRegression(equalWeights(3)), NewAttribution(equalWeights(3))
	off := func(w []float64) float64 {
		sum := 0.0
		for j := range w {
			sum += math.Abs(w[j] - want[j])
		}
		return sum
	}
	first := off(attribution.Weights)
	features := make([]float64, 3)
	for range 3000 {
		for j := range features {
			features[j] = 10 * rng.ExpFloat64()
		}
		y := distuv.Poisson{Lambda: weighted(features, want), Src: rng}.Rand()
		regression.Learn(features, y, max(weighted(features, regression.Weights), leastMean), 1, 1, equalWeights(3), priorArrivals)
		attribution.Learn(features, y, 1, 1, equalWeights(3))
	}
	if got := off(regression.Weights); got > 0.06 {
		t.Errorf("regression: weights %.3f, want %.1f", regression.Weights, want)
	}
	if got := off(attribution.Weights); got > first/2 {
		t.Errorf("attribution: weights %.3f, hardly nearer to %.1f than equal ones", attribution.Weights, want)
	}
	for _, w := range regression.Weights {
		if w < 0 {
			t.Errorf("a weight is negative: %.3f", regression.Weights)
		}
	}
}

// A pool of a fleet begins with what fits the others.
func TestPoolsLearnFromTheFleet(t *testing.T) {
	m := NewModel(step, 60, AdaptiveHalfLives, true, true)
	m.Share(&Fleet{})
	rng := rand.New(rand.NewPCG(6, 1))
	a := m.New(0)
	clock := func(n int64) Clock { return Clock{Quarter: n * step / quarterSeconds} }
	for n := int64(1); n <= 20000; n++ {
		count := distuv.Poisson{Lambda: 3, Src: rng}.Rand()
		for range int(count) {
			m.fleet.Arrive()
		}
		m.Update(a, n, count, clock(n), clock(n))
	}
	fresh := m.New(20000)
	for j, w := range m.fleet.Regression.Weights {
		if fresh.Regression.Weights[j] != w {
			t.Fatalf("a new pool has weights %.3f, the fleet %.3f", fresh.Regression.Weights, m.fleet.Regression.Weights)
		}
	}
	if fresh.Spread.Best != m.fleet.Spread.Best {
		t.Errorf("a new pool begins with spread %d, the fleet has %d", fresh.Spread.Best, m.fleet.Spread.Best)
	}
}
