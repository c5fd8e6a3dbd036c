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
	Fail(policy.Time, policy.InstanceID)
	Lose(policy.Time, policy.InstanceID)
	Drain(policy.Time)
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
	aside bool // it meets what it has no rules for, and only passes on
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

// Resume goes on with another controller, whose host the referee is: one that
// was restored from a snapshot of the former.
func (r *Referee) Resume(ctrl Controller) {
	r.ctrl = ctrl
	if !r.aside {
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
		r.aside = r.aside || renewed || k.MaxAge > 0 || k.IdleTimeout > 0
		if i == len(r.pools) {
			r.pools = append(r.pools, pool{holdUntil: math.MinInt64})
		}
		p := &r.pools[i]
		p.category, p.short, p.surplus, p.expires = k, policy.Never, policy.Never, policy.Never
	}
}

// Start is the controller's event.
func (r *Referee) Start(t policy.Time) {
	r.begin(entry{time: t, kind: start}, policy.ClassWarm)
	r.ctrl.Start(t)
	r.settle()
}

// Arrive is the controller's event.
func (r *Referee) Arrive(t policy.Time, q policy.Request) {
	r.aside = r.aside || q.Warm != policy.PreferWarm
	if r.begin(entry{time: t, kind: arrive, request: q.ID, pool: q.Pool, tenant: q.Tenant}, policy.ClassArrival) {
		r.welcome(q, false)
	}
	r.ctrl.Arrive(t, q)
	r.settle()
}

// Requeue is the controller's event.
func (r *Referee) Requeue(t policy.Time, q policy.Request) {
	r.aside = r.aside || q.Warm != policy.PreferWarm
	if r.begin(entry{time: t, kind: requeue, request: q.ID, pool: q.Pool, tenant: q.Tenant}, policy.ClassRelease) {
		r.welcome(q, true)
	}
	r.ctrl.Requeue(t, q)
	r.settle()
}

// Cancel is the controller's event.
func (r *Referee) Cancel(t policy.Time, id policy.PoolID, name policy.RequestID) bool {
	watching := r.begin(entry{time: t, kind: cancel, request: name, pool: id}, policy.ClassArrival)
	q := r.requests[name]
	waits := q != nil && q.Pool == id && !q.served
	if watching && waits {
		r.withdraw(q)
	}
	done := r.ctrl.Cancel(t, id, name)
	if watching && done != waits {
		r.fail(Request, "cancelling request %d reports %t, but whether it waits is %t", name, done, waits)
	}
	r.settle()
	return done
}

// Warm is the controller's event.
func (r *Referee) Warm(t policy.Time, id policy.InstanceID) {
	if in := r.concerns(t, warm, id, policy.ClassWarm, launching); in != nil {
		r.quit(in)
		r.pools[in.pool].failures = 0
		r.rest(in)
	}
	r.ctrl.Warm(t, id)
	r.settle()
}

// Prepared is the controller's event.
func (r *Referee) Prepared(t policy.Time, id policy.InstanceID) {
	if in := r.concerns(t, prepared, id, policy.ClassWarm, idle); in != nil {
		if !in.busy {
			r.fail(Host, "instance %s is prepared, but was not to be", nameOf(id))
		}
		in.is, in.busy = in.is.Over(in.to), false
	}
	r.ctrl.Prepared(t, id)
	r.settle()
}

// Release is the controller's event.
func (r *Referee) Release(t policy.Time, id policy.InstanceID) {
	if in := r.concerns(t, release, id, policy.ClassRelease, serving); in != nil {
		delete(r.requests, in.serves.ID)
		r.quit(in)
		r.rest(in)
	}
	r.ctrl.Release(t, id)
	r.settle()
}

// Fail is the controller's event.
func (r *Referee) Fail(t policy.Time, id policy.InstanceID) {
	if in := r.concerns(t, fail, id, policy.ClassRelease, launching); in != nil {
		p := &r.pools[in.pool]
		p.ledger.Failed++
		// Ever longer, from one tick up to 32.
		p.holdUntil = t + int64(r.config.Tick)<<min(p.failures, 5)
		p.failures++
		r.bereave(in)
	}
	r.ctrl.Fail(t, id)
	r.settle()
}

// Lose is the controller's event.
func (r *Referee) Lose(t policy.Time, id policy.InstanceID) {
	if in := r.concerns(t, lose, id, policy.ClassRelease, launching, idle, serving); in != nil {
		r.pools[in.pool].ledger.Lost++
		r.bereave(in)
	}
	r.ctrl.Lose(t, id)
	r.settle()
}

// Drain is the controller's event.
func (r *Referee) Drain(t policy.Time) {
	r.begin(entry{time: t, kind: drain}, policy.ClassArrival)
	r.draining = true
	r.ctrl.Drain(t)
	r.settle()
}

// Configure is the controller's event.
func (r *Referee) Configure(t policy.Time, config policy.Config, sizer policy.Sizer) error {
	was := *r
	pools := append([]pool(nil), r.pools...)
	r.begin(entry{time: t, kind: configure}, policy.ClassArrival)
	r.adopt(config, sizer)
	if err := r.ctrl.Configure(t, config, sizer); err != nil {
		*r, r.pools = was, pools
		return err
	}
	r.settle()
	return nil
}

// Fire is the controller's event.
func (r *Referee) Fire() {
	t, class := r.ctrl.NextTimer()
	e := entry{time: t, kind: tick}
	if class == policy.ClassExpiry {
		e.kind = expiry
	}
	if r.begin(e, class) && e.kind == tick {
		switch interval := int64(r.config.Tick); {
		case t%interval != 0:
			r.fail(Timer, "the tick at %d ns is no whole multiple of %d ns", t, interval)
		case t == r.lastTick:
			r.fail(Timer, "the tick at %d ns comes twice", t)
		}
		r.lastTick = t
	}
	r.ctrl.Fire()
	r.settle()
}

// begin opens an event. It reports false when there is nothing left to watch.
func (r *Referee) begin(e entry, class policy.Class) bool {
	if r.found != nil || r.aside {
		return false
	}
	r.trail.add(e)
	r.event, r.placing, r.chosen = e, nil, nil
	r.events++
	if e.time < r.now {
		r.fail(Timer, "time goes back to %d ns", e.time)
		return false
	}
	r.now = e.time
	due, of := r.ctrl.NextTimer()
	switch {
	case e.kind == expiry || e.kind == tick:
		if due == policy.Never {
			r.fail(Host, "a timer is fired, but none is set")
		}
	case due < e.time || due == e.time && of < class:
		r.fail(Host, "the timer due at %d ns was not fired before", due)
	}
	if len(r.pools) <= wide {
		r.overdue(class)
	}
	return r.found == nil
}

// concerns opens an event of an instance, which must be in one of some states.
func (r *Referee) concerns(t policy.Time, k kind, id policy.InstanceID, class policy.Class, states ...state) *instance {
	if !r.begin(entry{time: t, kind: k, instance: id}, class) {
		return nil
	}
	in := r.living(id)
	if in != nil {
		for _, s := range states {
			if in.state == s {
				r.event.pool = in.pool
				r.touch(in.pool)
				return in
			}
		}
		r.fail(Host, "%v of instance %s, which is %v", k, nameOf(id), in.state)
		return nil
	}
	r.fail(Host, "%v of instance %s, which does not live", k, nameOf(id))
	return nil
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
