package referee

import "shadowpool/policy"

// Start is the controller's event.
func (r *Referee) Start(t policy.Time) {
	r.begin(entry{time: t, kind: start}, policy.ClassWarm)
	r.ctrl.Start(t)
	r.settle()
}

// Arrive is the controller's event.
func (r *Referee) Arrive(t policy.Time, q policy.Request) {
	if r.begin(entry{time: t, kind: arrive, request: q.ID, pool: q.Pool, tenant: q.Tenant, warm: q.Warm}, policy.ClassArrival) {
		r.welcome(q, false)
	}
	r.ctrl.Arrive(t, q)
	r.settle()
}

// Requeue is the controller's event.
func (r *Referee) Requeue(t policy.Time, q policy.Request) {
	if r.begin(entry{time: t, kind: requeue, request: q.ID, pool: q.Pool, tenant: q.Tenant, warm: q.Warm}, policy.ClassRelease) {
		r.welcome(q, true)
	}
	r.ctrl.Requeue(t, q)
	r.settle()
}

// Cancel is the controller's event.
func (r *Referee) Cancel(t policy.Time, id policy.PoolID, name policy.RequestID) bool {
	watching := r.begin(entry{time: t, kind: cancel, request: name, pool: id}, policy.ClassArrival)
	q := r.requests[name]
	waits := q != nil && q.Pool == id && !q.served
	if watching && waits {
		r.withdraw(q)
	}
	done := r.ctrl.Cancel(t, id, name)
	if watching && done != waits {
		r.fail(Request, "cancelling request %d reports %t, but whether it waits is %t", name, done, waits)
	}
	r.settle()
	return done
}

// Warm is the controller's event.
func (r *Referee) Warm(t policy.Time, id policy.InstanceID) {
	if in := r.concerns(entry{time: t, kind: warm, instance: id}, policy.ClassWarm, launching); in != nil {
		r.quit(in)
		r.pools[in.pool].pauses.succeed(in)
		r.bear(in)
		r.rest(in)
		r.stopping = r.mustStop(in)
	}
	r.ctrl.Warm(t, id)
	r.settle()
}

// Took is the controller's event.
func (r *Referee) Took(t policy.Time, id policy.InstanceID, stage int, span int64) {
	if in := r.concerns(entry{time: t, kind: took, instance: id}, policy.ClassWarm, idle, serving); in != nil {
		if in.state == idle && !in.busy {
			r.fail(Host, "instance %s did a stage, but was not to", nameOf(id))
		}
	}
	r.ctrl.Took(t, id, stage, span)
	r.settle()
}

// Prepared is the controller's event.
func (r *Referee) Prepared(t policy.Time, id policy.InstanceID) {
	if in := r.concerns(entry{time: t, kind: prepared, instance: id}, policy.ClassWarm, idle); in != nil {
		if !in.busy {
			r.fail(Host, "instance %s is prepared, but was not to be", nameOf(id))
		}
		k := &r.pools[in.pool].category
		if in.fetching {
			in.keep(k, policy.KeptKey{Stage: in.stage, Key: in.to})
		} else {
			in.become(k, in.is.Over(in.to))
		}
		in.busy = false
	}
	r.ctrl.Prepared(t, id)
	r.settle()
}

// Release is the controller's event.
func (r *Referee) Release(t policy.Time, id policy.InstanceID) {
	if in := r.concerns(entry{time: t, kind: release, instance: id}, policy.ClassRelease, serving); in != nil {
		delete(r.requests, in.serves.ID)
		r.part(in)
		r.quit(in)
		r.rest(in)
	}
	r.ctrl.Release(t, id)
	r.settle()
}

// Fail is the controller's event.
func (r *Referee) Fail(t policy.Time, id policy.InstanceID, why policy.Failure) {
	e := entry{time: t, kind: fail, instance: id, failure: why}
	if in := r.concerns(e, policy.ClassRelease, launching); in != nil {
		r.event.on = in.on
		p := &r.pools[in.pool]
		p.ledger.Failed++
		if in.role != inVain {
			p.pauses.fail(t, in, why)
		}
		if why == policy.OverQuota {
			r.full = t
		}
		r.bereave(in)
	}
	r.ctrl.Fail(t, id, why)
	r.settle()
}

// Lose is the controller's event.
func (r *Referee) Lose(t policy.Time, id policy.InstanceID) {
	if in := r.concerns(entry{time: t, kind: lose, instance: id}, policy.ClassRelease, launching, idle, serving, stopped); in != nil {
		r.pools[in.pool].ledger.Lost++
		r.bereave(in)
	}
	r.ctrl.Lose(t, id)
	r.settle()
}

// Drain is the controller's event.
func (r *Referee) Drain(t policy.Time) {
	r.begin(entry{time: t, kind: drain}, policy.ClassArrival)
	r.draining = true
	r.ctrl.Drain(t)
	r.settle()
}

// Reopen is the controller's event.
func (r *Referee) Reopen(t policy.Time) {
	r.begin(entry{time: t, kind: reopen}, policy.ClassArrival)
	r.draining = false
	r.ctrl.Reopen(t)
	r.settle()
}

// Pause is the controller's event.
func (r *Referee) Pause(t policy.Time, id policy.PoolID, paused bool) {
	if r.begin(entry{time: t, kind: pause, pool: id}, policy.ClassArrival) {
		r.pools[id].paused = paused
	}
	r.ctrl.Pause(t, id, paused)
	r.settle()
}

// Reset is the controller's event.
func (r *Referee) Reset(t policy.Time, id policy.PoolID) {
	if r.begin(entry{time: t, kind: reset, pool: id}, policy.ClassArrival) {
		r.pools[id].pauses = unhindered
	}
	r.ctrl.Reset(t, id)
	r.settle()
}

// Announce is the controller's event.
func (r *Referee) Announce(t policy.Time, h policy.Hint) bool {
	watching := r.begin(entry{time: t, kind: announce, pool: h.Pool, hint: h.ID}, policy.ClassArrival)
	taken := r.ctrl.Announce(t, h)
	r.heeded = taken
	if watching && taken && (r.hints == nil || r.draining || h.To < t) {
		r.fail(Host, "hint %d is taken, but its window is over, or nobody heeds it", h.ID)
	}
	r.settle()
	return taken
}

// Withdraw is the controller's event.
func (r *Referee) Withdraw(t policy.Time, id policy.HintID) bool {
	r.begin(entry{time: t, kind: withdraw, hint: id}, policy.ClassArrival)
	done := r.ctrl.Withdraw(t, id)
	r.settle()
	return done
}

// Fire is the controller's event.
func (r *Referee) Fire() {
	t, class := r.ctrl.NextTimer()
	e := entry{time: t, kind: tick}
	switch {
	case class == policy.ClassExpiry:
		e.kind = expiry
	case r.hints != nil && !r.draining && r.hints.NextLook() == t: // looks precede the tick of their instant
		e.kind = look
	}
	if r.begin(e, class) && e.kind == tick {
		switch interval := int64(r.config.Tick); {
		case t%interval != 0:
			r.fail(Timer, "the tick at %d ns is no whole multiple of %d ns", t, interval)
		case t == r.lastTick:
			r.fail(Timer, "the tick at %d ns comes twice", t)
		}
		r.lastTick = t
		r.growOld()
		for i := range r.pools {
			r.pools[i].rollout.free, r.pools[i].rollout.tied = 0, 0
		}
	}
	r.ctrl.Fire()
	r.settle()
}

// begin opens an event. It reports false when there is nothing left to watch.
func (r *Referee) begin(e entry, class policy.Class) bool {
	if r.found != nil {
		return false
	}
	r.trail.add(e)
	r.event, r.placing, r.chosen = e, nil, nil
	r.lone, r.fresh, r.relieved, r.relief, r.stopping = nil, nil, nil, false, false
	r.events++
	if e.time < r.now {
		r.fail(Timer, "time goes back to %d ns", e.time)
		return false
	}
	r.now = e.time
	due, of := r.ctrl.NextTimer()
	switch {
	case e.kind == expiry || e.kind == tick || e.kind == look:
		if due == policy.Never {
			r.fail(Host, "a timer is fired, but none is set")
		}
	case due < e.time || due == e.time && of < class:
		r.fail(Host, "the timer due at %d ns was not fired before", due)
	}
	if len(r.pools) <= wide {
		r.overdue(class)
	}
	return r.found == nil
}

// concerns opens an event of an instance, which must be in one of some states.
func (r *Referee) concerns(e entry, class policy.Class, states ...state) *instance {
	if !r.begin(e, class) {
		return nil
	}
	k, id := e.kind, e.instance
	in := r.living(id)
	if in != nil {
		for _, s := range states {
			if in.state == s {
				r.event.pool = in.pool
				r.touch(in.pool)
				return in
			}
		}
		r.fail(Host, "%v of instance %s, which is %v", k, nameOf(id), in.state)
		return nil
	}
	r.fail(Host, "%v of instance %s, which does not live", k, nameOf(id))
	return nil
}
