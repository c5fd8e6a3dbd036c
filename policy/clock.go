package policy

import "fmt"

// NextTimer is when the controller next acts by itself, and in which class;
// Never if it has nothing to do until an event.
func (c *Controller) NextTimer() (Time, Class) {
	if len(c.expiries) > 0 && c.expiries[0].Due <= c.nextTick {
		return c.expiries[0].Due, ClassExpiry
	}
	return c.nextTick, ClassTick
}

// Fire carries out the next timer, at its due instant.
func (c *Controller) Fire() {
	t, class := c.NextTimer()
	switch {
	case t == Never:
		panic("policy: Fire without a timer")
	case t < c.now:
		panic(fmt.Sprintf("policy: timer due at %d ns was not fired before the event at %d ns", t, c.now))
	}
	c.now = t
	if class == ClassExpiry {
		c.expire(t)
	} else {
		c.runTick(t)
	}
}

// arm sets a shelf's expiry timer, unless one is pending.
func (c *Controller) arm(id shelfID, s *shelf) {
	if c.traits.Idle == KeepForAge && !s.Armed {
		s.Armed = true
		due := c.instances.Rows[s.Oldest].Since + c.traits.KeepAlive
		c.expiries.push(expiry{max(due, c.now), id}) // in the past if a new policy keeps for less
	}
}

// rearm sets all expiry timers anew, for another keep-alive.
func (c *Controller) rearm() {
	c.expiries = c.expiries[:0]
	for i := range c.pools {
		s := &c.pools[i].Shelf
		s.Armed = false
		if s.Count > 0 {
			c.arm(shelfID(i), s)
		}
	}
	for i := range c.tied.Rows {
		row := &c.tied.Rows[i]
		was := row.Armed
		row.Armed = false
		if row.Count > 0 {
			c.arm(tiedShelfBit|shelfID(i), &row.shelf)
		} else if was {
			c.tied.close(uint32(i), &c.pools[row.Pool])
		}
	}
}

// expire ends the instances of one shelf that have been idle for the
// keep-alive, and looks again when the next may have been.
func (c *Controller) expire(t Time) {
	id := c.expiries.pop().Shelf
	s, pool := c.shelf(id)
	s.Armed = false
	for s.Oldest != none && c.instances.Rows[s.Oldest].Since+c.traits.KeepAlive <= t {
		c.retire(t, s.Oldest, Expired)
	}
	if s.Oldest != none {
		c.arm(id, s)
	}
	c.unblock(t, pool, &c.pools[pool])
}

func (c *Controller) shelf(id shelfID) (*shelf, PoolID) {
	if id&tiedShelfBit != 0 {
		row := &c.tied.Rows[id&^tiedShelfBit]
		return &row.shelf, row.Pool
	}
	return &c.pools[id].Shelf, PoolID(id)
}

// visit makes the next tick look at a pool.
func (c *Controller) visit(t Time, id PoolID, p *pool) {
	if p.Active || c.draining {
		return
	}
	p.Active = true
	c.active = append(c.active, id)
	if len(c.active) == 1 {
		c.nextTick = min(c.nextTick, c.tickFrom(t))
	}
}

// tickFrom is the first tick at or after t that has not been run.
func (c *Controller) tickFrom(t Time) Time {
	due := t - mod(t, c.tick)
	if due < t || due == c.lastTick {
		due += c.tick
	}
	return due
}

// mod is the remainder that is never negative.
func mod(a, b int64) int64 {
	if m := a % b; m < 0 {
		return m + b
	} else {
		return m
	}
}

// runTick visits the pools that saw an event since their last visit, and
// those that asked to be woken. Its cost does not depend on the others.
func (c *Controller) runTick(t Time) {
	c.lastTick = t
	for len(c.wakes) > 0 && c.wakes[0].Due <= t {
		w := c.wakes.pop()
		p := &c.pools[w.Pool]
		if w.Due != p.WakeAt { // it has asked for an earlier one since
			continue
		}
		p.WakeAt = Never
		if !p.Active {
			p.Active = true
			c.active = append(c.active, w.Pool)
		}
	}
	kept := c.active[:0]
	for _, id := range c.active {
		p := &c.pools[id]
		next := Never
		if c.traits.Ticks {
			var l Level
			l, next = c.sizer.Tick(t, id, p.stock())
			c.setLevel(p, l)
		}
		c.retireSurplus(t, p)
		c.replenish(t, id, p)
		if p.Held && p.HoldUntil > t {
			next = min(next, p.HoldUntil)
		}
		switch {
		case next <= t+c.tick:
			kept = append(kept, id)
			continue
		case next < p.WakeAt:
			p.WakeAt = next
			c.wakes.push(wake{next, id})
		}
		p.Active = false
	}
	c.active = kept
	c.nextTick = Never
	if len(c.active) > 0 {
		c.nextTick = t + c.tick
	} else if len(c.wakes) > 0 {
		c.nextTick = c.tickFrom(c.wakes[0].Due)
	}
}
