package policy

import "slices"

// affords says whether the fleet's budget has room for a price more. Requests
// that wait for it come before stock, which would else take the money that ends
// bring in.
func (c *Controller) affords(price int64, urgent bool) bool {
	if c.budget == 0 || price == 0 {
		return true
	}
	return c.spending+price <= c.budget && (urgent || len(c.starved) == 0 || !c.hungry())
}

// hungry says whether requests wait for money.
func (c *Controller) hungry() bool {
	for _, id := range c.starved {
		if c.awaited(id) {
			return true
		}
	}
	return false
}

// awaited says whether requests wait for more than a pool has.
func (c *Controller) awaited(id PoolID) bool {
	if c.pools[id].position() < 0 {
		return true
	}
	for i := c.loners.First; i != none; i = c.waiters.Rows[i].Next {
		if c.waiters.Rows[i].Request.Pool == id {
			return true
		}
	}
	return false
}

// spend counts what an instance costs from now on, or no more.
func (c *Controller) spend(price int64) {
	if c.budget == 0 {
		return
	}
	c.spending += price
	if price < 0 && len(c.starved) > 0 {
		c.feed(c.now)
	}
}

// starve notes that a pool waits for money. It is in line until it tries again
// and lacks none.
func (c *Controller) starve(id PoolID) {
	s := &c.supplies[id]
	if s.Poor = true; !s.InLine {
		s.InLine = true
		c.starved = append(c.starved, id)
	}
}

// feed lets the pools that wait for money try again at t: those whose requests
// wait, or if there are none, all.
func (c *Controller) feed(t Time) {
	waiting := c.hungry()
	for _, id := range c.starved {
		if s := &c.supplies[id]; !s.Called && (!waiting || c.awaited(id)) {
			s.Called = true
			c.retryAt(t, id)
		}
	}
}

// retry is a pool's turn to launch what it could not before.
func (c *Controller) retry(t Time, id PoolID) {
	s := &c.supplies[id]
	s.Poor, s.Called = false, false
	if c.loners.First != none {
		c.launchLoners(t)
	}
	c.replenish(t, id, &c.pools[id])
	if s.InLine && !s.Poor {
		s.InLine = false
		i := slices.Index(c.starved, id)
		c.starved = slices.Delete(c.starved, i, i+1)
		c.feed(t)
	}
}

// makeMoney ends idle instances until there is money for one on which a request
// of a pool waits.
func (c *Controller) makeMoney(t Time, id PoolID) {
	for price := c.supplies[id].prices[OnDemand]; !c.affords(price, true); {
		if !c.sacrifice(t, true, OnDemand) {
			return
		}
	}
}

// sacrifice ends an instance that no one uses, of the pool that has the most,
// because a request waits for its price (forMoney), or else for its place in
// the quota of a capacity type: then stopped ones go first.
func (c *Controller) sacrifice(t Time, forMoney bool, on Capacity) bool {
	victim, best := none, [2]int32{}
	for slot := range c.instances.Rows {
		in := &c.instances.Rows[slot]
		if in.State != idle && in.State != stopped || forMoney && c.price(in) == 0 || !forMoney && in.capacity() != on {
			continue
		}
		p := &c.pools[in.Pool]
		worth := [2]int32{0, -p.Warm - p.Aging - p.Tied}
		if forMoney == (in.State == stopped) {
			worth[0] = 1
		}
		if victim == none || worth[0] < best[0] || worth[0] == best[0] && worth[1] < best[1] {
			victim, best = uint32(slot), worth
		}
	}
	if victim == none {
		return false
	}
	in := &c.instances.Rows[victim]
	id := in.Pool
	if in.State == stopped {
		c.discard(t, victim, ForMoney)
	} else {
		c.retire(t, victim, ForMoney)
	}
	c.visit(t, id, &c.pools[id])
	return true
}
