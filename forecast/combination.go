package forecast

import "shadowpool/forecast/portable"

// Combination mixes the distributions of others, weighed by how likely each
// made the recent counts at the horizon that is asked for: Bayesian model
// averaging with forgetting (Raftery, Karny and Ettler 2010). It forecasts the
// negative binomial of the mixture's mean and variance.
type Combination struct {
	members   []Forecaster
	ledger    ledger[combined]
	forecasts []NegBinomial // scratch
}

// combined is what is learned at one horizon.
type combined struct{ scores, weights []float64 }

// forgetting is how many outcomes ago an outcome counts half.
const forgetting = 50

// leastLikely bounds what one surprise costs a member, as a log-probability.
const leastLikely = -30

// NewCombination combines forecasters that give distributions of their own.
func NewCombination(s Setup, members ...Forecaster) *Combination {
	return &Combination{members: members, ledger: newLedger[combined](s.Start, len(members)), forecasts: make([]NegBinomial, len(members))}
}

// Observe implements Forecaster.
func (c *Combination) Observe(t, n float64) {
	c.ledger.observe(t, n, settleCombined)
	for _, m := range c.members {
		m.Observe(t, n)
	}
	for _, h := range c.ledger.horizons {
		if c.ledger.due(h) {
			c.ledger.remember(h, c.ask(h.from, h.to)...)
		}
	}
}

func settleCombined(h *horizon[combined], forecasts []NegBinomial, count, weight float64) {
	keep := portable.Decay(weight, forgetting)
	for i, f := range forecasts {
		h.learned.scores[i] = float64(h.learned.scores[i]*keep) + float64(weight*max(f.LogProbability(count), leastLikely))
	}
	h.learned.weights = softmax(h.learned.scores, h.learned.weights)
}

// ask is the members' forecasts, until it is called again.
func (c *Combination) ask(from, to float64) []NegBinomial {
	for i, m := range c.members {
		c.forecasts[i] = m.Forecast(from, to)
	}
	return c.forecasts
}

// Forecast implements Forecaster.
func (c *Combination) Forecast(from, to float64) NegBinomial {
	forecasts := c.ask(from, to)
	h, known := c.ledger.at(from, to)
	if !known {
		h.learned.scores = make([]float64, len(c.members))
		h.learned.weights = softmax(h.learned.scores, nil)
		c.ledger.remember(h, forecasts...)
	}
	return Mixture(forecasts, h.learned.weights)
}
