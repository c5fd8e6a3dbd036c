package policy

import (
	"time"

	"shadowpool/forecast"
)

// quantilePlan holds what covers the demand over the lead time with a given
// probability.
type quantilePlan[F forecast.Forecaster] struct {
	Forecast F
	lead     float64 // seconds
	rule     *quantiles
	foreseen
}

// quantiles is the rule that the pools of one sizer share.
type quantiles struct {
	share   float64
	scratch []float64
}

func (p *quantilePlan[F]) revise(t Time, n float64) (int32, Time) {
	p.Forecast.Observe(seconds(t), n)
	d := p.Forecast.Forecast(0, p.lead)
	p.foreseen = foreseen{p.lead, d, true}
	var level int
	level, p.rule.scratch = d.Quantile(p.rule.share, maxCount, p.rule.scratch)
	return int32(level), lookAgain(t, level, d.Mean)
}

// lookAgain is when a forecast is asked again: at every tick while a pool
// holds or expects something, else at the next quarter of an hour, for what
// was fitted may see something come.
func lookAgain(t Time, level int, mean float64) Time {
	if level == 0 && mean < sleepMean {
		return t + quarter
	}
	return t
}

// leadSeconds is a category's lead time, at least a millisecond.
func leadSeconds(f Fleet, p PoolID) float64 {
	return max(f.Categories[p].LeadTime, time.Millisecond).Seconds()
}

// byLead makes one model for all categories of one lead time.
func byLead[M any](f Fleet, model func(step, lead float64) M) []M {
	models := make([]M, len(f.Categories))
	made := map[float64]M{}
	for i := range f.Categories {
		lead := leadSeconds(f, PoolID(i))
		m, ok := made[lead]
		if !ok {
			m = model(f.Tick.Seconds(), lead)
			made[lead] = m
		}
		models[i] = m
	}
	return models
}

// zone is a local clock for forecasters.
type zone struct {
	clock *localClock
}

// Local implements forecast.Zone.
func (z zone) Local(t float64) float64 {
	at := Time(t * 1e9)
	return t + float64(z.clock.local(at)-at)/1e9
}
