package policy

import "shadowpool/forecast/portable"

// calibration keeps the score of the candidates over the whole fleet and
// chooses among them: the least waste of those that keep the target. All
// pools share the price, as the least waste at a hit rate of the fleet asks
// for equal marginal prices everywhere.
type calibration struct {
	Arrivals float64 // discounted, as are all sums
	Missed   [rungs]float64
	Risked   [rungs]float64 // sums of the forecast probabilities to miss
	Wasted   [rungs]float64 // seconds
	Since    int            // arrivals since the last choice
	Chosen   int
}

const (
	// chooseEvery is how many arrivals lie between two choices.
	chooseEvery = 20
	// priorArrivals is the weight of the forecast misses beside the played.
	priorArrivals = 30
	// nearlySafest: candidates that miss at most this much more than the
	// safest are as good where none keeps the target.
	nearlySafest = 1.1
	// memoryMisses: scores are remembered for as many arrivals as the target
	// lets that many miss.
	memoryMisses = 300
)

// firstChoice is the rung to begin with: a price per lead time of ten times
// the share that may miss.
func firstChoice(mayMiss float64) int {
	for i := range priceRungs {
		if pricesPerLead[i+rungsBelow] >= 10*mayMiss {
			return i
		}
	}
	return priceRungs - 1
}

// choose revises the choice, now and then.
func (b *calibration) choose(mayMiss float64) {
	b.Since++
	if b.Since < chooseEvery {
		return
	}
	b.Since = 0
	safest := 0
	for k := range rungs {
		if b.missRate(k) < b.missRate(safest) {
			safest = k
		}
	}
	// Where none keeps the target (after a start, or a crowd out of nothing),
	// the cheapest of those that come about as near to it as any.
	limit := max(mayMiss, float64(nearlySafest*b.missRate(safest)))
	best := safest
	for k := range rungs {
		if b.missRate(k) <= limit && b.Wasted[k] < b.Wasted[best] {
			best = k
		}
	}
	b.Chosen = best
	keep := portable.Exp(-chooseEvery * mayMiss / memoryMisses)
	b.Arrivals = float64(b.Arrivals * keep)
	for k := range rungs {
		b.Missed[k] = float64(b.Missed[k] * keep)
		b.Risked[k] = float64(b.Risked[k] * keep)
		b.Wasted[k] = float64(b.Wasted[k] * keep)
	}
}

func (b *calibration) missRate(k int) float64 {
	prior := 0.0
	if b.Arrivals > 0 {
		prior = float64(priorArrivals * (b.Risked[k] / b.Arrivals))
	}
	return (b.Missed[k] + prior) / (b.Arrivals + priorArrivals)
}
