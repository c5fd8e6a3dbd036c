package policy

// rollout is how far a pool is on its way to the present generation.
type rollout struct {
	Stale int32 // instances of earlier generations, in any state
	// Progress is when a successor became warm last, or began to be waited for.
	Progress Time
	Stalled  bool // none came within the deadline: no further one is replaced
}

// Rollout tells how many of p's instances, launching and in use included, are of
// an earlier generation, and whether their replacement is stalled: no successor
// has become warm within the deadline, so those that are left go on serving
// until one does or there is another generation.
func (c *Controller) Rollout(p PoolID) (stale int, stalled bool) {
	if !c.lived {
		return 0, false
	}
	r := &c.rollouts[p]
	return int(r.Stale), r.Stalled
}

// outdates says whether a configuration has another generation of some category.
func (c *Controller) outdates(categories []Category) bool {
	for i := range c.config.Categories {
		if c.config.Categories[i].Generation != categories[i].Generation {
			return true
		}
	}
	return false
}

// renew applies the lifecycles of a new configuration to the instances that are
// there: was are the categories before. Stopped instances that are stale end, as
// there is nothing that they would be kept for. Instances whose age was not counted are
// as old as if they had become warm now.
func (c *Controller) renew(t Time, was []Category) {
	changed := func(p PoolID) bool {
		return int(p) < len(was) && was[p].Generation != c.config.Categories[p].Generation
	}
	for i := range c.pools {
		if p := &c.pools[i]; changed(PoolID(i)) {
			c.rollouts[i] = rollout{Stale: c.rollouts[i].Stale, Progress: t}
			c.supplies[i].another()
			p.Held = c.supplies[i].holds()
		}
	}
	c.turns = turns{heap: c.turns.heap[:0]}
	for s := range c.instances.Rows {
		slot := uint32(s)
		in, l := &c.instances.Rows[slot], &c.lives[slot]
		if in.State == free {
			continue
		}
		p := &c.pools[in.Pool]
		if changed(in.Pool) && !l.Stale {
			l.Stale = true
			c.rollouts[in.Pool].Stale++
		}
		l.Turn = Never
		if l.Aging && !l.Stale { // its age is looked at anew
			l.Aging = false
			if in.State == idle && in.Tenant == 0 {
				p.Aging--
				p.Warm++
			}
		}
		doomed := in.State == launching && !in.Own && in.Marks&(relief|filling) == 0 && l.Stale && c.config.Categories[in.Pool].Stale == ForbidStale
		switch {
		case doomed && !l.Doomed:
			p.Launching--
			p.Doomed++
		case l.Doomed && !doomed:
			p.Doomed--
			p.Launching++
		}
		l.Doomed = doomed
		if in.State == launching {
			continue
		}
		if l.Born == 0 {
			l.Born = t
		}
		l.Due = c.due(l.Born, slot, in.Pool)
		switch {
		case in.State == stopped && l.Stale:
			c.discard(t, slot, Outdated)
		case in.State == stopped && c.soonDue(t, slot, in.Pool):
			c.discard(t, slot, TooOld)
		case (in.State == idle || in.State == stopped) && l.Due != Never:
			c.turnTo(slot, in)
		}
	}
}

// forbid ends what is idle and may not be handed out any more. Launches of
// single requests that are stale are in vain; the requests get others. So are
// those that were to be stopped, or to take over from spot: such a request
// stays there.
func (c *Controller) forbid(t Time) {
	for s := range c.instances.Rows {
		slot := uint32(s)
		in, l := &c.instances.Rows[slot], &c.lives[slot]
		if in.State == free || !l.Stale || c.config.Categories[in.Pool].Stale != ForbidStale {
			continue
		}
		p := &c.pools[in.Pool]
		switch {
		case in.State == idle:
			c.retire(t, slot, Outdated)
		case in.State == launching && in.Own:
			w := c.waiters.Rows[in.Next]
			c.waiters.remove(in.Next)
			in.Own, in.Next, l.Doomed = false, none, true
			p.Own--
			p.Doomed++
			c.firstInLine(t, w.Request, w.Arrived)
		case in.State == launching && in.Marks&filling != 0:
			c.unfill(in, p)
			l.Doomed = true
			p.Doomed++
		case in.State == launching && in.Marks&relief != 0:
			p.Own--
			c.part(in, p)
			l.Doomed = true
			p.Doomed++
		}
	}
	for i := range c.pools {
		c.replenish(t, PoolID(i), &c.pools[i])
	}
}

// replaced is the first of a pool's idle stale instances that are being
// replaced; none if there is none.
func (c *Controller) replaced(p *pool) uint32 {
	first := none
	c.eachIdle(p, func(slot uint32, l *life) bool {
		if l.Stale && l.Aging {
			first = slot
		}
		return first == none
	})
	return first
}

// replace takes idle stale instances out of the stock until most are, those
// idle longest first, and returns how many are.
func (c *Controller) replace(p *pool, most int32) int32 {
	n := int32(0)
	c.eachIdle(p, func(_ uint32, l *life) bool {
		if l.Stale && l.Aging {
			n++
		}
		return true
	})
	c.eachIdle(p, func(slot uint32, l *life) bool {
		if n < most && l.Stale && !l.Aging {
			c.ages(slot, &c.instances.Rows[slot], p)
			n++
		}
		return n < most
	})
	return n
}

// roll replaces stale instances at a tick: it takes up to Surge idle ones out
// of the stock, so that their successors are ordered beyond the level, and ends
// them when others cover it. It returns when it has to look again if nothing
// happens to the pool. Stale launches count as stock and are replaced when they
// are warm. Where a limit leaves no room for a successor, one is ended first.
func (c *Controller) roll(t Time, id PoolID, p *pool) Time {
	r := &c.rollouts[id]
	if r.Stale == 0 {
		r.Stalled = false
		return Never
	}
	k := &c.config.Categories[id]
	again := c.rollTied(t, id, p)
	waits := c.replaced(p)
	for waits != none && p.Warm >= p.Level.Stock {
		c.retire(t, waits, Outdated)
		waits = c.replaced(p)
	}
	switch {
	case r.Stalled:
	case waits == none:
		r.Progress = t
	case t-r.Progress >= k.deadline():
		r.Stalled = true
	}
	if r.Stalled {
		return again
	}
	switch {
	case c.replace(p, k.surge()) == 0:
		return again
	case p.Warm >= p.Level.Stock:
		return t
	case p.Launching == 0 && (!c.hasRoom(id) || !c.hasMoney(id)):
		c.retire(t, c.replaced(p), Outdated)
	}
	return min(again, r.Progress+k.deadline())
}

// hasMoney says whether the budget has room for one more of a pool's stock.
func (c *Controller) hasMoney(id PoolID) bool {
	s := &c.supplies[id]
	price := s.prices[OnDemand]
	if s.spotFirst {
		price = s.prices[Spot]
	}
	return c.affords(price, false)
}

// staleTied is the first stale instance of a pool that only one tenant may use;
// none if there is none.
func (c *Controller) staleTied(p *pool) uint32 {
	if p.Tied == 0 {
		return none
	}
	for i := p.FirstApart; i != none; i = c.apart.Rows[i].Next {
		row := &c.apart.Rows[i]
		for slot := row.Oldest; slot != none && row.Tenant != 0; slot = c.instances.Rows[slot].Next {
			if c.lives[slot].Stale {
				return slot
			}
		}
	}
	return none
}

// rollTied ends up to Surge stale instances that only one tenant may use: they
// are no stock and have no successors.
func (c *Controller) rollTied(t Time, id PoolID, p *pool) Time {
	ended := int32(0)
	for slot := c.staleTied(p); slot != none; slot = c.staleTied(p) {
		if ended == c.config.Categories[id].surge() {
			return t
		}
		c.retire(t, slot, Outdated)
		ended++
	}
	return Never
}
