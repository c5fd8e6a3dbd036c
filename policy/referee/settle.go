package referee

import "shadowpool/policy"

// In fleets of more pools than wide an event checks only those that it or its
// actions touch, but for the counts of all now and then; what a tick leaves
// undone in others is not found.
const (
	wide        = 128
	nowAndAgain = 4096 // events
)

// touch makes the end of the event look at a pool.
func (r *Referee) touch(id policy.PoolID) {
	if p := &r.pools[id]; !p.touched {
		p.touched = true
		r.touched = append(r.touched, id)
	}
}

// settle closes an event: with all its actions carried out, everything holds.
func (r *Referee) settle() {
	if r.found != nil {
		return
	}
	r.placed()
	if len(r.pools) <= wide || r.event.kind == start || r.event.kind == configure || r.event.kind == drain {
		for i := range r.pools {
			r.touch(policy.PoolID(i))
		}
	}
	for _, id := range r.touched {
		p := &r.pools[id]
		p.touched = false
		r.served(id, p)
		r.aged(id, p)
		r.stored(id, p)
		r.levels(id, p)
		r.compare(id, p)
	}
	r.touched = r.touched[:0]
	if len(r.pools) > wide && r.events%nowAndAgain == 0 {
		r.compareAll()
	}
	if r.evicts != nil && r.alive > r.evicts.Room() && r.idle() > 0 {
		r.fail(Limit, "%d instances live, %d of them idle, and there is room for %d", r.alive, r.idle(), r.evicts.Room())
	}
	if due, _ := r.ctrl.NextTimer(); due < r.now {
		r.fail(Timer, "the next timer is due at %d ns, in the past", due)
	}
	r.event.kind = nothing
}

// idle is how many instances are.
func (r *Referee) idle() (n int) {
	for i := range r.pools {
		n += len(r.pools[i].free) + len(r.pools[i].tied)
	}
	return n
}

// compare holds the controller's counts of a pool against the books.
func (r *Referee) compare(id policy.PoolID, p *pool) {
	if got, want := r.ctrl.Stock(id), p.stock(); got != want {
		r.fail(Books, "pool %d: the controller counts %+v, the referee %+v", id, got, want)
	}
	if got, want := int64(p.total())+int64(len(p.stopped)), p.ledger.alive(); got != want {
		r.fail(Books, "pool %d: %d instances live, but the ledger %+v leaves %d", id, got, p.ledger, want)
	}
	if r.lived {
		if got, _ := r.ctrl.Rollout(id); got != p.rollout.stale {
			r.fail(Books, "pool %d: the controller counts %d stale instances, the referee %d", id, got, p.rollout.stale)
		}
	}
}

func (r *Referee) compareAll() {
	for i := range r.pools {
		r.compare(policy.PoolID(i), &r.pools[i])
	}
}
