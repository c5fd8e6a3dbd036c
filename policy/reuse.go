package policy

import (
	"math/bits"

	"shadowpool/forecast"
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

// services is what is known of how long the instances of a pool serve. With
// exponential services of mean s, of those in use the share 1 - exp(-L/s) is
// back after a lead time L, and of the requests that come in it the share
// s/L (1 - exp(-L/s)) is still in service at its end: the transient of M/M/inf
// (Takacs, "Introduction to the Theory of Queues", 1962).
type services struct {
	Seen float64 // releases, at most recentServices
	Mean float64 // seconds
	Back float64 // the first share; 0 while nothing is known
	Stay float64 // the second; 1 while nothing is known
}

// recentServices is how many services the mean remembers.
const recentServices = 200

func (s *services) learn(served, lead float64) {
	s.Seen = min(s.Seen+1, recentServices)
	s.Mean += (served - s.Mean) / s.Seen
	per := max(s.Mean, 1e-3*lead) / lead
	s.Back = 1 - portable.Exp(-1/per)
	s.Stay = float64(per * s.Back)
}

// back is how many of those in use will be back within a lead time.
func (s *services) back(inUse int32) int32 { return int32(s.Back * float64(inUse)) }

// thin is the demand at the end of the lead time, of the arrivals over it: a
// thinned mixture of Poisson distributions is one of the same dispersion. Lead
// times are as configured: what is kept matters more than how long launches
// take, and learned ones, of which small pools see few, cost more than they save.
func (s *services) thin(d forecast.NegBinomial) forecast.NegBinomial {
	d.Mean = float64(d.Mean * s.Stay)
	return d
}

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
func (a *Adaptive) follow(t Time, p *adaptivePool, id PoolID) {
	n := uint(p.Count)
	if bits.OnesCount(n) != 1 || p.Assortment != nil && bits.TrailingZeros(n)%2 != 0 {
		return
	}
	p.Sized = p.Services.thin(a.models[id].Excited(p.Arrivals, p.Count))
	a.size(t, p, id)
}
