package forecast

import "shadowpool/forecast/portable"

// Calibrated adds to another forecaster's distributions the over-dispersion
// that its past forecasts turned out to need, at every horizon apart. It learns
// a horizon from when it is first asked for it.
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
