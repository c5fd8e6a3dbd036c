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
	adapts   AdaptedSizer
	launches LaunchSizer
	evicts   EvictingSizer
	layers   LayerSizer
	aims     AimingSizer
	stopping StoppingSizer
	timing   TimingSizer
	hints    HintSizer
	host     Host
	log      *Log
	early    bool // a miss launches its own instance
	keeps    bool // idle instances are kept, for a while at least
	adapted  bool // what the request that arrives was given had to be adapted for it
	tick     int64
	staged   bool // a category has stages
	lived    bool // an instance may be too old, or stale
	timed    bool // a category has an idle time-out
	reserves bool // a category is reserved for a tenant

	now       Time
	pools     []pool
	supplies  []supply // by pool
	instances instances
	waiters   waiters
	apart     apart
	prepared  []preparation // by slot, if staged
	kept      kept
	alike     alike
	times     StageTimes
	scratch   []KeptKey
	lives     []life    // by slot, if lived
	rollouts  []rollout // by pool, if lived
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
	rested   []PoolID // empty: active's memory of the tick before
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
		kept:      emptyKept(),
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
	c.adapts, _ = sizer.(AdaptedSizer)
	c.launches, _ = sizer.(LaunchSizer)
	c.evicts, _ = sizer.(EvictingSizer)
	c.layers, _ = sizer.(LayerSizer)
	c.aims, _ = sizer.(AimingSizer)
	c.stopping, _ = sizer.(StoppingSizer)
	c.hints, _ = sizer.(HintSizer)
	c.timing, _ = sizer.(TimingSizer)
	c.nextLook = Never
	c.times.adopt(config.Categories)
	if c.timing != nil {
		c.timing.Times(&c.times)
	}
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
		c.reserves = c.reserves || c.pools[i].tenant != 0
	}
	if c.lived {
		c.giveLives()
	}
	for c.staged && len(c.prepared) < len(c.instances.Rows) {
		c.prepared = append(c.prepared, unprepared)
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

// enter moves the clock, and catches hosts that break the order of events.
func (c *Controller) enter(t Time) {
	if t < c.now || t > min(MaxInstant, c.nextTick, c.nextLook) {
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
