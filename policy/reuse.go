package policy

import (
	"math/bits"

	"shadowpool/forecast/portable"
)

// reusing is Adaptive for a fleet that has reusable instances. An idle instance
// is worth keeping while it is likely enough to be claimed soon, whether it was
// used before or not, so that keeping and pre-warming are one decision by one
// level of idle instances. After an arrival another is likely, for minutes; and
// lead times and services may be much shorter than a tick. So levels follow the
// arrivals at once, and an instance that will be back within a lead time is
// not launched anew.
type reusing struct{ *Adaptive }

// services is what is known of how long the instances of a pool serve.
type services struct {
	Seen float64 // releases, at most recentServices
	Mean float64 // seconds
	// Back is the share of instances in use that will be back within a lead
	// time, for exponential services: 1 - exp(-L / mean).
	Back float64
}

// recentServices is how many services the mean remembers.
const recentServices = 200

func (s *services) learn(served, lead float64) {
	s.Seen = min(s.Seen+1, recentServices)
	s.Mean += (served - s.Mean) / s.Seen
	s.Back = 1
	if s.Mean > 0 {
		s.Back = 1 - portable.Exp(-lead/s.Mean)
	}
}

// back is how many of those in use will be back within a lead time.
func (s *services) back(inUse int32) int32 { return int32(s.Back * float64(inUse)) }

// Release implements ReleaseSizer.
func (r reusing) Release(t Time, id PoolID, served int64, s Stock) Level {
	p := &r.Pools[id]
	if p.Arrivals == nil || !r.reuse[id] {
		return p.Level
	}
	p.Services.learn(seconds(served), r.leads[id])
	p.Tryout.Back = p.Services.Back
	p.Tryout.release(t)
	return p.Level.besides(p.Services.back(s.InUse))
}

// besides is the level of a pool to which so many instances come back. Those
// who wait get launches nevertheless: an instance may serve for long.
func (l Level) besides(back int32) Level {
	l.Stock = max(l.Stock-back, 0)
	return l
}

// follow sizes a pool of reusable instances anew at an arrival: at the 1st, 2nd,
// 4th, 8th, ... since the last tick, so that crowds cost little.
func (a *Adaptive) follow(p *adaptivePool, id PoolID) {
	n := uint(p.Count)
	if bits.OnesCount(n) != 1 {
		return
	}
	p.Sized = a.models[id].Excited(p.Arrivals, p.Count)
	a.read(p)
	a.rule.levels(&a.levels)
	a.spread(p.Tryout)
	p.Level = a.level()
}
