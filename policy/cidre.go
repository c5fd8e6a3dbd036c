package policy

// Cidre is the concurrency-informed scaling of Liu, Cheng, Shen, Wang and
// Balaji, "Concurrency-informed orchestration for serverless functions"
// (ASPLOS 2025): a request that finds nothing warm may be served sooner by a
// busy instance that is released than by a launch, and is then left to wait for
// it. The paper joins it to an eviction order; here idle instances are kept for
// a fixed time.
//
// The residual service of an instance in use, seen at a random instant, lasts
//
//	m = E[S^2] / (2 E[S])
//
// in the mean, S being the service time (Cox, "Renewal theory", 1962). Of n
// such the w-th to be released takes m (1/n + 1/(n-1) + ... + 1/(n-w+1)), which
// is exact for one, and for any number where services are exponential. The
// w-th request in the queue is left to releases where that is below the lead
// time, and launches are ordered for the others only; whatever becomes free
// first serves the head of the queue.
//
// Both moments are learned for each category, each release weighing less by a
// 500th with every later one; before there is one, every request launches, and
// so it does where releases do not help: where instances are single-use, tied
// to tenants, or launched by each miss for itself (early binding).
type Cidre struct {
	Pools []cidrePool
	keep  int64
	leads []float64 // by pool, s; 0 where releases do not help
}

// cidrePool has discounted sums over services.
type cidrePool struct {
	Served  float64 // s
	Squared float64 // s^2
}

const serviceDiscount = 1 - 1.0/500

// Traits implements Sizer.
func (c *Cidre) Traits() Traits {
	return Traits{Arrivals: true, Ticks: true, Idle: KeepForAge, ByPool: true}
}

// State implements Stateful.
func (c *Cidre) State() any { return &c.Pools }

// Start implements Sizer.
func (c *Cidre) Start(Time, PoolID) Level { return Level{Keep: c.keep} }

// Arrive implements Sizer.
func (c *Cidre) Arrive(_ Time, r Request, s Stock) Level { return c.level(r.Pool, s) }

// Release implements ReleaseSizer.
func (c *Cidre) Release(_ Time, id PoolID, served int64, s Stock) Level {
	p := &c.Pools[id]
	span := float64(served) / 1e9
	p.Served = float64(p.Served*serviceDiscount) + span
	p.Squared = float64(p.Squared*serviceDiscount) + float64(span*span)
	return c.level(id, s)
}

// Tick implements Sizer: requests wait for as long as enough is in use.
func (c *Cidre) Tick(_ Time, p PoolID, s Stock) (Level, Time) { return c.level(p, s), Never }

func (c *Cidre) level(p PoolID, s Stock) Level {
	return Level{Stock: -c.Pools[p].left(s, c.leads[p]), Keep: c.keep}
}

// left is how many waiting requests are left to the releases of what is in use.
func (p *cidrePool) left(s Stock, lead float64) int32 {
	if p.Served == 0 {
		return 0
	}
	residual := p.Squared / (2 * p.Served)
	w, expected := int32(0), 0.0
	for most := min(s.Waiting, s.InUse); w < most; w++ {
		if expected += residual / float64(s.InUse-w); expected >= lead {
			break
		}
	}
	return w
}

var _ = register(&Family{
	Name:    "cidre",
	Summary: "waits for a busy instance where that is sooner than a launch",
	Knob:    "ttl",
	Params: []Param{
		{Name: "ttl", Kind: Span, Default: "10m", Help: "how long an idle instance is kept"},
	},
	Build: func(f Fleet, v Values) (Sizer, error) {
		c := &Cidre{Pools: make([]cidrePool, len(f.Categories)), keep: int64(v.Span("ttl")), leads: make([]float64, len(f.Categories))}
		for i, k := range f.Categories {
			if k.Reusable && f.Isolation == NoIsolation {
				c.leads[i] = k.LeadTime.Seconds()
			}
		}
		return c, nil
	},
})
