package policy

// setStopped takes over how many stopped instances the sizer wants of a pool.
func (c *Controller) setStopped(id PoolID) {
	s := &c.supplies[id]
	if s.Wanted = 0; c.stopping != nil && s.canBeStopped {
		s.Wanted = max(c.stopping.Stopped(id), 0)
	}
}

// fill launches for the stopped stock.
func (c *Controller) fill(t Time, id PoolID, p *pool) {
	s := &c.supplies[id]
	for s.canBeStopped && s.Stopped.Count+s.Filling < s.Wanted {
		if !c.mayOrder(id, p) || p.Held && !s.allows(t, OnDemand) {
			return
		}
		if t < c.full {
			c.wakeAt(c.full, id, p)
			return
		}
		if !c.affords(s.prices[OnDemand], false) {
			c.starve(id)
			return
		}
		slot := c.launchOn(t, id, ForStopped, OnDemand)
		c.instances.Rows[slot].Marks |= filling
		p.Own++
		s.Filling++
	}
}

// filled serves who waits with a launch that was meant to be stopped, or stops
// it.
func (c *Controller) filled(t Time, slot uint32, in *instance, p *pool) {
	c.unfill(in, p)
	switch {
	case p.Waiting > 0 || c.draining || c.supplies[in.Pool].Stopped.Count >= c.supplies[in.Pool].Wanted || !c.lasts(slot):
		c.offer(t, slot, outcomeByAge, BecameWarm)
	default:
		c.stop(t, slot)
	}
}

func (c *Controller) unfill(in *instance, p *pool) {
	in.Marks &^= filling
	p.Own--
	c.supplies[in.Pool].Filling--
}

// stop hibernates an instance that is on no shelf.
func (c *Controller) stop(t Time, slot uint32) {
	in := &c.instances.Rows[slot]
	s := &c.supplies[in.Pool]
	was := c.price(in)
	if c.staged {
		c.unprepare(slot, in.Pool)
	}
	in.State, in.Since = stopped, t
	if c.lived && c.lives[slot].Due != Never {
		c.turnTo(slot, in)
	}
	c.instances.put(&s.Stopped, slot)
	if c.log != nil {
		c.log.append(t, c.instances.id(slot), -1, in.Pool, Stopped, Surplus, 0)
	}
	c.host.Stop(t, c.instances.id(slot), in.Pool)
	c.spend(c.price(in) - was)
}

// mayStop says whether an idle surplus instance is worth its storage.
func (c *Controller) mayStop(slot uint32) bool {
	in := &c.instances.Rows[slot]
	s := &c.supplies[in.Pool]
	return s.canBeStopped && in.Marks&spot == 0 && in.Tenant == 0 && s.Stopped.Count+s.Filling < s.Wanted && c.lasts(slot)
}

// canResume says whether a stopped instance is there to be resumed, and paid.
func (c *Controller) canResume(id PoolID, urgent bool) bool {
	s := &c.supplies[id]
	return s.Stopped.Count > 0 && c.affords(s.prices[OnDemand]-s.storage, urgent)
}

// resume makes the last instance that was stopped launch again.
func (c *Controller) resume(t Time, id PoolID, why Reason) uint32 {
	s := &c.supplies[id]
	slot := s.Stopped.Newest
	c.instances.take(&s.Stopped, slot)
	in := &c.instances.Rows[slot]
	c.spend(s.prices[OnDemand] - s.storage)
	in.State, in.Since, in.Next, in.Prev = launching, t, none, none
	in.Marks |= resumed
	if c.log != nil {
		c.log.append(t, c.instances.id(slot), -1, id, Resumed, why, 0)
	}
	c.host.Resume(t, c.instances.id(slot), id, why)
	return slot
}

// discard ends a stopped instance.
func (c *Controller) discard(t Time, slot uint32, why Reason) {
	c.instances.take(&c.supplies[c.instances.Rows[slot].Pool].Stopped, slot)
	c.end(t, slot, why)
}

// discardAll ends all stopped instances of a pool.
func (c *Controller) discardAll(t Time, s *supply, why Reason) {
	for s.Wanted = 0; s.Stopped.Newest != none; {
		c.discard(t, s.Stopped.Newest, why)
	}
}

// discardSurplus ends those stopped instances that are not wanted and have
// been stopped for long enough. It returns when the next will have been.
func (c *Controller) discardSurplus(t Time, id PoolID) Time {
	s := &c.supplies[id]
	for s.Stopped.Count > s.Wanted {
		due := c.instances.Rows[s.Stopped.Oldest].Since + s.patience
		if due > t {
			return due
		}
		c.discard(t, s.Stopped.Oldest, Surplus)
	}
	return Never
}
