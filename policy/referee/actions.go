package referee

import (
	"math/bits"
	"slices"

	"shadowpool/policy"
)

// Launch implements policy.Host.
func (r *Referee) Launch(t policy.Time, id policy.InstanceID, pool policy.PoolID, on policy.Capacity, why policy.Reason) {
	if r.act(entry{time: t, kind: launch, instance: id, pool: pool, on: on, why: why}) {
		r.launched(id, pool, on, why)
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
	if r.act(entry{time: t, kind: stop, instance: id, pool: pool}) {
		r.stop(id, pool)
	}
	r.host.Stop(t, id, pool)
}

// Resume implements policy.Host.
func (r *Referee) Resume(t policy.Time, id policy.InstanceID, pool policy.PoolID, why policy.Reason) {
	if r.act(entry{time: t, kind: resume, instance: id, pool: pool, why: why}) {
		r.resume(id, pool, why)
	}
	r.host.Resume(t, id, pool, why)
}

// Replace implements policy.Host.
func (r *Referee) Replace(t policy.Time, from, to policy.InstanceID) {
	if r.act(entry{time: t, kind: replace, instance: from, other: to}) {
		r.replaced(from, to)
	}
	r.host.Replace(t, from, to)
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
		r.refuse(q, pool, why)
	}
	r.host.Refuse(t, q, pool, why)
}

// act opens an action. It reports false when there is nothing left to watch.
func (r *Referee) act(e entry) bool {
	if r.found != nil {
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

// prepare checks that an instance may be prepared for a target, of which its
// category has stages.
func (r *Referee) prepare(id policy.InstanceID, to policy.Target, stages uint8) {
	in := r.living(id)
	if in == nil || in.state != idle && (in.state != launching || in.role != forPool) {
		r.fail(Life, "instance %s is to be prepared, but is neither idle nor launching for its pool", nameOf(id))
		return
	}
	k := &r.pools[in.pool].category
	if stages, _ := k.Missing(policy.Target{}, to); stages == 0 {
		r.fail(Life, "instance %s is to be prepared for %+v, which no stage of its category needs", nameOf(id), to)
	}
	r.owns(in, to)
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
		if in.stale || !r.fit(in, in.pool) {
			r.fail(Generation, "instance %s of pool %d is demoted, but is on its way out", nameOf(id), in.pool)
		}
		r.old(in)
	case policy.WasCompatible, policy.Reserved:
		q := r.placing
		if q == nil {
			q = r.regiven(in, to)
		}
		if in != r.chosen && q == r.placing && q != nil && (r.equally(in, q) || r.unsure && r.fit(in, to)) {
			r.chosen = in
		}
		if q == nil || q == r.placing && in != r.chosen {
			r.fail(Choice, "instance %s moves to pool %d for no request, or for one that another suits better", nameOf(id), to)
			return
		}
		var may bool
		if adapt, may = r.adapting(in.pool, to, q); !may || to == in.pool {
			r.fail(Choice, "instance %s of pool %d need not move to pool %d", nameOf(id), in.pool, to)
		}
		if as := adapt == 0; as != (why == policy.Reserved) || as && !r.reserving(in.pool, to) {
			r.fail(Reservation, "instance %s of pool %d moves to pool %d because of %v, which is not so", nameOf(id), in.pool, to, why)
		}
	default:
		r.fail(Life, "instance %s moves because of %v", nameOf(id), why)
	}
	r.touch(in.pool)
	leave(from.shelf(in), in)
	from.ledger.MovedOut++
	cost := r.cost(in)
	if in.stale {
		from.rollout.stale--
		r.pools[to].rollout.stale++
	}
	r.belong(in, to)
	in.uses, in.adapt, in.moved, in.busy = 0, adapt, r.events, false
	p := &r.pools[to]
	if why != policy.Reserved || !alike(&from.category, &p.category) {
		in.done = done{}
	}
	in.due, in.aging = r.due(in, to), false
	dearer := r.cost(in) > cost
	r.rest(in)
	p.ledger.MovedIn++
	r.hasRoom(to)
	if dearer {
		r.withinBudget(in)
	}
}
