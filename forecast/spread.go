package forecast

import (
	"math"

	"shadowpool/forecast/portable"
)

// Spread chooses how much more variable than Poisson the counts are: of a
// small grid of variances m + Batch*m + Dispersion*m^2 the one under which past
// counts were likeliest, given what had been forecast.
type Spread struct {
	Score  [len(spreads)]float64 // discounted log-likelihood, but for what all share
	Weight float64               // discounted number of counts
	Best   int
}

type spread struct{ dispersion, batch float64 }

var spreads = [...]spread{
	{0.2, 1}, // where an unknown pool begins
	{0, 0}, {0.0005, 0}, {0.002, 0}, {0.01, 0}, {0.05, 0}, {0.1, 0}, {0.2, 0}, {0.4, 0}, {0.8, 0}, {1.6, 0}, {3.2, 0}, {6.4, 0},
	{0.05, 1}, {0.8, 1}, {3.2, 1},
	{0.05, 4}, {0.2, 4}, {0.8, 4}, {3.2, 4},
	{0.2, 16}, {0.8, 16}, {3.2, 16},
}

const (
	// priorScore is the lead of where an unknown pool begins.
	priorScore = 2
	// fleetCounts is the weight of the fleet's counts beside a pool's own.
	fleetCounts = 10
)

func (s spread) distribution(mean float64) NegBinomial {
	if mean <= 0 {
		return NegBinomial{}
	}
	return NegBinomial{mean, s.dispersion + s.batch/max(mean, 0.01)}
}

// Learn takes a count and the mean that had been forecast for it. keep is the
// share of the past that counts on, weight the label's own. The counts of a
// whole fleet, which may be nil, stand in for what is not known.
func (s *Spread) Learn(mean, count, keep, weight float64, fleet *Spread) {
	if alike(mean, count) {
		return
	}
	scores := scoresOf(mean, count)
	s.learn(&scores, keep, weight, fleet)
}

// alike says whether a count is about as likely under every spread.
func alike(mean, count float64) bool { return mean <= 0.003 && count == 0 }

// scoresOf are the log-likelihoods of a count by spread, but for what all share.
func scoresOf(mean, count float64) (scores [len(spreads)]float64) {
	if mean <= 0 || count >= fewArrivals || count != math.Floor(count) {
		for i, g := range spreads {
			scores[i] = g.distribution(mean).logKernel(count)
		}
		return scores
	}
	// The same, all logarithms at once: they take most of the time.
	const n = len(spreads)
	var logs [3 * n]float64
	for i, g := range spreads {
		r := g.distribution(mean).size()
		logs[i], logs[n+i], logs[2*n+i] = 1+mean/r, risingProduct(r, count), mean/r
	}
	if count == 0 {
		portable.Logs(logs[:n])
	} else {
		portable.Logs(logs[:])
	}
	for i, g := range spreads {
		d := g.distribution(mean)
		r := d.size()
		switch {
		case d.poisson():
			scores[i] = d.logKernel(count)
		case count == 0:
			scores[i] = -float64(r * logs[i])
		default:
			scores[i] = logs[n+i] - float64((count+r)*logs[i]) + float64(count*logs[2*n+i])
		}
	}
	return scores
}

// learn takes the scores of a count.
func (s *Spread) learn(scores *[len(spreads)]float64, keep, weight float64, fleet *Spread) {
	s.Weight = float64(s.Weight*keep) + weight
	for i, score := range scores {
		s.Score[i] = float64(s.Score[i]*keep) + float64(weight*score)
	}
	s.choose(fleet)
}

func (s *Spread) choose(fleet *Spread) {
	share := 0.0
	if fleet != nil && fleet.Weight > 0 {
		share = min(1, fleetCounts/fleet.Weight)
	}
	best, most := 0, 0.0
	for i, v := range s.Score {
		if share > 0 {
			v += float64(share * fleet.Score[i])
		}
		if i == 0 {
			v += priorScore
		}
		if i == 0 || v > most {
			best, most = i, v
		}
	}
	s.Best = best
}

// Distribution is the chosen distribution around a mean.
func (s *Spread) Distribution(mean float64) NegBinomial { return spreads[s.Best].distribution(mean) }
