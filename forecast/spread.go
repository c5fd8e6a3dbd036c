package forecast

// Spread chooses how much more variable than Poisson the counts are: of a
// small grid of variances m + Batch*m + Dispersion*m^2 the one under which past
// counts were likeliest, given what had been forecast.
type Spread struct {
	Score [len(spreads)]float64 // discounted log-likelihood
}

type spread struct{ dispersion, batch float64 }

var spreads = [...]spread{
	{0, 0}, {0.05, 0}, {0.2, 0}, {0.6, 0}, {2, 0},
	{0.05, 1}, {0.2, 1}, {0.6, 1}, {2, 1},
	{0.05, 4}, {0.2, 4}, {0.6, 4}, {2, 4},
	{0.2, 16}, {0.6, 16}, {2, 16},
}

// priorSpread is where an unknown pool begins, and priorScore its lead.
const priorSpread, priorScore = 7, 2

func (s spread) distribution(mean float64) NegBinomial {
	if mean <= 0 {
		return NegBinomial{}
	}
	return NegBinomial{mean, s.dispersion + s.batch/max(mean, 0.01)}
}

// Learn takes a count and the mean that had been forecast for it. keep is the
// share of the past that counts on, weight the label's own.
func (s *Spread) Learn(mean, count, keep, weight float64) {
	if mean <= 0.01 && count == 0 {
		return // about as likely under every spread
	}
	for i, g := range spreads {
		s.Score[i] = float64(s.Score[i]*keep) + float64(weight*g.distribution(mean).LogLikelihood(int(min(count, mostCounted))))
	}
}

// mostCounted bounds the work for one count; beyond it only the order of
// magnitude matters.
const mostCounted = 20000

// Distribution is the chosen distribution around a mean.
func (s *Spread) Distribution(mean float64) NegBinomial {
	best := priorSpread
	for i, v := range s.Score {
		lead := 0.0
		if best == priorSpread {
			lead = priorScore
		}
		if v > s.Score[best]+lead {
			best = i
		}
	}
	return spreads[best].distribution(mean)
}
