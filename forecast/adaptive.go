package forecast

// Adaptive is the forecast that policy adaptive sizes pools by (Model), behind
// the interface: one Model for every horizon that is asked for, which begins
// to learn when it is first asked. A span that does not begin now takes its
// part of the forecast up to its end.
type Adaptive struct {
	setup  Setup
	last   float64
	models []horizonModel
}

type horizonModel struct {
	to    float64
	model *Model
	state *Arrivals
	now   NegBinomial
}

// adaptiveHalfLives are those of the rates that are weighed, seconds.
var adaptiveHalfLives = []float64{30, 120, 480, 1800, 7200, 28800, day}

// NewAdaptive makes one for the setup's lead time.
func NewAdaptive(s Setup) *Adaptive {
	a := &Adaptive{setup: s, last: s.Start}
	a.at(s.Lead)
	return a
}

// at is the model of a horizon.
func (a *Adaptive) at(to float64) *horizonModel {
	for i := range a.models {
		if a.models[i].to == to {
			return &a.models[i]
		}
	}
	if len(a.models) == mostHorizons {
		a.models = append(a.models[:1], a.models[2:]...) // the setup's lead time stays
	}
	m := NewModel(a.setup.Step, to, adaptiveHalfLives, true, true)
	a.models = append(a.models, horizonModel{to: to, model: m, state: m.New(wholes(a.last, a.setup.Step))})
	return &a.models[len(a.models)-1]
}

// Observe implements Forecaster. What comes within a step counts when it ends.
func (a *Adaptive) Observe(t, n float64) {
	a.last = t
	for i := range a.models {
		m := &a.models[i]
		now, middle := a.clock(t), a.clock(t+m.to/2)
		m.now = m.model.Update(m.state, wholes(t, a.setup.Step), n, now, middle)
	}
}

func (a *Adaptive) clock(t float64) Clock {
	return Clock{Quarter: wholes(a.setup.local(t)+4*day, quarterSeconds)}
}

// Forecast implements Forecaster.
func (a *Adaptive) Forecast(from, to float64) NegBinomial {
	d := a.at(to).now
	d.Mean *= (to - from) / to
	return d
}
