package referee

import (
	"slices"

	"shadowpool/policy"
)

// freed says whether an instance has become free in this event, as an event of
// some kind.
func (r *Referee) freed(in *instance, k kind) bool {
	return r.event.kind == k && r.event.instance == in.id
}

func (r *Referee) assigned(a policy.Assignment) {
	in, q := r.living(a.Instance), r.requests[a.Request]
	switch {
	case in == nil:
		r.fail(Life, "instance %s serves, but does not live", nameOf(a.Instance))
		return
	case in.state != idle:
		r.fail(Life, "instance %s is given to request %d while it is %v", nameOf(a.Instance), a.Request, in.state)
		return
	case q == nil || q.served:
		r.fail(Request, "request %d is served, but does not wait", a.Request)
		return
	case a.Pool != q.Pool:
		r.fail(Request, "request %d of pool %d is served in pool %d", q.ID, q.Pool, a.Pool)
		return
	case in.uses > 0 && !r.pools[in.pool].category.Reusable:
		r.fail(Life, "instance %s is single-use and serves again", nameOf(in.id))
		return
	case a.Reason == policy.WasScrubbed:
		if !r.scrubs(&r.pools[in.pool]) || in.tenant == 0 || in.tenant == q.Tenant || in.pool != q.Pool {
			r.fail(Isolation, "instance %s of tenant %d is scrubbed for tenant %d", nameOf(in.id), in.tenant, q.Tenant)
			return
		}
		in.adapt, in.done, in.busy = int64(r.pools[in.pool].category.Scrub), done{}, false
		leave(&r.pools[in.pool].tied, in)
		in.tenant = 0
		r.pools[in.pool].free = append(r.pools[in.pool].free, in)
	case !r.isFor(in, q):
		r.fail(Reservation, "instance %s is reserved for tenant %d and serves tenant %d in pool %d", nameOf(in.id), in.reserved, q.Tenant, q.Pool)
		return
	case !r.suits(in, q):
		r.fail(Isolation, "instance %s is tied to tenant %d and serves tenant %d", nameOf(in.id), in.tenant, q.Tenant)
		return
	}
	if a.Reason == policy.WasCompatible && in.moved != r.events { // it stays what it is
		var may bool
		if in.adapt, may = r.adapting(in.pool, in.pool, q); !may {
			r.fail(Choice, "instance %s of pool %d may not serve request %d of pool %d as it is", nameOf(in.id), in.pool, q.ID, q.Pool)
			return
		}
	}
	r.handedOut(in)
	r.asks(in, q, &a)
	r.fairly(in, q, a.Reason)
	r.promises(in, q, &a)
	k := &r.pools[in.pool].category
	in.served(k, q.Target(k.Facets()))
	in.busy = false
	if q.own != nil {
		q.own, in.own = nil, nil
	} else {
		r.unqueue(q)
	}
	r.quit(in)
	in.state, in.serves, in.adapt = serving, q, 0
	in.uses++
	r.tie(in, q.Tenant)
	q.served = true
	r.pools[in.pool].serving++
	r.pools[q.Pool].ledger.Outcomes[a.Outcome]++
	r.promoted(in)
}

// promises checks what an assignment says of itself.
func (r *Referee) promises(in *instance, q *request, a *policy.Assignment) {
	if want := r.outcome(in, q); a.Outcome != want {
		r.fail(Outcome, "request %d is a %v, not a %v: it arrived at %d ns, its instance was ordered at %d ns", q.ID, want, a.Outcome, q.arrived, in.ordered)
	}
	if want := int64(r.pools[q.Pool].category.PromotionDelay) + in.adapt; a.Delay != want {
		r.fail(Outcome, "the promotion for request %d takes %d ns, not %d ns", q.ID, a.Delay, want)
	}
	k := &r.pools[in.pool].category
	if want := in.missing(k, q.Target(k.Facets())); a.Missing != want {
		r.fail(Outcome, "the promotion for request %d lacks the stages %b, not %b", q.ID, a.Missing, want)
	}
}

// tie holds an instance that has seen a tenant's data for that tenant.
func (r *Referee) tie(in *instance, tenant uint32) {
	if r.config.Isolation == policy.ByTenant && in.tenant == 0 && in.reserved == 0 {
		in.tenant = tenant
	}
}

// fairly checks that an instance goes to the request whose turn it is, and
// that the reason holds.
func (r *Referee) fairly(in *instance, q *request, why policy.Reason) {
	holds := false
	placing := q == r.placing || q.placed == r.events && r.event.kind == configure
	switch why {
	case policy.WasWarm:
		holds = placing && in.pool == q.Pool
	case policy.WasCompatible:
		holds = placing && (in.pool != q.Pool || in.adapt > 0 || in.moved == r.events)
	case policy.WasScrubbed:
		holds = placing || r.freed(in, release)
	case policy.BecameWarm:
		holds = r.freed(in, warm) && in.own == nil
	case policy.WasReleased:
		holds = r.freed(in, release)
	case policy.OwnLaunch:
		holds = r.freed(in, warm) && in.own != nil
	case policy.Demoted:
		holds = r.event.kind == expiry && in.moved == r.events
	}
	if !holds {
		r.fail(Outcome, "request %d is given instance %s because of %v, which is not so", q.ID, nameOf(in.id), why)
		return
	}
	if q == r.placing && in != r.chosen && (r.equally(in, q) || r.unsure) {
		r.chosen = in
	}
	if q == r.placing && in != r.chosen {
		r.fail(Choice, "request %d is given instance %s, but %s goes first", q.ID, nameOf(in.id), r.chosenName())
		return
	}
	if in.own != nil && in.own != q || q.own != nil && q.own != in {
		r.fail(Order, "request %d is given instance %s, and one of the two is another's", q.ID, nameOf(in.id))
		return
	}
	if q.own != nil || why == policy.WasCompatible { // an idle instance of another category serves arrivals only
		return
	}
	if in.pool != q.Pool {
		r.fail(Choice, "request %d of pool %d is given instance %s of pool %d", q.ID, q.Pool, nameOf(in.id), in.pool)
		return
	}
	if placing && q != r.placing { // of many at one time, each is first as its launch is given up
		return
	}
	queue := r.pools[q.Pool].queue
	for _, before := range queue[:max(slices.Index(queue, q), 0)] {
		if r.suits(in, before) || why == policy.WasScrubbed {
			r.fail(Order, "request %d is served before request %d, which is ahead of it", q.ID, before.ID)
			return
		}
	}
}

// equally says whether an instance lacks as little as the chosen one.
func (r *Referee) equally(in *instance, q *request) bool {
	c := r.chosen
	if c != nil && in.pool == r.from && in.pool == q.Pool && in.adapt > 0 && in.adapt == c.adapt+int64(r.pools[in.pool].category.Scrub) {
		return in.since == c.since // both are to be scrubbed
	}
	return c != nil && len(r.pools[in.pool].category.Stages) > 0 && in.pool == r.from && r.suits(in, q) && r.lacks(in, q) == r.lacks(c, q)
}

func (r *Referee) chosenName() string {
	if r.chosen == nil {
		return "none that is warm"
	}
	return "instance " + nameOf(r.chosen.id)
}

// outcome is what a request finds in an instance, as docs/figures.md has it. What
// was stopped was there before.
func (r *Referee) outcome(in *instance, q *request) policy.Outcome {
	switch {
	case q == r.placing && r.event.kind == arrive && in.adapt == 0 && r.lacksNothing(in, q):
		return policy.Hit
	case r.freed(in, warm) && in.ordered >= q.arrived && !in.resumed:
		return policy.Miss
	}
	return policy.PartialHit
}

// served checks, after an event, that nobody waits beside an instance that
// suits, and that what is idle may be.
func (r *Referee) served(id policy.PoolID, p *pool) {
	if r.draining && r.lonely(id) != nil {
		r.fail(Request, "request %d waits for a new instance in pool %d, which is drained", r.lonely(id).ID, id)
	}
	if len(p.queue) > 0 && len(p.free) > 0 {
		r.fail(Order, "request %d waits in pool %d beside instance %s, which is free", p.queue[0].ID, id, nameOf(p.free[0].id))
	}
	if len(p.tied) > 0 {
		for _, q := range p.queue {
			for _, in := range p.tied {
				if r.suits(in, q) {
					r.fail(Order, "request %d waits in pool %d beside instance %s, which is idle and its tenant's", q.ID, id, nameOf(in.id))
					return
				}
			}
		}
	}
	if len(p.free)+len(p.tied) == 0 {
		return
	}
	switch {
	case r.draining:
		r.fail(Surplus, "pool %d is drained and has idle instances", id)
	case r.traits.Idle == policy.KeepNone:
		r.fail(Surplus, "pool %d keeps idle instances under a policy that keeps none", id)
	}
}

// placed checks what the event itself was about.
func (r *Referee) placed() {
	if c := r.chosen; c != nil && c.state == idle && c.adapt > 0 {
		r.fail(Life, "instance %s was adapted for a request that it does not serve", nameOf(c.id))
	}
	r.owed()
	if from := r.relieved; from != nil && from.state != gone {
		r.fail(Spot, "the request of instance %s on spot has moved, and it is not ended", nameOf(from.id))
	}
	if q := r.placing; q != nil && r.requests[q.ID] == q && !q.served {
		r.unserved(q)
	}
	in := r.living(r.event.instance)
	if in == nil || in.state != idle {
		return
	}
	switch k := &r.pools[in.pool].category; {
	case r.event.kind == release && in.uses > 0 && !k.Reusable:
		r.fail(Life, "instance %s is single-use, was released and is not ended", nameOf(in.id))
	case r.event.kind == release && in.noticed:
		r.fail(Spot, "instance %s was released and is not ended, although the provider takes it back", nameOf(in.id))
	case r.event.kind == warm && in.own != nil:
		r.fail(Order, "instance %s is warm, but request %d, which waits for it alone, is not served", nameOf(in.id), in.own.ID)
	case r.event.kind == warm && in.role == inVain:
		r.fail(Generation, "instance %s is warm, was launched in vain, and is not ended", nameOf(in.id))
	case r.event.kind == warm && r.stopping:
		r.fail(Stopped, "instance %s is warm, was launched to be stopped, and is not", nameOf(in.id))
	case r.event.kind == warm && in.role == forRelief && in.partner != nil:
		r.fail(Spot, "instance %s is warm, and has not taken over from instance %s", nameOf(in.id), nameOf(in.partner.id))
	}
}

// unserved checks that a request which has just come, or has lost its instance,
// may be without one.
func (r *Referee) unserved(q *request) {
	p := &r.pools[q.Pool]
	switch {
	case r.unsure:
	case r.chosen != nil:
		r.fail(Choice, "request %d waits, but instance %s is free for it", q.ID, nameOf(r.chosen.id))
	case q.Warm == policy.RequireWarm:
		r.fail(Warmth, "request %d requires a warm instance, and waits", q.ID)
	case q.own != nil || r.event.kind != arrive:
	case q.Warm == policy.NeverWarm && r.canLaunchAlone(p):
		r.fail(Warmth, "request %d wants a new instance, and none is launched", q.ID)
	case q.Warm == policy.PreferWarm && r.early && r.fits(p) && !r.held(p) && r.config.Budget == 0:
		r.fail(Request, "request %d missed and has no launch of its own, although the binding is early", q.ID)
	}
}
