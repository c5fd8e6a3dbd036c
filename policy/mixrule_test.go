package policy

import (
	"math/rand/v2"
	"testing"

	"shadowpool/forecast"
)

// The level at a price is where what instances gain beyond what they cost is
// most, one by one.
func TestMixRuleLevelIsTheBest(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range 40 {
		m := randomAssortment(r, 1+r.IntN(20), 1+r.IntN(3))
		demand := forecast.NegBinomial{Mean: 20 * r.Float64(), Dispersion: r.Float64()}.Probabilities(nil, maxCount)
		for _, any := range []bool{false, true} {
			const span, share = 0.7, 1.0 / 80
			var rule mixRule
			rule.read(demand, span, m.savings, share, any)
			var levels [rungsBelow + priceRungs]int32
			rule.levels(&levels)
			for i, price := range pricesPerLead {
				level := rule.level(price)
				if level != levels[i] {
					t.Errorf("level %d at price %v, but %d as a rung", level, price, levels[i])
				}
				below, value, at, most := 0.0, 0.0, 0.0, 0.0
				for k := int32(1); k < 2000; k++ {
					if int(k) <= len(demand) {
						below += demand[k-1]
					}
					value += share*(m.savings.best(k)-m.savings.best(k-1)) - price*span*below
					if any {
						value += max(1-below, 0)
					}
					if k == level {
						at = value
					}
					most = max(most, value)
				}
				if at < most-1e-9 {
					t.Errorf("price %v: level %d is worth %v, but %v could be had", price, level, at, most)
				}
			}
		}
	}
}
