package policy

import (
	"math"
	"time"

	"shadowpool/forecast"
)

// Adaptive is shadowpool's own policy. It forecasts the arrivals over the
// lead time from recent rates at several time scales and the usual rates by
// time of day and of week, with a learned over-dispersion; sizes every pool by
// one price for idle time (priceRule), retiring at half that price; and finds
// the price by itself: a ladder of candidates runs on the same arrivals as
// counts, and the one that wasted least among those that kept the target
// decides (calibration). There is nothing to tune but the target.
type Adaptive struct {
	Pools       []adaptivePool
	Calibration calibration

	mayMiss float64
	models  []*forecast.Model // by pool
	leads   []float64         // by pool, seconds
	tick    int64
	clock   localClock
	rule    priceRule
	scratch []float64
	levels  [rungsBelow + priceRungs]int32
}

// adaptivePool is the state of one pool.
type adaptivePool struct {
	Level    Level
	Count    float64 // arrivals since the last tick
	Arrivals *forecast.Arrivals
	Replica  *replica
	// Sized is the distribution that the candidates' levels were made for.
	Sized forecast.NegBinomial
}

var adaptiveHalfLives = []float64{30, 120, 480, 1800, 7200, 28800, 86400}

// Traits implements Sizer.
func (a *Adaptive) Traits() Traits {
	return Traits{Arrivals: true, Ticks: true, Idle: RetireByWarm}
}

// State implements Stateful.
func (a *Adaptive) State() any { return a }

// Start implements Sizer.
func (a *Adaptive) Start(Time, PoolID) Level { return Level{} }

// begin makes a pool's state at its first arrival: categories that are never
// asked for cost nothing.
func (a *Adaptive) begin(t Time, id PoolID) *adaptivePool {
	p := &a.Pools[id]
	p.Arrivals = a.models[id].New((t - mod(t, a.tick)) / a.tick)
	p.Replica = newReplica(t, int64(a.leads[id]*1e9), a.tick)
	return p
}

// Arrive implements Sizer.
func (a *Adaptive) Arrive(t Time, r Request, _ Stock) Level {
	p := &a.Pools[r.Pool]
	if p.Arrivals == nil {
		p = a.begin(t, r.Pool)
	}
	p.Count++
	p.Replica.arrive(t, &a.Calibration)
	a.Calibration.choose(a.mayMiss)
	return p.Level
}

// Tick implements Sizer.
func (a *Adaptive) Tick(t Time, id PoolID, _ Stock) (Level, Time) {
	p := &a.Pools[id]
	if p.Arrivals == nil {
		return Level{}, Never
	}
	step := t / a.tick
	lead := a.leads[id]
	middle := a.clock.at(t + int64(lead*1e9/2))
	d := a.models[id].Update(p.Arrivals, step, p.Count, a.clock.at(t), middle)
	p.Count = 0
	resized := moved(p.Sized, d)
	if resized {
		p.Sized = d
		a.scratch = d.Probabilities(a.scratch[:0], maxCount)
		a.rule.levels(a.scratch, &a.levels)
		a.spread(p.Replica)
	}
	p.Replica.tick(t, &a.Calibration, lead, resized)
	k := a.Calibration.Chosen
	p.Level = Level{Stock: p.Replica.Stock[k], Retire: p.Replica.Retire[k]}
	if p.Replica.Retire[0] == 0 && p.Replica.settled() {
		if p.Arrivals.Profile != nil {
			return p.Level, t + quarter
		}
		return p.Level, t + hour
	}
	return p.Level, t
}

// moved says whether a forecast has changed by enough to size anew: by a
// fiftieth.
func moved(from, to forecast.NegBinomial) bool {
	return math.Abs(to.Mean-from.Mean) > 0.02*from.Mean || math.Abs(to.Dispersion-from.Dispersion) > 0.01*from.Dispersion
}

// spread gives the candidates their levels and the forecast probability that
// the demand over a lead time exceeds them.
func (a *Adaptive) spread(r *replica) {
	for k := range priceRungs {
		r.Stock[k] = a.levels[k+rungsBelow]
		r.Retire[k] = a.levels[k]
	}
	// Candidates by falling level: walk up the distribution once.
	for k := range rungs {
		r.Risk[k] = 0
	}
	above := 1.0
	at := 0
	for k := priceRungs - 1; k >= 0; k-- {
		above, at = a.climb(above, at, int(r.Stock[k]))
		r.Risk[k] = float32(above)
	}
	above, at = 1.0, 0
	for i, s := range fixedRungs {
		above, at = a.climb(above, at, int(s))
		r.Risk[priceRungs+i] = float32(above)
	}
}

// climb takes P(D >= at) to P(D >= to).
func (a *Adaptive) climb(above float64, at, to int) (float64, int) {
	for ; at < to && at < len(a.scratch); at++ {
		above -= a.scratch[at]
	}
	return max(above, 0), at
}

var _ = register(&Family{
	Name:    "adaptive",
	Summary: "forecast, price rule and self-calibration to a hit rate; nothing to tune",
	Knob:    "hit_rate",
	Params: []Param{
		{Name: "hit_rate", Kind: Share, Default: "0.99", Help: "share of requests that should find a warm instance"},
	},
	Build: func(f Fleet, v Values) (Sizer, error) {
		a := &Adaptive{
			Pools:   make([]adaptivePool, len(f.Categories)),
			mayMiss: 1 - v.Float("hit_rate"), tick: int64(f.Tick), clock: newLocalClock(f.Location),
			models: modelsByLead(f, adaptiveHalfLives, true, true),
		}
		a.Calibration.Chosen = firstChoice(a.mayMiss)
		for _, k := range f.Categories {
			a.leads = append(a.leads, max(k.LeadTime, time.Millisecond).Seconds())
		}
		return a, nil
	},
})
