package policy

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
			best = c.leastLacking(t, id, r, needs, &needed{}, none, 0, 0)
		}
		return best
	}
	by, alike := c.needed(id, needs), &c.alike
	alike.n = 0
	if p.Shelf.Count > 0 {
		lacks = by.lacked(k, Target{}, needs)
		c.addUnprepared(p)
	}
	weighed, least := 0, by.least(k, needs)
	for i := p.FirstApart; i != none && (weighed < shelves || lacks > least); i = c.apart.Rows[i].Next {
		row := &c.apart.Rows[i]
		if row.Count == 0 || row.Tenant != 0 && row.Tenant != r.Tenant {
			continue
		}
		n := by.lacked(k, row.Target, needs)
		if alike.n > 0 && (n > lacks || n == lacks && weighed >= shelves) {
			continue
		}
		if n != lacks {
			alike.n, lacks = 0, n
		}
		weighed++
		alike.add(row.pick(p), row.Target, row.Count)
	}
	best, worth = c.leastAlike(t, id)
	if p.keeps && lacks > 0 {
		best = c.leastLacking(t, id, r, needs, &by, best, lacks, worth)
	}
	return best
}

// needed is how long each stage of a category is believed to take for what a
// request needs, ns.
type needed [MaxStages]int64

func (c *Controller) needed(id PoolID, needs Target) (n needed) {
	k := &c.config.Categories[id]
	for i := range k.Stages {
		if s := &k.Stages[i]; s.Needs(needs) {
			n[i] = int64(c.times.Takes(id, KeptKey{uint8(i), s.Key(needs)}))
		}
	}
	return n
}

// lacked is how long the stages take that an instance lacks which is prepared for is.
func (n *needed) lacked(k *Category, is, needs Target) (takes int64) {
	differs := is.differs(needs) // what is not needed takes nothing
	for i := range k.Stages {
		if k.Stages[i].Of&differs != 0 {
			takes += n[i]
		}
	}
	return takes
}

// least is the least that an instance which is prepared for another target can
// lack, in ns: a stage, if the request knows all that stages go by.
func (n *needed) least(k *Category, needs Target) int64 {
	least := int64(maxSpan)
	for i := range k.Stages {
		if !k.Stages[i].Needs(needs) {
			return 0
		}
		least = min(least, n[i])
	}
	return least
}

// Of the instances that are not prepared yet so many are looked at, and the
// worth of so many shelves is asked.
const looked, shelves = 8, 8

// alike are instances that lack as much for a request: the targets that they
// are prepared for, what one of each is worth, and of how many.
type alike struct {
	n       int
	slots   [looked + shelves]uint32
	targets [looked + shelves]Target
	worth   [looked + shelves]float64
	counts  [looked + shelves]int32
}

func (a *alike) add(slot uint32, is Target, count int32) {
	a.slots[a.n], a.targets[a.n], a.counts[a.n] = slot, is, count
	a.n++
}

// leastAlike is the one that is worth least to others than who asks, the first of several.
func (c *Controller) leastAlike(t Time, id PoolID) (best uint32, worth float64) {
	a := &c.alike
	c.weigh(t, id, a.n)
	best = none
	for i, w := range a.worth[:a.n] {
		if best == none || w < worth {
			best, worth = a.slots[i], w
		}
	}
	return best, worth
}

// addUnprepared adds those that have been prepared for nothing yet: one that is
// on its way to a target, as if it were there.
func (c *Controller) addUnprepared(p *pool) {
	slot := p.Shelf.pick(p)
	for range looked {
		if row := &c.prepared[slot]; row.Busy {
			c.alike.add(slot, row.To, 1)
		} else {
			c.alike.add(slot, Target{}, 0)
		}
		in := &c.instances.Rows[slot]
		if slot = in.Next; p.reusable {
			slot = in.Prev
		}
		if slot == none {
			break
		}
	}
}

// weigh finds the worth of n that are alike: without a sizer that knows, the less
// the more there are for the target.
func (c *Controller) weigh(t Time, id PoolID, n int) {
	a := &c.alike
	if c.aims != nil {
		c.aims.Worth(t, id, a.targets[:n], a.worth[:n])
		return
	}
	for i, count := range a.counts[:n] {
		a.worth[i] = -float64(count)
	}
}

// worth is what one of n instances that are prepared for a target is worth.
func (c *Controller) worth(t Time, id PoolID, is Target, n int32) float64 {
	c.alike.n = 0
	c.alike.add(none, is, n)
	c.weigh(t, id, 1)
	return c.alike.worth[0]
}

// pick is the instance of a shelf that is handed out: of reusable ones the most
// recently used, of others the oldest.
func (s *shelf) pick(p *pool) uint32 {
	if p.reusable {
		return s.Newest
	}
	return s.Oldest
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
