package referee

import (
	"math/bits"
	"slices"

	"shadowpool/policy"
)

// Launch implements policy.Host.
func (r *Referee) Launch(t policy.Time, id policy.InstanceID, pool policy.PoolID, on policy.Capacity, why policy.Reason) {
	if r.act(entry{time: t, kind: launch, instance: id, pool: pool, why: why}) {
		r.launched(id, pool, why)
	}
	r.host.Launch(t, id, pool, on, why)
}

// Assign implements policy.Host.
func (r *Referee) Assign(t policy.Time, a policy.Assignment) {
	if r.act(entry{time: t, kind: assign, instance: a.Instance, request: a.Request, pool: a.Pool, why: a.Reason, outcome: a.Outcome}) {
		r.assigned(a)
	}
	r.host.Assign(t, a)
}

// Move implements policy.Host.
func (r *Referee) Move(t policy.Time, id policy.InstanceID, to policy.PoolID, why policy.Reason) {
	if r.act(entry{time: t, kind: move, instance: id, pool: to, why: why}) {
		r.moved(id, to, why)
	}
	r.host.Move(t, id, to, why)
}

// Prepare implements policy.Host.
func (r *Referee) Prepare(t policy.Time, id policy.InstanceID, to policy.Target, stages uint8) {
	if r.act(entry{time: t, kind: prepare, instance: id}) {
		r.prepare(id, to, stages)
	}
	r.host.Prepare(t, id, to, stages)
}

// Stop implements policy.Host.
func (r *Referee) Stop(t policy.Time, id policy.InstanceID, pool policy.PoolID) {
	r.unwatched("stopped instances")
	r.host.Stop(t, id, pool)
}

// Resume implements policy.Host.
func (r *Referee) Resume(t policy.Time, id policy.InstanceID, pool policy.PoolID, why policy.Reason) {
	r.unwatched("stopped instances")
	r.host.Resume(t, id, pool, why)
}

// Replace implements policy.Host.
func (r *Referee) Replace(t policy.Time, from, to policy.InstanceID) {
	r.unwatched("instances on spot")
	r.host.Replace(t, from, to)
}

// unwatched fails a fleet that has what the books do not know.
func (r *Referee) unwatched(what string) {
	if r.found == nil {
		r.fail(Life, "the fleet has %s, which the referee does not watch", what)
	}
}

// End implements policy.Host.
func (r *Referee) End(t policy.Time, id policy.InstanceID, pool policy.PoolID, why policy.Reason) {
	if r.act(entry{time: t, kind: end, instance: id, pool: pool, why: why}) {
		r.ended(id, pool, why)
	}
	r.host.End(t, id, pool, why)
}

// Refuse implements policy.Host.
func (r *Referee) Refuse(t policy.Time, q policy.RequestID, pool policy.PoolID, why policy.Reason) {
	if r.act(entry{time: t, kind: refuse, request: q, pool: pool, why: why}) {
		r.fail(Request, "request %d is refused, and takes any instance", q)
	}
	r.host.Refuse(t, q, pool, why)
}

// act opens an action. It reports false when there is nothing left to watch.
func (r *Referee) act(e entry) bool {
	if r.found != nil || r.blind {
		return false
	}
	r.trail.add(e)
	switch {
	case r.event.kind == nothing:
		r.fail(Timer, "%v outside of any event", e.kind)
	case e.time != r.now:
		r.fail(Timer, "%v carries %d ns, its event is at %d ns", e.kind, e.time, r.now)
	case int(e.pool) >= len(r.pools):
		r.fail(Life, "%v in pool %d of %d", e.kind, e.pool, len(r.pools))
	}
	return r.found == nil
}

func (r *Referee) launched(id policy.InstanceID, pid policy.PoolID, why policy.Reason) {
	s := int(id.Slot())
	for s >= len(r.slots) {
		r.slots = append(r.slots, nil)
		r.names = append(r.names, 0)
	}
	switch {
	case r.slots[s] != nil:
		r.fail(Life, "instance %s is launched in the slot of instance %s, which lives", nameOf(id), nameOf(r.slots[s].id))
		return
	case uint64(id) <= r.names[s]:
		r.fail(Life, "the name of instance %s was given before", nameOf(id))
		return
	}
	r.names[s] = uint64(id)
	r.touch(pid)
	p := &r.pools[pid]
	in := &instance{id: id, state: launching, pool: pid, ordered: r.now}
	switch q := r.placing; why {
	case policy.ForLevel:
		if level := r.ctrl.LevelOf(pid).Stock; p.position() >= level {
			r.fail(Stock, "pool %d has the position %d, its level is %d, and it launches", pid, p.position(), level)
		}
		p.launching++
	case policy.ForMiss:
		if !r.early || r.event.kind != arrive || q.Pool != pid || q.served || q.own != nil {
			r.fail(Request, "instance %s launches for a miss, but no request has just missed in pool %d", nameOf(id), pid)
			return
		}
		in.own, q.own = q, in
		leave(&p.queue, q)
		p.own++
	default:
		r.fail(Life, "instance %s is launched because of %v", nameOf(id), why)
	}
	r.slots[s] = in
	r.alive++
	p.ledger.Launched++
	r.mayLaunch(pid)
}

func (r *Referee) assigned(a policy.Assignment) {
	in, q := r.living(a.Instance), r.requests[a.Request]
	switch {
	case in == nil:
		r.fail(Life, "instance %s serves, but does not live", nameOf(a.Instance))
		return
	case in.state != idle:
		r.fail(Life, "instance %s is given to request %d while it is %v", nameOf(a.Instance), a.Request, in.state)
		return
	case q == nil || q.served:
		r.fail(Request, "request %d is served, but does not wait", a.Request)
		return
	case a.Pool != q.Pool:
		r.fail(Request, "request %d of pool %d is served in pool %d", q.ID, q.Pool, a.Pool)
		return
	case in.uses > 0 && !r.pools[in.pool].category.Reusable:
		r.fail(Life, "instance %s is single-use and serves again", nameOf(in.id))
		return
	case a.Reason == policy.WasScrubbed:
		if !r.scrubs(&r.pools[in.pool]) || in.tenant == 0 || in.tenant == q.Tenant || in.pool != q.Pool {
			r.fail(Isolation, "instance %s of tenant %d is scrubbed for tenant %d", nameOf(in.id), in.tenant, q.Tenant)
			return
		}
		in.adapt, in.done, in.busy = int64(r.pools[in.pool].category.Scrub), done{}, false
		leave(&r.pools[in.pool].tied, in)
		in.tenant = 0
		r.pools[in.pool].free = append(r.pools[in.pool].free, in)
	case !r.suits(in, q):
		r.fail(Isolation, "instance %s is tied to tenant %d and serves tenant %d", nameOf(in.id), in.tenant, q.Tenant)
		return
	}
	r.fairly(in, q, a.Reason)
	if want := r.outcome(in, q); a.Outcome != want {
		r.fail(Outcome, "request %d is a %v, not a %v: it arrived at %d ns, its instance was ordered at %d ns", q.ID, want, a.Outcome, q.arrived, in.ordered)
	}
	if want := int64(r.pools[q.Pool].category.PromotionDelay) + in.adapt; a.Delay != want {
		r.fail(Outcome, "the promotion for request %d takes %d ns, not %d ns", q.ID, a.Delay, want)
	}
	k := &r.pools[in.pool].category
	needs := q.Target(k.Facets())
	if want, _ := in.missing(k, needs); a.Missing != want {
		r.fail(Outcome, "the promotion for request %d lacks the stages %b, not %b", q.ID, a.Missing, want)
	}
	in.served(k, needs)
	in.busy = false
	if q.own != nil {
		q.own, in.own = nil, nil
	} else {
		leave(&r.pools[q.Pool].queue, q)
	}
	r.quit(in)
	in.state, in.serves, in.adapt = serving, q, 0
	in.uses++
	r.tie(in, q.Tenant)
	q.served = true
	r.pools[in.pool].serving++
	r.pools[q.Pool].ledger.Outcomes[a.Outcome]++
}

// tie holds an instance that has seen a tenant's data for that tenant.
func (r *Referee) tie(in *instance, tenant uint32) {
	if r.config.Isolation == policy.ByTenant && in.tenant == 0 {
		in.tenant = tenant
	}
}

// prepare checks that an instance may be prepared for a target, of which its
// category has stages.
func (r *Referee) prepare(id policy.InstanceID, to policy.Target, stages uint8) {
	in := r.living(id)
	if in == nil || in.state == serving || in.own != nil {
		r.fail(Life, "instance %s is to be prepared, but is neither idle nor launching for its pool", nameOf(id))
		return
	}
	k := &r.pools[in.pool].category
	if stages, _ := k.Missing(policy.Target{}, to); stages == 0 {
		r.fail(Life, "instance %s is to be prepared for %+v, which no stage of its category needs", nameOf(id), to)
	}
	in.to, in.busy, in.fetching = to, true, stages != policy.AllStages
	if !in.fetching {
		in.become(k, in.is.Kept(to))
		return
	}
	in.stage = uint8(bits.TrailingZeros8(stages))
	if bits.OnesCount8(stages) != 1 || int(in.stage) >= len(k.Stages) || k.Stages[in.stage].Keeps <= 1 {
		r.fail(Life, "instance %s is to do stages %b for a further key, which is not one that keeps several", nameOf(id), stages)
		return
	}
	key, needed := keyOf(k, int(in.stage), to)
	switch has, _ := keyOf(k, int(in.stage), in.is); {
	case !needed || key.Key != to:
		r.fail(Life, "instance %s is to do stage %d for %+v, which is none of its keys", nameOf(id), in.stage, to)
	case has == key || slices.Contains(in.kept, key):
		r.fail(Life, "instance %s is to do stage %d for %+v again", nameOf(id), in.stage, to)
	case r.config.Isolation == policy.ByTenant && to.Tenant != 0:
		r.fail(Isolation, "instance %s is to fetch what is tenant %d's alone", nameOf(id), to.Tenant)
	}
}

func (r *Referee) moved(id policy.InstanceID, to policy.PoolID, why policy.Reason) {
	in := r.living(id)
	if in == nil || in.state != idle {
		r.fail(Life, "instance %s moves, but is not idle", nameOf(id))
		return
	}
	from := &r.pools[in.pool]
	var adapt int64
	switch why {
	case policy.Demoted:
		if below := from.category.Below; below == nil || *below != to || !r.layers {
			r.fail(Life, "instance %s of pool %d is demoted to pool %d, which is not below it", nameOf(id), in.pool, to)
		}
		r.old(in)
	case policy.WasCompatible:
		if in != r.chosen && r.placing != nil && r.equally(in, r.placing) {
			r.chosen = in
		}
		if in != r.chosen || r.placing.Pool != to {
			r.fail(Choice, "instance %s moves to pool %d for no request, or for one that another suits better", nameOf(id), to)
			return
		}
		_, adapt = r.choice(r.placing)
		if adapt == 0 {
			r.fail(Choice, "instance %s of pool %d need not move to pool %d", nameOf(id), in.pool, to)
		}
	default:
		r.fail(Life, "instance %s moves because of %v", nameOf(id), why)
	}
	r.touch(in.pool)
	leave(from.shelf(in), in)
	from.ledger.MovedOut++
	in.pool, in.uses, in.adapt, in.moved = to, 0, adapt, r.events
	in.done, in.busy = done{}, false
	r.rest(in)
	p := &r.pools[to]
	p.ledger.MovedIn++
	r.hasRoom(to)
}

func (r *Referee) ended(id policy.InstanceID, pid policy.PoolID, why policy.Reason) {
	in := r.living(id)
	switch {
	case in == nil:
		r.fail(Life, "instance %s is ended, but does not live", nameOf(id))
		return
	case in.state != idle:
		r.fail(Life, "instance %s is ended while it is %v", nameOf(id), in.state)
		return
	case in.pool != pid:
		r.fail(Life, "instance %s of pool %d is ended in pool %d", nameOf(id), in.pool, pid)
		return
	}
	r.mayEnd(in, why)
	r.remove(in)
	r.pools[pid].ledger.Ended++
}
