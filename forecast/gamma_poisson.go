package forecast

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
