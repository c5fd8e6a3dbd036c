package tournament

import (
	"slices"

	"shadowpool/policy"
)

// take lets a note change what is known.
func (t *Tournament) take(n note) {
	if t.drained {
		return
	}
	if t.began == 0 {
		t.began, t.now = n.t, n.t
		if err := t.begin(n.t); err != nil {
			panic(err) // New has tried it
		}
		t.inputs = append(t.inputs, input{t: n.t, what: starts})
	}
	before := t.now
	n.t = max(n.t, t.now) // one that was under way for long
	t.now = n.t
	t.real.books.upTo(n.t)
	switch n.what {
	case arrived:
		r := &request{Request: n.request, arrived: n.t, open: t.worlds}
		t.requests[r.ID] = r
		t.inputs = append(t.inputs, input{n.t, arrives, r})
	case withdrawn:
		t.real.books.open.withdrawn++
		t.withdraw(n.t, t.requests[n.request.ID])
	case refused:
		t.real.books.open.refused++
		t.withdraw(n.t, t.requests[n.request.ID])
	case launched:
		t.real.launched(n)
	case warmed, failed:
		if pool, took, ok := t.real.became(n); ok {
			t.leads[pool].learn(took)
		}
	case assigned:
		t.real.assigned(n)
		if r := t.requests[n.request.ID]; r != nil {
			t.real.books.open.waited(n.outcome, n.t-r.arrived)
			r.state, r.served = isServed, n.t
			t.tell(r)
		}
	case released:
		t.release(n)
	case lost:
		t.release(n)
		t.real.ended(n)
	case moved:
		t.real.moved(n)
	case ended:
		t.real.ended(n)
	case drained:
		t.drained = true
	case torn:
		t.mend(before, n.t)
	case unknown:
		if t.foreign++; t.foreign == 1 {
			t.opt.Logger.Warn("the tournament does not know what an event means, and leaves it out")
		}
	}
}

// tell lets the worlds know more of a request. It may be gone afterwards.
func (t *Tournament) tell(r *request) {
	for _, c := range t.all {
		c.told(r)
	}
}

// withdraw takes back a request that waits in reality.
func (t *Tournament) withdraw(now policy.Time, r *request) {
	if r == nil || r.state != waits {
		return
	}
	r.state, r.gone = isWithdrawn, now
	t.inputs = append(t.inputs, input{now, withdraws, r})
	t.tell(r)
}

// release says that the request of an instance is over.
func (t *Tournament) release(n note) {
	id, known := t.real.released(n)
	if r := t.requests[id]; known && r != nil {
		r.state, r.duration = isOver, n.t-r.served
		t.tell(r)
	}
}

// A damage is a time in which something is missing.
type damage struct{ from, to policy.Time }

// mend goes on after notes were missing: what was under way then counts as over, and
// what came meanwhile is left out.
func (t *Tournament) mend(before, now policy.Time) {
	t.torn++
	t.opt.Logger.Warn("the tournament was behind and has left something out", "notes", t.dropped.Load())
	if t.damage.to == 0 {
		t.damage.from = before
	}
	t.damage.to = now
	for _, id := range t.underWay() {
		r := t.requests[id]
		if r == nil {
			continue
		}
		if r.state == waits {
			t.withdraw(now, r)
			continue
		}
		r.state, r.duration = isOver, now-r.served
		t.tell(r)
	}
	t.real.torn = true
	clear(t.real.instances)
	t.real.books.empty(now)
}

// underWay are the requests that are not over in reality, in their order.
func (t *Tournament) underWay() []policy.RequestID {
	var all []policy.RequestID
	for id, r := range t.requests {
		if r.state == waits || r.state == isServed {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	return all
}
