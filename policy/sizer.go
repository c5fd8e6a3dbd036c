package policy

// Stock is what a pool holds and owes.
type Stock struct {
	Warm, Launching, Waiting, InUse int32
}

// A Level is what a Sizer wants of a pool.
type Level struct {
	// Stock is the base-stock level S: launch while position < S. Below zero,
	// that many waiting requests are left to instances that will be released.
	Stock int32
	// Retire is the level above which idle instances are ended at ticks;
	// above Stock it gives hysteresis. Never below Stock.
	Retire int32
	// Keep is how long an instance may be idle under KeepForAge, ns.
	Keep int64
}

// Hold is the level that launches up to s and retires above s.
func Hold(s int32) Level { return Level{Stock: s, Retire: s} }

// A Sizer decides how many instances each pool holds; it is what the named
// policies differ in. Calls come in the order of events. Tick's second result
// is when the pool next needs a tick even if nothing happens to it; Never
// lets an idle pool cost nothing.
type Sizer interface {
	// Traits is asked once, before anything else.
	Traits() Traits
	// Start gives p's first level at t, before the first event.
	Start(t Time, p PoolID) Level
	// Arrive tells of an arrival, after it was routed, and returns p's level.
	// Only called with Traits.Arrivals.
	Arrive(t Time, r Request, s Stock) Level
	// Tick revises p's level at a tick. Only called with Traits.Ticks, and
	// only for pools that saw an event since their last tick or asked for it.
	Tick(t Time, p PoolID, s Stock) (Level, Time)
}

// A ReleaseSizer is a Sizer that is told of every release, before the instance
// is handed on, shelved or ended. served is how long it served, ns, the
// promotion included.
type ReleaseSizer interface {
	Sizer
	Release(t Time, p PoolID, served int64, s Stock) Level
}

// A MissSizer is a Sizer that is told of every arrival that found nothing warm,
// before Arrive.
type MissSizer interface {
	Sizer
	Missed(t Time, p PoolID)
}

// An AdaptedSizer is a Sizer that is told, after Arrive, of an arrival that did
// not wait in the queue and yet was no hit: its instance had to be adapted, or
// scrubbed, for it first, or is reached from afar.
type AdaptedSizer interface {
	Sizer
	Adapted(t Time, p PoolID)
}

// An EvictingSizer is a Sizer that bounds the fleet: while more than Room
// instances live, launching and in use included, the idle one of least worth
// is ended, whatever its pool.
type EvictingSizer interface {
	Sizer
	Room() int
	// Worth is that of an instance of p that becomes idle now; it holds for as
	// long as it is idle.
	Worth(t Time, p PoolID) float64
	// Evicted tells of an eviction from p, and what p then holds.
	Evicted(t Time, p PoolID, worth float64, s Stock)
}

// A LayerSizer is a Sizer for fleets with layers: under it an idle instance
// whose keep-alive is over moves to the layer below. Under others the pools of
// layers stay empty.
type LayerSizer interface {
	Sizer
	// Demoted gives the level of the layer to, into which an instance moves.
	Demoted(t Time, to PoolID, s Stock) Level
}

// A LaunchSizer is a Sizer that is told how launches for the level and for
// misses fare: when each is ordered, and when it becomes warm or has failed (or is lost before it is
// warm), with the instant of its order.
type LaunchSizer interface {
	Sizer
	Ordered(t Time, p PoolID)
	Warmed(t Time, p PoolID, ordered Time)
	Failed(t Time, p PoolID, ordered Time)
}

// A StoppingSizer is a Sizer that also wants stopped instances, beside those of
// the level, where a category can be stopped. Stopped is asked after every
// level.
type StoppingSizer interface {
	Sizer
	Stopped(p PoolID) int32
}

// A TimingSizer is a Sizer that goes by how long stages take.
type TimingSizer interface {
	Sizer
	// Times gives what is believed of that, for the sizer to read. It comes before
	// all that depends on it.
	Times(*StageTimes)
	// Retimed tells that another time is believed of a stage of p for a key or, by
	// the zero Target, in general and of how it varies.
	Retimed(p PoolID, key KeptKey)
}

// Traits are the fixed properties of a Sizer.
type Traits struct {
	Arrivals bool // Arrive is called for every arrival
	Ticks    bool // Tick is called, also for pools that saw only arrivals
	// OwnLaunch makes every miss launch its own instance, whatever the
	// fleet's binding.
	OwnLaunch bool
	Idle      IdleRule
	// ByPool: what happens to one pool changes nothing for the others, so that
	// each decides alone as it does beside them.
	ByPool bool
}

// IdleRule says when idle instances are ended.
type IdleRule uint8

// RetireByPosition ends idle instances at ticks while position > Retire.
// RetireByWarm ends them while warm > Retire, so that launches in flight never
// cost a warm instance. KeepForAge ends each after Level.Keep. KeepNone
// ends an instance that has nothing to serve at once.
const (
	RetireByPosition IdleRule = iota
	RetireByWarm
	KeepForAge
	KeepNone
)
