package policy

import "shadowpool/forecast/portable"

// Layered keeps warmth in layers, as Yu et al., "RainbowCake: mitigating
// cold-starts in serverless with layer-wise container caching and sharing"
// (ASPLOS 2024): an idle instance is kept whole for a while, then moves to the
// layer below, which takes less memory and may serve every category that shares
// it, and so on until it is ended. At each layer it is kept for
//
//	min(-ln(1 - p) / lambda, price x stage / memory)
//
// The first is the p-quantile of the time until the next request of any
// category that shares the layer, at the rate lambda of the last six. The
// second is how long the layer's memory (beyond that of the layer below) may
// idle for what its stage of warm-up takes; price is alpha / (1 - alpha) of the
// paper's cost, alpha x start-up + (1 - alpha) x memory. The paper has alpha =
// 0.996 and p = 0.8, for Poisson arrivals; where they come in bursts that p
// takes every instance apart between two bursts, at whatever price, so that
// 0.9999 is the default.
//
// What the paper leaves open or does otherwise: memory is in shares of a whole
// instance, and the rate is of the six last requests up to now. The paper also
// pre-warms ahead of the next expected request; this keeps instances only. The
// stages of a shared layer are those of the category that names it first.
// Without layers in the fleet an instance is one layer, with the lead time as
// its stage.
type Layered struct {
	Pools []layeredPool
	below []PoolID // by pool: the layer below; its own for the lowest
	most  []int64  // by pool: the keep-alive that is worth its while, ns
	// quantile is -ln(1 - p).
	quantile float64
}

type layeredPool struct {
	Recent [layeredWindow]Time // requests, the one at Next the oldest
	Next   int
	N      int
}

// layeredWindow is how many requests tell the rate.
const layeredWindow = 6

// Traits implements Sizer.
func (l *Layered) Traits() Traits { return Traits{Arrivals: true, Idle: KeepForAge, ByPool: true} }

// State implements Stateful.
func (l *Layered) State() any { return &l.Pools }

// Start implements Sizer.
func (l *Layered) Start(_ Time, p PoolID) Level { return Level{Keep: l.most[p]} }

// Arrive implements Sizer. The request counts for its category and for all
// layers that may serve it.
func (l *Layered) Arrive(t Time, r Request, _ Stock) Level {
	for p := r.Pool; ; p = l.below[p] {
		pool := &l.Pools[p]
		pool.Recent[pool.Next] = t
		pool.Next = (pool.Next + 1) % layeredWindow
		pool.N = min(pool.N+1, layeredWindow)
		if l.below[p] == p {
			break
		}
	}
	return l.level(t, r.Pool)
}

// Release implements ReleaseSizer.
func (l *Layered) Release(t Time, p PoolID, _ int64, _ Stock) Level { return l.level(t, p) }

// Demoted implements LayerSizer.
func (l *Layered) Demoted(t Time, p PoolID, _ Stock) Level { return l.level(t, p) }

// Tick implements Sizer.
func (l *Layered) Tick(t Time, p PoolID, _ Stock) (Level, Time) { return l.level(t, p), Never }

func (l *Layered) level(t Time, id PoolID) Level {
	p := &l.Pools[id]
	keep := l.most[id]
	if p.N == layeredWindow {
		// The rate is n / (t - oldest), less the oldest itself.
		mean := float64(t-p.Recent[p.Next]) / (layeredWindow - 1)
		keep = min(keep, int64(l.quantile*mean))
	}
	return Level{Keep: keep}
}

var _ = register(&Family{
	Name:    "layered",
	Summary: "takes idle instances apart by layers, shared by categories",
	Knob:    "price",
	Params: []Param{
		{Name: "price", Kind: Number, Default: "249", Help: "of a second of warm-up, in seconds of a whole instance idling"},
		{Name: "quantile", Kind: Share, Default: "0.9999", Help: "of the time to the next request, for which a layer is kept at most"},
	},
	Build: buildLayered,
})

func buildLayered(f Fleet, v Values) (Sizer, error) {
	n := len(f.Categories)
	l := &Layered{
		Pools: make([]layeredPool, n), below: make([]PoolID, n), most: make([]int64, n),
		quantile: -portable.Log(1 - v.Float("quantile")),
	}
	for i, k := range f.Categories {
		l.below[i] = PoolID(i)
		memory, missing := share(k), k.LeadTime
		if k.Below != nil {
			l.below[i] = *k.Below
			below := f.Categories[*k.Below]
			memory -= share(below)
			missing -= below.LeadTime
			for _, o := range k.Compatible {
				if o.Pool == *k.Below {
					missing = o.Adapt
				}
			}
		}
		l.most[i] = int64(min(v.Float("price")*float64(max(missing, 0))/memory, float64(maxSpan)))
	}
	return l, nil
}

// share is the memory of a category's idle instance.
func share(k Category) float64 {
	if k.Memory == 0 {
		return 1
	}
	return k.Memory
}
