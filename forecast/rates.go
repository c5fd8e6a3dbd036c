package forecast

import "shadowpool/forecast/portable"

// Rates are exponentially weighted rates of arrival at several half-lives,
// updated at regular steps.
type Rates struct {
	Sum    []float64 // arrivals per second, as weighted since the start
	Filled []float64 // what the weights since the start sum up to, of 1
}

// Decays are the shares that each half-life keeps over one step.
type Decays struct {
	step      float64
	halfLives []float64
	keep      []float64
	settled   []float64
	slept     *slept
}

// slept is what the half-lives keep over the steps that were skipped last:
// those who are updated together have mostly skipped as many.
type slept struct {
	steps int
	keep  []float64
	mean  float64 // what meanHalfLife keeps, and the step after them
}

// settling is how many seconds without arrivals are taken to come before the
// start, so that the first arrival is not yet a rate.
const settling = 60

// NewDecays prepares for steps of the given seconds.
func NewDecays(step float64, halfLives []float64) Decays {
	d := Decays{step: step, halfLives: halfLives, slept: &slept{keep: make([]float64, len(halfLives))}}
	for _, h := range halfLives {
		d.keep = append(d.keep, portable.Decay(step, h))
		d.settled = append(d.settled, 1-portable.Decay(settling, h))
	}
	return d
}

// over is what is kept over some steps; it is valid until it is asked for next.
func (d Decays) over(steps int) *slept {
	s := d.slept
	if s.steps != steps {
		s.steps = steps
		for i, h := range d.halfLives {
			s.keep[i] = portable.Decay(float64(steps)*d.step, h)
		}
		s.mean = portable.Decay(float64(steps+1)*d.step, meanHalfLife)
	}
	return s
}

// NewRates starts at zero.
func (d Decays) NewRates() Rates {
	return Rates{Sum: make([]float64, len(d.keep)), Filled: append([]float64(nil), d.settled...)}
}

// Update takes n arrivals in the last step, after skipped steps without any.
func (r Rates) Update(d Decays, n float64, skipped int) {
	rate := n / d.step
	var fade []float64
	if skipped > 0 {
		fade = d.over(skipped).keep
	}
	for i, keep := range d.keep {
		v, open := r.Sum[i], 1-r.Filled[i]
		if skipped > 0 {
			v, open = float64(v*fade[i]), float64(open*fade[i])
		}
		r.Sum[i] = float64(v*keep) + float64(rate*(1-keep))
		r.Filled[i] = 1 - float64(open*keep)
	}
}

// PerSecond is the rate at the i-th half-life: what there was since the start
// counts for all.
func (r Rates) PerSecond(i int) float64 { return r.Sum[i] / r.Filled[i] }
