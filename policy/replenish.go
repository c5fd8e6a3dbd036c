package policy

// setLevel takes over a sizer's wish.
func (c *Controller) setLevel(id PoolID, p *pool, l Level) {
	if c.draining {
		return
	}
	if p.layer && c.layers == nil {
		l = Level{}
	}
	l.Retire = max(l.Retire, l.Stock, 0)
	sooner := l.Keep < p.Level.Keep
	p.Level = l
	if sooner {
		c.arm(id, p)
	}
}

// mayLaunch says whether limits and failures allow one launch more.
func (c *Controller) mayLaunch(t Time, id PoolID, p *pool) bool {
	if p.Held && t >= p.HoldUntil {
		p.Held = false
	}
	return c.hasRoom(id) && c.mayOrder(id, p) && !c.draining
}

// mayOrder says whether launches in flight and failures allow one more.
func (c *Controller) mayOrder(id PoolID, p *pool) bool {
	most := c.config.Categories[id].MaxLaunching
	return (most == 0 || int(p.Launching+p.Own+p.Doomed) < most) && !p.Held
}

// hasRoom says whether a pool may have one instance more.
func (c *Controller) hasRoom(id PoolID) bool {
	most := c.config.Categories[id].MaxInstances
	return most == 0 || int(c.pools[id].total()) < most
}

// replenish launches until the pool's position reaches its level.
func (c *Controller) replenish(t Time, id PoolID, p *pool) {
	for p.position() < p.Level.Stock {
		if p.Waiting > 0 && p.limited {
			c.makeRoom(t, id, p)
		}
		if (p.limited || p.Held || c.draining) && !c.mayLaunch(t, id, p) {
			return
		}
		p.Launching++
		c.launch(t, id, ForLevel)
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
}

func (c *Controller) launch(t Time, id PoolID, why Reason) uint32 {
	if c.evicts != nil {
		c.evict(t, 1)
	}
	slot, _ := c.instances.add(t, id)
	name := c.instances.id(slot)
	if c.lived {
		c.ordered(slot)
	}
	if c.launches != nil {
		c.launches.Ordered(t, id)
	}
	if c.log != nil {
		c.log.launch(t, name, id, why)
	}
	c.host.Launch(t, name, id, why)
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
	if c.lived {
		c.bury(slot)
	}
	c.instances.remove(slot)
	if c.log != nil {
		c.log.end(t, id, pool, why)
	}
	c.host.End(t, id, pool, why)
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
			c.retire(t, c.leastWorth(t, id, p), Surplus)
		}
		c.retireTied(t, p, Surplus)
	case RetireByWarm:
		for p.Warm > 0 && p.Warm > p.Level.Retire {
			c.retire(t, c.leastWorth(t, id, p), Surplus)
		}
		c.retireTied(t, p, Surplus)
	}
}
