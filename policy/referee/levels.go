package referee

import (
	"time"

	"shadowpool/policy"
)

// isShort says whether a pool is below its level and its limits let it launch.
func (r *Referee) isShort(p *pool, level policy.Level) bool {
	return p.position() < level.Stock && r.fits(p)
}

// fits says whether limits let a pool launch.
func (r *Referee) fits(p *pool) bool {
	k := &p.category
	return !r.draining &&
		(k.MaxInstances == 0 || int(p.total()) < k.MaxInstances) &&
		(k.MaxLaunching == 0 || int(p.launching+p.own) < k.MaxLaunching)
}

// exceeds says whether a pool holds more than its level lets it. What is tied
// to tenants is no stock.
func (r *Referee) exceeds(p *pool, level policy.Level) bool {
	switch r.traits.Idle {
	case policy.RetireByPosition:
		return len(p.tied) > 0 || len(p.free) > 0 && p.position() > level.Retire
	case policy.RetireByWarm:
		return len(p.tied) > 0 || int32(len(p.free)) > level.Retire
	}
	return false
}

// levels checks a pool after an event, and notes what the next tick must do.
func (r *Referee) levels(id policy.PoolID, p *pool) {
	level := r.ctrl.LevelOf(id)
	lacks := r.isShort(p, level)
	if lacks && !r.held(p) && r.atOnce(id) {
		r.fail(Stock, "pool %d has the position %d, its level is %d", id, p.position(), level.Stock)
	}
	if r.held(p) {
		p.held = r.now
	}
	exceeds := r.exceeds(p, level)
	if exceeds && r.event.kind == tick {
		r.fail(Surplus, "pool %d has a position of %d after a tick, with %d idle and %d tied to tenants; its level is %+v", id, p.position(), len(p.free), len(p.tied), level)
	}
	note := func(since *policy.Time, is bool) {
		if !is {
			*since = policy.Never
		} else if *since == policy.Never {
			*since = r.now
		}
	}
	note(&p.short, lacks)
	note(&p.surplus, exceeds)
	p.expires = policy.Never
	if r.traits.Idle != policy.KeepForAge {
		return
	}
	for _, shelf := range [2][]*instance{p.free, p.tied} {
		if len(shelf) > 0 {
			// A keep-alive that has become shorter acts from now on.
			p.expires = min(p.expires, max(shelf[0].since+level.Keep, r.now))
		}
	}
}

// atOnce says whether a pool must have reached its level after this event.
func (r *Referee) atOnce(id policy.PoolID) bool {
	switch r.event.kind {
	case start, configure, tick:
		return true
	case arrive, requeue, lose:
		return id == r.event.pool || r.chosen != nil && id == r.from
	}
	return false
}

// overdue checks, before an event of a class, that no tick and no expiry was
// left out since the one before.
func (r *Referee) overdue(class policy.Class) {
	for i := range r.pools {
		p := &r.pools[i]
		if p.short != policy.Never {
			if due := r.tickFrom(max(p.short, p.held)); due < r.now && !r.held(p) {
				r.fail(Stock, "pool %d has been below its level since %d ns, and the tick at %d ns did not act", i, p.short, due)
			}
		}
		if p.surplus != policy.Never {
			if due := r.tickFrom(p.surplus); due < r.now {
				r.fail(Surplus, "pool %d has held too many since %d ns, and the tick at %d ns did not act", i, p.surplus, due)
			}
		}
		if p.expires < r.now || p.expires == r.now && class > policy.ClassExpiry {
			r.fail(Surplus, "pool %d holds an instance whose keep-alive was over at %d ns", i, p.expires)
		}
	}
}

// tickFrom is the first tick at or after t that is still to come.
func (r *Referee) tickFrom(t policy.Time) policy.Time {
	interval := int64(r.config.Tick)
	due := t - t%interval
	if due < t || due == r.lastTick {
		due += interval
	}
	return due
}

// longestBackoff is for how long at most a pool does not launch after a failure,
// unless a launch that is to show how things stand is on its way.
const longestBackoff = 5 * time.Minute

// held says whether failures may keep a pool from launching.
func (r *Referee) held(p *pool) bool {
	return p.failed != policy.Never && (p.launching+p.own > 0 || r.now <= max(p.failed, p.held)+int64(longestBackoff+r.config.Tick))
}

// mayLaunch checks a launch that has just been counted.
func (r *Referee) mayLaunch(id policy.PoolID) {
	p := &r.pools[id]
	r.hasRoom(id)
	switch most := p.category.MaxLaunching; {
	case most > 0 && int(p.launching+p.own) > most:
		r.fail(Limit, "pool %d has %d launches in flight, its limit is %d", id, p.launching+p.own, most)
	case r.draining:
		r.fail(Stock, "pool %d launches while it is drained", id)
	}
}

// hasRoom checks the number of instances after one has come.
func (r *Referee) hasRoom(id policy.PoolID) {
	p := &r.pools[id]
	if most := p.category.MaxInstances; most > 0 && int(p.total()) > most {
		r.fail(Limit, "pool %d has %d instances, its limit is %d", id, p.total(), most)
	}
}

// mayEnd checks that the reason to end an idle instance holds.
func (r *Referee) mayEnd(in *instance, why policy.Reason) {
	p := &r.pools[in.pool]
	level := r.ctrl.LevelOf(in.pool)
	holds := false
	switch why {
	case policy.SingleUse:
		holds = r.freed(in, release) && !p.category.Reusable
	case policy.Surplus:
		holds = (r.event.kind == tick) && r.exceeds(p, level)
		if in.tenant == 0 && holds {
			if newest := p.free[len(p.free)-1]; newest != in && len(p.category.Stages) == 0 {
				r.fail(Surplus, "instance %s is surplus, but instance %s is the newest", nameOf(in.id), nameOf(newest.id))
			}
			holds = r.traits.Idle == policy.RetireByPosition && p.position() > level.Retire ||
				r.traits.Idle == policy.RetireByWarm && int32(len(p.free)) > level.Retire
		}
	case policy.Expired:
		r.old(in)
		return
	case policy.NotKept:
		holds = r.traits.Idle == policy.KeepNone
	case policy.Drained:
		holds = r.draining
	case policy.ForRoom:
		holds = in.tenant != 0 && p.category.MaxInstances > 0 && int(p.total()) >= p.category.MaxInstances && len(p.queue) > 0
	case policy.ForMemory:
		holds = r.evicts != nil && r.alive >= r.evicts.Room()
	}
	if !holds {
		r.fail(Surplus, "instance %s of pool %d is ended because of %v, which is not so: position %d, %d idle, %d tied to tenants, level %+v", nameOf(in.id), in.pool, why, p.position(), len(p.free), len(p.tied), level)
	}
}

// old checks that the keep-alive of an instance is over, and that it is the
// first whose is.
func (r *Referee) old(in *instance) {
	p := &r.pools[in.pool]
	keep := r.ctrl.LevelOf(in.pool).Keep
	if r.event.kind != expiry || r.traits.Idle != policy.KeepForAge || in.since+keep > r.now {
		r.fail(Surplus, "the keep-alive of instance %s, idle since %d ns, is not over: it is %d ns", nameOf(in.id), in.since, keep)
		return
	}
	if len(p.category.Stages) > 0 { // as many shelves as targets
		return
	}
	for _, other := range *p.shelf(in) {
		if other.tenant == in.tenant && other != in && other.since < in.since {
			r.fail(Surplus, "instance %s expires before instance %s, which has been idle for longer", nameOf(in.id), nameOf(other.id))
		}
		if other == in {
			return
		}
	}
}
