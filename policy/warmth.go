package policy

import "fmt"

// Warmth is what a request wants of the instances that are warm.
type Warmth uint8

// PreferWarm: a warm instance, else the request waits. RequireWarm: a warm one
// that lacks nothing, else the request is refused at once. NeverWarm: one that
// is launched for the request alone, whatever is warm.
const (
	PreferWarm Warmth = iota
	RequireWarm
	NeverWarm
)

// ParseWarmth reads what String wrote; empty is PreferWarm.
func ParseWarmth(name string) (Warmth, error) {
	for w := PreferWarm; w <= NeverWarm; w++ {
		if name == w.String() || name == "" {
			return w, nil
		}
	}
	return 0, fmt.Errorf("%.100q is none of prefer, require and never", name)
}

func (w Warmth) String() string { return [...]string{"prefer", "require", "never"}[w] }

// refuse turns a request away.
func (c *Controller) refuse(t Time, r *Request, why Reason) {
	if c.log != nil {
		c.log.refuse(t, r.ID, r.Pool, why)
	}
	c.host.Refuse(t, r.ID, r.Pool, why)
}

// alone launches an instance for a request that wants one of its own, or makes
// it wait until limits and failures allow that.
func (c *Controller) alone(t Time, r Request, arrived Time) {
	if c.draining {
		c.refuse(t, &r, Drained)
		return
	}
	i := c.waiters.add(arrived, r)
	if !c.launchAlone(t, i) {
		c.waiters.join(&c.loners, i)
		c.visit(t, r.Pool, &c.pools[r.Pool])
	}
}

// launchAlone launches for a waiter, where limits, failures and the budget allow
// it. A pool that is full gives idle instances up, where that makes room. What is stopped
// is not resumed: it was warm before.
func (c *Controller) launchAlone(t Time, i uint32) bool {
	id := c.waiters.Rows[i].Request.Pool
	p, s := &c.pools[id], &c.supplies[id]
	if c.draining || p.Paused || !c.hasTurn(id, p) || p.Held && !s.allows(t, OnDemand) && !(s.hasSpot && s.allows(t, Spot)) {
		return false
	}
	idle := p.Warm + p.Aging + p.Tied
	if most := c.config.Categories[id].MaxInstances; most > 0 && int(p.total()-idle) >= most {
		return false
	}
	for !c.hasRoom(id) {
		if p.Warm+p.Aging > 0 {
			c.retire(t, c.leastWorth(t, id, p), ForRoom)
		} else {
			c.makeRoom(t, id, p)
		}
	}
	if c.budget > 0 {
		c.makeMoney(t, id)
	}
	on, ok := OnDemand, true
	if p.terms || p.Held {
		on, ok = c.choose(t, id, p, true)
	}
	if ok {
		c.own(c.launchOn(t, id, ForMiss, on), p, i)
	}
	return ok
}

// launchOwn orders an instance for a waiter, which is in no queue.
func (c *Controller) launchOwn(t Time, id PoolID, p *pool, i uint32) {
	c.own(c.launch(t, id, ForMiss), p, i)
}

// own gives a launch to a waiter.
func (c *Controller) own(slot uint32, p *pool, i uint32) {
	in := &c.instances.Rows[slot]
	in.Own, in.Next = true, i
	p.Own++
}

// launchLoners launches for those who want instances of their own and could not
// have them yet: in a pool first come, first served.
func (c *Controller) launchLoners(t Time) {
	for i := c.loners.First; i != none; i = c.waiters.Rows[i].Next {
		c.supplies[c.waiters.Rows[i].Request.Pool].lacks = false
	}
	for i := c.loners.First; i != none; {
		next := c.waiters.Rows[i].Next
		if s := &c.supplies[c.waiters.Rows[i].Request.Pool]; !s.lacks && c.launchAlone(t, i) {
			c.waiters.leave(&c.loners, i)
		} else {
			s.lacks = true
		}
		i = next
	}
}
