package policy

import (
	"math"

	"shadowpool/forecast/portable"
)

// calibration finds the price at which the fleet misses as often as it may.
// What the pools would have missed at each rung's price is known (tryout); the
// price is read off between the rungs. All pools share it, as the least waste
// at a hit rate of the fleet asks for equal marginal prices everywhere. Where
// more is really missed than was played (launches fail, lead times vary), that
// is allowed for.
type calibration struct {
	Arrivals float64             // discounted, as are all sums
	Missed   [priceRungs]float64 // at each rung's price
	Risked   [priceRungs]float64 // sums of the forecast probabilities to miss
	Played   float64             // misses at the price, between two rungs
	Real     float64             // and in the pools
	Since    int                 // arrivals since the last choice
	Rung     float64             // of the price, between 0 and priceRungs-1
}

const (
	// chooseEvery is how many arrivals lie between two choices.
	chooseEvery = 20
	// priorArrivals is the weight of the forecast misses beside the played.
	priorArrivals = 30
	// nearlySafest: prices at which at most this much more is missed than at
	// the lowest are as good where none keeps the target.
	nearlySafest = 1.1
	// mostClimb bounds by how many rungs the price moves in one choice.
	mostClimb = 0.1
	// What was really missed too often or too rarely is made up for within
	// these bounds: a crowd out of nothing cannot be.
	leastOwed, mostOwed = 0.85, 1.1
	// memoryMisses: sums are remembered for as many arrivals as the target
	// lets that many miss.
	memoryMisses = 400
)

// firstRung is where to begin: at a price per lead time of one and a half times
// the share that may miss, which is as low as most loads come to need. On the
// public traces the first day then hits 0.90 to 0.95 of what is asked for; a
// price of twenty times as much hits next to nothing for days.
func firstRung(mayMiss float64) float64 {
	return min(rungOf(1.5*mayMiss), priceRungs-1)
}

// rungOf is where a price lies on the ladder.
func rungOf(price float64) float64 {
	return min(max(portable.Log(price)/math.Ln2-portable.Log(pricesPerLead[rungsBelow])/math.Ln2, 0), priceRungs-1)
}

// price is what lies at a rung.
func (b *calibration) price() float64 {
	return float64(pricesPerLead[rungsBelow] * portable.Exp(float64(b.Rung*math.Ln2)))
}

// learn takes an arrival: what its wait costs at the price of each rung, and
// whether it really missed. Where that is not seen (under early binding) or
// does not tell its cost, what was played of the real level stands for it.
func (b *calibration) learn(r *tryout, a *aim, late *lateness, missed, seen bool) {
	b.Arrivals++
	low := min(int(b.Rung), priceRungs-2)
	share := b.Rung - float64(low)
	for i := range priceRungs {
		b.Risked[i] += float64(r.Risk[i])
		cost := float64(r.Missing[i])
		switch {
		case r.Warm[i] <= 0 && a.mean:
			cost += a.cost(r, i, late)
		case r.Warm[i] <= 0:
			cost = a.cost(r, i, late) // it counts once
		case cost == 0:
			continue
		}
		b.Missed[i] += cost
		switch i {
		case low:
			b.Played += float64(cost * (1 - share))
		case low + 1:
			b.Played += float64(cost * share)
		}
	}
	switch {
	case seen && a.byHits():
		if missed {
			b.Real++
		}
	case r.Warm[present] == 0:
		b.Real += a.cost(r, present, late)
	}
}

// choose revises the price, now and then.
func (b *calibration) choose(mayMiss float64) {
	b.Since++
	if b.Since < chooseEvery {
		return
	}
	b.Since = 0
	may := float64(mayMiss * (b.Played + priorArrivals) / (b.Real + priorArrivals))
	owed := (float64(mayMiss*b.Arrivals) + priorArrivals) / (b.Real + priorArrivals)
	to := b.find(float64(may * min(max(owed, leastOwed), mostOwed)))
	b.Rung = min(max(to, b.Rung-mostClimb), b.Rung+mostClimb)
	keep := portable.Exp(-chooseEvery * mayMiss / memoryMisses)
	b.Arrivals, b.Played, b.Real = float64(b.Arrivals*keep), float64(b.Played*keep), float64(b.Real*keep)
	for i := range b.Missed {
		b.Missed[i] = float64(b.Missed[i] * keep)
		b.Risked[i] = float64(b.Risked[i] * keep)
	}
}

// find is the dearest price at which no more is missed than may be, between two
// rungs by what is missed at a share of the time at each; where more is at every price (after a start, or
// a crowd out of nothing), one that comes about as near to it as any.
func (b *calibration) find(may float64) float64 {
	above := b.missRate(0)
	may = max(may, float64(nearlySafest*above))
	for i := 1; i < priceRungs; i++ {
		rate := max(b.missRate(i), above)
		if rate > may {
			return float64(i-1) + (may-above)/(rate-above)
		}
		above = rate
	}
	return priceRungs - 1
}

func (b *calibration) missRate(i int) float64 {
	prior := 0.0
	if b.Arrivals > 0 {
		prior = float64(priorArrivals * (b.Risked[i] / b.Arrivals))
	}
	return (b.Missed[i] + prior) / (b.Arrivals + priorArrivals)
}
