package referee

import (
	"slices"

	"shadowpool/policy"
)

// state is where an instance is in its life.
type state uint8

const (
	gone state = iota
	launching
	idle // from the event on that makes it free, though the event may yet assign or end it
	serving
	stopped
)

func (s state) String() string {
	return [...]string{"gone", "launching", "idle", "serving", "stopped"}[s]
}

// role is what an instance launches for.
type role uint8

const (
	forPool role = iota
	forRequest
	forStopped
	forRelief
	inVain // it has become stale and is ended as soon as it is warm
	roles
)

// instance is one that lives.
type instance struct {
	id       policy.InstanceID
	state    state
	role     role
	on       policy.Capacity
	pool     policy.PoolID
	ordered  policy.Time // or resumed
	since    policy.Time // when it became idle or was stopped
	uses     int         // requests that it has served in its pool
	tenant   uint32      // whom it is tied to; 0 is nobody
	reserved uint32      // whom its pool is reserved for; 0 is nobody
	own      *request    // the request for which alone it launches
	serves   *request
	adapt    int64 // of an instance that has just been moved for a request, ns
	moved    int64 // the number of the event that moved it last
	done
	to       policy.Target // what it is being prepared for, if busy, by all stages or, if fetching, by one
	busy     bool
	fetching bool
	stage    uint8
	resumed  bool // it launched last from the stopped stock
	noticed  bool // the provider will take it back
	// partner is the launch that takes over its request from spot, or the
	// instance on spot that it takes over from.
	partner *instance
	life
}

// request is one that waits or is being served.
type request struct {
	policy.Request
	arrived policy.Time
	own     *instance // its own launch
	served  bool
	placed  int64 // the number of the event that put it in line last
}

// pool is what the referee knows of one.
type pool struct {
	category policy.Category
	free     []*instance // idle and for anyone, by when they became so
	tied     []*instance // idle and for one tenant only, likewise
	stopped  []*instance // by when they were stopped
	queue    []*request  // without those whose own launch is on its way
	coming   [roles]int32
	serving  int32
	ledger   Ledger
	touched  bool
	paused   bool // as Pause has it
	pauses   pauses
	prices   [capacities]int64
	storage  int64 // the price of a stopped instance
	rollout  rollout

	// When the pool fell short of its level, or of its stopped stock, when it had
	// too many, and when requests began to wait for new instances that could be
	// launched; Never if it is not so.
	short, hollow, surplus, lonely policy.Time
	// When what has been idle for longest must be gone, and what is oldest.
	expires, old policy.Time
}

// A Ledger counts what has ever happened in a pool.
type Ledger struct {
	Launched, Ended, Failed, Lost int64
	MovedIn, MovedOut             int64
	Stopped, Resumed              int64
	Replaced                      int64    // requests that moved from spot
	Outcomes                      [3]int64 // by policy.Outcome
}

// alive is how many the ledger says there are.
func (l *Ledger) alive() int64 {
	return l.Launched + l.MovedIn - l.MovedOut - l.Ended - l.Failed - l.Lost
}

// launching is how many are, for whatever.
func (p *pool) launching() (n int32) {
	for _, c := range p.coming {
		n += c
	}
	return n
}

func (p *pool) idle() int32 { return int32(len(p.free) + len(p.tied)) }

// total is what the limit on instances counts: what is stopped does not.
func (p *pool) total() int32 { return p.launching() + p.serving + p.idle() }

func (p *pool) stock() policy.Stock {
	return policy.Stock{Warm: p.idle(), Launching: p.launching(), Waiting: int32(len(p.queue)), InUse: p.serving}
}

// shelf is where an instance is kept that nobody uses.
func (p *pool) shelf(in *instance) *[]*instance {
	switch {
	case in.state == stopped:
		return &p.stopped
	case in.tenant != 0:
		return &p.tied
	}
	return &p.free
}

// leave removes x from a list, cheaply where it is at one of its ends.
func leave[T comparable](list *[]T, x T) {
	l := *list
	switch n := len(l) - 1; {
	case n >= 0 && l[n] == x:
		*list = l[:n]
	case n >= 0 && l[0] == x:
		*list = l[1:]
	default:
		if i := slices.Index(l, x); i >= 0 {
			*list = slices.Delete(l, i, i+1)
		}
	}
}

// living finds an instance; nil if there is none of that name.
func (r *Referee) living(id policy.InstanceID) *instance {
	if s := int(id.Slot()); s < len(r.slots) && r.slots[s] != nil && r.slots[s].id == id {
		return r.slots[s]
	}
	return nil
}

// quit takes an instance out of the counts of its state.
func (r *Referee) quit(in *instance) {
	r.touch(in.pool)
	p := &r.pools[in.pool]
	switch in.state {
	case launching:
		p.coming[in.role]--
	case idle, stopped:
		leave(p.shelf(in), in)
	case serving:
		p.serving--
	}
}

// recast lets a launch be for something else.
func (r *Referee) recast(in *instance, as role) {
	p := &r.pools[in.pool]
	p.coming[in.role]--
	p.coming[as]++
	in.role = as
}

// rest makes an instance idle.
func (r *Referee) rest(in *instance) {
	r.touch(in.pool)
	in.state, in.since, in.serves = idle, r.now, nil
	in.aging = in.aging || r.ages(in)
	shelf := r.pools[in.pool].shelf(in)
	*shelf = append(*shelf, in)
}

// remove forgets an instance.
func (r *Referee) remove(in *instance) {
	r.quit(in)
	r.part(in)
	if in.stale {
		r.pools[in.pool].rollout.stale--
	}
	in.state = gone
	r.slots[in.id.Slot()] = nil
	r.alive--
}

// part separates an instance from the one that was to relieve it, which then
// launches for the pool, or that it was to relieve.
func (r *Referee) part(in *instance) {
	other := in.partner
	if other == nil {
		return
	}
	in.partner, other.partner = nil, nil
	if other.state == launching {
		r.recast(other, forPool)
	}
}
