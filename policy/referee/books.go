package referee

import (
	"slices"
	"time"

	"shadowpool/policy"
)

// state is where an instance is in its life.
type state uint8

const (
	gone state = iota
	launching
	idle // from the event on that makes it free, though the event may yet assign or end it
	serving
)

func (s state) String() string { return [...]string{"gone", "launching", "idle", "serving"}[s] }

// instance is one that lives.
type instance struct {
	id      policy.InstanceID
	state   state
	pool    policy.PoolID
	ordered policy.Time
	since   policy.Time // when it became idle
	uses    int         // requests that it has served in its pool
	tenant  uint32      // whom it is tied to; 0 is nobody
	own     *request    // the request for which alone it launches
	serves  *request
	adapt   int64 // of an instance that has just been moved for a request, ns
	moved   int64 // the number of the event that moved it last
	done
	to       policy.Target // what it is being prepared for, if busy, by all stages or, if fetching, by one
	busy     bool
	fetching bool
	stage    uint8
}

// request is one that waits or is being served.
type request struct {
	policy.Request
	arrived policy.Time
	own     *instance // its own launch
	served  bool
}

// pool is what the referee knows of one.
type pool struct {
	category  policy.Category
	free      []*instance // idle and for anyone, by when they became so
	tied      []*instance // idle and for one tenant only, likewise
	queue     []*request  // without those whose own launch is on its way
	launching int32       // for the pool
	own       int32       // for single requests
	serving   int32
	ledger    Ledger
	touched   bool

	// failed is when a launch failed last, Never if one has become warm since:
	// after failures a pool launches when its breakers let it.
	failed policy.Time
	// held is the last event after which failures may have kept it from launching.
	held policy.Time
	// When the pool fell short of its level, had too many, and when what has
	// been idle for longest must be gone; Never if it is not so.
	short, surplus, expires policy.Time
}

// A Ledger counts what has ever happened in a pool.
type Ledger struct {
	Launched, Ended, Failed, Lost int64
	MovedIn, MovedOut             int64
	Outcomes                      [3]int64 // by policy.Outcome
}

// alive is how many the ledger says there are.
func (l *Ledger) alive() int64 {
	return l.Launched + l.MovedIn - l.MovedOut - l.Ended - l.Failed - l.Lost
}

func (p *pool) total() int32 {
	return p.launching + p.own + p.serving + int32(len(p.free)+len(p.tied))
}

func (p *pool) position() int32 { return int32(len(p.free)) + p.launching - int32(len(p.queue)) }

func (p *pool) stock() policy.Stock {
	return policy.Stock{
		Warm: int32(len(p.free) + len(p.tied)), Launching: p.launching + p.own,
		Waiting: int32(len(p.queue)), InUse: p.serving,
	}
}

// shelf is where an idle instance is kept.
func (p *pool) shelf(in *instance) *[]*instance {
	if in.tenant != 0 {
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
		if in.own != nil {
			p.own--
		} else {
			p.launching--
		}
	case idle:
		leave(p.shelf(in), in)
	case serving:
		p.serving--
	}
}

// rest makes an instance idle.
func (r *Referee) rest(in *instance) {
	r.touch(in.pool)
	in.state, in.since, in.serves = idle, r.now, nil
	shelf := r.pools[in.pool].shelf(in)
	*shelf = append(*shelf, in)
}

// remove forgets an instance.
func (r *Referee) remove(in *instance) {
	r.quit(in)
	in.state = gone
	r.slots[in.id.Slot()] = nil
	r.alive--
}

// pickPrepared is the first of those that lack least for a request.
func (r *Referee) pickPrepared(p *pool, q *request) *instance {
	var best *instance
	for _, shelf := range [2][]*instance{p.tied, p.free} {
		for _, in := range shelf {
			if r.suits(in, q) && (best == nil || r.lacks(in, q) < r.lacks(best, q)) {
				best = in
			}
		}
	}
	return best
}

// lacks is how long the stages are expected to take that an instance lacks for
// a request.
func (r *Referee) lacks(in *instance, q *request) time.Duration {
	k := &r.pools[in.pool].category
	_, takes := in.missing(k, q.Target(k.Facets()))
	return takes
}

// suits says whether an instance may serve a request as far as its tenant goes.
func (r *Referee) suits(in *instance, q *request) bool {
	return r.config.Isolation != policy.ByTenant || in.tenant == 0 || in.tenant == q.Tenant
}

// choice is the idle instance that a request must be given now, and what it
// takes to adapt it; nil if it has to wait.
func (r *Referee) choice(q *request) (*instance, int64) {
	if in := r.pick(q.Pool, q); in != nil {
		return in, 0
	}
	own := &r.pools[q.Pool]
	most := own.category.MaxInstances
	for _, o := range own.category.Compatible {
		if in := r.pick(o.Pool, q); in != nil && (o.Adapt == 0 || most == 0 || int(own.total()) < most) {
			return in, int64(o.Adapt)
		}
	}
	return r.scrubbed(q)
}

// scrubs says whether a pool's instances may go from tenant to tenant.
func (r *Referee) scrubs(p *pool) bool {
	k := &p.category
	return r.config.Isolation == policy.ByTenant && k.Reusable && k.Scrub > 0 && k.Scrub < k.LeadTime && !r.draining
}

// scrubbed is the instance of another tenant that has been idle for longest.
func (r *Referee) scrubbed(q *request) (*instance, int64) {
	p := &r.pools[q.Pool]
	if r.scrubs(p) && len(p.tied) > 0 {
		return p.tied[0], int64(p.category.Scrub)
	}
	return nil, 0
}

// pick is the idle instance of a pool that goes first, or one of those that lack
// least.
func (r *Referee) pick(id policy.PoolID, q *request) *instance {
	p := &r.pools[id]
	if len(p.category.Stages) > 0 {
		return r.pickPrepared(p, q)
	}
	for i := len(p.tied) - 1; i >= 0; i-- {
		if p.tied[i].tenant == q.Tenant {
			return p.tied[i]
		}
	}
	switch n := len(p.free); {
	case n == 0:
		return nil
	case p.category.Reusable:
		return p.free[n-1]
	default:
		return p.free[0]
	}
}
