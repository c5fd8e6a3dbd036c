package referee

import "shadowpool/policy"

// shown is a position, for people: the least that it may be.
func (r *Referee) shown(p *pool) int32 {
	least, _ := r.position(p)
	return least
}

// isShort says whether a pool is surely below its level, and limits and the
// budget let it launch.
func (r *Referee) isShort(p *pool, level policy.Level) bool {
	_, most := r.position(p)
	return most < level.Stock && r.fits(p) && r.hasMoney(p, most < 0)
}

// fits says whether limits let a pool launch.
func (r *Referee) fits(p *pool) bool {
	k := &p.category
	return !r.draining && !p.paused &&
		(k.MaxInstances == 0 || int(p.total()) < k.MaxInstances) &&
		(k.MaxLaunching == 0 || int(p.launching()) < k.MaxLaunching)
}

// exceeds says whether a pool surely holds more than its level lets it. What is
// tied to tenants is no stock.
func (r *Referee) exceeds(p *pool, level policy.Level) bool {
	warm, _ := r.warm(p)
	position, _ := r.position(p)
	switch r.traits.Idle {
	case policy.RetireByPosition:
		return len(p.tied) > 0 || warm > 0 && position > level.Retire
	case policy.RetireByWarm:
		return len(p.tied) > 0 || warm > level.Retire
	}
	return false
}

// levels checks a pool after an event, and notes what the next tick must do.
func (r *Referee) levels(id policy.PoolID, p *pool) {
	level := r.ctrl.LevelOf(id)
	until := r.heldUntil(p)
	held := until > r.now
	short := r.isShort(p, level)
	was := p.short
	note := func(since *policy.Time, is bool) {
		switch {
		case !is || until == policy.Never:
			*since = policy.Never
		case held:
			*since = until
		default:
			*since = min(*since, r.now)
		}
	}
	note(&p.short, short)
	note(&p.hollow, r.isHollow(id, p, level))
	exceeds := r.exceeds(p, level)
	note(&p.lonely, r.lonely(id) != nil && r.canLaunchAlone(p))
	if p.surplus = min(p.surplus, r.now); !exceeds {
		p.surplus = policy.Never
	}
	if short && !held && (r.atOnce(id) || r.revised() && was == policy.Never && !p.limited()) && !r.stillToCome() {
		r.fail(Stock, "pool %d has the position %d, its level is %d", id, r.shown(p), level.Stock)
	}
	if r.event.kind == tick {
		if exceeds {
			r.fail(Surplus, "pool %d has a position of %d after a tick, with %d idle and %d tied to tenants; its level is %+v", id, r.shown(p), len(p.free), len(p.tied), level)
		}
		if in := r.lingers(id, p); in != nil {
			r.fail(Surplus, "pool %d keeps instance %s, idle since %d ns, beyond its level of %d", id, nameOf(in.id), in.since, level.Stock)
		}
		if p.lonely != policy.Never {
			r.fail(Warmth, "request %d waits in pool %d for a new instance, which may be launched", r.lonely(id).ID, id)
		}
	}
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

// revised says whether the event may have raised the level of any pool. One at a
// limit only has the room of its surplus from the next tick on.
func (r *Referee) revised() bool { return r.event.kind == look || r.event.kind == withdraw }

func (p *pool) limited() bool { return p.category.MaxInstances > 0 || p.category.MaxLaunching > 0 }

// stillToCome says whether a timer at this instant may still do what lacks: so
// pools take turns where money or a place has just become free.
func (r *Referee) stillToCome() bool {
	due, class := r.ctrl.NextTimer()
	return due == r.now && class == policy.ClassExpiry
}

// atOnce says whether a pool must have reached its level after this event.
func (r *Referee) atOnce(id policy.PoolID) bool {
	switch r.event.kind {
	case start, configure, tick:
		return true
	case announce, notice:
		return id == r.event.pool && r.heeded
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
		if due, late := r.missed(p.short); late {
			r.fail(Stock, "pool %d has been below its level since %d ns, and the tick at %d ns did not act", i, p.short, due)
		}
		if due, late := r.missed(p.hollow); late {
			r.fail(Stopped, "pool %d has lacked stopped instances since %d ns, and the tick at %d ns did not act", i, p.hollow, due)
		}
		if due, late := r.missed(p.surplus); late {
			r.fail(Surplus, "pool %d has held too many since %d ns, and the tick at %d ns did not act", i, p.surplus, due)
		}
		if due, late := r.missed(p.lonely); late {
			r.fail(Warmth, "requests of pool %d have waited for new instances since %d ns, and the tick at %d ns did not act", i, p.lonely, due)
		}
		if due, late := r.missed(p.old); late {
			r.fail(Age, "pool %d has an instance that had to end at %d ns, and the tick at %d ns did not act", i, p.old, due)
		}
		if p.expires < r.now || p.expires == r.now && class > policy.ClassExpiry {
			r.fail(Surplus, "pool %d holds an instance whose keep-alive was over at %d ns", i, p.expires)
		}
	}
}

// missed says whether a tick has been left out that had to act on what has been
// so since an instant, and when it was.
func (r *Referee) missed(since policy.Time) (due policy.Time, late bool) {
	if since == policy.Never {
		return 0, false
	}
	due = r.tickFrom(since)
	return due, due < r.now
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
