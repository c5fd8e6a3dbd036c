package referee

import "shadowpool/policy"

// settle closes an event: with all its actions carried out, everything holds.
func (r *Referee) settle() {
	if r.found != nil {
		return
	}
	r.placed()
	idle := 0
	for i := range r.pools {
		p := &r.pools[i]
		r.served(policy.PoolID(i), p)
		r.levels(policy.PoolID(i), p)
		idle += len(p.free) + len(p.tied)
	}
	if r.evicts != nil && idle > 0 && r.alive > r.evicts.Room() {
		r.fail(Limit, "%d instances live, %d of them idle, and there is room for %d", r.alive, idle, r.evicts.Room())
	}
	if due, _ := r.ctrl.NextTimer(); due < r.now {
		r.fail(Timer, "the next timer is due at %d ns, in the past", due)
	}
	r.compare()
	r.event.kind = nothing
}

// compare holds the controller's counts against the books.
func (r *Referee) compare() {
	for i := range r.pools {
		p := &r.pools[i]
		if got, want := r.ctrl.Stock(policy.PoolID(i)), p.stock(); got != want {
			r.fail(Books, "pool %d: the controller counts %+v, the referee %+v", i, got, want)
		}
		if got, want := int64(p.total()), p.ledger.alive(); got != want {
			r.fail(Books, "pool %d: %d instances live, but the ledger %+v leaves %d", i, got, p.ledger, want)
		}
	}
}
