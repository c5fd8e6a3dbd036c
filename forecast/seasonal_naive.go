package forecast

// SeasonalNaive expects what came at the same local time one season ago: the
// reference that a forecaster has to beat (Hyndman and Koehler 2006). Where a
// time of the season was not seen yet, it expects the mean of those that were.
// It keeps the counts of a whole season by the step, so it is for judging
// others rather than for many pools.
type SeasonalNaive struct {
	setup  Setup
	bins   bins
	counts []float32 // by slot of the season; negative where none was seen
	sum    float64   // of all bins seen
	seen   float64
}

// NewSeasonalNaive makes one for a season in seconds.
func NewSeasonalNaive(s Setup, season float64) *SeasonalNaive {
	n := &SeasonalNaive{setup: s, bins: newBins(s.Start, s.Step)}
	n.counts = make([]float32, max(1, wholes(season+s.Step/2, s.Step)))
	for i := range n.counts {
		n.counts[i] = -1
	}
	return n
}

// Observe implements Forecaster.
func (n *SeasonalNaive) Observe(t, count float64) {
	n.bins.add(t, count, func(index int64, count float64) {
		n.counts[n.slot(index)] = float32(count)
		n.sum += count
		n.seen++
	})
}

// Forecast implements Forecaster; it is a Poisson distribution, which knows
// nothing of how unlike two seasons are.
func (n *SeasonalNaive) Forecast(from, to float64) NegBinomial {
	return NegBinomial{Mean: n.bins.over(from, to, func(index int64) float64 {
		if c := n.counts[n.slot(index)]; c >= 0 {
			return float64(c)
		}
		return n.sum / max(n.seen, 1)
	})}
}

func (n *SeasonalNaive) slot(index int64) int64 {
	local := n.setup.local(n.bins.middle(index))
	return slot(wholes(local, n.bins.width), len(n.counts))
}
