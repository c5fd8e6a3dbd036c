package sim

import (
	"fmt"

	"shadowpool/policy"
)

// The replay as the controller's host: what it decides is scheduled.

// Launch implements policy.Host.
func (r *replay) Launch(t policy.Time, id policy.InstanceID, pool policy.PoolID, _ policy.Reason) {
	s := id.Slot()
	for int(s) >= len(r.slots) {
		r.slots = append(r.slots, slot{})
	}
	lead, fails := r.leadTime(t, pool)
	r.slots[s] = slot{ordered: t, time: t + lead, gen: uint32(id >> 32), pool: uint32(pool)}
	r.m.launched(t, pool)
	if r.preps != nil {
		r.preps.launched(s)
	}
	switch {
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
	r.m.promoted(t, row.pool)
	arrival, duration := r.arrival, r.duration
	if r.preps != nil {
		k := &r.fleet.Categories[row.pool]
		a.Delay += r.preps.promote(t, s, k, row.pool, r.needs(int64(a.Request), k), int64(a.Request), r.arrivalOf(int64(a.Request)) >= r.opt.MeasureFrom)
	}
	if n := int64(a.Request); n == r.row && r.rows.here {
		r.rows.here, r.outcome = false, a.Outcome
	} else {
		arrival, duration = r.rows.take(n)
	}
	if arrival >= r.opt.MeasureFrom {
		r.m.waited(a.Outcome, t+a.Delay-arrival)
	}
	r.ends.schedule(min(t+a.Delay+duration, policy.MaxInstant), s)
}

// Move implements policy.Host.
func (r *replay) Move(t policy.Time, id policy.InstanceID, to policy.PoolID, _ policy.Reason) {
	row := &r.slots[id.Slot()]
	r.m.moved(t, row.pool, uint32(to))
	row.pool = uint32(to)
}

// Prepare implements policy.Host.
func (r *replay) Prepare(t policy.Time, id policy.InstanceID, to policy.Target) {
	s := id.Slot()
	row := &r.slots[s]
	r.preps.aim(t, s, &r.fleet.Categories[row.pool], row.pool, to, row.warm)
}

// arrivalOf is when the request of a row arrived, which has no instance yet.
func (r *replay) arrivalOf(row int64) policy.Time {
	c, i := r.rows.find(row)
	return c.Arrival[i]
}

// needs is what the request of a row, which has no instance yet, needs.
func (r *replay) needs(row int64, k *Category) policy.Target {
	c, i := r.rows.find(row)
	req := policy.Request{}
	identify(&req, &c.Columns, i)
	return req.Target(k.Facets())
}

// End implements policy.Host. The time in the slot of an instance that never
// served is when it became warm.
func (r *replay) End(t policy.Time, id policy.InstanceID, _ policy.PoolID, _ policy.Reason) {
	row := &r.slots[id.Slot()]
	r.m.ended(t, row)
	if r.preps != nil {
		r.preps.drop(id.Slot())
	}
}

// Refuse implements policy.Host. No row of a trace requires a warm instance.
func (r *replay) Refuse(_ policy.Time, n policy.RequestID, _ policy.PoolID, why policy.Reason) {
	panic(fmt.Sprintf("sim: request %d is refused: %v", n, why))
}

func (s *slot) id(i uint32) policy.InstanceID {
	return policy.InstanceID(uint64(s.gen)<<32 | uint64(i))
}
