package policy

import "fmt"

// NextTimer is when the controller next acts by itself, and in which class;
// Never if it has nothing to do until an event.
func (c *Controller) NextTimer() (Time, Class) {
	due := min(c.nextTick, c.nextLook)
	if len(c.expiries) > 0 && c.expiries[0].Due <= due {
		return c.expiries[0].Due, ClassExpiry
	}
	return due, ClassTick
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
	switch {
	case class == ClassExpiry:
		c.expire(t)
	case c.nextLook == t:
		c.runLook(t)
	default:
		c.runTick(t)
	}
}

// arm sets the expiry timers of a pool's shelves to when their oldest instances
// will have been idle for long enough, where that is earlier than they are set
// to.
func (c *Controller) arm(id PoolID, p *pool) {
	if c.traits.Idle != KeepForAge {
		return
	}
	if p.Shelf.Count > 0 {
		c.armShelf(shelfID(id), &p.Shelf, p.Level.Keep)
	}
	for i := p.FirstApart; i != none; i = c.apart.Rows[i].Next {
		if row := &c.apart.Rows[i]; row.Count > 0 {
			c.armShelf(apartBit|shelfID(i), &row.shelf, p.Level.Keep)
		}
	}
}

func (c *Controller) armShelf(id shelfID, s *shelf, keep int64) {
	due := max(c.instances.Rows[s.Oldest].Since+keep, c.now) // in the past if it is now kept for less
	if due < s.Due {
		s.Due = due
		c.expiries.push(expiry{due, id})
	}
}

// rearm sets all expiry timers anew, for another keep-alive.
func (c *Controller) rearm() {
	c.expiries = c.expiries[:0]
	for i := range c.pools {
		c.pools[i].Shelf.Due = Never
	}
	for i := range c.apart.Rows {
		row := &c.apart.Rows[i]
		was := row.Due != Never
		row.Due = Never
		if row.Count == 0 && was {
			c.apart.close(uint32(i), &c.pools[row.Pool])
		}
	}
	for i := range c.pools {
		c.arm(PoolID(i), &c.pools[i])
	}
	c.retryAll()
}

// expire ends the instances of one shelf that have been idle for the
// keep-alive, and looks again when the next may have been.
func (c *Controller) expire(t Time) {
	id := c.expiries.pop().Shelf
	if id&retryBit != 0 && id&apartBit == 0 {
		c.retry(t, PoolID(id&^retryBit))
		return
	}
	s, pool := c.shelf(id)
	if s.Due != t { // overtaken
		return
	}
	p := &c.pools[pool]
	s.Due = Never
	if s.Oldest == none && id&apartBit != 0 { // claimed since
		c.apart.close(uint32(id&^apartBit), p)
		return
	}
	owner := pool
	for owner == pool && s.Oldest != none && c.instances.Rows[s.Oldest].Since+p.Level.Keep <= t {
		if slot := s.Oldest; !c.demote(t, slot, pool) {
			c.retire(t, slot, Expired)
		}
		s, owner = c.shelf(id) // a tenant's shelf may have become another's
	}
	if owner == pool && s.Oldest != none {
		c.armShelf(id, s, p.Level.Keep)
	}
	if p.Waiting > 0 {
		c.unblock(t, pool, p)
	}
	if p.position() < p.Level.Stock { // at the tick the sizer may want it no longer
		c.visit(t, pool, p)
	}
}

func (c *Controller) shelf(id shelfID) (*shelf, PoolID) {
	if id&apartBit != 0 {
		row := &c.apart.Rows[id&^apartBit]
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

// wakeAt makes the first tick from an instant on look at a pool.
func (c *Controller) wakeAt(at Time, id PoolID, p *pool) {
	if at < p.WakeAt {
		p.WakeAt = at
		c.wakes.push(wake{at, id})
		c.nextTick = min(c.nextTick, c.tickFrom(at))
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
	if c.lived {
		c.runTurns(t)
	}
	visited := c.active
	c.active = c.rested[:0] // pools may ask for the next tick meanwhile
	for _, id := range visited {
		p := &c.pools[id]
		next := Never
		if c.traits.Ticks {
			var l Level
			l, next = c.sizer.Tick(t, id, p.stock())
			c.setLevel(id, p, l)
		}
		c.retireSurplus(t, id, p)
		if c.lived {
			next = min(next, c.roll(t, id, p))
		}
		if p.timed {
			next = min(next, c.endIdle(t, id, p))
		}
		c.replenish(t, id, p)
		c.reaim(t, id, p)
		if p.terms {
			next = min(next, c.discardSurplus(t, id))
		}
		switch {
		case next <= t+c.tick:
			c.active = append(c.active, id)
			continue
		case next < p.WakeAt:
			p.WakeAt = next
			c.wakes.push(wake{next, id})
		}
		p.Active = false
	}
	c.rested = visited[:0]
	c.nextTick = Never
	if len(c.active) > 0 {
		c.nextTick = t + c.tick
	} else if len(c.wakes) > 0 {
		c.nextTick = c.tickFrom(c.wakes[0].Due)
	}
	if len(c.turns.heap) > 0 {
		c.nextTick = min(c.nextTick, c.tickFrom(c.turns.heap[0].At))
	}
	if c.loners.First != none {
		c.launchLoners(t)
		if c.loners.First != none {
			c.nextTick = t + c.tick
		}
	}
}
