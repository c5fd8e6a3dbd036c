package policy

import (
	"math"

	"shadowpool/forecast/portable"
)

// calibration finds the price at which the fleet misses as often as it may.
// What the pools would have missed at each rung's price is known (tryout); the
// price is read off between the rungs. All pools share it, as the least waste
// at a hit rate of the fleet asks for equal marginal prices everywhere. What
// was missed too often or too rarely lately is made up for.
type calibration struct {
	Arrivals float64             // discounted, as are all sums
	Missed   [priceRungs]float64 // at each rung's price
	Risked   [priceRungs]float64 // sums of the forecast probabilities to miss
	Excess   float64             // misses beyond those allowed
	Since    int                 // arrivals since the last choice
	Rung     float64             // of the price, between 0 and priceRungs-1
}

const (
	// chooseEvery is how many arrivals lie between two choices.
	chooseEvery = 20
	// priorArrivals is the weight of the forecast misses beside the played.
	priorArrivals = 30
	// Scores are remembered for as many arrivals as the target lets
	// memoryMisses miss, the excess for as many as it lets excessMisses miss.
	memoryMisses = 300
	excessMisses = 100
	// mostMadeUp bounds how far the excess moves what may be missed.
	mostMadeUp = 0.6
)

// firstRung is where to begin: a price per lead time of ten times the share
// that may miss.
func firstRung(mayMiss float64) float64 {
	return min(rungOf(10*mayMiss), priceRungs-1)
}

// rungOf is where a price lies on the ladder.
func rungOf(price float64) float64 {
	return min(max(portable.Log(price)/math.Ln2-portable.Log(pricesPerLead[rungsBelow])/math.Ln2, 0), priceRungs-1)
}

// price is what lies at a rung.
func (b *calibration) price() float64 {
	return float64(pricesPerLead[rungsBelow] * portable.Exp(float64(b.Rung*math.Ln2)))
}

// learn takes an arrival: whether it finds nothing at the price of each rung.
func (b *calibration) learn(r *tryout) {
	b.Arrivals++
	for i := range priceRungs {
		if r.Warm[i] == 0 {
			b.Missed[i]++
		}
		b.Risked[i] += float64(r.Risk[i])
	}
}

// choose revises the price, now and then.
func (b *calibration) choose(mayMiss float64) {
	b.Since++
	if b.Since < chooseEvery {
		return
	}
	b.Since = 0
	made := min(max(b.Excess/excessMisses, -mostMadeUp), mostMadeUp)
	b.Rung = b.find(float64(mayMiss * (1 - made)))
	keep := portable.Exp(-chooseEvery * mayMiss / memoryMisses)
	b.Arrivals = float64(b.Arrivals * keep)
	for i := range b.Missed {
		b.Missed[i] = float64(b.Missed[i] * keep)
		b.Risked[i] = float64(b.Risked[i] * keep)
	}
	b.Excess = float64(b.Excess * portable.Exp(-chooseEvery*mayMiss/excessMisses))
}

// find is the dearest price at which no more is missed than may be, by
// interpolation of logarithms.
func (b *calibration) find(may float64) float64 {
	above := b.missRate(0)
	if above >= may {
		return 0
	}
	for i := 1; i < priceRungs; i++ {
		rate := max(b.missRate(i), above)
		if rate > may {
			return float64(i-1) + portable.Log(may/above)/portable.Log(rate/above)
		}
		above = rate
	}
	return priceRungs - 1
}

const leastMissRate = 1e-7

func (b *calibration) missRate(i int) float64 {
	prior := 0.0
	if b.Arrivals > 0 {
		prior = float64(priorArrivals * (b.Risked[i] / b.Arrivals))
	}
	return max((b.Missed[i]+prior)/(b.Arrivals+priorArrivals), leastMissRate)
}
