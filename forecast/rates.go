package forecast

import "shadowpool/forecast/portable"

// Rates are exponentially weighted rates of arrival at several half-lives,
// updated at regular steps.
type Rates struct {
	PerSecond []float64 // one a half-life
}

// Decays are the shares that each half-life keeps over one step.
type Decays struct {
	step      float64
	halfLives []float64
	keep      []float64
}

// NewDecays prepares for steps of the given seconds.
func NewDecays(step float64, halfLives []float64) Decays {
	d := Decays{step: step, halfLives: halfLives}
	for _, h := range halfLives {
		d.keep = append(d.keep, portable.Decay(step, h))
	}
	return d
}

// NewRates starts at zero.
func (d Decays) NewRates() Rates { return Rates{make([]float64, len(d.keep))} }

// Update takes n arrivals in the last step, after skipped steps without any.
func (r Rates) Update(d Decays, n float64, skipped int) {
	rate := n / d.step
	for i, keep := range d.keep {
		v := r.PerSecond[i]
		if skipped > 0 {
			v = float64(v * portable.Decay(float64(skipped)*d.step, d.halfLives[i]))
		}
		r.PerSecond[i] = float64(v*keep) + float64(rate*(1-keep))
	}
}
