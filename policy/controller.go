package policy

import "fmt"

// A Controller is the state machine of a fleet of pools. It is driven by a
// host; see the package comment for the contract. Its methods do not allocate
// once its tables have grown to the size that the load needs.
type Controller struct {
	config Config
	sizer  Sizer
	traits Traits
	// The sizer again, where it wants to be told of more; else nil.
	releases ReleaseSizer
	misses   MissSizer
	launches LaunchSizer
	evicts   EvictingSizer
	layers   LayerSizer
	aims     AimingSizer
	stopping StoppingSizer
	hints    HintSizer
	host     Host
	log      *Log
	early    bool // a miss launches its own instance
	keeps    bool // idle instances are kept, for a while at least
	tick     int64
	staged   bool // a category has stages
	lived    bool // an instance may be too old, or stale
	timed    bool // a category has an idle time-out

	now       Time
	pools     []pool
	supplies  []supply // by pool
	instances instances
	waiters   waiters
	apart     apart
	prepared  []preparation // by slot, if staged
	lives     []life        // by slot, if lived
	rollouts  []rollout     // by pool, if lived
	turns     turns
	loners    queue // requests that want instances of their own and have none on its way

	ranks    ranks
	expiries heap[expiry]
	wakes    heap[wake]
	starved  []PoolID // wait for the budget
	crowded  []PoolID // wait for a place in a quota
	budget   int64    // millionths of a dollar an hour; 0 is no bound
	spending int64    // of all instances, if there is a budget
	full     Time     // until then the quota has no room for stock that can wait
	active   []PoolID // visited at the next tick, in the order of their events
	nextTick Time
	nextLook Time // at hints, see runLook
	lastTick Time
	draining bool
}

// New makes a controller that holds nothing yet. The error names what is
// impossible in the configuration.
func New(config Config, sizer Sizer, host Host) (*Controller, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	c := &Controller{
		host:      host,
		nextTick:  Never,
		nextLook:  Never,
		now:       -MaxInstant,
		lastTick:  -MaxInstant,
		instances: instances{Empty: none},
		waiters:   waiters{Empty: none},
		apart:     apart{Empty: none, find: make(map[apartKey]uint32)},
		loners:    emptyQueue,
	}
	c.adopt(config, sizer)
	return c, nil
}

// MaxInstant is the last instant that an event may have (in the year 2116), so
// that a span may be added to any of them.
const MaxInstant = Never / 2

// adopt takes over a valid configuration and makes pools for new categories.
func (c *Controller) adopt(config Config, sizer Sizer) {
	c.config, c.sizer, c.traits = config, sizer, sizer.Traits()
	c.releases, _ = sizer.(ReleaseSizer)
	c.misses, _ = sizer.(MissSizer)
	c.launches, _ = sizer.(LaunchSizer)
	c.evicts, _ = sizer.(EvictingSizer)
	c.layers, _ = sizer.(LayerSizer)
	c.aims, _ = sizer.(AimingSizer)
	c.stopping, _ = sizer.(StoppingSizer)
	c.hints, _ = sizer.(HintSizer)
	c.nextLook = Never
	c.early = config.Binding == Early || c.traits.OwnLaunch
	c.keeps = c.traits.Idle != KeepNone && !c.draining
	c.tick = int64(config.Tick)
	for len(c.pools) < len(config.Categories) {
		c.pools = append(c.pools, pool{
			Queue: emptyQueue, Shelf: emptyShelf, FirstApart: none, WakeAt: Never,
		})
	}
	c.configurePools()
	for i := range c.pools {
		c.staged = c.staged || c.pools[i].staged
		c.lived = c.lived || config.Categories[i].MaxAge > 0
		c.timed = c.timed || c.pools[i].timed
	}
	if c.lived {
		c.giveLives()
	}
	for c.staged && len(c.prepared) < len(c.instances.Rows) {
		c.prepared = append(c.prepared, preparation{})
	}
}

// SetLog makes the controller record its actions in l; nil stops that.
func (c *Controller) SetLog(l *Log) { c.log = l }

// Stock is what pool p holds and owes now; Warm includes the instances that
// only one tenant may use, Launching those of single requests.
func (c *Controller) Stock(p PoolID) Stock {
	s := c.pools[p].stock()
	s.Warm += c.pools[p].Tied + c.pools[p].Aging
	s.Launching += c.pools[p].Own + c.pools[p].Doomed
	return s
}

// LevelOf is pool p's present level.
func (c *Controller) LevelOf(p PoolID) Level { return c.pools[p].Level }

// Start sets the first levels and launches them. It is the first event.
func (c *Controller) Start(t Time) {
	c.enter(t)
	for i := range c.pools {
		c.begin(t, PoolID(i))
	}
}

func (c *Controller) begin(t Time, id PoolID) {
	p := &c.pools[id]
	c.setLevel(id, p, c.sizer.Start(t, id))
	c.replenish(t, id, p)
	if c.traits.Ticks {
		c.visit(t, id, p)
	}
}

// Arrive routes a request: to a warm instance of its category, to one of a
// compatible category, or to the queue. Then the pool is replenished.
func (c *Controller) Arrive(t Time, r Request) {
	c.enter(t)
	c.route(t, r)
	p := &c.pools[r.Pool]
	if c.traits.Arrivals && !c.draining && r.Warm != NeverWarm { // that is no demand for shadows
		c.setLevel(r.Pool, p, c.sizer.Arrive(t, r, p.stock()))
		if r.Hint != 0 && c.hints != nil {
			c.nextLook = c.hints.NextLook()
		}
	}
	c.replenish(t, r.Pool, p)
	if c.traits.Ticks && !p.Active {
		c.visit(t, r.Pool, p)
	}
}

// Requeue puts a request whose instance was lost first in line again. It is
// not an arrival: the forecast does not see it. One that requires a warm
// instance is refused if there is none.
func (c *Controller) Requeue(t Time, r Request) {
	c.enter(t)
	if r.Warm == NeverWarm {
		c.alone(t, r, t)
		return
	}
	c.firstInLine(t, r, t)
	c.replenish(t, r.Pool, &c.pools[r.Pool])
}

// Cancel withdraws a waiting request. It reports false when the request does
// not wait in the pool (any more). Its own launch, if any, goes to the pool.
func (c *Controller) Cancel(t Time, id PoolID, r RequestID) bool {
	c.enter(t)
	p := &c.pools[id]
	for i := p.Queue.First; i != none; i = c.waiters.Rows[i].Next {
		if c.waiters.Rows[i].Request.ID == r {
			c.waiters.leave(&p.Queue, i)
			c.waiters.remove(i)
			p.Waiting--
			c.visit(t, id, p)
			return true
		}
	}
	for i := c.loners.First; i != none; i = c.waiters.Rows[i].Next {
		if w := &c.waiters.Rows[i].Request; w.ID == r && w.Pool == id {
			c.waiters.leave(&c.loners, i)
			c.waiters.remove(i)
			return true
		}
	}
	if p.Own == 0 {
		return false
	}
	for slot := range c.instances.Rows {
		in := &c.instances.Rows[slot]
		if in.State == launching && in.Own && in.Pool == id && c.waiters.Rows[in.Next].Request.ID == r {
			c.waiters.remove(in.Next)
			in.Own, in.Next = false, none
			p.Own--
			p.Launching++
			c.visit(t, id, p)
			return true
		}
	}
	return false
}

// Warm tells that a launch has become warm.
func (c *Controller) Warm(t Time, id InstanceID) {
	c.enter(t)
	slot, in := c.instance(id, launching, "Warm")
	p := &c.pools[in.Pool]
	if p.Held {
		c.over(t, in, true)
	}
	if c.launches != nil && in.Marks&untold == 0 {
		c.launches.Warmed(t, in.Pool, in.Since)
	}
	if c.lived && c.born(t, slot, in, p) {
		return
	}
	partial := outcomeByAge
	if in.Marks != 0 {
		switch {
		case in.Marks&relief != 0:
			c.takeOver(t, slot, p)
			return
		case in.Marks&filling != 0:
			c.filled(t, slot, in, p)
			c.unblock(t, in.Pool, p)
			return
		case in.Marks&resumed != 0:
			in.Marks &^= resumed
			partial = outcomePartial // it was there before the request
		}
	}
	if in.Own {
		p.Own--
		i := in.Next
		in.Own = false
		o := outcomeOf(in.Since, c.waiters.Rows[i].Arrived)
		if partial {
			o = PartialHit
		}
		c.assign(t, slot, in.Pool, c.waiters.Rows[i].Request, o, OwnLaunch, 0)
		c.waiters.remove(i)
		c.unblock(t, in.Pool, p)
		return
	}
	p.Launching--
	if p.Waiting == 0 && c.keeps {
		c.shelve(t, slot, in, p)
	} else {
		c.offer(t, slot, partial, BecameWarm)
	}
	c.unblock(t, in.Pool, p)
}

// Release tells that an instance's request has completed.
func (c *Controller) Release(t Time, id InstanceID) {
	c.enter(t)
	slot, in := c.instance(id, serving, "Release")
	pid := in.Pool
	p := &c.pools[pid]
	p.InUse--
	if in.Marks != 0 {
		c.part(in, p)
	}
	if c.releases != nil && !c.draining {
		c.setLevel(pid, p, c.releases.Release(t, in.Pool, t-in.Since, p.stock()))
	}
	why, unfit := SingleUse, !p.reusable
	if c.lived && !unfit {
		why, unfit = c.unfit(t, slot, pid)
	}
	switch {
	case unfit:
		c.end(t, slot, why)
	case in.Marks&noticed != 0:
		c.end(t, slot, Reclaimed)
	case p.Waiting == 0 && c.keeps:
		c.shelve(t, slot, in, p)
	default:
		c.offer(t, slot, outcomePartial, WasReleased)
	}
	if c.releases != nil {
		c.replenish(t, pid, p)
		if c.traits.Ticks && !p.Active {
			c.visit(t, pid, p)
		}
		return
	}
	c.unblock(t, pid, p)
}

// Fail tells that a launch has failed, and why. Its place is ordered anew at
// once, on another capacity type if this one has nothing to give; after several
// failures the pool waits, longer each time (see breaker).
func (c *Controller) Fail(t Time, id InstanceID, why Failure) {
	c.enter(t)
	slot, in := c.instance(id, launching, "Fail")
	pid, on, ordered := in.Pool, in.capacity(), in.Since
	p := &c.pools[pid]
	doomed := c.lived && c.lives[slot].Doomed
	c.forget(t, slot, in, p)
	if doomed { // what failed is no longer launched
		return
	}
	c.failed(t, pid, on, ordered, why)
	if why == OverQuota {
		c.full = t + mostBackoff
		if p.position() < 0 {
			c.sacrifice(t, false, on)
		}
	}
	if c.loners.First != none {
		c.launchLoners(t)
	}
	c.replenish(t, pid, p)
}

// Lose tells that an instance is gone without having been ended: interrupted
// by the provider or found missing. What it served the host may Requeue; the
// stock is replaced at once.
func (c *Controller) Lose(t Time, id InstanceID) {
	c.enter(t)
	slot := c.living(id, "Lose")
	in := &c.instances.Rows[slot]
	pid := in.Pool
	p := &c.pools[pid]
	if in.State == launching && p.Held {
		c.over(t, in, false)
	}
	if len(c.crowded) > 0 {
		c.place(t, in.capacity())
	}
	c.forget(t, slot, in, p)
	if c.loners.First != none {
		c.launchLoners(t)
	}
	c.replenish(t, pid, p)
}

// forget removes an instance in any state from its pool's books.
func (c *Controller) forget(t Time, slot uint32, in *instance, p *pool) {
	if in.State == launching && c.launches != nil && in.Marks&untold == 0 {
		c.launches.Failed(t, in.Pool, in.Since)
	}
	if c.staged {
		c.unprepare(slot, in.Pool)
	}
	switch {
	case in.State == launching && in.Own:
		p.Own--
		w := c.waiters.Rows[in.Next]
		c.waiters.remove(in.Next)
		c.remove(slot)
		c.visit(t, in.Pool, p)
		c.firstInLine(t, w.Request, w.Arrived)
		return
	case in.State == launching && in.Marks&relief != 0:
		p.Own--
		c.part(in, p)
	case in.State == launching && in.Marks&filling != 0:
		c.unfill(in, p)
	case in.State == launching && c.lived && c.lives[slot].Doomed:
	case in.State == launching:
		p.Launching--
	case in.State == idle:
		c.unshelve(slot)
	case in.State == serving:
		p.InUse--
		c.part(in, p)
	case in.State == stopped:
		c.instances.take(&c.supplies[in.Pool].Stopped, slot)
	}
	c.remove(slot)
	c.visit(t, in.Pool, p)
}

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
// index; new ones are appended. The sizer starts afresh, without the hints.
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
	c.enter(t)
	was := c.config.Categories
	c.lived = c.lived || c.outdates(config.Categories)
	c.adopt(config, sizer)
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

// enter moves the clock, and catches hosts that break the order of events.
func (c *Controller) enter(t Time) {
	if t < c.now || t > MaxInstant || c.nextTick < t || c.nextLook < t {
		c.disorder(t)
	}
	c.now = t
}

func (c *Controller) disorder(t Time) {
	switch {
	case t < c.now:
		panic(fmt.Sprintf("policy: event at %d ns after one at %d ns", t, c.now))
	case t > MaxInstant:
		panic(fmt.Sprintf("policy: event at %d ns, beyond the last instant %d ns", t, MaxInstant))
	default:
		panic(fmt.Sprintf("policy: event at %d ns before the timer due at %d ns was fired", t, min(c.nextTick, c.nextLook)))
	}
}

// instance looks an instance up and checks that it is in the state in which
// the event makes sense.
func (c *Controller) instance(id InstanceID, want state, event string) (uint32, *instance) {
	slot := id.Slot()
	if int(slot) >= len(c.instances.Rows) {
		misplaced(id, want, event)
	}
	in := &c.instances.Rows[slot]
	if in.Gen != uint32(id>>32) || in.State != want {
		misplaced(id, want, event)
	}
	return slot, in
}

func misplaced(id InstanceID, want state, event string) {
	panic(fmt.Sprintf("policy: %s of instance %d, which is not %v", event, id, want))
}
