package policy

// Arrive routes a request: to a warm instance of its category, to one of a
// compatible category, or to the queue. Then the pool is replenished.
func (c *Controller) Arrive(t Time, r Request) {
	c.enter(t)
	c.admit(&r)
	c.adapted = false
	c.route(t, &r)
	p := &c.pools[r.Pool]
	if c.traits.Arrivals && !c.draining && r.Warm != NeverWarm { // that is no demand for shadows
		c.setLevel(r.Pool, p, c.sizer.Arrive(t, r, p.stock()))
		if r.Hint != 0 && c.hints != nil {
			c.nextLook = c.hints.NextLook()
		}
	}
	if c.adapted && c.adapts != nil {
		c.adapts.Adapted(t, r.Pool)
	}
	c.replenish(t, r.Pool, p)
	if c.traits.Ticks && !p.Active {
		c.visit(t, r.Pool, p)
	}
}

// Requeue puts a request whose instance was lost first in line again. It is
// not an arrival: the forecast does not see it. One that requires a warm
// instance is refused if there is none.
func (c *Controller) Requeue(t Time, r Request) {
	c.enter(t)
	c.admit(&r)
	c.firstInLine(t, r, t)
	if c.loners.First != none {
		c.launchLoners(t)
	}
	c.replenish(t, r.Pool, &c.pools[r.Pool])
}

// Cancel withdraws a waiting request. It reports false when the request does
// not wait in the pool (any more). Its own launch, if any, goes to the pool.
func (c *Controller) Cancel(t Time, id PoolID, r RequestID) bool {
	c.enter(t)
	p := &c.pools[id]
	for i := p.Queue.First; i != none; i = c.waiters.Rows[i].Next {
		if c.waiters.Rows[i].Request.ID == r {
			c.waiters.leave(&p.Queue, i)
			c.waiters.remove(i)
			p.Waiting--
			c.visit(t, id, p)
			return true
		}
	}
	for i := c.loners.First; i != none; i = c.waiters.Rows[i].Next {
		if w := &c.waiters.Rows[i].Request; w.ID == r && w.Pool == id {
			c.waiters.leave(&c.loners, i)
			c.waiters.remove(i)
			return true
		}
	}
	if p.Own == 0 {
		return false
	}
	for slot := range c.instances.Rows {
		in := &c.instances.Rows[slot]
		if in.State == launching && in.Own && in.Pool == id && c.waiters.Rows[in.Next].Request.ID == r {
			c.waiters.remove(in.Next)
			in.Own, in.Next = false, none
			p.Own--
			p.Launching++
			c.visit(t, id, p)
			return true
		}
	}
	return false
}
