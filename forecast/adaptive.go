package forecast

// Adaptive is the forecast that policy adaptive sizes pools by (Model), behind
// the interface. It learns at the setup's lead time alone; other spans get
// their part of that forecast, as if the rate stayed. The policy gives a small
// share of its distribution to the crowds that Model remembers (Tail); they are
// left out here, as a negative binomial that takes them in by its variance is too
// wide nearly always.
type Adaptive struct {
	setup Setup
	model *Model
	state *Arrivals
	now   NegBinomial // over the coming lead time
}

// AdaptiveHalfLives are those of the rates that are weighed, seconds.
var AdaptiveHalfLives = []float64{20, 60, 240, 900, 3600, 4 * 3600, day, week}

// NewAdaptive makes one for the setup's lead time.
func NewAdaptive(s Setup) *Adaptive {
	m := NewModel(s.Step, s.Lead, AdaptiveHalfLives, true, true)
	return &Adaptive{setup: s, model: m, state: m.New(wholes(s.Start, s.Step))}
}

// Observe implements Forecaster. What comes within a step counts when it ends.
func (a *Adaptive) Observe(t, n float64) {
	a.now = a.model.Update(a.state, wholes(t, a.setup.Step), n, a.clock(t), a.clock(t+a.setup.Lead/2))
}

func (a *Adaptive) clock(t float64) Clock {
	return Clock{Quarter: wholes(a.setup.local(t)+4*day, quarterSeconds)}
}

// Forecast implements Forecaster.
func (a *Adaptive) Forecast(from, to float64) NegBinomial {
	d := a.now
	d.Mean *= (to - from) / a.setup.Lead
	return d
}
