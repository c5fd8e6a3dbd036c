package policy

// How offer classes a request that it takes from the queue.
const (
	outcomeByAge   = false // a miss unless the instance was ordered before the request arrived
	outcomePartial = true  // the instance had served before
)

func outcomeOf(ordered, arrived Time) Outcome {
	if ordered < arrived {
		return PartialHit
	}
	return Miss
}

// route gives a request an instance, or makes it wait.
func (c *Controller) route(t Time, r *Request) {
	if r.Warm == NeverWarm {
		c.alone(t, *r, t)
		return
	}
	if c.claim(t, r, Hit) {
		return
	}
	if c.misses != nil && !c.draining {
		c.misses.Missed(t, r.Pool)
	}
	if r.Warm == RequireWarm {
		c.refuse(t, r, NothingWarm)
		return
	}
	p := &c.pools[r.Pool]
	i := c.waiters.add(t, *r)
	if c.early {
		c.makeRoom(t, r.Pool, p)
	}
	if c.early && c.mayLaunch(t, r.Pool, p) {
		c.launchOwn(t, r.Pool, p, i)
		return
	}
	c.waiters.join(&p.Queue, i)
	p.Waiting++
}

// firstInLine serves a request that had or expected an instance and lost it:
// at once if one is warm, else before all others.
func (c *Controller) firstInLine(t Time, r Request, arrived Time) {
	p := &c.pools[r.Pool]
	switch {
	case r.Warm == NeverWarm && !c.draining:
		c.waiters.jump(&c.loners, c.waiters.add(arrived, r))
		c.visit(t, r.Pool, p)
	case r.Warm == NeverWarm:
		c.refuse(t, &r, Drained)
	case c.claim(t, &r, PartialHit):
	case r.Warm == RequireWarm:
		c.refuse(t, &r, NothingWarm)
	default:
		c.waiters.jump(&p.Queue, c.waiters.add(arrived, r))
		p.Waiting++
	}
}

// claim assigns a warm instance to r at once, if there is one that suits. best
// is the outcome if nothing is missing.
func (c *Controller) claim(t Time, r *Request, best Outcome) bool {
	p := &c.pools[r.Pool]
	slot := c.pick(t, r.Pool, p, r)
	if c.lived {
		slot = c.fit(t, slot, r.Pool, p, r)
	}
	if slot != none {
		if in := &c.instances.Rows[slot]; in.Tenant == 0 && !p.staged && !c.lived {
			c.instances.take(&p.Shelf, slot)
			p.Warm--
		} else {
			c.unshelve(slot)
		}
		c.assign(t, slot, r.Pool, r, best, WasWarm, 0)
		return true
	}
	return p.compatible && c.claimCompatible(t, r, best) || p.scrubs && c.claimScrubbed(t, r, p)
}

// pick finds the idle instance that serves a tenant's request: one that has
// served the tenant before, else one that is free for all. Reusable instances
// are handed out most recently used first, others oldest first.
func (c *Controller) pick(t Time, id PoolID, p *pool, r *Request) uint32 {
	if p.staged {
		return c.pickPrepared(t, id, p, r)
	}
	if p.Tied > 0 {
		if i, ok := c.apart.row(apartKey{Pool: id, Tenant: r.Tenant}); ok && c.apart.Rows[i].Count > 0 {
			return c.apart.Rows[i].Newest
		}
	}
	return p.Shelf.pick(p)
}

// assign promotes an instance that is on no shelf and in no order.
func (c *Controller) assign(t Time, slot uint32, pool PoolID, r *Request, o Outcome, why Reason, adapt int64) {
	in := &c.instances.Rows[slot]
	missing := uint8(0)
	if c.staged {
		if missing = c.lacking(t, slot, in.Pool, r, why >= BecameWarm && why <= OwnLaunch); missing != 0 && o == Hit {
			o = PartialHit
		}
	}
	in.State, in.Since = serving, t
	if c.config.Isolation == ByTenant && (!c.reserves || c.pools[in.Pool].tenant == 0) {
		in.Tenant = r.Tenant
	}
	c.pools[in.Pool].InUse++
	c.adapted = adapt > 0 && missing == 0 // else Promoted tells what it lacked
	a := Assignment{
		Request: r.ID, Instance: c.instances.id(slot), Pool: pool, Outcome: o, Reason: why, Delay: adapt, Missing: missing,
	}
	if p := &c.pools[pool]; p.slow {
		a.Delay += p.delay
	}
	if c.log != nil {
		c.log.assign(t, a)
	}
	c.host.Assign(t, a)
	if in.Marks&spot != 0 {
		c.relieve(t, slot)
	}
}

// offer gives an instance that has just become free to the first request that
// it suits, or puts it on a shelf, or ends it if the policy keeps none.
func (c *Controller) offer(t Time, slot uint32, partial bool, why Reason) {
	in := &c.instances.Rows[slot]
	p := &c.pools[in.Pool]
	for i := p.Queue.First; i != none; i = c.waiters.Rows[i].Next {
		w := &c.waiters.Rows[i]
		if in.Tenant != 0 && in.Tenant != w.Request.Tenant {
			continue
		}
		o := PartialHit
		if !partial {
			o = outcomeOf(in.Since, w.Arrived)
		}
		c.waiters.leave(&p.Queue, i)
		p.Waiting--
		r := w.Request
		c.waiters.remove(i)
		c.assign(t, slot, in.Pool, &r, o, why, 0)
		c.surplus(t, in.Pool, p)
		return
	}
	if i := p.Queue.First; i != none && p.scrubs && in.Tenant != 0 && !c.draining {
		c.waiters.leave(&p.Queue, i)
		p.Waiting--
		r := c.waiters.Rows[i].Request
		c.waiters.remove(i)
		c.assignScrubbed(t, slot, &r)
		c.surplus(t, r.Pool, p)
		return
	}
	switch {
	case c.draining:
		c.end(t, slot, Drained)
	case c.traits.Idle == KeepNone:
		c.end(t, slot, NotKept)
	default:
		c.shelve(t, slot, in, p)
	}
}

// surplus asks for a visit at the next tick when there may be too many.
func (c *Controller) surplus(t Time, id PoolID, p *pool) {
	have := p.Warm
	if c.traits.Idle == RetireByPosition {
		have = p.position()
	}
	if (have > p.Level.Retire || p.Tied > 0) && !p.Active && c.traits.Idle <= RetireByWarm {
		c.visit(t, id, p)
	}
}

// shelve makes an instance idle.
func (c *Controller) shelve(t Time, slot uint32, in *instance, p *pool) {
	in.State, in.Since = idle, t
	if c.lived {
		c.rests(t, slot, in, p)
	}
	c.reshelve(slot, in, p)
	if p.keeps {
		c.fetch(t, slot, in)
	}
	c.surplus(t, in.Pool, p)
	if c.timed && p.timed && (p.Warm > p.Level.Stock || p.Tied > 0) {
		c.visit(t, in.Pool, p)
	}
	if c.evicts != nil {
		c.rank(t, slot)
		c.evict(t, 0)
	}
}

// reshelve puts an idle instance on the shelf that is its own.
func (c *Controller) reshelve(slot uint32, in *instance, p *pool) {
	if p.keeps {
		c.linkKept(slot, in)
	}
	key := c.shelfKey(slot, in)
	if key.Tenant == 0 && key.Target == (Target{}) {
		c.instances.put(&p.Shelf, slot)
		*c.idleCount(slot, p)++
		if c.traits.Idle == KeepForAge && p.Shelf.Due > in.Since+p.Level.Keep {
			c.armShelf(shelfID(in.Pool), &p.Shelf, p.Level.Keep)
		}
		return
	}
	i := c.apart.open(key, p)
	c.instances.put(&c.apart.Rows[i].shelf, slot)
	if key.Tenant != 0 {
		p.Tied++
	} else {
		*c.idleCount(slot, p)++
	}
	c.holds(i)
	if s := &c.apart.Rows[i].shelf; c.traits.Idle == KeepForAge && s.Due > in.Since+p.Level.Keep {
		c.armShelf(apartBit|shelfID(i), s, p.Level.Keep)
	}
}

// idleCount is what counts an idle instance that is free for all: the stock, or
// what is on its way out.
func (c *Controller) idleCount(slot uint32, p *pool) *int32 {
	if c.lived && c.lives[slot].Aging {
		return &p.Aging
	}
	return &p.Warm
}

// shelfKey is the shelf of an instance; the zero one but for the pool is that
// which all of the pool share.
func (c *Controller) shelfKey(slot uint32, in *instance) apartKey {
	key := apartKey{Pool: in.Pool, Tenant: in.Tenant}
	if c.staged {
		key.Target = c.prepared[slot].Is
	}
	return key
}

// unshelve takes an idle instance off its shelf.
func (c *Controller) unshelve(slot uint32) {
	in := &c.instances.Rows[slot]
	p := &c.pools[in.Pool]
	if p.keeps {
		c.unlinkKept(slot, in)
	}
	key := c.shelfKey(slot, in)
	if key.Tenant == 0 && key.Target == (Target{}) {
		c.instances.take(&p.Shelf, slot)
		*c.idleCount(slot, p)--
		return
	}
	i, _ := c.apart.row(key)
	c.instances.take(&c.apart.Rows[i].shelf, slot)
	if key.Tenant != 0 {
		p.Tied--
	} else {
		*c.idleCount(slot, p)--
	}
	c.holds(i)
	c.apart.close(i, p)
}
