package forecast

import "shadowpool/forecast/portable"

// Calibrated adds to another forecaster's distributions the over-dispersion
// that its past forecasts turned out to need, at every horizon apart.
type Calibrated struct {
	of     Forecaster
	ledger ledger[overDispersion]
	usual  average
}

// floorOfUsual is the share of the usual rate below which no mean falls: a
// forecast of exactly zero would make the first arrival impossible.
const floorOfUsual = 0.02

// Calibrate wraps a forecaster.
func Calibrate(of Forecaster, s Setup) *Calibrated {
	return &Calibrated{of: of, ledger: newLedger[overDispersion](s.Start, 1), usual: newAverage(s.Start, week)}
}

// Observe implements Forecaster.
func (c *Calibrated) Observe(t, n float64) {
	c.ledger.observe(t, n, func(h *horizon[overDispersion], f []NegBinomial, count, weight float64) {
		keep := portable.Decay(float64(weight*(h.to-h.from)), dispersionHalfLife)
		h.learned.learn(f[0], count, keep, weight)
	})
	c.of.Observe(t, n)
	c.usual.Observe(t, n)
	for _, h := range c.ledger.horizons {
		if c.ledger.due(h) {
			c.ledger.remember(h, c.raw(h.from, h.to))
		}
	}
}

// Forecast implements Forecaster.
func (c *Calibrated) Forecast(from, to float64) NegBinomial {
	d := c.raw(from, to)
	h, known := c.ledger.at(from, to)
	if !known {
		h.learned = newOverDispersion()
		c.ledger.remember(h, d)
	}
	return h.learned.around(d)
}

func (c *Calibrated) raw(from, to float64) NegBinomial {
	d := c.of.Forecast(from, to)
	d.Mean = max(d.Mean, float64(c.usual.rate()*(to-from))*floorOfUsual)
	return d
}

// An average is a rate with exponentially decaying weights that sum to one
// from the start: what has not been observed does not count as zero.
type average struct {
	halfLife, last float64
	count, time    float64 // discounted
}

func newAverage(start, halfLife float64) average {
	return average{halfLife: halfLife, last: start}
}

// Observe takes n arrivals, spread evenly over the span since the last.
func (a *average) Observe(t, n float64) {
	span := t - a.last
	if span <= 0 {
		a.count += n
		return
	}
	keep := portable.Decay(span, a.halfLife)
	// The discounted length of the span: the integral of 2^(-u/halfLife).
	length := float64(a.halfLife*(1-keep)) / ln2
	a.count = float64(a.count*keep) + float64(n*(length/span))
	a.time = float64(a.time*keep) + length
	a.last = t
}

const ln2 = 0.693147180559945309417232121458

// rate is in arrivals per second, zero before the first observation.
func (a *average) rate() float64 {
	if a.time <= 0 {
		return 0
	}
	return a.count / a.time
}
