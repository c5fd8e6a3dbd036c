package policy

import (
	"math/bits"
	"slices"
)

// life is what is known of an instance where a category has a lifecycle.
type life struct {
	Born Time // when it became warm
	// Due is from when on it is no longer handed out: it is ended at the next
	// tick. Never without a maximum age.
	Due  Time
	Turn Time // when it is looked at next; Never if it is not
	// Stale is set when it was ordered before the present generation.
	Stale bool
	// Aging is set when it is on its way out: idle it still serves but is no
	// stock, so that its successor is ordered.
	Aging bool
	// Doomed is set while it launches in vain: it is ended when it becomes warm.
	Doomed bool
}

// turn is when an idle or stopped instance begins to age, or is due. One that comes at
// another instant than the instance's life says has been overtaken.
type turn struct {
	At       Time
	Instance InstanceID
}

//lint:ignore U1000 heap's constraint asks for it
func (a turn) before(b turn) bool {
	return a.At < b.At || a.At == b.At && a.Instance < b.Instance
}

// turns has the turn of every idle or stopped instance that has a maximum age, and those
// of others: claims leave theirs behind, so that they cost nothing.
type turns struct {
	heap  heap[turn]
	clear int // the length at which those are cleared out
}

const fewestTurns = 1024

// giveLives makes the tables of lifecycles as long as those they go with.
func (c *Controller) giveLives() {
	for len(c.lives) < len(c.instances.Rows) {
		c.lives = append(c.lives, life{Due: Never, Turn: Never})
	}
	for len(c.rollouts) < len(c.pools) {
		c.rollouts = append(c.rollouts, rollout{})
	}
}

// beget begins the life of a launch.
func (c *Controller) beget(slot uint32) {
	c.giveLives()
	c.lives[slot] = life{Due: Never, Turn: Never}
}

// born counts the age of a launch that became warm, and ends it if it launched
// in vain. One that was resumed is as old as before it was stopped, and that
// time counts too: it is what it was made of that grows old, running or not.
func (c *Controller) born(t Time, slot uint32, in *instance, p *pool) (ended bool) {
	l := &c.lives[slot]
	if in.Marks&resumed == 0 || l.Born == 0 {
		l.Born = t
	}
	l.Due = c.due(l.Born, slot, in.Pool)
	if l.Doomed {
		pool := in.Pool
		c.end(t, slot, Outdated)
		c.unblock(t, pool, p)
		return true
	}
	if l.Due <= t { // resuming has taken too long
		pool := in.Pool
		if c.log != nil {
			c.log.end(t, c.instances.id(slot), pool, TooOld)
		}
		c.host.End(t, c.instances.id(slot), pool, TooOld)
		c.forget(t, slot, in, p)
		c.replenish(t, pool, p)
		return true
	}
	if r := &c.rollouts[in.Pool]; !l.Stale && r.Stale > 0 {
		r.Progress, r.Stalled = t, false
		c.visit(t, in.Pool, p)
	}
	return false
}

// bury ends the life of an instance that is gone.
func (c *Controller) bury(slot uint32) {
	l, pool := &c.lives[slot], c.instances.Rows[slot].Pool
	if l.Stale {
		c.rollouts[pool].Stale--
	}
	if l.Doomed {
		c.pools[pool].Doomed--
	}
	*l = life{Due: Never, Turn: Never}
}

// due is when an instance of a pool that became warm at born has as little
// life before it as the category allows. Its limit is MaxAge x (1 - 0.1 u),
// where u is uniform in [0, 1) by a hash of its name (the finalizer of
// SplitMix64; Steele, Lea & Flood, OOPSLA 2014).
func (c *Controller) due(born Time, slot uint32, pool PoolID) Time {
	k := &c.config.Categories[pool]
	if k.MaxAge == 0 {
		return Never
	}
	h := uint64(c.instances.id(slot))
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	h ^= h >> 31
	jitter, _ := bits.Mul64(uint64(k.MaxAge/10), h)
	return born + int64(k.MaxAge) - int64(jitter) - int64(k.MinRemaining)
}

// ahead is how long before it is due an instance of k begins to age.
func (c *Controller) ahead(k *Category) int64 { return int64(k.LeadTime) + c.tick }

// soonDue says whether an instance begins to age at t, or has.
func (c *Controller) soonDue(t Time, slot uint32, pool PoolID) bool {
	l := &c.lives[slot]
	return l.Due != Never && t >= l.Due-c.ahead(&c.config.Categories[pool])
}

// lasts says whether an instance is worth to be stopped.
func (c *Controller) lasts(slot uint32) bool {
	return !c.lived || !c.lives[slot].Stale && !c.lives[slot].Aging
}

// unfit says whether, and why, an instance may not be handed out by a pool.
func (c *Controller) unfit(t Time, slot uint32, pool PoolID) (Reason, bool) {
	l := &c.lives[slot]
	if l.Stale && c.config.Categories[pool].Stale == ForbidStale {
		return Outdated, true
	}
	return TooOld, l.Due <= t
}

// fit is the instance that was picked, or the next that would be: those that
// may not be handed out are ended.
func (c *Controller) fit(t Time, slot uint32, id PoolID, p *pool, r *Request) uint32 {
	for slot != none {
		why, unfit := c.unfit(t, slot, id)
		if !unfit {
			break
		}
		c.retire(t, slot, why)
		c.visit(t, id, p)
		slot = c.pick(t, id, p, r)
	}
	return slot
}

// unfitAdapted says whether an instance would be unfit in the pool that it is
// adapted to.
func (c *Controller) unfitAdapted(t Time, slot uint32, to PoolID) bool {
	l := &c.lives[slot]
	return l.Stale && c.config.Categories[to].Stale == ForbidStale || c.due(l.Born, slot, to) <= t
}

// changesPool keeps the life of an instance that moves. Its age counts on; what
// is stale stays so.
func (c *Controller) changesPool(slot uint32, to PoolID) {
	l := &c.lives[slot]
	if l.Stale {
		c.rollouts[c.instances.Rows[slot].Pool].Stale--
		c.rollouts[to].Stale++
	}
	l.Due, l.Aging = c.due(l.Born, slot, to), false
}

// rests looks at an instance that becomes idle, before it is on its shelf.
func (c *Controller) rests(t Time, slot uint32, in *instance, p *pool) {
	l := &c.lives[slot]
	if l.Due != Never {
		l.Aging = l.Aging || c.soonDue(t, slot, in.Pool)
		c.turnTo(slot, in)
	}
	if l.Aging || l.Stale {
		c.visit(t, in.Pool, p)
	}
}

// turnTo has an idle or stopped instance looked at when it begins to age, or is due.
func (c *Controller) turnTo(slot uint32, in *instance) {
	l := &c.lives[slot]
	at := l.Due
	if !l.Aging {
		at -= c.ahead(&c.config.Categories[in.Pool])
	}
	if at >= l.Turn || c.draining {
		return
	}
	if len(c.turns.heap) >= max(c.turns.clear, fewestTurns) {
		c.clearTurns()
	}
	l.Turn = at
	c.turns.heap.push(turn{at, c.instances.id(slot)})
	c.nextTick = min(c.nextTick, c.tickFrom(max(at, c.now)))
}

// clearTurns drops the turns of instances that are neither idle nor stopped. Those in use get
// another when they are idle again.
func (c *Controller) clearTurns() {
	c.turns.heap = slices.DeleteFunc(c.turns.heap, func(u turn) bool {
		slot := u.Instance.Slot()
		l := &c.lives[slot]
		if c.instances.id(slot) != u.Instance || l.Turn != u.At {
			return true
		}
		if s := c.instances.Rows[slot].State; s == idle || s == stopped {
			return false
		}
		l.Turn = Never
		return true
	})
	slices.SortFunc(c.turns.heap, func(a, b turn) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	c.turns.clear = 2 * len(c.turns.heap)
}

// runTurns ends the idle instances that are too old, and takes those that soon
// will be out of the stock; stopped ones end as soon as that. Their pools are
// visited.
func (c *Controller) runTurns(t Time) {
	for len(c.turns.heap) > 0 && c.turns.heap[0].At <= t {
		u := c.turns.heap.pop()
		slot := u.Instance.Slot()
		in, l := &c.instances.Rows[slot], &c.lives[slot]
		if c.instances.id(slot) != u.Instance || l.Turn != u.At {
			continue
		}
		l.Turn = Never
		if in.State != idle && in.State != stopped {
			continue
		}
		pool := in.Pool
		p := &c.pools[pool]
		switch {
		case in.State == stopped && c.soonDue(t, slot, pool):
			c.discard(t, slot, TooOld)
		case in.State == stopped:
			c.turnTo(slot, in)
		case l.Due <= t:
			c.retire(t, slot, TooOld)
		default:
			if c.soonDue(t, slot, pool) {
				c.ages(slot, in, p)
			}
			c.turnTo(slot, in)
		}
		if !p.Active {
			p.Active = true
			c.active = append(c.active, pool)
		}
	}
}

// ages takes an idle instance out of the stock.
func (c *Controller) ages(slot uint32, in *instance, p *pool) {
	l := &c.lives[slot]
	if l.Aging {
		return
	}
	l.Aging = true
	if in.Tenant == 0 {
		p.Warm--
		p.Aging++
	}
}

// eachIdle calls f for the idle instances of a pool that are free for all, by
// shelf, those idle longest first, until it returns false.
func (c *Controller) eachIdle(p *pool, f func(slot uint32, l *life) bool) {
	walk := func(s *shelf) bool {
		for slot := s.Oldest; slot != none; slot = c.instances.Rows[slot].Next {
			if !f(slot, &c.lives[slot]) {
				return false
			}
		}
		return true
	}
	if !walk(&p.Shelf) {
		return
	}
	for i := p.FirstApart; i != none; i = c.apart.Rows[i].Next {
		if row := &c.apart.Rows[i]; row.Tenant == 0 && !walk(&row.shelf) {
			return
		}
	}
}

// outgoing is the idle instance of a pool to end first, as it will be before
// long: one that ages, else one that is stale; none if there is neither.
func (c *Controller) outgoing(p *pool) uint32 {
	aging, stale := none, none
	c.eachIdle(p, func(slot uint32, l *life) bool {
		if l.Stale && stale == none {
			stale = slot
		}
		if l.Aging {
			aging = slot
		}
		return aging == none
	})
	if aging != none {
		return aging
	}
	return stale
}
