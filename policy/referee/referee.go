package referee

import (
	"fmt"
	"math"

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
	Prepared(policy.Time, policy.InstanceID)
	Release(policy.Time, policy.InstanceID)
	Fail(policy.Time, policy.InstanceID, policy.Failure)
	Lose(policy.Time, policy.InstanceID)
	Drain(policy.Time)
	Announce(policy.Time, policy.Hint) bool
	Configure(policy.Time, policy.Config, policy.Sizer) error
	NextTimer() (policy.Time, policy.Class)
	Fire()
	Stock(policy.PoolID) policy.Stock
	LevelOf(policy.PoolID) policy.Level
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
	draining bool

	now      policy.Time
	lastTick policy.Time
	events   int64 // so far
	event    entry // the one that is being handled
	placing  *request
	chosen   *instance     // what placing must be given
	from     policy.PoolID // chosen's pool at first
	pools    []pool
	touched  []policy.PoolID // by this event
	slots    []*instance     // by InstanceID.Slot
	names    []uint64        // the last that was given in each slot
	requests map[policy.RequestID]*request
	alive    int

	trail trail
	found *Violation
	// blind is set once something has come that the books do not know.
	blind bool
}

// Watches says whether the referee knows all that may happen in a fleet: it
// does not know spot, stopped instances, a budget, maximum ages nor idle
// time-outs yet.
func Watches(config policy.Config) bool {
	for _, k := range config.Categories {
		if k.Spot != nil || k.Stopped != nil || k.MaxAge > 0 || k.IdleTimeout > 0 {
			return false
		}
	}
	return config.Budget == 0
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
		ctrl: ctrl, host: host, now: math.MinInt64, lastTick: math.MinInt64,
		requests: make(map[policy.RequestID]*request),
	}
	r.adopt(config, sizer)
}

// Continue goes on with another controller, whose host the referee is: one that
// was restored from a snapshot of the former.
func (r *Referee) Continue(ctrl Controller) {
	r.ctrl = ctrl
	if !r.blind {
		r.compareAll()
	}
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

// adopt takes over a configuration and makes pools for new categories.
func (r *Referee) adopt(config policy.Config, sizer policy.Sizer) {
	if config.Tick == 0 {
		config.Tick = policy.DefaultTick
	}
	r.config, r.traits = config, sizer.Traits()
	r.early = config.Binding == policy.Early || r.traits.OwnLaunch
	_, r.layers = sizer.(policy.LayerSizer)
	r.evicts, _ = sizer.(policy.EvictingSizer)
	for i, k := range config.Categories {
		renewed := i < len(r.pools) && k.Generation != r.pools[i].category.Generation
		r.blind = r.blind || renewed || k.MaxAge > 0 || k.IdleTimeout > 0
		if i == len(r.pools) {
			r.pools = append(r.pools, pool{failed: policy.Never, held: math.MinInt64})
		}
		p := &r.pools[i]
		p.category, p.short, p.surplus, p.expires = k, policy.Never, policy.Never, policy.Never
	}
}

// welcome puts a request in line, and notes what it must be given at once.
func (r *Referee) welcome(q policy.Request, first bool) {
	if r.requests[q.ID] != nil {
		r.fail(Host, "request %d comes again while it waits or is served", q.ID)
		return
	}
	if int(q.Pool) >= len(r.pools) {
		r.fail(Host, "request %d asks for pool %d of %d", q.ID, q.Pool, len(r.pools))
		return
	}
	w := &request{Request: q, arrived: r.now}
	r.requests[q.ID] = w
	r.place(w, first)
}

func (r *Referee) place(w *request, first bool) {
	r.placing = w
	if r.chosen, _ = r.choice(w); r.chosen != nil {
		r.from = r.chosen.pool
	}
	r.touch(w.Pool)
	p := &r.pools[w.Pool]
	if first {
		p.queue = append([]*request{w}, p.queue...)
	} else {
		p.queue = append(p.queue, w)
	}
}

// withdraw forgets a request that waits. Its own launch becomes the pool's.
func (r *Referee) withdraw(q *request) {
	r.touch(q.Pool)
	p := &r.pools[q.Pool]
	if in := q.own; in != nil {
		in.own = nil
		p.own--
		p.launching++
	} else {
		leave(&p.queue, q)
	}
	delete(r.requests, q.ID)
}

// bereave forgets an instance that is gone. Whoever waited for it alone is
// first in line; whom it served the host may bring again.
func (r *Referee) bereave(in *instance) {
	r.remove(in)
	if in.serves != nil {
		delete(r.requests, in.serves.ID)
	}
	if w := in.own; w != nil {
		w.own = nil
		r.place(w, true)
	}
}

// Settled is nil when nothing waits or serves, and every pool holds what its
// level says, or as much as its limits allow; where instances are kept for an
// age, those that replace them may be launching.
func (r *Referee) Settled() error {
	for i := range r.pools {
		p := &r.pools[i]
		s := p.stock()
		if r.traits.Idle == policy.KeepForAge {
			s.Launching = p.own
		}
		if s.Launching+s.Waiting+s.InUse > 0 {
			return fmt.Errorf("pool %d is not at rest: %+v", i, s)
		}
		level := r.ctrl.LevelOf(policy.PoolID(i))
		if n := int32(len(p.free)); r.isShort(p, level) || r.exceeds(p, level) {
			return fmt.Errorf("pool %d holds %d and %d tied to tenants, its level is %+v", i, n, len(p.tied), level)
		}
	}
	return nil
}

// Alive is how many instances live.
func (r *Referee) Alive() int { return r.alive }
