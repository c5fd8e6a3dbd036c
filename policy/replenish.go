package policy

// setLevel takes over a sizer's wish.
func (c *Controller) setLevel(id PoolID, p *pool, l Level) {
	if c.draining {
		return
	}
	if p.layer && c.layers == nil {
		l = Level{}
	}
	if l.Keep == 0 && c.traits.Idle == KeepForAge {
		l.Stock = 0 // what may not be idle is no stock
	}
	l.Retire = max(l.Retire, l.Stock, 0)
	sooner := l.Keep < p.Level.Keep
	p.Level = l
	if p.terms {
		c.setStopped(id)
	}
	if sooner {
		c.arm(id, p)
	}
}

// mayLaunch says whether limits, failures and the budget allow one launch more.
func (c *Controller) mayLaunch(t Time, id PoolID, p *pool) bool {
	if !c.mayOrder(id, p) {
		return false
	}
	urgent := p.position() < 0
	if !p.Held && !p.terms || c.canResume(id, urgent) {
		return true
	}
	_, ok := c.choose(t, id, p, urgent)
	return ok
}

// mayOrder says whether the pool's limits allow one launch more.
func (c *Controller) mayOrder(id PoolID, p *pool) bool {
	return c.hasRoom(id) && c.hasTurn(id, p) && !c.draining && !p.Paused
}

// hasTurn says whether launches in flight allow one more.
func (c *Controller) hasTurn(id PoolID, p *pool) bool {
	most := c.config.Categories[id].MaxLaunching
	return most == 0 || int(p.Launching+p.Own+p.Doomed) < most
}

// hasRoom says whether a pool may have one instance more.
func (c *Controller) hasRoom(id PoolID) bool {
	most := c.config.Categories[id].MaxInstances
	return most == 0 || int(c.pools[id].total()) < most
}

// replenish launches until the pool's position reaches its level, unless it is
// paused.
func (c *Controller) replenish(t Time, id PoolID, p *pool) {
	if p.Paused {
		return
	}
	for p.position() < p.Level.Stock {
		if p.Waiting > 0 && p.limited {
			c.makeRoom(t, id, p)
		}
		if c.budget > 0 && p.position() < 0 && c.mayOrder(id, p) && !c.canResume(id, true) {
			c.makeMoney(t, id)
		}
		if (p.limited || p.Held || c.draining) && !c.mayLaunch(t, id, p) {
			return
		}
		p.Launching++
		c.launch(t, id, ForLevel)
	}
	if p.terms {
		c.fill(t, id, p)
	}
}

// makeRoom ends an idle instance that is tied to a tenant when the pool is at
// its limit: it cannot serve those who wait.
func (c *Controller) makeRoom(t Time, id PoolID, p *pool) {
	if !p.limited || p.Tied == 0 || c.hasRoom(id) {
		return
	}
	c.retire(t, c.apart.Rows[c.apart.firstTied(p)].Oldest, ForRoom)
}

// unblock replenishes after an instance or a launch ended, which matters only
// where a limit held the pool back.
func (c *Controller) unblock(t Time, id PoolID, p *pool) {
	if p.limited {
		if c.loners.First != none {
			c.launchLoners(t)
		}
		c.replenish(t, id, p)
	}
	if len(c.starved) > 0 { // what is idle now may be ended for them
		c.feed(t)
	}
}

// launch orders an instance, of the capacity type that suits why, or resumes
// one.
func (c *Controller) launch(t Time, id PoolID, why Reason) uint32 {
	p := &c.pools[id]
	if !p.terms && !p.Held {
		return c.launchOn(t, id, why, OnDemand)
	}
	urgent := why == ForMiss || p.position() <= 0 // a launch for the level counts already
	if c.evicts != nil && !c.canResume(id, urgent) {
		c.evict(t, 1) // what makes room makes money
	}
	on, ok := c.choose(t, id, p, urgent)
	// Stock stays on spot where that is cheaper; for who waits, what is stopped
	// is sooner there than most of what is on its way.
	if c.canResume(id, urgent) && (urgent || p.Waiting > 0 || !ok || on == OnDemand) {
		return c.resume(t, id, why)
	}
	return c.launchOn(t, id, why, on)
}

// launchOn orders an instance of a capacity type.
func (c *Controller) launchOn(t Time, id PoolID, why Reason, on Capacity) uint32 {
	if c.evicts != nil {
		c.evict(t, 1)
	}
	slot, in := c.instances.add(t, id)
	if on == Spot {
		in.Marks = spot
	}
	name := c.instances.id(slot)
	if c.lived {
		c.beget(slot)
	}
	if c.pools[id].Held {
		c.ordered(t, id, on)
	}
	if c.budget > 0 {
		c.spend(c.supplies[id].prices[on])
	}
	if c.launches != nil && why != ForRelief && why != ForStopped {
		c.launches.Ordered(t, id)
	}
	if c.log != nil {
		c.log.launch(t, name, id, on, why)
	}
	c.host.Launch(t, name, id, on, why)
	if c.staged {
		c.aim(t, slot, id, why)
	}
	return slot
}

// end terminates an instance that is on no shelf and in no count.
func (c *Controller) end(t Time, slot uint32, why Reason) {
	id, pool := c.instances.id(slot), c.instances.Rows[slot].Pool
	if c.staged {
		c.unprepare(slot, pool)
	}
	if len(c.crowded) > 0 {
		c.place(t, c.instances.Rows[slot].capacity())
	}
	c.remove(slot)
	if c.log != nil {
		c.log.end(t, id, pool, why)
	}
	c.host.End(t, id, pool, why)
}

// remove takes an instance off the table and off the budget.
func (c *Controller) remove(slot uint32) {
	if c.lived {
		c.bury(slot)
	}
	if c.staged {
		c.kept.clear(&c.prepared[slot].First)
	}
	if c.budget > 0 {
		c.spend(-c.price(&c.instances.Rows[slot]))
	}
	c.instances.remove(slot)
}

// retire ends an idle instance.
func (c *Controller) retire(t Time, slot uint32, why Reason) {
	c.unshelve(slot)
	c.end(t, slot, why)
}

// retireAll ends every idle instance of a pool.
func (c *Controller) retireAll(t Time, id PoolID, p *pool, why Reason) {
	for p.Warm+p.Aging > 0 {
		c.retire(t, c.leastWorth(t, id, p), why)
	}
	c.retireTied(t, p, why)
}

// retireTied ends every idle instance that only one tenant may use.
func (c *Controller) retireTied(t Time, p *pool, why Reason) {
	for p.Tied > 0 {
		c.retire(t, c.apart.Rows[c.apart.firstTied(p)].Newest, why)
	}
}

// retireSurplus applies the idle rule at a tick. Instances that only one
// tenant may use are no stock: under a level they are surplus at once.
func (c *Controller) retireSurplus(t Time, id PoolID, p *pool) {
	switch c.traits.Idle {
	case RetireByPosition:
		for p.Warm > 0 && p.position() > p.Level.Retire {
			c.retireOne(t, c.leastWorth(t, id, p), p)
		}
		c.retireTied(t, p, Surplus)
	case RetireByWarm:
		for p.Warm > 0 && p.Warm > p.Level.Retire {
			c.retireOne(t, c.leastWorth(t, id, p), p)
		}
		c.retireTied(t, p, Surplus)
	}
}

// retireOne ends or stops an idle instance.
func (c *Controller) retireOne(t Time, slot uint32, p *pool) {
	if p.terms && c.mayStop(slot) {
		c.unshelve(slot)
		c.stop(t, slot)
		return
	}
	c.retire(t, slot, Surplus)
}
