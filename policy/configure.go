package policy

import "fmt"

// Drain ends what is idle, launches nothing more, and ends every instance as
// soon as it has nothing to serve; requests that wait are still served by
// what is launching or in use.
func (c *Controller) Drain(t Time) {
	c.enter(t)
	c.draining, c.keeps = true, false
	for i := range c.pools {
		p := &c.pools[i]
		p.Level = Level{}
		c.retireAll(t, PoolID(i), p, Drained)
		c.discardAll(t, &c.supplies[i], Drained)
	}
	c.active, c.wakes, c.nextTick, c.nextLook = c.active[:0], c.wakes[:0], Never, Never
	c.turns.heap = c.turns.heap[:0]
	for i := c.loners.First; i != none; i = c.loners.First {
		r := c.waiters.Rows[i].Request
		c.waiters.leave(&c.loners, i)
		c.waiters.remove(i)
		c.refuse(t, &r, Drained)
	}
	for i := range c.pools {
		c.pools[i].Active = false
	}
}

// Configure takes over a new configuration and sizer. Categories keep their
// index and stages; new ones are appended. The sizer starts afresh, with the hints that it brings.
func (c *Controller) Configure(t Time, config Config, sizer Sizer) error {
	if err := config.validate(); err != nil {
		return err
	}
	if len(config.Categories) < len(c.pools) {
		return fmt.Errorf("policy: the new configuration has %d categories, fewer than the %d in use; keep their entries", len(config.Categories), len(c.pools))
	}
	for i := range c.config.Categories {
		if was, is := c.config.Categories[i].Name, config.Categories[i].Name; was != is {
			return fmt.Errorf("policy: category %d was %q and cannot become %q; append new categories", i, was, is)
		}
	}
	for i := range c.config.Categories {
		if was, is := &c.config.Categories[i], &config.Categories[i]; was.ReservedFor != is.ReservedFor {
			return fmt.Errorf("policy: category %q: whom it is reserved for cannot change, as its instances have that tenant's data; append a new category", is.Name)
		} else if !was.SameStages(is) {
			return fmt.Errorf("policy: category %q: its stages, what they go by and keep cannot change, as its instances have done them; append a new category", is.Name)
		}
	}
	c.enter(t)
	was := c.config.Categories
	c.lived = c.lived || c.outdates(config.Categories)
	c.adopt(config, sizer)
	c.lookBack(t)
	if c.lived {
		c.renew(t, was)
	}
	for i := range c.pools {
		p := &c.pools[i]
		if !c.keeps {
			c.retireAll(t, PoolID(i), p, NotKept)
		}
		if s := &c.supplies[i]; !s.canBeStopped {
			c.discardAll(t, s, NotKept)
		}
		c.begin(t, PoolID(i))
		c.visit(t, PoolID(i), p)
	}
	if !c.draining {
		c.nextTick = c.tickFrom(t) // ticks may have another interval
	}
	c.rearm()
	c.rankAll(t)
	if c.lived {
		c.forbid(t)
	}
	return nil
}
