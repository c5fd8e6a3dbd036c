package sim

import (
	"math/bits"

	"shadowpool/policy"
)

// deliver hands the controller every event before an arrival at t, in order.
func (r *replay) deliver(t policy.Time) {
	for {
		timer, class := r.ctrl.NextTimer()
		warm, end := r.warm.soon, r.ends.soon
		if !r.fixed {
			warm = r.warms.soon
		}
		event := min(warm, end, r.cloud.soon)
		if r.preps != nil && r.preps.calendar.comes(min(event, timer, t)) {
			r.prepared()
			continue
		}
		switch {
		case event > timer:
			if timer > t || timer == t && class > policy.ClassArrival {
				return
			}
			if timer >= r.mark {
				r.look(timer)
			}
			if r.ref == nil {
				r.ctrl.Fire()
			} else {
				r.ref.Fire()
			}
		case event > t || event == forever:
			return
		case r.cloud.soon == event && r.cloudFirst(warm, end):
			r.happen()
		case warm <= end:
			if !r.fixed && !r.warms.exact() {
				r.warms.resolve()
				continue
			}
			if event >= r.mark {
				r.look(event)
			}
			s := r.popWarm()
			row := &r.slots[s]
			r.m.warmed(event, row)
			r.becameWarm(event, s)
		default:
			if !r.ends.exact() {
				r.ends.resolve()
				continue
			}
			if event >= r.mark {
				r.look(event)
			}
			s := r.ends.pop()
			row := &r.slots[s]
			if !row.served {
				r.m.failed(event, row)
				id := row.id(s)
				if r.cloud.limited {
					r.forget(row)
				}
				if r.ref == nil {
					r.ctrl.Fail(event, id, policy.BootFailed)
				} else {
					r.ref.Fail(event, id, policy.BootFailed)
				}
				continue
			}
			if r.preps != nil {
				// Told no sooner, so that stages need no events of their own.
				r.took(event, s, r.preps.rows[s].late)
			}
			r.m.released(event, row)
			if r.ref == nil {
				r.ctrl.Release(event, row.id(s))
			} else {
				r.ref.Release(event, row.id(s))
			}
		}
	}
}

// becameWarm tells of an instance that is warm now, and lets its preparation
// begin unless it is already claimed.
func (r *replay) becameWarm(t policy.Time, s uint32) {
	r.slots[s].warm = true
	if r.ref == nil {
		r.ctrl.Warm(t, r.slots[s].id(s))
	} else {
		r.ref.Warm(t, r.slots[s].id(s))
	}
	if r.preps != nil && r.slots[s].warm && !r.slots[s].served {
		k := &r.fleet.Categories[r.slots[s].pool]
		r.preps.start(t, s, k, r.slots[s].pool)
	}
}

// prepared delivers the next preparation.
func (r *replay) prepared() {
	t := r.preps.calendar.soon
	if t >= r.mark {
		r.look(t)
	}
	s, stages, current := r.preps.pop(t, r.category)
	if !current {
		return
	}
	r.took(t, s, stages)
	id := r.slots[s].id(s)
	if r.m.open && !r.m.closed {
		r.preps.came.Preparations++
	}
	if r.ref == nil {
		r.ctrl.Prepared(t, id)
	} else {
		r.ref.Prepared(t, id)
	}
}

// took tells how long the stages took that an instance has carried out.
func (r *replay) took(t policy.Time, s uint32, stages uint8) {
	for ; stages != 0; stages &= stages - 1 {
		i := bits.TrailingZeros8(stages)
		span := r.preps.done[int(s)*r.preps.most+i].took
		if r.ref == nil {
			r.ctrl.Took(t, r.slots[s].id(s), i, span)
		} else {
			r.ref.Took(t, r.slots[s].id(s), i, span)
		}
	}
}

func (r *replay) popWarm() uint32 {
	if r.fixed {
		return r.warm.pop()
	}
	return r.warms.pop()
}

// look does what is due at or before t in meter and timeline.
func (r *replay) look(t policy.Time) {
	if !r.m.open && t >= r.opt.MeasureFrom {
		r.m.begin(r.opt.MeasureFrom)
		if r.days != nil {
			r.days.begin(r.opt.MeasureFrom, r.m.since(r.arrived))
		}
	}
	if r.days != nil && !r.m.closed {
		r.days.turn(t, r.m, r.arrived)
	}
	if t-r.m.origin >= foldSpan {
		r.m.moveOrigin(t)
	}
	r.mark = r.m.origin + foldSpan
	if !r.m.open {
		r.mark = min(r.mark, r.opt.MeasureFrom)
	}
	if r.days != nil && !r.m.closed {
		r.mark = min(r.mark, r.days.next)
	}
	if r.line != nil && !r.m.closed {
		r.line.sample(t, r.m)
		r.mark = min(r.mark, r.line.next)
	}
}
