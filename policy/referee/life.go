package referee

import (
	"math/bits"

	"shadowpool/policy"
)

// life is how old an instance is, and of which generation.
type life struct {
	born    policy.Time // when it became warm
	hasBorn bool
	due     policy.Time // from when on it may not be handed out; Never without a maximum age
	aging   bool        // its end is so near that it is no stock
	stale   bool        // it was ordered before the present generation
	claimed bool        // since it became stale
}

// lives says whether ages and generations count in a fleet.
func (r *Referee) lives(config *policy.Config) bool {
	for i, k := range config.Categories {
		if k.MaxAge > 0 || i < len(r.pools) && k.Generation != r.pools[i].category.Generation {
			return true
		}
	}
	return r.lived
}

// bear counts the age of a launch that has become warm. What was stopped has
// grown older meanwhile.
func (r *Referee) bear(in *instance) {
	if !in.resumed || !in.hasBorn {
		in.born, in.hasBorn = r.now, true
	}
	in.due = r.due(in, in.pool)
}

// due is from when on an instance has less of its life before it than a pool's
// category asks for. Its own limit is up to a tenth below the maximum age, by
// the finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) of its name.
func (r *Referee) due(in *instance, id policy.PoolID) policy.Time {
	k := &r.pools[id].category
	if k.MaxAge == 0 {
		return policy.Never
	}
	x := uint64(in.id)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	off, _ := bits.Mul64(x^x>>31, uint64(k.MaxAge/10))
	return in.born + int64(k.MaxAge-k.MinRemaining) - int64(off)
}

// ages says whether an instance is so near its end that its successor is due: a
// lead time and a tick.
func (r *Referee) ages(in *instance) bool {
	if in.due == policy.Never || !in.hasBorn {
		return false
	}
	return r.now >= in.due-int64(r.pools[in.pool].category.LeadTime+r.config.Tick)
}

// forbidden says whether an instance is stale where those of a pool are never
// handed out.
func (r *Referee) forbidden(in *instance, id policy.PoolID) bool {
	return in.stale && r.pools[id].category.Stale == policy.ForbidStale
}

// fit says whether an instance may be handed out by a pool.
func (r *Referee) fit(in *instance, id policy.PoolID) bool {
	if !r.lived {
		return true
	}
	due := in.due
	if id != in.pool {
		due = r.due(in, id)
	}
	return r.now < due && !r.forbidden(in, id)
}

// handedOut checks that an instance may be.
func (r *Referee) handedOut(in *instance) {
	switch {
	case r.forbidden(in, in.pool):
		r.fail(Generation, "instance %s is handed out, but is of an earlier generation", nameOf(in.id))
	case in.due <= r.now:
		r.fail(Age, "instance %s is handed out, but had to be by %d ns: it became warm at %d ns", nameOf(in.id), in.due, in.born)
	case in.noticed:
		r.fail(Spot, "instance %s is handed out, but the provider takes it back", nameOf(in.id))
	}
	in.claimed = true
}

// growOld takes what is idle and near its end out of the stock, at a tick.
func (r *Referee) growOld() {
	if !r.lived {
		return
	}
	for i := range r.pools {
		for _, shelf := range [2][]*instance{r.pools[i].free, r.pools[i].tied} {
			for _, in := range shelf {
				if !in.aging && r.ages(in) {
					in.aging = true
					r.touch(policy.PoolID(i))
				}
			}
		}
	}
}

// aged checks, after an event, that no instance is left that had to end.
func (r *Referee) aged(id policy.PoolID, p *pool) {
	if p.old = policy.Never; !r.lived {
		return
	}
	for _, shelf := range [2][]*instance{p.free, p.tied} {
		for _, in := range shelf {
			switch {
			case r.forbidden(in, id):
				r.fail(Generation, "instance %s of pool %d is idle, but of an earlier generation", nameOf(in.id), id)
			case in.due > r.now:
			case r.event.kind == tick || r.freed(in, warm) || r.freed(in, release):
				r.fail(Age, "instance %s of pool %d is idle, but had to end at %d ns", nameOf(in.id), id, in.due)
			}
			p.old = min(p.old, max(in.due, r.now))
		}
	}
	for _, in := range p.stopped {
		switch {
		case in.stale:
			r.fail(Generation, "instance %s of pool %d is stopped, but of an earlier generation", nameOf(in.id), id)
		case r.event.kind == tick && r.ages(in):
			r.fail(Age, "instance %s of pool %d is stopped, but its end at %d ns is too near", nameOf(in.id), id, in.due)
		}
	}
}
