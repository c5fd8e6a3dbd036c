package policy

// Pause makes a pool launch nothing, not even for those who wait, until it is
// called again with false. What is warm, launching or in use goes on.
func (c *Controller) Pause(t Time, id PoolID, paused bool) {
	c.enter(t)
	p := &c.pools[id]
	p.Paused = paused
	c.goOn(t, id, p)
}

// Reset forgets the failures of a pool's launches, for which its breakers are
// open and its orders pause.
func (c *Controller) Reset(t Time, id PoolID) {
	c.enter(t)
	s := &c.supplies[id]
	s.Breakers, s.Throttle = [capacities]breaker{}, throttle{}
	p := &c.pools[id]
	p.Held = false
	c.goOn(t, id, p)
}

// goOn launches what was held back.
func (c *Controller) goOn(t Time, id PoolID, p *pool) {
	c.visit(t, id, p)
	if c.loners.First != none {
		c.launchLoners(t)
	}
	c.replenish(t, id, p)
}

// Reopen ends a Drain: requests are taken again, and every pool holds what its
// sizer wants.
func (c *Controller) Reopen(t Time) {
	c.enter(t)
	if !c.draining {
		return
	}
	c.draining = false
	c.keeps = c.traits.Idle != KeepNone
	c.lookBack(t)
	for i := range c.pools {
		c.begin(t, PoolID(i))
		c.visit(t, PoolID(i), &c.pools[i])
	}
	c.nextTick = c.tickFrom(t)
	c.rearm()
}

// lookBack does the looks at hints that were due before t, while nobody asked
// for them, and sets the timer of the next.
func (c *Controller) lookBack(t Time) {
	if c.hints == nil || c.draining {
		return
	}
	for due := c.hints.NextLook(); due <= t; due = c.hints.NextLook() {
		c.hints.Look(due)
	}
	c.nextLook = c.hints.NextLook()
}
