package policy

// LazyCapacity is lazy capacity provisioning for discrete capacities (Albers
// and Quedenfeld, "Optimal algorithms for right-sizing data centers", SPAA
// 2018, after Lin, Wierman, Andrew and Thereska, INFOCOM 2011). After every
// tick it knows two capacities: the last of the best schedule so far where
// launches are paid for, and that where endings are paid for instead. It stays
// where it is as long as it is between them, and else moves to the nearer one.
// That costs at most three times the best schedule in hindsight, the least that
// any deterministic rule can promise.
//
// The cost of a tick is that of its idle instance-seconds, and a launch costs
// the lead time, scaled for the wait that it means. The demand of a tick, below
// which no capacity may be, is its peak: of the requests that run or wait where
// instances are reusable, and of the arrivals in a lead time where each serves
// one, which is what a base-stock level has to meet.
type LazyCapacity struct {
	Pools    []lazyPool
	launch   []float64 // by pool: the price of a launch, s of idling
	leads    []int64   // by pool
	reusable []bool
	tick     float64 // s
}

type lazyPool struct {
	Capacity int32
	Peak     int32  // of the demand since the last tick
	Recent   recent // arrivals in the last lead time, of single-use instances
	Work     workFunction
}

// shortage is the price of a missing instance, s of idling: above all others.
const shortage = 1e12

// Traits implements Sizer.
func (l *LazyCapacity) Traits() Traits {
	return Traits{Arrivals: true, Ticks: true, Idle: RetireByWarm, ByPool: true}
}

// State implements Stateful.
func (l *LazyCapacity) State() any { return &l.Pools }

// Start implements Sizer.
func (l *LazyCapacity) Start(_ Time, p PoolID) Level {
	l.Pools[p] = lazyPool{}
	return Level{}
}

// Arrive implements Sizer.
func (l *LazyCapacity) Arrive(t Time, r Request, s Stock) Level {
	p := &l.Pools[r.Pool]
	if !l.reusable[r.Pool] {
		p.Recent.add(t)
	}
	p.Peak = max(p.Peak, l.demand(t, r.Pool, s))
	return l.level(r.Pool, s)
}

// Release implements ReleaseSizer.
func (l *LazyCapacity) Release(_ Time, p PoolID, _ int64, s Stock) Level { return l.level(p, s) }

// Tick implements Sizer.
func (l *LazyCapacity) Tick(t Time, id PoolID, s Stock) (Level, Time) {
	p := &l.Pools[id]
	demand := l.demand(t, id, s)
	peak := max(p.Peak, demand)
	p.Peak = demand
	low, high := p.Work.add(peak, l.launch[id], l.tick, shortage)
	p.Capacity = min(max(p.Capacity, low), high)
	if p.Capacity == 0 && demand == 0 && p.Work.settled() {
		return l.level(id, s), Never
	}
	return l.level(id, s), t
}

// demand is what a capacity would have to be now for nobody to wait.
func (l *LazyCapacity) demand(t Time, p PoolID, s Stock) int32 {
	if l.reusable[p] {
		return s.InUse + s.Waiting
	}
	return int32(min(l.Pools[p].Recent.drop(t-l.leads[p]), maxCount))
}

// level holds what of the capacity is not in use; those who wait are served
// from it.
func (l *LazyCapacity) level(id PoolID, s Stock) Level {
	c := l.Pools[id].Capacity
	if !l.reusable[id] {
		return Hold(c)
	}
	return Level{Stock: max(c-s.InUse-s.Waiting, 0), Retire: max(c-s.InUse, 0)}
}

var _ = register(&Family{
	Name:    "lazy-capacity",
	Summary: "moves only when outside of two optimal capacities",
	Knob:    "scale",
	Params: []Param{
		{Name: "scale", Kind: Number, Default: "1", Help: "price of a launch and of the wait for it, in lead times of idling"},
	},
	Build: func(f Fleet, v Values) (Sizer, error) {
		l := &LazyCapacity{Pools: make([]lazyPool, len(f.Categories)), tick: f.Tick.Seconds()}
		for _, k := range f.Categories {
			l.launch = append(l.launch, v.Float("scale")*k.LeadTime.Seconds())
			l.leads = append(l.leads, int64(k.LeadTime))
			l.reusable = append(l.reusable, k.Reusable)
		}
		return l, nil
	},
})
