package policy

import "math"

// marginals count the chances of all keys of a stage by their size, times the
// key's weight: what lies in one sixteenth of an octave counts as equal. Sums are
// of whole numbers, so that they are the same in whatever order chances come and go.
type marginals [(octavesAbove + 20) << sixteenths]marginal // down to leastChance

type marginal struct {
	N   int32
	Sum int64 // of the chances, in units of chanceUnit
}

const (
	octavesAbove = 5 // of a chance of 1: mostWeight
	sixteenths   = 4 // leading bits of the mantissa that tell chances apart
	mantissaBits = 52
	chanceUnit   = 1.0 / (1 << 32)
)

// add counts chances of a weight n times each.
func (g *marginals) add(chances []float64, weight float64, n int32) {
	for _, c := range chances {
		c = float64(c * weight)
		i := (math.Float64bits(mostWeight) - math.Float64bits(c)) >> (mantissaBits - sixteenths)
		if i >= uint64(len(g)) {
			return // so little is saved by this one and those after it
		}
		m := &g[i]
		m.N += n
		m.Sum += int64(n) * int64(c/chanceUnit)
	}
}

func (m *marginal) mean() float64 { return float64(m.Sum) / float64(m.N) * chanceUnit }
