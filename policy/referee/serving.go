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

// fairly checks that an instance goes to the request whose turn it is, and
// that the reason holds.
func (r *Referee) fairly(in *instance, q *request, why policy.Reason) {
	holds := false
	switch why {
	case policy.WasWarm:
		holds = q == r.placing && in.pool == q.Pool
	case policy.WasCompatible:
		holds = q == r.placing && (in.pool != q.Pool || in.adapt > 0)
	case policy.WasScrubbed:
		holds = q == r.placing || r.freed(in, release)
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
	if q == r.placing && in != r.chosen && r.equally(in, q) {
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
	if c != nil && in.pool == r.from && in.adapt > 0 && in.adapt == c.adapt+int64(r.pools[in.pool].category.Scrub) {
		return in.since == c.since // both are to be scrubbed
	}
	return c != nil && len(r.pools[in.pool].category.Stages) > 0 && in.pool == r.from && r.suits(in, q) && r.lacks(in, q) == r.lacks(c, q)
}

func (r *Referee) lacksNothing(in *instance, q *request) bool {
	k := &r.pools[in.pool].category
	stages, _ := in.missing(k, q.Target(k.Facets()))
	return stages == 0
}

func (r *Referee) chosenName() string {
	if r.chosen == nil {
		return "none that is warm"
	}
	return "instance " + nameOf(r.chosen.id)
}

// outcome is what a request finds in an instance, as docs/figures.md has it.
func (r *Referee) outcome(in *instance, q *request) policy.Outcome {
	switch {
	case q == r.placing && r.event.kind == arrive && in.adapt == 0 && r.lacksNothing(in, q):
		return policy.Hit
	case r.freed(in, warm) && in.ordered >= q.arrived:
		return policy.Miss
	}
	return policy.PartialHit
}

// served checks, after an event, that nobody waits beside an instance that
// suits, and that what is idle may be.
func (r *Referee) served(id policy.PoolID, p *pool) {
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
	if q := r.placing; q != nil && !q.served && r.chosen != nil {
		r.fail(Choice, "request %d waits, but instance %s is free for it", q.ID, nameOf(r.chosen.id))
	}
	if q := r.placing; q != nil && r.event.kind == arrive && r.early && !q.served && q.own == nil && r.fits(&r.pools[q.Pool]) && !r.held(&r.pools[q.Pool]) {
		r.fail(Request, "request %d missed and has no launch of its own, although the binding is early", q.ID)
	}
	in := r.living(r.event.instance)
	switch {
	case in == nil || in.state != idle:
	case r.event.kind == release && in.uses > 0 && !r.pools[in.pool].category.Reusable:
		r.fail(Life, "instance %s is single-use, was released and is not ended", nameOf(in.id))
	case r.event.kind == warm && in.own != nil:
		r.fail(Order, "instance %s is warm, but request %d, which waits for it alone, is not served", nameOf(in.id), in.own.ID)
	}
}
