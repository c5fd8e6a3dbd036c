package referee

import "shadowpool/policy"

// asks checks that an instance is what its request wants of the warm ones.
func (r *Referee) asks(in *instance, q *request, a *policy.Assignment) {
	switch {
	case q.Warm == policy.NeverWarm && (a.Reason != policy.OwnLaunch || in.uses > 0 || in.resumed):
		r.fail(Warmth, "request %d wants a new instance and is given instance %s because of %v", q.ID, nameOf(in.id), a.Reason)
	case q.Warm == policy.RequireWarm && (a.Reason != policy.WasWarm && a.Reason != policy.WasCompatible || in.adapt > 0 || a.Missing != 0):
		r.fail(Warmth, "request %d requires a warm instance and is given instance %s because of %v, adapted for %d ns, without the stages %b", q.ID, nameOf(in.id), a.Reason, in.adapt, a.Missing)
	}
}

// refuse checks that a request is turned away which requires a warm instance,
// and there is none, or which wants a new one of a fleet that is drained.
func (r *Referee) refuse(id policy.RequestID, pid policy.PoolID, why policy.Reason) {
	q := r.requests[id]
	if q == nil || q.served || q.Pool != pid || q.own != nil {
		r.fail(Request, "request %d is refused in pool %d, but does not wait there", id, pid)
		return
	}
	switch {
	case why == policy.NothingWarm && q.Warm == policy.RequireWarm:
		if q == r.placing && r.chosen != nil && !r.unsure {
			r.fail(Warmth, "request %d is refused for want of a warm instance, but instance %s is", id, nameOf(r.chosen.id))
		}
	case why == policy.Drained && q.Warm == policy.NeverWarm && r.draining:
	default:
		r.fail(Warmth, "request %d, which would %v a warm instance, is refused because of %v", id, q.Warm, why)
	}
	r.unqueue(q)
	delete(r.requests, id)
}

// queue is where a request waits that has no launch of its own.
func (r *Referee) queue(q *request) *[]*request {
	if q.Warm == policy.NeverWarm {
		return &r.loners
	}
	return &r.pools[q.Pool].queue
}

func (r *Referee) unqueue(q *request) { leave(r.queue(q), q) }

// lonely is the first request of a pool that wants a new instance and has none
// on its way; nil if there is none.
func (r *Referee) lonely(id policy.PoolID) *request {
	for _, q := range r.loners {
		if q.Pool == id {
			return q
		}
	}
	return nil
}

// canLaunchAlone says whether limits, failures and the budget surely let a pool
// launch for such a request. One that is full gives idle instances up for it.
func (r *Referee) canLaunchAlone(p *pool) bool {
	k := &p.category
	return !r.draining && !p.paused && !r.held(p) && (k.MaxLaunching == 0 || int(p.launching()) < k.MaxLaunching) &&
		(k.MaxInstances == 0 || int(p.total()-p.idle()) < k.MaxInstances) && r.hasMoney(p, true)
}
