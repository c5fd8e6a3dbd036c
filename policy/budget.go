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
		if c.pools[id].position() < 0 {
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
		if s := &c.supplies[id]; !s.Called && (!waiting || c.pools[id].position() < 0) {
			s.Called = true
			c.retryAt(t, id)
		}
	}
}

// retry is a pool's turn to launch what it could not before.
func (c *Controller) retry(t Time, id PoolID) {
	s := &c.supplies[id]
	s.Poor, s.Called = false, false
	c.replenish(t, id, &c.pools[id])
	if s.InLine && !s.Poor {
		s.InLine = false
		i := slices.Index(c.starved, id)
		c.starved = slices.Delete(c.starved, i, i+1)
		c.feed(t)
	}
}

// makeMoney ends idle instances of other pools, of the one with the most
// first, until there is money for one on which a request waits.
func (c *Controller) makeMoney(t Time, id PoolID) {
	for price := c.supplies[id].prices[OnDemand]; !c.affords(price, true); {
		if !c.sacrifice(t) {
			return
		}
	}
}

// sacrifice ends an idle instance of the pool that has the most, or a stopped
// one if none is idle, for a request that waits.
func (c *Controller) sacrifice(t Time) bool {
	most, from, kind := int32(0), PoolID(0), 0
	for i := range c.pools {
		p := &c.pools[i]
		if c.budget > 0 && c.supplies[i].prices[OnDemand] == 0 {
			continue // nothing is gained by it
		}
		for k, n := range [...]int32{p.Warm, p.Tied, c.supplies[i].Stopped.Count} {
			if n > 0 && (most == 0 || k < kind || k == kind && n > most) {
				most, from, kind = n, PoolID(i), k
			}
		}
	}
	if most == 0 {
		return false
	}
	p := &c.pools[from]
	switch kind {
	case 0:
		c.retire(t, p.Shelf.Newest, ForMoney)
	case 1:
		c.retire(t, c.tied.Rows[c.tied.firstFilled(p)].Oldest, ForMoney)
	default:
		c.discard(t, c.supplies[from].Stopped.Oldest, ForMoney)
	}
	c.visit(t, from, p)
	return true
}
