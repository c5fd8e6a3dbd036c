package policy

import (
	"math"
	"slices"
	"time"

	"shadowpool/forecast"
)

// Adaptive is shadowpool's own policy. It forecasts the arrivals over the
// lead time from recent rates at several time scales, the usual rates by time
// of day and of week, and the pool's share of the fleet, with a learned
// over-dispersion and a memory of crowds; and sizes every pool by one price
// for idle time (priceRule), keeping what is idle the more patiently the more
// launches would be for nothing (patience). What every price would have kept
// runs on the same arrivals as counts (tryout), by which the price is found at
// which the fleet gets the service that it aims at (calibration), unless it is
// given. There is nothing to tune but the target.
type Adaptive struct {
	LeadTimes
	Pools       []adaptivePool
	Fleets      []*forecast.Fleet // by lead time
	Calibration calibration
	Hints       hints

	aim     aim
	early   bool
	models  []*forecast.Model // by pool
	fleets  []*forecast.Fleet // by pool
	leads   []float64         // by pool, seconds
	reuse   []bool            // by pool
	staged  []Category        // by pool: its stages, and whom it is reserved for
	facets  []Facet           // by pool: those that its instances are prepared by before they are claimed
	late    []*lateness       // by pool, of its stages as configured; nil if it has none
	times   *StageTimes
	storage []float64 // by pool: price of a stopped instance, see storagePrice; 0: none
	tick    int64
	clock   localClock
	rule    priceRule
	mix     mixRule
	scratch []float64
	served  []float64 // see read
	levels  [rungsBelow + priceRungs]int32
	sum     announced
	ahead   [leadPoints]int64 // see spans
}

// adaptivePool is the state of one pool.
type adaptivePool struct {
	Level    Level
	Stopped  int32   // instances wanted
	Count    float64 // arrivals since the last tick that no hint announced
	Arrivals *forecast.Arrivals
	Tryout   *tryout
	Patience patience
	// Sized is the distribution that the tryout's levels were made for, and
	// Counted how much the tail had seen.
	Sized   forecast.NegBinomial
	Counted int
	// At is what the level was set at.
	At setting
	// Ready is when what was launched at the first tick has become warm; what
	// is missed before tells nothing of prices.
	Ready Time
	// Services is kept of reusable instances.
	Services services
	// Assortment is kept of categories with stages.
	Assortment *assortment
	Open       openHints
	SizedAt    Time // see crowded

	over float64 // seconds that the demand is foreseen over; 0 until it is. For Outlook only.
}

// setting is what a level depends on beside the demand.
type setting struct {
	Rung     float64 // of the price
	Patience int
	Scale    float64 // of what stages cost
}

// tailShare is how much of a forecast is what came whatever was forecast.
const tailShare = 0.03

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
	p.Arrivals = a.models[id].New(a.step(t))
	p.Ready = Never
	p.Patience.Rungs = leastPatience
	p.Services.Stay = 1
	p.Tryout = newTryout(t, int64(a.leads[id]*1e9), a.tick)
	if len(a.staged[id].Stages) > 0 {
		if a.aim.fixed >= 0 {
			p.Tryout.First = present
		}
		p.Assortment = newAssortment(a.terms(id))
	}
	return p
}

// Arrive implements Sizer.
func (a *Adaptive) Arrive(t Time, r Request, s Stock) Level {
	p := &a.Pools[r.Pool]
	if p.Arrivals == nil {
		p = a.begin(t, r.Pool)
	}
	p.Patience.arrive()
	a.ask(t, r)
	p.Tryout.advance(t)
	heralded, resize := false, false
	if r.Hint != 0 {
		heralded, resize = a.heralded(t, r)
	}
	if !heralded {
		p.Count++
		if a.fleets[r.Pool] != nil {
			a.fleets[r.Pool].Arrive()
		}
	}
	if a.aim.fixed < 0 && t >= p.Ready {
		var late *lateness
		if p.Assortment != nil {
			late = p.Assortment.any
		}
		a.Calibration.learn(p.Tryout, &a.aim, late, s.Waiting > 0, !a.early)
		a.Calibration.choose(a.aim.allowed)
	}
	switch {
	case resize:
		a.size(t, p, r.Pool)
	case a.reuse[r.Pool]:
		a.follow(t, p, r.Pool)
	}
	p.Tryout.arrive(a.early)
	return p.Level.besides(p.Services.back(s.InUse))
}

// step is the number of the tick at or before an instant.
func (a *Adaptive) step(t Time) int64 {
	step := t / a.tick
	if t < step*a.tick {
		step--
	}
	return step
}

// Ordered implements LaunchSizer.
func (a *Adaptive) Ordered(t Time, p PoolID) {
	a.Pools[p].Patience.Launched++
	a.LeadTimes.Ordered(t, p)
}

// Tick implements Sizer.
func (a *Adaptive) Tick(t Time, id PoolID, s Stock) (Level, Time) {
	p := &a.Pools[id]
	if p.Arrivals == nil {
		return Level{}, Never
	}
	lead := a.leads[id]
	if p.Ready == Never {
		p.Ready = t + int64(lead*1e9)
	}
	step := t / a.tick
	middle := a.clock.at(t + int64(lead*1e9/2))
	d := a.models[id].Update(p.Arrivals, step, p.Count, a.clock.at(t), middle)
	p.Count = 0
	if p.over = lead; a.reuse[id] {
		d = p.Services.thin(d)
	} else {
		learned := a.Lead(t, id)
		p.over = min(learned.Mean(), mostLonger*lead)
		d = over(d, learned, lead)
	}
	at := setting{Rung: a.Calibration.Rung, Patience: p.Patience.Rungs}
	targets := false
	if m := a.assortment(id); m != nil {
		at.Scale = p.At.Scale
		if scale := m.scale(); math.Abs(scale-at.Scale) > 0.01*at.Scale {
			at.Scale, targets = scale, true
		}
		targets = m.tick(step, a.clock.at(t), middle) || targets
		targets = a.heed(t, id, true) || targets
	}
	counted := p.Arrivals.Tail.Count
	resized := moved(p.Sized, d) || counted > p.Counted+p.Counted/16 || targets || len(p.Open) > 0
	if resized {
		p.Sized, p.Counted = d, counted
	}
	if resized || at != p.At {
		p.At = at
		a.read(t, p, id)
		if resized {
			a.spread(p, lead)
		}
		p.Level = a.level(p)
		p.Stopped = a.stopped(p, id)
		p.Tryout.hold(p.Level)
		if p.Assortment != nil {
			p.Tryout.Missing[present] = float32(p.Assortment.missing(p.Level.Stock) / lead)
		}
	}
	p.Tryout.tick(t, resized)
	l := p.Level.besides(p.Services.back(s.InUse))
	if p.Tryout.Retire[0] == 0 && p.Tryout.settled() {
		if p.Arrivals.Profile != nil {
			return l, t + quarter
		}
		return l, t + hour
	}
	return l, t
}

// size gives a pool its levels for the demand that was forecast last and what
// is announced now.
func (a *Adaptive) size(t Time, p *adaptivePool, id PoolID) {
	a.read(t, p, id)
	a.spread(p, a.leads[id])
	p.Level = a.level(p)
	p.Stopped = a.stopped(p, id)
	p.Tryout.hold(p.Level)
}

// read makes the price rule of the demand that a pool is sized for.
func (a *Adaptive) read(t Time, p *adaptivePool, id PoolID) {
	p.SizedAt = t
	a.scratch = a.demand(a.scratch[:0], t, p, id, false)
	span := 1.0
	if a.reuse[id] {
		span = p.Services.Stay
	}
	if m := a.assortment(id); m != nil {
		served := a.scratch
		if m.keeps && m.naming > 0 {
			a.served = a.demand(a.served[:0], t, p, id, true)
			served = a.served
		}
		m.serve(served)
		a.mix.read(a.scratch, span, m.savings, m.scale()/m.preparing(), a.aim.waits || a.aim.longest > 0)
		return
	}
	a.rule.read(a.scratch, span)
}

// demand appends P(D=0), P(D=1), ... of the requests within a lead time, as
// they are forecast and announced, or, if prepared is set, of those for which an
// instance that is ordered now could be prepared as they are announced.
func (a *Adaptive) demand(d []float64, t Time, p *adaptivePool, id PoolID, prepared bool) []float64 {
	a.announced(t, p, id, prepared)
	d = a.sum.widen(p.Sized).Probabilities(d, maxCount)
	if !a.reuse[id] {
		d = p.Arrivals.Tail.Blend(d, tailShare)
	}
	return a.sum.convolve(d)
}

// mostLonger bounds by how much longer than expected lead times are believed
// to be: levels grow with them, and with levels what may go wrong.
const mostLonger = 10

// over is the demand over what lead times have been found to be, given that
// over the lead time that was expected. Launches run in parallel, so of their
// own spread only the mean counts (Palm); what slows all of them at a time
// widens the demand.
func over(d forecast.NegBinomial, learned forecast.Lead, expected float64) forecast.NegBinomial {
	if d.Mean > 0 {
		d.Mean = float64(d.Mean * min(learned.Mean()/expected, mostLonger))
		d.Dispersion += learned.Variance
	}
	return d
}

// level is the pool's at the present price.
func (a *Adaptive) level(p *adaptivePool) Level {
	price := a.Calibration.price()
	return Level{Stock: a.levelAt(p, price), Retire: a.levelAt(p, price/float64(int(1)<<p.Patience.Rungs))}
}

// levelAt is the level for a price at the demand that was read last, a pool's.
func (a *Adaptive) levelAt(p *adaptivePool, price float64) int32 {
	if p.Assortment != nil {
		return a.mix.level(price)
	}
	return a.rule.level(price)
}

// moved says whether a forecast has changed by enough to size anew: by a
// fiftieth.
func moved(from, to forecast.NegBinomial) bool {
	return math.Abs(to.Mean-from.Mean) > 0.02*from.Mean || math.Abs(to.Dispersion-from.Dispersion) > 0.01*from.Dispersion
}

// spread gives the rungs their levels and the forecast probability that the
// demand over a lead time reaches them.
func (a *Adaptive) spread(p *adaptivePool, lead float64) {
	r := p.Tryout
	switch {
	case r.First == present: // whether anything is worth keeping at all
		r.Retire[0] = a.mix.level(pricesPerLead[rungsBelow-p.Patience.Rungs])
		return
	case p.Assortment != nil:
		a.mix.levels(&a.levels)
	default:
		a.rule.levels(&a.levels)
	}
	copy(r.Stock[:], a.levels[rungsBelow:])
	copy(r.Retire[:], a.levels[rungsBelow-p.Patience.Rungs:])
	a.risk(p)
	for i := range priceRungs {
		if p.Assortment != nil {
			r.Missing[i] = float32(p.Assortment.missing(r.Stock[i]) / lead)
		}
	}
}

// risk is the probability that the demand just read exceeds the rungs' levels.
func (a *Adaptive) risk(p *adaptivePool) {
	r := p.Tryout
	// Rungs by rising level: walk up the distribution once.
	above, at := 1.0, 0
	for i := priceRungs - 1; i >= 0; i-- {
		for ; at < int(r.Stock[i]) && at < len(a.scratch); at++ {
			above -= a.scratch[at]
		}
		r.Risk[i] = float32(max(above, 0))
	}
}

var _ = register(&Family{
	Name:    "adaptive",
	Summary: "forecast, price rule and self-calibration to a target; nothing to tune",
	Knob:    "miss_price", WaitKnob: "wait_price",
	Params: targets,
	Build: func(f Fleet, v Values) (Sizer, error) {
		longest := time.Duration(0)
		for _, k := range f.Categories {
			longest = max(longest, k.LeadTime)
		}
		aim, err := newAim(v, longest)
		if err != nil {
			return nil, err
		}
		a := &Adaptive{
			LeadTimes: newLeadTimes(f),
			Pools:     make([]adaptivePool, len(f.Categories)),
			aim:       aim, tick: int64(f.Tick), clock: newLocalClock(f.Location),
			early: f.Binding == Early, rule: priceRule{waits: aim.waits},
		}
		a.Calibration.Rung = firstRung(aim.allowed)
		if aim.fixed >= 0 {
			a.Calibration.Rung = aim.fixed
		}
		a.share(f)
		if slices.Contains(a.reuse, true) {
			return reusing{a}, nil
		}
		return a, nil
	},
})

// share makes models by lead time, whose pools learn from each other.
func (a *Adaptive) share(f Fleet) {
	byLead := map[float64]int{}
	pools := []int{}
	models := []*forecast.Model{}
	for _, k := range f.Categories {
		lead := max(k.LeadTime, time.Millisecond).Seconds()
		i, ok := byLead[lead]
		if !ok {
			i = len(models)
			byLead[lead] = i
			models = append(models, forecast.NewModel(f.Tick.Seconds(), lead, forecast.AdaptiveHalfLives, true, true))
			pools = append(pools, 0)
			a.Fleets = append(a.Fleets, nil)
		}
		pools[i]++
		a.models = append(a.models, models[i])
		a.leads = append(a.leads, lead)
		a.reuse = append(a.reuse, k.Reusable)
		a.staged = append(a.staged, Category{Stages: k.Stages, ReservedFor: k.ReservedFor})
		facets := k.Facets()
		if f.Isolation == ByTenant && k.ReservedFor == 0 {
			facets &^= OfTenant // no tenant's own is prepared ahead, see Controller.unclaimed
		}
		a.facets = append(a.facets, facets)
		a.late = append(a.late, a.lateness(k.Stages))
		a.storage = append(a.storage, storagePrice(&k))
	}
	for i, n := range pools {
		if n > 1 {
			a.Fleets[i] = &forecast.Fleet{}
			models[i].Share(a.Fleets[i])
		}
	}
	for i := range f.Categories {
		a.fleets = append(a.fleets, a.Fleets[byLead[a.leads[i]]])
	}
}
