package policy

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

// An AimingSizer is a Sizer that says what instances of categories with stages
// are prepared for. Under other sizers they are prepared for nothing in
// particular until they have served.
type AimingSizer interface {
	Sizer
	// Holds tells how many of p's instances are prepared for a target or are
	// being prepared for it, those of single tenants aside, when that changes.
	Holds(p PoolID, to Target, n int32)
	// Aim is what the next instance of p is to be prepared for.
	Aim(t Time, p PoolID) Target
	// Keeps tells how many of p's idle instances keep a key beside their target or
	// are fetching it, those of single tenants aside, when that changes.
	Keeps(p PoolID, key KeptKey, n int32)
	// Further is the key for which an idle instance of p that is prepared for is,
	// and keeps some more, the longest kept first, is to do a stage next, of those that keep
	// several. It may take the place of one that it keeps.
	Further(t Time, p PoolID, is Target, keeps []KeptKey) (KeptKey, bool)
	// Reaim says whether one of p's idle instances that are prepared for is
	// would better be prepared for another target. Called at ticks, until it
	// says no, for every target that p has idle instances for.
	Reaim(t Time, p PoolID, is Target) (Target, bool)
	// Promoted tells of an instance of p that was promoted for a request, and of the stages
	// that it lacked; waited is set if the request had to wait for the instance too. It comes before Arrive of the same request.
	Promoted(t Time, p PoolID, lacked uint8, waited bool)
	// Worth is what one of the instances that are prepared for is saves, in
	// seconds of waiting; the least worth is ended first.
	Worth(t Time, p PoolID, is Target) float64
}

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
	if to := c.shared(c.aims.Aim(t, id)); to != (Target{}) {
		c.prepare(t, slot, id, to)
	}
}

// shared is what of a target instances may be prepared for that nobody has
// claimed yet: under isolation a tenant's own data comes only to an instance
// that serves the tenant.
func (c *Controller) shared(to Target) Target {
	if c.config.Isolation == ByTenant {
		to.Tenant = 0
	}
	return to
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

// unprepare takes a preparation that is under way off the books.
func (c *Controller) unprepare(slot uint32, id PoolID) {
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
	if to = c.shared(to); !better || to == is || to == (Target{}) {
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

// pickPrepared finds the idle instance that lacks least for a request; where
// several lack as little, the one that is least worth to others.
func (c *Controller) pickPrepared(t Time, id PoolID, p *pool, r *Request) uint32 {
	k := &c.config.Categories[id]
	needs := r.Target(p.facets)
	if p.Tied > 0 {
		if i, ok := c.apart.row(apartKey{id, r.Tenant, needs}); ok && c.apart.Rows[i].Count > 0 {
			return c.apart.Rows[i].pick(p)
		}
	}
	if i, ok := c.apart.row(apartKey{Pool: id, Target: needs}); ok && c.apart.Rows[i].Count > 0 {
		return c.apart.Rows[i].pick(p)
	}
	best, lacks, worth := none, int64(0), 0.0
	if r.Warm == RequireWarm {
		if best = c.pickWhole(k, p, r, needs); best == none && p.keeps {
			best = c.leastLacking(t, id, r, needs, none, 0, 0)
		}
		return best
	}
	if p.Shelf.Count > 0 {
		_, takes := k.Missing(Target{}, needs)
		lacks = int64(takes)
		best, worth = c.pickUnprepared(t, id, p)
	}
	weighed, least := 0, k.leastLacking(needs)
	for i := p.FirstApart; i != none; i = c.apart.Rows[i].Next {
		row := &c.apart.Rows[i]
		if row.Count == 0 || row.Tenant != 0 && row.Tenant != r.Tenant {
			continue
		}
		if weighed >= shelves && lacks <= least {
			break
		}
		_, takes := k.Missing(row.Target, needs)
		n := int64(takes)
		if best != none && (n > lacks || n == lacks && weighed >= shelves) {
			continue
		}
		weighed++
		if w := c.worth(t, id, row.Target, row.Count); best == none || n < lacks || w < worth {
			best, lacks, worth = row.pick(p), n, w
		}
	}
	if p.keeps && lacks > 0 {
		best = c.leastLacking(t, id, r, needs, best, lacks, worth)
	}
	return best
}

// leastLacking is the least that an instance which is prepared for another
// target can lack, in ns: a stage, if the request knows all that stages go by.
func (k *Category) leastLacking(needs Target) int64 {
	least := maxSpan
	for i := range k.Stages {
		if !k.Stages[i].Needs(needs) {
			return 0
		}
		least = min(least, k.Stages[i].Takes)
	}
	return int64(least)
}

// Of the instances that are not prepared yet so many are looked at, and the
// worth of so many shelves is asked.
const looked, shelves = 8, 8

// pickUnprepared is the least worth of those that have been prepared for
// nothing yet: of one that is on its way to a target, as if it were there.
func (c *Controller) pickUnprepared(t Time, id PoolID, p *pool) (best uint32, worth float64) {
	best = none
	slot := p.Shelf.pick(p)
	for range looked {
		w := 0.0
		if row := &c.prepared[slot]; row.Busy {
			w = c.worth(t, id, row.To, 1)
		}
		if best == none || w < worth {
			best, worth = slot, w
		}
		in := &c.instances.Rows[slot]
		if slot = in.Next; p.reusable {
			slot = in.Prev
		}
		if slot == none {
			break
		}
	}
	return best, worth
}

// worth is what one of n instances that are prepared for a target is worth to
// others than who asks: without a sizer that knows, the less the more there are.
func (c *Controller) worth(t Time, id PoolID, is Target, n int32) float64 {
	if c.aims != nil {
		return c.aims.Worth(t, id, is)
	}
	return -float64(n)
}

// pick is the instance of a shelf that is handed out: of reusable ones the most
// recently used, of others the oldest.
func (s *shelf) pick(p *pool) uint32 {
	if p.reusable {
		return s.Newest
	}
	return s.Oldest
}

// lacking is which stages an instance lacks for a request that it is promoted
// for; from then on it is prepared for that.
func (c *Controller) lacking(t Time, slot uint32, id PoolID, r *Request, waited bool) uint8 {
	c.unprepare(slot, id)
	needs := r.Target(c.pools[id].facets)
	row := &c.prepared[slot]
	stages, _ := c.missing(slot, id, needs)
	c.turn(slot, id, row.Is.Turned(needs))
	if c.aims != nil && c.pools[id].staged {
		c.aims.Promoted(t, id, stages, waited)
	}
	return stages
}

// leastWorth is the idle instance to end first: prepared for nothing in
// particular, or for what is least worth; the newest of its kind.
func (c *Controller) leastWorth(t Time, id PoolID, p *pool) uint32 {
	if c.lived && (p.Aging > 0 || c.rollouts[id].Stale > 0) {
		if slot := c.outgoing(p); slot != none {
			return slot
		}
	}
	if !p.staged || p.Shelf.Newest != none {
		return p.Shelf.Newest
	}
	best, least := none, 0.0
	for i := p.FirstApart; i != none; i = c.apart.Rows[i].Next {
		row := &c.apart.Rows[i]
		if row.Count == 0 || row.Tenant != 0 {
			continue
		}
		worth := c.worth(t, id, row.Target, row.Count)
		if best == none || worth < least {
			best, least = row.Newest, worth
		}
	}
	return best
}

// pickWhole finds an idle instance that lacks nothing of what a request needs.
func (c *Controller) pickWhole(k *Category, p *pool, r *Request, needs Target) uint32 {
	whole := func(s *shelf, is Target) bool {
		stages, _ := k.Missing(is, needs)
		return stages == 0 && s.Count > 0
	}
	if whole(&p.Shelf, Target{}) {
		return p.Shelf.pick(p)
	}
	for i := p.FirstApart; i != none; i = c.apart.Rows[i].Next {
		if row := &c.apart.Rows[i]; (row.Tenant == 0 || row.Tenant == r.Tenant) && whole(&row.shelf, row.Target) {
			return row.pick(p)
		}
	}
	return none
}
