package referee

import "shadowpool/policy"

// ended counts an instance that is ended. One that launches is only at the
// notice that it is taken back.
func (r *Referee) ended(id policy.InstanceID, pid policy.PoolID, why policy.Reason) {
	in := r.living(id)
	switch {
	case in == nil:
		r.fail(Life, "instance %s is ended, but does not live", nameOf(id))
		return
	case in.pool != pid:
		r.fail(Life, "instance %s of pool %d is ended in pool %d", nameOf(id), in.pool, pid)
		return
	case in.state == stopped:
		r.discarded(in, why)
	case in.state == launching && why == policy.Reclaimed && r.freed(in, notice):
	case in.state != idle:
		r.fail(Life, "instance %s is ended while it is %v", nameOf(id), in.state)
		return
	default:
		r.mayEnd(in, why)
	}
	r.bereave(in)
	r.pools[pid].ledger.Ended++
}

// mayEnd checks that the reason to end an idle instance holds.
func (r *Referee) mayEnd(in *instance, why policy.Reason) {
	p := &r.pools[in.pool]
	holds := false
	switch why {
	case policy.SingleUse:
		holds = r.freed(in, release) && !p.category.Reusable
	case policy.Surplus:
		r.surplus(in)
		if in.on == policy.OnDemand && in.tenant == 0 && !in.stale && !in.aging && r.wants(in.pool, p) > 0 {
			r.fail(Stopped, "instance %s is ended as surplus, but pool %d has %d stopped and wants %d", nameOf(in.id), in.pool, len(p.stopped), r.wanted(in.pool, p))
		}
		return
	case policy.Expired:
		r.old(in)
		return
	case policy.NotKept:
		holds = r.traits.Idle == policy.KeepNone
	case policy.Drained:
		holds = r.draining
	case policy.ForRoom:
		full := p.category.MaxInstances > 0 && int(p.total()) >= p.category.MaxInstances
		holds = full && (in.tenant != 0 && len(p.queue) > 0 || r.lonely(in.pool) != nil)
	case policy.ForMemory:
		holds = r.evicts != nil && r.alive >= r.evicts.Room()
	case policy.ForMoney:
		r.mayPay(in)
		return
	case policy.TooOld:
		holds = in.due <= r.now
	case policy.Outdated:
		r.mayOutdate(in)
		return
	case policy.IdleTooLong:
		holds = r.idledOut(in)
	case policy.Reclaimed:
		holds = in.noticed && (r.freed(in, notice) || r.freed(in, release))
	case policy.Relieved:
		holds = in == r.relieved
	}
	if !holds {
		r.fail(Surplus, "instance %s of pool %d is ended because of %v, which is not so: position %d, %d idle, %d tied to tenants, level %+v", nameOf(in.id), in.pool, why, r.shown(p), len(p.free), len(p.tied), r.ctrl.LevelOf(in.pool))
	}
}

// surplus checks that an idle instance is more than its pool's level asks for,
// and goes first: before the newest go those that are on their way out.
func (r *Referee) surplus(in *instance) {
	p := &r.pools[in.pool]
	level := r.ctrl.LevelOf(in.pool)
	_, position := r.position(p)
	_, warm := r.warm(p)
	holds := r.traits.Idle == policy.RetireByPosition && (in.tenant != 0 || position > level.Retire) ||
		r.traits.Idle == policy.RetireByWarm && (in.tenant != 0 || warm > level.Retire)
	if !holds || r.event.kind != tick && r.event.kind != look {
		r.fail(Surplus, "instance %s of pool %d is surplus, which is not so: position %d, %d idle, %d tied to tenants, level %+v", nameOf(in.id), in.pool, position, len(p.free), len(p.tied), level)
	}
	if in.tenant != 0 {
		return
	}
	outgoing := false
	for _, o := range p.free {
		outgoing = outgoing || o.aging || o.stale
	}
	newest := p.free[len(p.free)-1]
	switch {
	case outgoing && !in.aging && !in.stale:
		r.fail(Surplus, "instance %s is surplus, but others of pool %d are on their way out", nameOf(in.id), in.pool)
	case !outgoing && newest != in && len(p.category.Stages) == 0:
		r.fail(Surplus, "instance %s is surplus, but instance %s is the newest", nameOf(in.id), nameOf(newest.id))
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
	r.longest(in, p)
}

// idledOut says whether an instance has been idle for longer than its category
// allows, and is more than the level asks for.
func (r *Referee) idledOut(in *instance) bool {
	p := &r.pools[in.pool]
	timeout := p.category.IdleTimeout
	_, warm := r.warm(p)
	if r.event.kind != tick || timeout == 0 || in.since+int64(timeout) > r.now || in.tenant == 0 && warm <= max(r.ctrl.LevelOf(in.pool).Stock, 0) {
		return false
	}
	r.longest(in, p)
	return true
}

// longest checks that an instance has been idle for longest of its kind.
func (r *Referee) longest(in *instance, p *pool) {
	if len(p.category.Stages) > 0 { // as many shelves as targets
		return
	}
	for _, other := range *p.shelf(in) {
		if other.tenant == in.tenant && other != in && other.since < in.since {
			r.fail(Surplus, "instance %s ends before instance %s, which has been idle for longer", nameOf(in.id), nameOf(other.id))
		}
		if other == in {
			return
		}
	}
}

// lingers says whether a pool surely keeps an instance, after a tick, that has
// been idle for longer than its category allows.
func (r *Referee) lingers(id policy.PoolID, p *pool) *instance {
	timeout := int64(p.category.IdleTimeout)
	if timeout == 0 {
		return nil
	}
	for _, in := range p.tied {
		if in.since+timeout <= r.now {
			return in
		}
	}
	if warm, _ := r.warm(p); warm > max(r.ctrl.LevelOf(id).Stock, 0) {
		for _, in := range p.free {
			if in.since+timeout <= r.now {
				return in
			}
		}
	}
	return nil
}
