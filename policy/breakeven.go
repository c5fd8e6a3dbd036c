package policy

import (
	"math"

	"shadowpool/forecast/portable"
)

// BreakEven holds no stock and keeps an idle instance until idling has cost as
// much as a new launch would: the ski-rental rule (Karlin, Manasse, Rudolph and
// Sleator, "Competitive snoopy caching", Algorithmica 3, 1988), which over
// every gap costs at most twice what the best keep-alive in hindsight does. A
// launch costs its lead time, as instances launching and idle cost alike.
//
// With a seed the keep-alive is a random share x of that, of density
// e^x / (e - 1) on [0, 1], which costs at most e / (e - 1) = 1.582 times as
// much in expectation (Karlin, Manasse, McGeoch and Owicki, "Competitive
// randomized algorithms for nonuniform problems", Algorithmica 11, 1994). It is
// drawn anew when an instance becomes idle beside no other; those that join it
// share its draw, as the pool has one keep-alive.
type BreakEven struct {
	Pools  []breakEvenPool
	even   []int64 // by pool: the scaled lead time, ns
	random bool
	seed   uint64
}

type breakEvenPool struct {
	Keep  int64
	Draws uint64
}

// Traits implements Sizer.
func (b *BreakEven) Traits() Traits { return Traits{Idle: KeepForAge, ByPool: true} }

// State implements Stateful.
func (b *BreakEven) State() any { return &b.Pools }

// Start implements Sizer.
func (b *BreakEven) Start(_ Time, p PoolID) Level {
	b.Pools[p] = breakEvenPool{Keep: b.even[p]}
	b.draw(p)
	return b.level(p)
}

// Arrive implements Sizer.
func (b *BreakEven) Arrive(_ Time, r Request, _ Stock) Level { return b.level(r.Pool) }

// Release implements ReleaseSizer.
func (b *BreakEven) Release(_ Time, p PoolID, _ int64, s Stock) Level {
	if s.Warm == 0 {
		b.draw(p)
	}
	return b.level(p)
}

// Tick implements Sizer.
func (b *BreakEven) Tick(_ Time, p PoolID, _ Stock) (Level, Time) { return b.level(p), Never }

func (b *BreakEven) level(p PoolID) Level { return Level{Keep: b.Pools[p].Keep} }

// draw sets a pool's keep-alive by the inverse of its distribution function,
// (e^x - 1) / (e - 1).
func (b *BreakEven) draw(id PoolID) {
	if !b.random {
		return
	}
	p := &b.Pools[id]
	x := mix(mix(b.seed<<32|uint64(id)) + p.Draws)
	p.Draws++
	u := float64(x>>11) / (1 << 53)
	p.Keep = int64(float64(b.even[id]) * portable.Log(1+float64(u*(math.E-1))))
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

var _ = register(&Family{
	Name:    "break-even",
	Summary: "keeps an idle instance until that has cost a launch",
	Knob:    "scale",
	Params: []Param{
		{Name: "scale", Kind: Number, Default: "1", Help: "price of a launch and of the wait for it, in lead times of idling"},
		{Name: "seed", Kind: Count, Optional: true, Help: "draws the keep-alive at random, by this seed"},
	},
	Build: func(f Fleet, v Values) (Sizer, error) {
		b := &BreakEven{Pools: make([]breakEvenPool, len(f.Categories))}
		if b.random = v.Has("seed"); b.random {
			b.seed = uint64(v.Count("seed"))
		}
		for _, k := range f.Categories {
			b.even = append(b.even, int64(min(v.Float("scale")*float64(k.LeadTime), float64(maxSpan))))
		}
		return b, nil
	},
})
