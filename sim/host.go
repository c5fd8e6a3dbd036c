package sim

import (
	"fmt"

	"shadowpool/policy"
)

// The replay as the controller's host: what it decides is scheduled.

// Launch implements policy.Host.
func (r *replay) Launch(t policy.Time, id policy.InstanceID, pool policy.PoolID, on policy.Capacity, _ policy.Reason) {
	if r.opt.Pools != nil && !r.opt.Pools[pool] {
		return
	}
	s := id.Slot()
	for int(s) >= len(r.slots) {
		r.slots = append(r.slots, slot{})
	}
	if r.preps != nil {
		r.preps.launched(s)
	}
	if r.cloud.limited {
		if refused, why := r.cloud.answer(t, pool, on, r.starting && r.opt.StartWarm); refused {
			r.slots[s] = slot{ordered: t, time: t, gen: uint32(id >> 32), pool: uint32(pool), on: on, phase: phaseRefused}
			r.m.refused()
			r.cloud.schedule(t, policy.ClassRelease, id, isRefused, why)
			return
		}
	}
	lead, fails := r.leadTime(t, pool)
	r.slots[s] = slot{ordered: t, time: t + lead, gen: uint32(id >> 32), pool: uint32(pool), on: on}
	r.m.launched(t, &r.slots[s])
	switch {
	case on == policy.Spot:
		r.m.charges(&r.slots[s]).launched(t)
		r.onSpot(t, id, pool, lead, fails)
	case fails:
		r.ends.schedule(t+lead, s)
	case r.fixed:
		r.warm.push(t+lead, s)
	default:
		r.warms.schedule(t+lead, s)
	}
}

// leadTime is the next of a pool's lead times, of a launch ordered at t, and
// whether it fails at its end.
func (r *replay) leadTime(t policy.Time, pool policy.PoolID) (lead int64, fails bool) {
	switch {
	case r.starting && r.opt.StartWarm:
		r.leads[pool].next++
		return 0, false
	case r.fixed:
		return r.lead, false
	}
	return r.leads[pool].launch(t)
}

// Assign implements policy.Host.
func (r *replay) Assign(t policy.Time, a policy.Assignment) {
	s := a.Instance.Slot()
	row := &r.slots[s]
	row.served = true
	r.m.promoted(t, row)
	arrival, duration := r.arrival, r.duration
	if r.preps != nil {
		if a.Reason == policy.WasScrubbed {
			r.preps.launched(s) // nothing is left of what it was prepared for
		}
		needs, came := r.needs(int64(a.Request), r.preps.stages[row.pool].facets)
		a.Delay += r.preps.promote(t, s, r.category(s), row.pool, needs, int64(a.Request), came >= r.opt.MeasureFrom)
	}
	if n := int64(a.Request); n == r.row && r.rows.here {
		r.rows.here, r.outcome = false, a.Outcome
	} else if again, ok := r.cloud.again[n]; ok {
		r.resumeJob(t, s, a, again)
		return
	} else {
		if row.on == policy.Spot {
			r.request = r.rows.request(n, a.Pool)
		}
		arrival, duration = r.rows.take(n)
	}
	if arrival >= r.opt.MeasureFrom {
		r.m.waited(a.Outcome, t+a.Delay-arrival)
	}
	end := min(t+a.Delay+duration, policy.MaxInstant)
	if row.on == policy.Spot {
		r.serveOnSpot(t, s, a, job{r.request, arrival, duration, t + a.Delay, end})
		return
	}
	r.ends.schedule(end, s)
}

// Move implements policy.Host.
func (r *replay) Move(t policy.Time, id policy.InstanceID, to policy.PoolID, why policy.Reason) {
	row := &r.slots[id.Slot()]
	kept := why == policy.Reserved && r.category(id.Slot()).SameStages(&r.fleet.Categories[to].Category)
	r.m.moved(t, row, uint32(to))
	row.pool = uint32(to)
	if r.preps != nil && !kept {
		r.preps.launched(id.Slot()) // nothing is left of what it was prepared for
	}
}

// Prepare implements policy.Host.
func (r *replay) Prepare(t policy.Time, id policy.InstanceID, to policy.Target, stages uint8) {
	s := id.Slot()
	if int(s) >= len(r.slots) || r.slots[s].id(s) != id { // of a pool elsewhere
		return
	}
	row := &r.slots[s]
	r.preps.aim(t, s, r.category(s), row.pool, to, stages, row.warm)
}

// category is that of the instance in a slot.
func (r *replay) category(s uint32) *Category { return &r.fleet.Categories[r.slots[s].pool] }

// needs is what the request of a row needs, which has no instance (any more), and
// when it arrived.
func (r *replay) needs(row int64, facets policy.Facet) (needs policy.Target, came policy.Time) {
	if row == r.row && r.rows.here {
		return r.request.Target(facets), r.arrival
	}
	if again, ok := r.cloud.again[row]; ok {
		return again.request.Target(facets), again.arrival
	}
	c, i := r.rows.find(row)
	var q policy.Request
	identify(&q, &c.Columns, i)
	return q.Target(facets), c.Arrival[i]
}

// End implements policy.Host. The time in the slot of an instance that never
// served is when it became warm.
func (r *replay) End(t policy.Time, id policy.InstanceID, _ policy.PoolID, _ policy.Reason) {
	row := &r.slots[id.Slot()]
	r.m.ended(t, row)
	if r.preps != nil {
		r.preps.drop(id.Slot())
	}
	if row.on == policy.Spot || r.cloud.limited {
		r.forget(row)
	}
}

// Refuse implements policy.Host. No row of a trace requires a warm instance.
func (r *replay) Refuse(_ policy.Time, n policy.RequestID, _ policy.PoolID, why policy.Reason) {
	panic(fmt.Sprintf("sim: request %d is refused: %v", n, why))
}

func (s *slot) id(i uint32) policy.InstanceID {
	return policy.InstanceID(uint64(s.gen)<<32 | uint64(i))
}
