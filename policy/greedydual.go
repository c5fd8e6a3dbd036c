package policy

// GreedyDual is the caching policy of Fuerst and Sharma, "FaasCache: keeping
// serverless computing alive with greedy-dual caching" (ASPLOS 2021): it keeps
// every instance until the fleet's memory is full, and then ends the idle one
// of least
//
//	priority = clock + frequency x cold-start cost / size
//
// The clock becomes the priority of what was ended, so that what is not used
// ages. The frequency is how often the category was used since it last had an
// instance. The cost is the lead time in seconds, and every instance has size
// 1, so that memory is a number of instances.
//
// What the paper leaves open: an instance has the priority with which it became
// idle, as only idle ones compete. Where instances in use fill the memory by
// themselves, launches go on and nothing idle is kept beside them: the paper's
// server would turn requests away.
type GreedyDual struct {
	Clock  float64
	Uses   []int64   // by pool
	costs  []float64 // by pool: the lead time, s
	memory int
}

// Traits implements Sizer.
func (g *GreedyDual) Traits() Traits { return Traits{Arrivals: true, Idle: KeepForAge} }

// State implements Stateful.
func (g *GreedyDual) State() any { return g }

// Start implements Sizer.
func (g *GreedyDual) Start(Time, PoolID) Level { return keepForGood }

// keepForGood holds no stock and ends nothing.
var keepForGood = Level{Keep: int64(maxSpan)}

// Arrive implements Sizer.
func (g *GreedyDual) Arrive(_ Time, r Request, _ Stock) Level {
	g.Uses[r.Pool]++
	return keepForGood
}

// Tick implements Sizer.
func (g *GreedyDual) Tick(Time, PoolID, Stock) (Level, Time) { return keepForGood, Never }

// Room implements EvictingSizer.
func (g *GreedyDual) Room() int { return g.memory }

// Worth implements EvictingSizer.
func (g *GreedyDual) Worth(_ Time, p PoolID) float64 {
	return g.Clock + float64(float64(g.Uses[p])*g.costs[p])
}

// Evicted implements EvictingSizer.
func (g *GreedyDual) Evicted(_ Time, p PoolID, worth float64, s Stock) {
	g.Clock = worth
	if s.Warm+s.Launching+s.InUse == 0 {
		g.Uses[p] = 0
	}
}

var _ = register(&Family{
	Name:    "greedy-dual",
	Summary: "keeps all until memory is full, then ends the least valuable",
	Knob:    "memory",
	Params: []Param{
		{Name: "memory", Kind: Count, Default: "100", Help: "instances of the whole fleet, launching and in use included"},
	},
	Build: func(f Fleet, v Values) (Sizer, error) {
		g := &GreedyDual{Uses: make([]int64, len(f.Categories)), memory: int(v.Count("memory"))}
		for _, k := range f.Categories {
			g.costs = append(g.costs, k.LeadTime.Seconds())
		}
		return g, nil
	},
})
