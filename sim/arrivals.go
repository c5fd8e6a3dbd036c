package sim

import (
	"fmt"
	"time"

	"shadowpool/policy"
	"shadowpool/trace"
)

// check refuses what a hand-made source might contain.
func (r *replay) check(c *trace.Chunk) error {
	last := r.arrival
	for i, t := range c.Arrival {
		if d := c.Duration[i]; t < last || d < 0 || d > longestDuration {
			return fmt.Errorf("trace %s: row %d: arrivals must ascend, and durations lie between 0 and %v", r.sum.Name, c.First+int64(i), time.Duration(longestDuration))
		}
		last = t
	}
	for i := range c.Arrival {
		if r.routes.of(&c.Columns, i) == noPool {
			return fmt.Errorf("trace %s: %w", r.sum.Name, r.routes.unserved(c, i))
		}
	}
	return nil
}

// arrive replays the requests of one chunk, and all events before them.
func (r *replay) arrive(c *trace.Chunk) error {
	q := &r.request
	var hint policy.HintID
	for i, t := range c.Arrival {
		pool := r.routes.of(&c.Columns, i)
		if pool == elsewhere {
			r.arrival = t
			continue
		}
		if r.announcer != nil {
			if err := r.announce(t); err != nil {
				return err
			}
			hint = r.announcer.of(c, i)
		}
		r.deliver(t)
		if t >= r.mark {
			r.look(t)
		}
		identify(q, &c.Columns, i)
		r.row, r.arrival, r.duration = c.First+int64(i), t, c.Duration[i]
		r.arrived++
		r.rows.arriving()
		q.ID, q.Pool, q.Hint = policy.RequestID(r.row), pool, hint
		if r.ref == nil {
			r.ctrl.Arrive(t, *q)
		} else {
			r.ref.Arrive(t, *q)
		}
		if r.short != nil && t >= r.opt.MeasureFrom {
			r.short.count(t, pool, q.Tenant, !r.rows.here && r.outcome == policy.Hit)
		}
		r.rows.arrived()
	}
	return nil
}

// announce tells the controller of what is announced up to an arrival at t. What
// was before the start is announced then.
func (r *replay) announce(t policy.Time) error {
	for {
		a, ok, err := r.announcer.due(t)
		if !ok {
			return err
		}
		at := max(a.at, r.opt.StartAt)
		r.deliver(at)
		if at >= r.mark {
			r.look(at)
		}
		if r.ref == nil {
			r.ctrl.Announce(at, a.hint)
		} else {
			r.ref.Announce(at, a.hint)
		}
	}
}

// identify fills in what is known of a row beside its pool.
func identify(q *policy.Request, c *trace.Columns, i int) {
	if c.Tenant != nil {
		q.Tenant = c.Tenant[i]
	}
	if c.TaskType != nil {
		q.TaskType = uint32(c.TaskType[i])
	}
	if c.Image != nil {
		q.Image = c.Image[i]
	}
	if c.Dataset != nil {
		q.Dataset = c.Dataset[i]
	}
	q.Anywhere = c.Zone == nil || c.Zone[i] == 0
}
