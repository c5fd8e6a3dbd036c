package referee

import (
	"slices"

	"shadowpool/policy"
)

func (r *Referee) launched(id policy.InstanceID, pid policy.PoolID, on policy.Capacity, why policy.Reason) {
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
	p := &r.pools[pid]
	in := &instance{id: id, state: launching, on: on, ordered: r.now, life: life{due: policy.Never}}
	r.belong(in, pid)
	r.slots[s] = in
	r.alive++
	p.ledger.Launched++
	r.lone = nil
	switch why {
	case policy.ForLevel:
		r.forLevel(in)
	case policy.ForMiss:
		r.forMiss(in)
	case policy.ForStopped:
		r.forStopped(in)
	case policy.ForRelief:
		r.relieves(in)
		p.coming[in.role]++
	default:
		r.fail(Life, "instance %s is launched because of %v", nameOf(id), why)
	}
	r.suitsType(in, why)
	r.maySoon(pid, on)
	r.mayLaunch(in)
}

// forLevel checks and counts a launch for a pool's stock.
func (r *Referee) forLevel(in *instance) {
	p := &r.pools[in.pool]
	level := r.ctrl.LevelOf(in.pool).Stock
	if least, _ := r.position(p); least >= level {
		r.fail(Stock, "pool %d has the position %d, its level is %d, and it launches", in.pool, least, level)
	}
	r.touch(in.pool)
	in.role = forPool
	p.coming[forPool]++
}

// forMiss gives a launch to the request that has just missed, or to the first of
// those that want new instances.
func (r *Referee) forMiss(in *instance) {
	q := r.placing
	if missed := r.early && r.event.kind == arrive; q == nil || q.Pool != in.pool || q.served || q.own != nil || !missed && q.Warm != policy.NeverWarm {
		q = r.lonely(in.pool)
	}
	if q == nil {
		r.fail(Request, "instance %s launches for a miss, but no request has just missed in pool %d", nameOf(in.id), in.pool)
		return
	}
	r.unqueue(q)
	in.own, q.own = q, in
	if q.Warm == policy.NeverWarm {
		r.lone = q
	}
	r.touch(in.pool)
	in.role = forRequest
	r.pools[in.pool].coming[forRequest]++
}

// forStopped checks and counts a launch for the stopped stock, which comes after
// the level.
func (r *Referee) forStopped(in *instance) {
	p := &r.pools[in.pool]
	if r.wants(in.pool, p) <= 0 {
		r.fail(Stopped, "pool %d launches to stop, but has %d stopped and %d on their way, and wants %d", in.pool, len(p.stopped), p.coming[forStopped], r.wanted(in.pool, p))
	}
	if _, most := r.position(p); most < r.ctrl.LevelOf(in.pool).Stock && r.event.kind != configure {
		r.fail(Stopped, "pool %d launches to stop, but is below its level", in.pool)
	}
	r.touch(in.pool)
	in.role = forStopped
	p.coming[forStopped]++
}

// mayLaunch checks a launch that has just been counted.
func (r *Referee) mayLaunch(in *instance) {
	id := in.pool
	p := &r.pools[id]
	r.hasRoom(id)
	r.withinBudget(in)
	switch most := p.category.MaxLaunching; {
	case most > 0 && int(p.launching()) > most:
		r.fail(Limit, "pool %d has %d launches in flight, its limit is %d", id, p.launching(), most)
	case r.draining:
		r.fail(Stock, "pool %d launches while it is drained", id)
	case p.paused:
		r.fail(Pause, "pool %d launches while it is paused", id)
	}
}

// hasRoom checks the number of instances after one has come.
func (r *Referee) hasRoom(id policy.PoolID) {
	p := &r.pools[id]
	if most := p.category.MaxInstances; most > 0 && int(p.total()) > most {
		r.fail(Limit, "pool %d has %d instances, its limit is %d", id, p.total(), most)
	}
}

// welcome puts a request in line, and notes what it must be given at once.
func (r *Referee) welcome(q policy.Request, first bool) {
	if r.requests[q.ID] != nil {
		r.fail(Host, "request %d comes again while it waits or is served", q.ID)
		return
	}
	if int(q.Pool) >= len(r.pools) {
		r.fail(Host, "request %d asks for pool %d of %d", q.ID, q.Pool, len(r.pools))
		return
	}
	if tenant := r.pools[q.Pool].category.ReservedFor; tenant != 0 && tenant != q.Tenant {
		r.fail(Host, "request %d of tenant %d is sent to pool %d, which is reserved for tenant %d", q.ID, q.Tenant, q.Pool, tenant)
		return
	}
	w := &request{Request: q, arrived: r.now}
	r.requests[q.ID] = w
	r.place(w, first)
}

func (r *Referee) place(w *request, first bool) {
	r.placing, r.unsure = w, false
	if r.chosen, _ = r.choice(w); r.chosen != nil {
		r.from = r.chosen.pool
	}
	w.placed = r.events
	r.touch(w.Pool)
	if line := r.queue(w); first {
		*line = slices.Insert(*line, 0, w)
	} else {
		*line = append(*line, w)
	}
}

// withdraw forgets a request that waits. Its own launch becomes the pool's.
func (r *Referee) withdraw(q *request) {
	r.touch(q.Pool)
	if in := q.own; in != nil {
		in.own = nil
		r.recast(in, forPool)
	} else {
		r.unqueue(q)
	}
	delete(r.requests, q.ID)
}

// bereave forgets an instance that is gone. Whoever waited for it alone is
// first in line; whom it served the host may bring again.
func (r *Referee) bereave(in *instance) {
	r.remove(in)
	if in.serves != nil {
		delete(r.requests, in.serves.ID)
	}
	if w := in.own; w != nil {
		in.own, w.own = nil, nil
		r.place(w, true)
	}
}
