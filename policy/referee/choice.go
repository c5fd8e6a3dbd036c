package referee

import (
	"time"

	"shadowpool/policy"
)

// pickPrepared is the first of those that lack least for a request.
func (r *Referee) pickPrepared(p *pool, q *request) *instance {
	var best *instance
	for _, shelf := range [2][]*instance{p.tied, p.free} {
		for _, in := range shelf {
			if r.suits(in, q) && r.fit(in, in.pool) && (q.Warm != policy.RequireWarm || r.lacksNothing(in, q)) &&
				(best == nil || r.lacks(in, q) < r.lacks(best, q)) {
				best = in
			}
		}
	}
	return best
}

// lacks is how long the stages are believed to take that an instance lacks for
// a request.
func (r *Referee) lacks(in *instance, q *request) (takes time.Duration) {
	k := &r.pools[in.pool].category
	needs := q.Target(k.Facets())
	stages := in.missing(k, needs)
	for i := range k.Stages {
		if stages&(1<<i) != 0 {
			key, _ := keyOf(k, i, needs)
			takes += r.ctrl.Takes(in.pool, key)
		}
	}
	return takes
}

func (r *Referee) lacksNothing(in *instance, q *request) bool {
	k := &r.pools[in.pool].category
	return in.missing(k, q.Target(k.Facets())) == 0
}

// suits says whether an instance may serve a request as far as its tenant goes.
func (r *Referee) suits(in *instance, q *request) bool {
	return r.config.Isolation != policy.ByTenant || r.isFor(in, q) && (in.tenant == 0 || in.tenant == q.Tenant)
}

// choice is the idle instance that a request must be given now, and what it
// takes to adapt it; nil if it has to wait.
func (r *Referee) choice(q *request) (*instance, int64) {
	if q.Warm == policy.NeverWarm {
		return nil, 0
	}
	if in := r.pick(q.Pool, q); in != nil {
		return in, 0
	}
	compatible := r.pools[q.Pool].category.Compatible
	for i := range compatible {
		o := &compatible[i]
		if !o.Serves(&q.Request) {
			continue
		}
		in, to := r.pick(o.Pool, q), o.Becomes(q.Pool)
		r.unsure = r.unsure || in != nil && to != o.Pool && r.differ(in, q, to)
		if in == nil || q.Warm == policy.RequireWarm && (o.Adapt > 0 || r.lacksThere(in, to, q)) || to != o.Pool && (!r.hasPlace(to, q) || !r.fit(in, to)) {
			continue
		}
		return in, int64(o.Adapt)
	}
	return r.scrubbed(q)
}

// hasPlace says whether a pool has room for an instance that is adapted for a
// request.
func (r *Referee) hasPlace(to policy.PoolID, q *request) bool {
	p := &r.pools[to]
	most, have := p.category.MaxInstances, p.total()
	if to == q.Pool {
		have -= r.unfit(p, q)
	}
	return most == 0 || int(have) < most
}

// unfit is how many idle instances of a pool end since they were looked at for a
// request and may not be handed out.
func (r *Referee) unfit(p *pool, q *request) (n int32) {
	if !r.lived {
		return 0
	}
	for _, shelf := range [2][]*instance{p.tied, p.free} {
		for _, in := range shelf {
			if r.suits(in, q) && !r.fit(in, in.pool) {
				n++
			}
		}
	}
	return n
}

// adapting is what it takes for an instance of a pool to serve a request, after
// which it is one of another, or still of its own; none if it may not.
func (r *Referee) adapting(from, to policy.PoolID, q *request) (adapt int64, may bool) {
	compatible := r.pools[q.Pool].category.Compatible
	for i := range compatible {
		if o := &compatible[i]; o.Pool == from && o.Serves(&q.Request) && o.Becomes(q.Pool) == to {
			return int64(o.Adapt), true
		}
	}
	return 0, false
}

// differ says whether some of those that lack as little for a request as one of
// another category may become one of a pool, by their age, and some may not:
// which of them is looked at is the controller's choice.
func (r *Referee) differ(as *instance, q *request, to policy.PoolID) bool {
	p := &r.pools[as.pool]
	if !r.lived || len(p.category.Stages) == 0 {
		return false
	}
	for _, shelf := range [2][]*instance{p.tied, p.free} {
		for _, in := range shelf {
			if r.suits(in, q) && r.fit(in, in.pool) && r.lacks(in, q) == r.lacks(as, q) && r.fit(in, to) != r.fit(as, to) {
				return true
			}
		}
	}
	return false
}

// scrubs says whether a pool's instances may go from tenant to tenant.
func (r *Referee) scrubs(p *pool) bool {
	k := &p.category
	return r.config.Isolation == policy.ByTenant && k.Reusable && k.Scrub > 0 && k.Scrub < k.LeadTime && !r.draining
}

// scrubbed is the instance of another tenant that has been idle for longest, of
// those that have been idle for longest of their tenant's and may be handed out.
func (r *Referee) scrubbed(q *request) (*instance, int64) {
	p := &r.pools[q.Pool]
	if !r.scrubs(p) || q.Warm == policy.RequireWarm {
		return nil, 0
	}
	var past []*instance
	for _, in := range p.tied {
		switch {
		case tenantIn(past, in):
		case r.fit(in, in.pool):
			return in, int64(p.category.Scrub)
		default:
			past = append(past, in)
		}
	}
	return nil, 0
}

// tenantIn says whether one of some instances is of the same tenant and
// prepared for the same.
func tenantIn(some []*instance, as *instance) bool {
	for _, in := range some {
		if in.tenant == as.tenant && in.is == as.is {
			return true
		}
	}
	return false
}

// pick is the idle instance of a pool that goes first, of those that may be
// handed out, or one of those that lack least.
func (r *Referee) pick(id policy.PoolID, q *request) *instance {
	p := &r.pools[id]
	if len(p.category.Stages) > 0 {
		return r.pickPrepared(p, q)
	}
	for i := len(p.tied) - 1; i >= 0; i-- {
		if in := p.tied[i]; in.tenant == q.Tenant && r.fit(in, id) {
			return in
		}
	}
	n := len(p.free)
	for i := range n {
		in := p.free[i]
		if p.category.Reusable {
			in = p.free[n-1-i]
		}
		if r.fit(in, id) {
			return in
		}
	}
	return nil
}
