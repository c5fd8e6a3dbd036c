package policy

import "shadowpool/forecast"

// EWMA sizes for the arrivals over the lead time: their mean is the average
// of exponentially weighted rates with half-lives of 4, 10 and 30 minutes, and
// the level the smallest S with P(D <= S) at least the quantile, D being
// negative binomial with a dispersion that is learned.
type EWMA struct {
	Pools    []ewmaPool
	quantile float64
	models   []*forecast.Model // by pool; pools of one lead time share
	leads    []float64         // by pool, seconds
	tick     int64
	scratch  []float64
}

type ewmaPool struct {
	Level    int32
	Count    float64 // arrivals since the last tick
	Arrivals *forecast.Arrivals

	foreseen forecast.NegBinomial // for Outlook only
}

var ewmaHalfLives = []float64{240, 600, 1800}

// Traits implements Sizer.
func (e *EWMA) Traits() Traits {
	return Traits{Arrivals: true, Ticks: true, Idle: RetireByWarm, ByPool: true}
}

// State implements Stateful.
func (e *EWMA) State() any { return &e.Pools }

// Start implements Sizer.
func (e *EWMA) Start(t Time, p PoolID) Level {
	e.Pools[p] = ewmaPool{Arrivals: e.models[p].New((t - mod(t, e.tick)) / e.tick)}
	return Level{}
}

// Arrive implements Sizer.
func (e *EWMA) Arrive(_ Time, r Request, _ Stock) Level {
	p := &e.Pools[r.Pool]
	p.Count++
	return Hold(p.Level)
}

// Tick implements Sizer.
func (e *EWMA) Tick(t Time, id PoolID, _ Stock) (Level, Time) {
	p := &e.Pools[id]
	d := e.models[id].Update(p.Arrivals, t/e.tick, p.Count, forecast.Clock{}, forecast.Clock{})
	p.Count, p.foreseen = 0, d
	var level int
	level, e.scratch = d.Quantile(e.quantile, maxCount, e.scratch)
	p.Level = int32(level)
	if level == 0 && d.Mean < sleepMean {
		return Level{}, Never
	}
	return Hold(p.Level), t
}

// sleepMean is the expected number of arrivals below which a pool without a
// level sleeps until its next arrival.
const sleepMean = 1e-3

// modelsByLead shares a model among the categories of one lead time.
func modelsByLead(f Fleet, halfLives []float64, profiles, learn bool) []*forecast.Model {
	models := make([]*forecast.Model, len(f.Categories))
	byLead := map[float64]*forecast.Model{}
	for i, k := range f.Categories {
		lead := k.LeadTime.Seconds()
		if byLead[lead] == nil {
			byLead[lead] = forecast.NewModel(f.Tick.Seconds(), lead, halfLives, profiles, learn)
		}
		models[i] = byLead[lead]
	}
	return models
}

var _ = register(&Family{
	Name:    "ewma",
	Summary: "a quantile of demand over the lead time, from recent rates",
	Knob:    "quantile",
	Params: []Param{
		{Name: "quantile", Kind: Share, Default: "0.99", Help: "probability that the demand over a lead time is covered"},
	},
	Build: func(f Fleet, v Values) (Sizer, error) {
		e := &EWMA{
			Pools:    make([]ewmaPool, len(f.Categories)),
			quantile: v.Float("quantile"), tick: int64(f.Tick),
			models: modelsByLead(f, ewmaHalfLives, false, false),
		}
		for i := range f.Categories {
			e.leads = append(e.leads, leadSeconds(f, PoolID(i)))
		}
		return e, nil
	},
})
