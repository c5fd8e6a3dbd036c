package policy

import "fmt"

// Notice tells that the provider is about to take an instance back. One that is
// idle or launching is ended, and replaced at once; one that serves goes on
// until it is released or lost, and serves no other request.
func (c *Controller) Notice(t Time, id InstanceID) {
	c.enter(t)
	slot := c.living(id, "Notice")
	in := &c.instances.Rows[slot]
	pid := in.Pool
	p := &c.pools[pid]
	switch in.State {
	case serving:
		in.Marks |= noticed
		return
	case launching:
		if p.Held {
			c.over(t, in, false)
		}
		if c.log != nil {
			c.log.end(t, id, pid, Reclaimed)
		}
		c.host.End(t, id, pid, Reclaimed)
		c.forget(t, slot, in, p)
	case stopped:
		c.discard(t, slot, Reclaimed)
	default:
		c.retire(t, slot, Reclaimed)
	}
	c.visit(t, pid, p)
	if c.loners.First != none {
		c.launchLoners(t)
	}
	c.replenish(t, pid, p)
}

// living is the slot of an instance that exists.
func (c *Controller) living(id InstanceID, event string) uint32 {
	slot := id.Slot()
	if int(slot) >= len(c.instances.Rows) || c.instances.id(slot) != id || c.instances.Rows[slot].State == free {
		panic(fmt.Sprintf("policy: %s of instance %d, which does not exist", event, id))
	}
	return slot
}

// relieve orders a standard instance, to which the request moves that one on
// spot has just been promoted for. Without room or money it stays there.
func (c *Controller) relieve(t Time, slot uint32) {
	id := c.instances.Rows[slot].Pool
	p, s := &c.pools[id], &c.supplies[id]
	if !s.replaces || !c.mayOrder(id, p) || p.Held && !s.allows(t, OnDemand) || !c.affords(s.prices[OnDemand], false) {
		return
	}
	next := c.launchOn(t, id, ForRelief, OnDemand)
	p.Own++
	from, to := &c.instances.Rows[slot], &c.instances.Rows[next]
	from.Marks |= relieved
	to.Marks |= relief
	from.Next, to.Next = next, slot
}

// takeOver moves a request from spot to the instance that was ordered for it,
// and ends the one on spot.
func (c *Controller) takeOver(t Time, slot uint32, p *pool) {
	to := &c.instances.Rows[slot]
	from := to.Next
	was := &c.instances.Rows[from]
	to.State, to.Since, to.Tenant, to.Next = serving, was.Since, was.Tenant, none
	to.Marks &^= relief
	was.Marks &^= relieved
	was.Next = none
	if c.staged { // what was carried out for the request moves with it
		c.prepared[slot].Is = c.prepared[from].Is
	}
	p.Own--
	if c.log != nil {
		c.log.append(t, c.instances.id(slot), -1, to.Pool, Replaced, ForRelief, 0)
	}
	c.host.Replace(t, c.instances.id(from), c.instances.id(slot))
	c.end(t, from, Relieved)
	c.unblock(t, c.instances.Rows[slot].Pool, p)
}

// part separates an instance that no more serves, or launches no more, from
// the one that was to relieve it, or that it was to relieve. A launch that is
// left over goes to the pool.
func (c *Controller) part(in *instance, p *pool) {
	switch {
	case in.Marks&relieved != 0:
		to := &c.instances.Rows[in.Next]
		to.Marks &^= relief
		to.Next = none
		p.Own--
		p.Launching++
	case in.Marks&relief != 0:
		c.instances.Rows[in.Next].Marks &^= relieved
		c.instances.Rows[in.Next].Next = none
	default:
		return
	}
	in.Marks &^= relief | relieved
	in.Next = none
}
