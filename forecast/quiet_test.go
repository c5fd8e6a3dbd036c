package forecast

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Pools whose forecasts decay to nothing while they are asked for at a constant
// rate are raised to it; forecasts that are right stay what they are.
func TestQuietForecastsAreRaisedToWhatCame(t *testing.T) {
	const truth = 1.0 / 512
	r := rand.New(rand.NewPCG(1, 2))
	var q Quiet
	for range 2_000_000 {
		low := truth / math.Exp(8*r.Float64())
		q.learn(low, 1, r.Float64() < truth)
		high := 16 * truth
		q.learn(high, 1, r.Float64() < high)
	}
	q.fit(1)
	for mean := truth / 500; mean < truth; mean *= 2 {
		if got := q.rate(mean); got < 0.6*truth || got > 1.2*truth {
			t.Errorf("a forecast of %.2g is raised to %.2g, not to %.2g", mean, got, truth)
		}
	}
	if got := q.rate(16 * truth); got < 0.9*16*truth || got > 1.1*16*truth {
		t.Errorf("what came of forecasts of %.2g: %.2g", 16*truth, got)
	}
	if got := q.rate(1); got != 0 {
		t.Errorf("a forecast of 1 is not quiet, and got a rate of %g", got)
	}
}

func TestQuietRatesAscendAndFewArrivalsRaiseLittle(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var q Quiet
		for range r.IntN(2000) {
			q.learn(math.Exp(-12*r.Float64()), r.Float64()*8, r.IntN(50) == 0)
		}
		q.fit(1)
		for i := 1; i < quietBins; i++ {
			if q.Rates[i] < q.Rates[i-1] {
				t.Fatalf("rates do not ascend: %v", q.Rates)
			}
		}
	}
	var q Quiet
	q.fit(1)
	if q.rate(1e-4) != 0 {
		t.Error("a rate out of nothing")
	}
	q.learn(1e-4, 1, true) // one arrival out of the blue is no rate of one a lead time
	q.fit(1)
	if got := q.rate(1e-4); got > 4e-4 {
		t.Errorf("one arrival raises a forecast of 1e-4 to %g", got)
	}
}
