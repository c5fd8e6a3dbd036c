package policy

// AllStages are those of a category, whichever it has.
const AllStages = ^uint8(0)

// turn makes is what an instance on no shelf is prepared for. Of stages that
// keep several keys, the former one stays.
func (c *Controller) turn(slot uint32, id PoolID, is Target) {
	if c.pools[id].keeps {
		c.leave(slot, id, is)
	}
	c.prepared[slot].Is = is
}

// leave keeps what an instance was prepared for, which is to turn.
func (c *Controller) leave(slot uint32, id PoolID, is Target) {
	row := &c.prepared[slot]
	was, k := row.Is, &c.config.Categories[id]
	for i := range k.Stages {
		s := &k.Stages[i]
		if s.Keeps <= 1 || s.Agrees(was, is) {
			continue
		}
		if s.Needs(is) {
			c.kept.drop(&row.First, KeptKey{uint8(i), s.Key(is)})
		}
		if s.Needs(was) {
			c.kept.add(&row.First, slot, KeptKey{uint8(i), s.Key(was)}, s.Keeps-1)
		}
	}
}

// wipe makes an instance on no shelf prepared for nothing.
func (c *Controller) wipe(slot uint32) {
	c.kept.clear(&c.prepared[slot].First)
	c.prepared[slot] = unprepared
}

// missing is which stages an instance lacks for what a request needs, and how
// long they are expected to take; by may be nil where that is not asked.
func (c *Controller) missing(slot uint32, id PoolID, needs Target, by *needed) (stages uint8, takes int64) {
	k := &c.config.Categories[id]
	row := &c.prepared[slot]
	stages, _ = k.Missing(row.Is, needs)
	for i := range k.Stages {
		s := &k.Stages[i]
		if stages&(1<<i) == 0 {
			continue
		}
		if row.First != none && s.Keeps > 1 && c.kept.has(row.First, KeptKey{uint8(i), s.Key(needs)}) {
			stages &^= 1 << i
		} else if by != nil {
			takes += by[i]
		}
	}
	return stages, takes
}

// fetch has an idle instance that has nothing to do carry out a stage for a
// further key, if that is worth it.
func (c *Controller) fetch(t Time, slot uint32, in *instance) {
	row := &c.prepared[slot]
	if c.aims == nil || !c.pools[in.Pool].keeps || row.Busy || row.Fetching || in.Tenant != 0 || c.draining {
		return
	}
	c.scratch = c.scratch[:0]
	for i := row.First; i != none; i = c.kept.Rows[i].After {
		c.scratch = append(c.scratch, c.kept.Rows[i].KeptKey)
	}
	next, ok := c.aims.Further(t, in.Pool, row.Is, c.scratch)
	if !ok || c.unclaimed(in.Pool, next.Key) != next.Key {
		return
	}
	row.To, row.Stage, row.Fetching = next.Key, next.Stage, true
	i := c.kept.open(holdersKey{in.Pool, next})
	c.kept.Holders[i].Coming++
	c.keeping(i)
	name := c.instances.id(slot)
	if c.log != nil {
		c.log.prepare(t, name, in.Pool)
	}
	c.host.Prepare(t, name, next.Key, 1<<next.Stage)
}

// fetched notes that an idle instance has done the stage that it was to do.
func (c *Controller) fetched(t Time, slot uint32, in *instance) {
	row := &c.prepared[slot]
	c.unlinkKept(slot, in)
	key := KeptKey{row.Stage, row.To}
	i := c.kept.open(holdersKey{in.Pool, key}) // keeps the row while it changes
	c.kept.Holders[i].Coming++
	c.unprepare(slot, in.Pool)
	c.kept.add(&row.First, slot, key, c.config.Categories[in.Pool].Stages[key.Stage].Keeps-1)
	c.linkKept(slot, in)
	c.kept.Holders[i].Coming--
	c.keeping(i)
	c.kept.close(i)
	c.fetch(t, slot, in)
}

// leastLacking finds an idle instance that keeps something of what a request
// needs and so lacks less than the best so far, or as little and is worth less
// to others. Who requires a warm instance is given none that lacks anything.
func (c *Controller) leastLacking(t Time, id PoolID, r *Request, needs Target, by *needed, best uint32, takes int64, worth float64) uint32 {
	k := &c.config.Categories[id]
	for i := range k.Stages {
		s := &k.Stages[i]
		if s.Keeps <= 1 || !s.Needs(needs) {
			continue
		}
		at, ok := c.kept.find[holdersKey{id, KeptKey{uint8(i), s.Key(needs)}}]
		if !ok {
			continue
		}
		for j := c.kept.Holders[at].First; j != none; j = c.kept.Rows[j].Next {
			slot := c.kept.Rows[j].Slot
			if in := &c.instances.Rows[slot]; in.Tenant != 0 && in.Tenant != r.Tenant {
				continue
			}
			lacks, n := c.missing(slot, id, needs, by)
			if n > takes && best != none || r.Warm == RequireWarm && lacks != 0 {
				continue
			}
			if w := c.worth(t, id, c.prepared[slot].Is, 1); best == none || n < takes || w < worth {
				best, takes, worth = slot, n, w
			}
		}
	}
	return best
}
