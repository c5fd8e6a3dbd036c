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
	r.blind = r.blind || q.Warm != policy.PreferWarm
	if r.begin(entry{time: t, kind: arrive, request: q.ID, pool: q.Pool, tenant: q.Tenant}, policy.ClassArrival) {
		r.welcome(q, false)
	}
	r.ctrl.Arrive(t, q)
	r.settle()
}

// Requeue is the controller's event.
func (r *Referee) Requeue(t policy.Time, q policy.Request) {
	r.blind = r.blind || q.Warm != policy.PreferWarm
	if r.begin(entry{time: t, kind: requeue, request: q.ID, pool: q.Pool, tenant: q.Tenant}, policy.ClassRelease) {
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
	if in := r.concerns(t, warm, id, policy.ClassWarm, launching); in != nil {
		r.quit(in)
		if p := &r.pools[in.pool]; in.ordered > p.failed {
			p.failed, p.held = policy.Never, r.now
		}
		r.rest(in)
	}
	r.ctrl.Warm(t, id)
	r.settle()
}

// Prepared is the controller's event.
func (r *Referee) Prepared(t policy.Time, id policy.InstanceID) {
	if in := r.concerns(t, prepared, id, policy.ClassWarm, idle); in != nil {
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
	if in := r.concerns(t, release, id, policy.ClassRelease, serving); in != nil {
		delete(r.requests, in.serves.ID)
		r.quit(in)
		r.rest(in)
	}
	r.ctrl.Release(t, id)
	r.settle()
}

// Fail is the controller's event.
func (r *Referee) Fail(t policy.Time, id policy.InstanceID, why policy.Failure) {
	if in := r.concerns(t, fail, id, policy.ClassRelease, launching); in != nil {
		p := &r.pools[in.pool]
		p.ledger.Failed++
		p.failed = t
		r.bereave(in)
	}
	r.ctrl.Fail(t, id, why)
	r.settle()
}

// Lose is the controller's event.
func (r *Referee) Lose(t policy.Time, id policy.InstanceID) {
	if in := r.concerns(t, lose, id, policy.ClassRelease, launching, idle, serving); in != nil {
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

// Configure is the controller's event.
func (r *Referee) Configure(t policy.Time, config policy.Config, sizer policy.Sizer) error {
	was := *r
	pools := append([]pool(nil), r.pools...)
	r.begin(entry{time: t, kind: configure}, policy.ClassArrival)
	r.adopt(config, sizer)
	if err := r.ctrl.Configure(t, config, sizer); err != nil {
		*r, r.pools = was, pools
		return err
	}
	r.settle()
	return nil
}

// Announce is the controller's event. The referee does not know what hints do
// to levels, and watches no more from then on.
func (r *Referee) Announce(t policy.Time, h policy.Hint) bool {
	r.blind = true
	return r.ctrl.Announce(t, h)
}

// Fire is the controller's event.
func (r *Referee) Fire() {
	t, class := r.ctrl.NextTimer()
	e := entry{time: t, kind: tick}
	if class == policy.ClassExpiry {
		e.kind = expiry
	}
	if r.begin(e, class) && e.kind == tick {
		switch interval := int64(r.config.Tick); {
		case t%interval != 0:
			r.fail(Timer, "the tick at %d ns is no whole multiple of %d ns", t, interval)
		case t == r.lastTick:
			r.fail(Timer, "the tick at %d ns comes twice", t)
		}
		r.lastTick = t
	}
	r.ctrl.Fire()
	r.settle()
}

// begin opens an event. It reports false when there is nothing left to watch.
func (r *Referee) begin(e entry, class policy.Class) bool {
	if r.found != nil || r.blind {
		return false
	}
	r.trail.add(e)
	r.event, r.placing, r.chosen = e, nil, nil
	r.events++
	if e.time < r.now {
		r.fail(Timer, "time goes back to %d ns", e.time)
		return false
	}
	r.now = e.time
	due, of := r.ctrl.NextTimer()
	switch {
	case e.kind == expiry || e.kind == tick:
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
func (r *Referee) concerns(t policy.Time, k kind, id policy.InstanceID, class policy.Class, states ...state) *instance {
	if !r.begin(entry{time: t, kind: k, instance: id}, class) {
		return nil
	}
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
