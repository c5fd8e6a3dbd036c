package policy

// Warm tells that a launch has become warm.
func (c *Controller) Warm(t Time, id InstanceID) {
	c.enter(t)
	slot, in := c.instance(id, launching, "Warm")
	p := &c.pools[in.Pool]
	if p.Held {
		c.over(t, in, true)
	}
	if c.launches != nil && in.Marks&untold == 0 {
		c.launches.Warmed(t, in.Pool, in.Since)
	}
	if c.lived && c.born(t, slot, in, p) {
		return
	}
	partial := outcomeByAge
	if in.Marks != 0 {
		switch {
		case in.Marks&relief != 0:
			c.takeOver(t, slot, p)
			return
		case in.Marks&filling != 0:
			c.filled(t, slot, in, p)
			c.unblock(t, in.Pool, p)
			return
		case in.Marks&resumed != 0:
			in.Marks &^= resumed
			partial = outcomePartial // it was there before the request
		}
	}
	if in.Own {
		p.Own--
		i := in.Next
		in.Own = false
		o := outcomeOf(in.Since, c.waiters.Rows[i].Arrived)
		if partial {
			o = PartialHit
		}
		c.assign(t, slot, in.Pool, &c.waiters.Rows[i].Request, o, OwnLaunch, 0)
		c.waiters.remove(i)
		c.unblock(t, in.Pool, p)
		return
	}
	p.Launching--
	if p.Waiting == 0 && c.keeps {
		c.shelve(t, slot, in, p)
	} else {
		c.offer(t, slot, partial, BecameWarm)
	}
	c.unblock(t, in.Pool, p)
}

// Release tells that an instance's request has completed.
func (c *Controller) Release(t Time, id InstanceID) {
	c.enter(t)
	slot, in := c.instance(id, serving, "Release")
	pid := in.Pool
	p := &c.pools[pid]
	p.InUse--
	if in.Marks != 0 {
		c.part(in, p)
		c.surplus(t, pid, p)
	}
	if c.releases != nil && !c.draining {
		c.setLevel(pid, p, c.releases.Release(t, in.Pool, t-in.Since, p.stock()))
	}
	why, unfit := SingleUse, !p.reusable
	if c.lived && !unfit {
		why, unfit = c.unfit(t, slot, pid)
	}
	switch {
	case unfit:
		c.end(t, slot, why)
	case in.Marks&noticed != 0:
		c.end(t, slot, Reclaimed)
	case p.Waiting == 0 && c.keeps:
		c.shelve(t, slot, in, p)
	default:
		c.offer(t, slot, outcomePartial, WasReleased)
	}
	if c.releases != nil {
		c.replenish(t, pid, p)
		if c.traits.Ticks && !p.Active {
			c.visit(t, pid, p)
		}
	}
	c.unblock(t, pid, p)
}

// Fail tells that a launch has failed, and why. Its place is ordered anew at
// once, on another capacity type if this one has nothing to give; after several
// failures the pool waits, longer each time (see breaker).
func (c *Controller) Fail(t Time, id InstanceID, why Failure) {
	c.enter(t)
	slot, in := c.instance(id, launching, "Fail")
	pid, on, ordered := in.Pool, in.capacity(), in.Since
	p := &c.pools[pid]
	doomed := c.lived && c.lives[slot].Doomed
	if !doomed { // before who waited for it is promoted, which may order another
		c.failed(t, pid, on, ordered, why)
	}
	c.forget(t, slot, in, p)
	if doomed { // what failed is no longer launched
		return
	}
	if why == OverQuota {
		c.full = t + mostBackoff
		if p.position() < 0 {
			c.sacrifice(t, false, on)
		}
	}
	if c.loners.First != none {
		c.launchLoners(t)
	}
	c.replenish(t, pid, p)
}

// Lose tells that an instance is gone without having been ended: interrupted
// by the provider or found missing. What it served the host may Requeue; the
// stock is replaced at once.
func (c *Controller) Lose(t Time, id InstanceID) {
	c.enter(t)
	slot := c.living(id, "Lose")
	in := &c.instances.Rows[slot]
	pid := in.Pool
	p := &c.pools[pid]
	if in.State == launching && p.Held {
		c.over(t, in, false)
	}
	if len(c.crowded) > 0 {
		c.place(t, in.capacity())
	}
	c.forget(t, slot, in, p)
	if c.loners.First != none {
		c.launchLoners(t)
	}
	c.replenish(t, pid, p)
}

// forget removes an instance in any state from its pool's books.
func (c *Controller) forget(t Time, slot uint32, in *instance, p *pool) {
	if in.State == launching && c.launches != nil && in.Marks&untold == 0 {
		c.launches.Failed(t, in.Pool, in.Since)
	}
	if c.staged {
		c.unprepare(slot, in.Pool)
	}
	switch {
	case in.State == launching && in.Own:
		p.Own--
		w := c.waiters.Rows[in.Next]
		c.waiters.remove(in.Next)
		c.remove(slot)
		c.visit(t, in.Pool, p)
		c.firstInLine(t, w.Request, w.Arrived)
		return
	case in.State == launching && in.Marks&relief != 0:
		p.Own--
		c.part(in, p)
	case in.State == launching && in.Marks&filling != 0:
		c.unfill(in, p)
	case in.State == launching && c.lived && c.lives[slot].Doomed:
	case in.State == launching:
		p.Launching--
	case in.State == idle:
		c.unshelve(slot)
	case in.State == serving:
		p.InUse--
		c.part(in, p)
	case in.State == stopped:
		c.instances.take(&c.supplies[in.Pool].Stopped, slot)
	}
	c.remove(slot)
	c.visit(t, in.Pool, p)
}
