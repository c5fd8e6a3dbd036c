package referee

import (
	"fmt"
	"math"
	"time"

	"shadowpool/policy"
)

// A Controller is what a host drives: a *policy.Controller, or a Referee that
// stands before one.
type Controller interface {
	Start(policy.Time)
	Arrive(policy.Time, policy.Request)
	Requeue(policy.Time, policy.Request)
	Cancel(policy.Time, policy.PoolID, policy.RequestID) bool
	Warm(policy.Time, policy.InstanceID)
	Took(t policy.Time, id policy.InstanceID, stage int, took int64)
	Prepared(policy.Time, policy.InstanceID)
	Release(policy.Time, policy.InstanceID)
	Fail(policy.Time, policy.InstanceID, policy.Failure)
	Lose(policy.Time, policy.InstanceID)
	Notice(policy.Time, policy.InstanceID)
	Drain(policy.Time)
	Reopen(policy.Time)
	Pause(policy.Time, policy.PoolID, bool)
	Reset(policy.Time, policy.PoolID)
	Announce(policy.Time, policy.Hint) bool
	Withdraw(policy.Time, policy.HintID) bool
	Configure(policy.Time, policy.Config, policy.Sizer) error
	NextTimer() (policy.Time, policy.Class)
	Fire()
	Stock(policy.PoolID) policy.Stock
	LevelOf(policy.PoolID) policy.Level
	Rollout(policy.PoolID) (stale int, stalled bool)
	Takes(policy.PoolID, policy.KeptKey) time.Duration
}

// A Referee watches one controller. Like the controller it is for one
// goroutine at a time. Its zero value stands ready for Control or Watch.
type Referee struct {
	ctrl     Controller
	host     policy.Host
	config   policy.Config
	traits   policy.Traits
	early    bool
	layers   bool // the sizer fills the pools of layers
	evicts   policy.EvictingSizer
	stops    policy.StoppingSizer
	hints    policy.HintSizer
	lived    bool // ages and generations count
	draining bool

	now      policy.Time
	lastTick policy.Time
	events   int64 // so far
	event    entry // the one that is being handled
	placing  *request
	chosen   *instance     // what placing must be given
	from     policy.PoolID // chosen's pool at first
	unsure   bool          // whether chosen is
	lone     *request      // that wants a new instance, and has just been given its launch
	fresh    *instance     // just promoted on spot
	relief   bool          // a launch must follow to take over from it
	stopping bool          // what has just become warm
	relieved *instance     // from which a request has just moved
	heeded   bool          // the hint or the notice of this event
	full     policy.Time   // when an order met a quota last; Never if none did
	loners   []*request    // that want new instances and have none on their way
	pools    []pool
	touched  []policy.PoolID // by this event
	slots    []*instance     // by InstanceID.Slot
	names    []uint64        // the last that was given in each slot
	requests map[policy.RequestID]*request
	alive    int

	trail trail
	found *Violation
}

// Control makes a controller as policy.New does, and stands between it and
// the host, which then drives the referee in its place.
func (r *Referee) Control(config policy.Config, sizer policy.Sizer, host policy.Host) (*policy.Controller, error) {
	ctrl, err := policy.New(config, sizer, r)
	if err == nil {
		r.Watch(ctrl, config, sizer, host)
	}
	return ctrl, err
}

// Watch stands between a controller that holds nothing yet, and whose host the
// referee is, and the host that carries out its actions.
func (r *Referee) Watch(ctrl Controller, config policy.Config, sizer policy.Sizer, host policy.Host) {
	*r = Referee{
		ctrl: ctrl, host: host, now: math.MinInt64, lastTick: math.MinInt64, full: policy.Never,
		requests: make(map[policy.RequestID]*request),
	}
	r.adopt(config, sizer)
}

// Continue goes on with another controller, whose host the referee is: one that
// was restored from a snapshot of the former, and its sizer.
func (r *Referee) Continue(ctrl Controller, sizer policy.Sizer) {
	r.ctrl = ctrl
	r.decide(sizer)
	r.compareAll()
}

// Err is the first violation, a *Violation; nil if there is none.
func (r *Referee) Err() error {
	if r.found == nil {
		return nil
	}
	return r.found
}

// Trail is the last events and, under each, its actions.
func (r *Referee) Trail() []string { return r.trail.lines() }

// Ledger is what has happened in pool p so far.
func (r *Referee) Ledger(p policy.PoolID) Ledger { return r.pools[p].ledger }

// Stands is what pool p holds and owes by the referee's books.
func (r *Referee) Stands(p policy.PoolID) policy.Stock { return r.pools[p].stock() }

// NextTimer is the controller's.
func (r *Referee) NextTimer() (policy.Time, policy.Class) { return r.ctrl.NextTimer() }

// Stock is the controller's.
func (r *Referee) Stock(p policy.PoolID) policy.Stock { return r.ctrl.Stock(p) }

// LevelOf is the controller's.
func (r *Referee) LevelOf(p policy.PoolID) policy.Level { return r.ctrl.LevelOf(p) }

// Settled is nil when nothing of a pool waits or serves, nothing that is stale is
// left to be replaced, and the pool holds what its level says and its stopped
// stock, or as much as limits and budget allow. Where instances are kept for an
// age, or have a maximum one, those that replace them may be launching.
func (r *Referee) Settled(id policy.PoolID) error {
	if q := r.lonely(id); q != nil {
		return fmt.Errorf("request %d waits for a new instance in pool %d", q.ID, id)
	}
	p := &r.pools[id]
	s := p.stock()
	if r.traits.Idle == policy.KeepForAge || p.category.MaxAge > 0 {
		s.Launching = p.coming[forRequest]
	}
	if s.Launching+s.Waiting+s.InUse > 0 {
		return fmt.Errorf("pool %d is not at rest: %+v", id, s)
	}
	level := r.ctrl.LevelOf(id)
	if r.isShort(p, level) || r.exceeds(p, level) {
		return fmt.Errorf("pool %d holds %d and %d tied to tenants, its level is %+v", id, len(p.free), len(p.tied), level)
	}
	if r.isHollow(id, p, level) || int32(len(p.stopped)) > r.wanted(id, p) && p.patience() < longestPatience {
		return fmt.Errorf("pool %d has %d stopped instances, and wants %d", id, len(p.stopped), r.wanted(id, p))
	}
	if stale, stalled := r.ctrl.Rollout(id); stale > 0 && !stalled {
		return fmt.Errorf("pool %d still has %d stale instances", id, stale)
	}
	return nil
}

// Takes is the controller's.
func (r *Referee) Takes(p policy.PoolID, key policy.KeptKey) time.Duration {
	return r.ctrl.Takes(p, key)
}

// Alive is how many instances live.
func (r *Referee) Alive() int { return r.alive }

// Rollout is the controller's.
func (r *Referee) Rollout(p policy.PoolID) (stale int, stalled bool) { return r.ctrl.Rollout(p) }
