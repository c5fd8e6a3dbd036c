package policy

import "fmt"

// preparation is what an instance of a category with stages is prepared for.
type preparation struct {
	Is   Target
	To   Target // what it is being prepared for, if Busy; the key, if Fetching
	Busy bool
	// Fetching is set while it does one stage, Stage, for a further key.
	Fetching bool
	Stage    uint8
	First    uint32 // of what it keeps beside Is, see kept
}

// unprepared is what an instance begins as.
var unprepared = preparation{First: none}

// Held is how many of p's instances are prepared for a target or are being
// prepared for it, those of single tenants aside.
func (c *Controller) Held(p PoolID, t Target) int32 {
	if i, ok := c.apart.row(apartKey{Pool: p, Target: t}); ok {
		return c.apart.Rows[i].Count + c.apart.Rows[i].Coming
	}
	return 0
}

// aim gives a launch its target, unless it is not for the pool's level.
func (c *Controller) aim(t Time, slot uint32, id PoolID, why Reason) {
	for int(slot) >= len(c.prepared) {
		c.prepared = append(c.prepared, unprepared)
	}
	c.prepared[slot] = unprepared
	if c.aims == nil || why != ForLevel || !c.pools[id].staged || c.draining {
		return
	}
	if to := c.unclaimed(id, c.aims.Aim(t, id)); to != (Target{}) {
		c.prepare(t, slot, id, to)
	}
}

// prepare has an instance that is launching or idle prepared for a target. It
// is on no shelf, and its present preparation is over.
func (c *Controller) prepare(t Time, slot uint32, id PoolID, to Target) {
	c.unprepare(slot, id)
	row := &c.prepared[slot]
	c.turn(slot, id, row.Is.Kept(to))
	row.To, row.Busy = to, true
	i := c.apart.open(apartKey{Pool: id, Target: to}, &c.pools[id])
	c.apart.Rows[i].Coming++
	c.holds(i)
	name := c.instances.id(slot)
	if c.log != nil {
		c.log.prepare(t, name, id)
	}
	c.host.Prepare(t, name, to, AllStages)
}

// unprepare takes a preparation off the books, if one is under way.
func (c *Controller) unprepare(slot uint32, id PoolID) {
	if row := &c.prepared[slot]; row.Busy || row.Fetching {
		c.interrupt(slot, id)
	}
}

func (c *Controller) interrupt(slot uint32, id PoolID) {
	row := &c.prepared[slot]
	if row.Fetching {
		row.Fetching = false
		i := c.kept.find[holdersKey{id, KeptKey{row.Stage, row.To}}]
		c.kept.Holders[i].Coming--
		c.keeping(i)
		c.kept.close(i)
	}
	if !row.Busy {
		return
	}
	row.Busy = false
	p := &c.pools[id]
	i, _ := c.apart.row(apartKey{Pool: id, Target: row.To})
	c.apart.Rows[i].Coming--
	c.holds(i)
	c.apart.close(i, p)
}

// holds tells the sizer what the row of a shelf counts.
func (c *Controller) holds(i uint32) {
	if row := &c.apart.Rows[i]; c.aims != nil && row.Tenant == 0 {
		c.aims.Holds(row.Pool, row.Target, row.Count+row.Coming)
	}
}

// Prepared tells that an idle instance has become prepared for the target that
// Host.Prepare named last. What has been overtaken by a promotion or an end
// is not told.
func (c *Controller) Prepared(t Time, id InstanceID) {
	c.enter(t)
	slot, in := c.instance(id, idle, "Prepared")
	row := &c.prepared[slot]
	p := &c.pools[in.Pool]
	if row.Fetching {
		c.fetched(t, slot, in)
		return
	}
	if !row.Busy {
		misplaced(id, idle, "Prepared")
	}
	i, _ := c.apart.row(apartKey{Pool: in.Pool, Target: row.To})
	c.unshelve(slot)
	row.Busy = false
	c.turn(slot, in.Pool, row.Is.Over(row.To))
	c.apart.Rows[i].Coming--
	c.reshelve(slot, in, p)
	if in.Tenant != 0 { // that is another shelf
		c.holds(i)
		c.apart.close(i, p)
	}
	c.fetch(t, slot, in)
}

// Took tells how long an instance took for a stage of its category, by its index,
// ns: one that it did for a preparation, before Prepared of that, or one that it
// lacked for the request that it serves. Decisions go by what is told; what is not
// told takes as long as it is configured to. What was overtaken is not told.
func (c *Controller) Took(t Time, id InstanceID, stage int, took int64) {
	c.enter(t)
	slot := c.living(id, "Took")
	in := &c.instances.Rows[slot]
	if !c.staged || stage >= len(c.config.Categories[in.Pool].Stages) || took < 0 || took > int64(maxSpan) {
		panic(fmt.Sprintf("policy: Took of instance %d, stage %d in %d ns, which is out of range", id, stage, took))
	}
	s := &c.config.Categories[in.Pool].Stages[stage]
	row := &c.prepared[slot]
	is := row.Is
	if in.State == idle && (row.Busy || row.Fetching) {
		is = row.To
	} else if in.State != serving {
		misplaced(id, serving, "Took")
	}
	if !s.Needs(is) {
		panic(fmt.Sprintf("policy: Took of instance %d, stage %q, which it had no need to do", id, s.Name))
	}
	key := KeptKey{uint8(stage), s.Key(is)}
	switch r := c.times.learn(t, in.Pool, key, took); {
	case c.timing == nil:
	case r.general:
		c.timing.Retimed(in.Pool, KeptKey{Stage: key.Stage})
	default:
		if r.gone != (Target{}) {
			c.timing.Retimed(in.Pool, KeptKey{key.Stage, r.gone})
		}
		if r.key {
			c.timing.Retimed(in.Pool, key)
		}
	}
}

// reaim turns idle instances to what is more likely to be asked for.
func (c *Controller) reaim(t Time, id PoolID, p *pool) {
	if c.aims == nil || !p.staged || p.Warm == 0 {
		return
	}
	for c.reaimShelf(t, id, p, &p.Shelf, Target{}) {
	}
	for i := p.FirstApart; i != none; {
		row := &c.apart.Rows[i]
		next := row.Next
		if row.Tenant == 0 && row.Count > 0 {
			is := row.Target
			for c.reaimShelf(t, id, p, &c.apart.Rows[i].shelf, is) {
				if j, ok := c.apart.row(apartKey{Pool: id, Target: is}); !ok || j != i {
					break
				}
			}
		}
		i = next
	}
}

// reaimShelf turns one instance of a shelf, if any is better turned.
func (c *Controller) reaimShelf(t Time, id PoolID, p *pool, s *shelf, is Target) bool {
	slot := s.Newest
	for slot != none && c.prepared[slot].Busy {
		slot = c.instances.Rows[slot].Prev
	}
	if slot == none {
		return false
	}
	to, better := c.aims.Reaim(t, id, is)
	if to = c.unclaimed(id, to); !better || to == is || to == (Target{}) {
		if p.keeps {
			c.fetch(t, slot, &c.instances.Rows[slot])
		}
		return false
	}
	in := &c.instances.Rows[slot]
	c.unshelve(slot)
	c.prepare(t, slot, id, to)
	c.reshelve(slot, in, p)
	return true
}

// lacking is which stages an instance lacks for a request that it is promoted
// for; from then on it is prepared for that.
func (c *Controller) lacking(t Time, slot uint32, id PoolID, r *Request, waited bool) uint8 {
	c.unprepare(slot, id)
	needs := r.Target(c.pools[id].facets)
	row := &c.prepared[slot]
	stages, _ := c.missing(slot, id, needs, nil)
	c.turn(slot, id, row.Is.Turned(needs))
	if c.aims != nil && c.pools[id].staged {
		c.aims.Promoted(t, id, needs, stages, waited)
	}
	return stages
}
