package referee

import "shadowpool/policy"

// rollout is how far a pool's stale instances may be replaced.
type rollout struct {
	stale int   // instances of the pool, in any state
	surge int32 // the most that was allowed since a generation was new
	free  int32 // of those that anyone may use, ended at this tick, as they were outdated
	tied  int32
}

func (o *rollout) configure(k *policy.Category) { o.surge = max(o.surge, int32(max(k.Surge, 1))) }

// leaving is how many of the idle instances of a pool, free for anyone and not
// too old, are stale, and how many of them at most may be out of the stock, to be
// replaced: the surge, and those that were when they served.
func (p *pool) leaving() (stale, most int32) {
	fresh := int32(0)
	for _, in := range p.free {
		switch {
		case !in.stale || in.aging:
		case in.claimed:
			stale, most = stale+1, most+1
		default:
			stale, fresh = stale+1, fresh+1
		}
	}
	return stale, most + min(fresh, p.rollout.surge)
}

// warm is the least and the most that a pool's stock of idle instances may be.
// Which stale ones are being replaced, and are no stock, is the controller's
// choice.
func (r *Referee) warm(p *pool) (least, most int32) {
	most = int32(len(p.free))
	if !r.lived {
		return most, most
	}
	for _, in := range p.free {
		if in.aging {
			most--
		}
	}
	_, leaving := p.leaving()
	return most - leaving, most
}

// position is the least and the most that a pool's position may be.
func (r *Referee) position(p *pool) (least, most int32) {
	least, most = r.warm(p)
	also := p.coming[forPool] - int32(len(p.queue))
	return least + also, most + also
}

// mayOutdate checks that a stale instance ends only where stale ones are
// forbidden, or is replaced.
func (r *Referee) mayOutdate(in *instance) {
	p := &r.pools[in.pool]
	o := &p.rollout
	switch {
	case !in.stale:
		r.fail(Generation, "instance %s of pool %d ends as outdated, but is of the present generation", nameOf(in.id), in.pool)
	case r.forbidden(in, in.pool) || in.state == stopped:
	case r.event.kind != tick:
		r.fail(Generation, "instance %s of pool %d is replaced between ticks", nameOf(in.id), in.pool)
	case in.tenant != 0:
		if o.tied++; o.tied > o.surge {
			r.fail(Generation, "pool %d ends %d stale instances that are tied to tenants at once, more than its surge of %d", in.pool, o.tied, o.surge)
		}
	default:
		r.mayReplace(in, p)
	}
}

// mayReplace checks that others cover the level when a stale instance ends, or
// that there is no room for a successor.
func (r *Referee) mayReplace(in *instance, p *pool) {
	if !in.claimed && !in.aging {
		p.rollout.free++
	}
	if most := p.rollout.surge + 1; p.rollout.free > most {
		r.fail(Generation, "pool %d ends %d stale instances at one tick, its surge is %d", in.pool, p.rollout.free, most-1)
	}
	_, warm := r.warm(p)
	if !in.aging {
		warm-- // it is itself none of the others
	}
	level := r.ctrl.LevelOf(in.pool).Stock
	if warm < level && (p.coming[forPool] > 0 || r.fits(p) && r.hasMoney(p, false)) {
		r.fail(Generation, "instance %s of pool %d is replaced while only %d others are idle, its level is %d", nameOf(in.id), in.pool, warm, level)
	}
}
