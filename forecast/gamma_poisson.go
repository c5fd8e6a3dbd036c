package forecast

import "shadowpool/forecast/portable"

// GammaPoisson believes that the rate is gamma distributed with shape and
// exposure (seconds), both discounted so that the rate may drift (Smith and
// Miller 1986; Harvey and Fernandes 1989). Its predictive distribution is
// exactly negative binomial: mean shape/exposure times the span, dispersion
// 1/shape.
type GammaPoisson struct {
	recent average // its discounted count and time are what was learned
	usual  average
}

// priorShape is what is believed before anything recent was seen, in arrivals:
// half a one (Jeffreys' prior), in the time in which it usually comes.
const priorShape = 0.5

// NewGammaPoisson makes a filter with a half-life in seconds.
func NewGammaPoisson(s Setup, halfLife float64) *GammaPoisson {
	return &GammaPoisson{newAverage(s.Start, halfLife), newAverage(s.Start, week)}
}

// Observe implements Forecaster.
func (g *GammaPoisson) Observe(t, n float64) {
	g.recent.Observe(t, n)
	g.usual.Observe(t, n)
}

// Posterior is the gamma distribution of the rate.
func (g *GammaPoisson) Posterior() (shape, exposure float64) {
	usual := (g.usual.count + priorShape) / g.usual.time
	return priorShape + g.recent.count, priorShape/usual + g.recent.time
}

// Forecast implements Forecaster.
func (g *GammaPoisson) Forecast(from, to float64) NegBinomial {
	if g.usual.time <= 0 {
		return NegBinomial{}
	}
	shape, exposure := g.Posterior()
	return NegBinomial{Mean: float64(shape/exposure) * (to - from), Dispersion: 1 / shape}
}

// GammaPoissonMixture weighs filters of several half-lives by how likely each
// made the recent counts.
type GammaPoissonMixture struct {
	filters   []*GammaPoisson
	scores    []float64 // discounted log-likelihoods
	weights   []float64
	forecasts []NegBinomial
	last      float64
}

// mixtureHalfLife is how long a filter's likelihood counts, seconds.
const mixtureHalfLife = 4 * 3600

// NewGammaPoissonMixture makes filters with half-lives of 5 min to a day.
func NewGammaPoissonMixture(s Setup) *GammaPoissonMixture {
	m := &GammaPoissonMixture{last: s.Start}
	for _, halfLife := range []float64{300, 1200, 2 * 3600, 8 * 3600, day} {
		m.filters = append(m.filters, NewGammaPoisson(s, max(halfLife, s.Step)))
	}
	m.scores = make([]float64, len(m.filters))
	m.forecasts = make([]NegBinomial, len(m.filters))
	m.weights = softmax(m.scores, nil)
	return m
}

// Observe implements Forecaster.
func (m *GammaPoissonMixture) Observe(t, n float64) {
	span := t - m.last
	m.last = t
	keep := portable.Decay(span, mixtureHalfLife)
	for i, f := range m.filters {
		if f.usual.time > 0 && span > 0 {
			m.scores[i] = float64(m.scores[i]*keep) + f.Forecast(0, span).logKernel(n)
		}
		f.Observe(t, n)
	}
	m.weights = softmax(m.scores, m.weights)
}

// Forecast implements Forecaster.
func (m *GammaPoissonMixture) Forecast(from, to float64) NegBinomial {
	for i, f := range m.filters {
		m.forecasts[i] = f.Forecast(from, to)
	}
	return Mixture(m.forecasts, m.weights)
}
