package tournament

import "shadowpool/policy"

// A world is where a contender's decisions are carried out: its controller's host.
type world struct {
	known *known
	ctrl  *policy.Controller
	books *books

	now      policy.Time // all before it has happened
	seen     int64       // inputs that have been carried out
	launched []uint64    // by pool
	events   calendar
	caused   uint64 // events
	slots    []slot
	// serving are the requests that are served here while it is not known how long.
	serving map[policy.RequestID]service
	// awaited are those of them that still wait in reality, by when they began here;
	// ahead those that began later there, by how much less than nothing.
	awaited, ahead bounds
	late           int64 // releases that came when the world was past them
}

// slot is a virtual instance.
type slot struct {
	ordered, warm policy.Time // warm: when it became so, or failed
	gen           uint32
	pool          policy.PoolID
	served        bool
}

// A service is that of a request by a virtual instance.
type service struct {
	start policy.Time
	seq   uint64 // of its end
	id    policy.InstanceID
}

func newWorld(spec policy.Spec, k *known, block int64, start policy.Time) (*world, error) {
	w := &world{
		known: k, now: start, seen: k.first + int64(len(k.inputs)),
		launched: make([]uint64, len(k.fleet.Categories)),
		books:    newBooks(k.terms, block, start), serving: make(map[policy.RequestID]service),
	}
	sizer, err := policy.Build(spec, policy.Fleet{Config: k.fleet})
	if err != nil {
		return nil, err
	}
	if w.ctrl, err = policy.New(k.fleet, sizer, w); err != nil {
		return nil, err
	}
	return w, nil
}

// horizon is up to when, exclusively, all that could happen here is known.
func (w *world) horizon() policy.Time {
	h := w.known.now
	for len(w.awaited) > 0 {
		if r := w.known.requests[w.awaited[0].id]; r != nil && r.state == waits && w.serves(r.ID) {
			h = min(h, w.awaited[0].key)
			break
		}
		w.awaited.pop()
	}
	for len(w.ahead) > 0 {
		if r := w.known.requests[w.ahead[0].id]; r != nil && r.state == isServed && w.serves(r.ID) {
			h = min(h, w.known.now+w.ahead[0].key)
			break
		}
		w.ahead.pop()
	}
	return h
}

func (w *world) serves(id policy.RequestID) bool {
	_, serves := w.serving[id]
	return serves
}

// advance carries out what is known to be next, for as long as that is known; forced
// is until when it goes on even if it is not.
func (w *world) advance(forced policy.Time) {
	for {
		h := max(w.horizon(), forced)
		timer, class := w.ctrl.NextTimer()
		input, at := w.known.input(w.seen)
		next := w.events.next()
		t := min(next, timer, at)
		if t >= h {
			w.books.upTo(h)
			w.now = max(w.now, h)
			return
		}
		w.books.upTo(t)
		w.now = t
		switch {
		case next == t:
			w.happen(w.events.pop())
		case timer == t && (at > t || class <= policy.ClassArrival):
			w.ctrl.Fire()
		default:
			w.seen++
			w.take(t, input)
		}
	}
}

// happen delivers an event of a virtual instance.
func (w *world) happen(e event) {
	s := &w.slots[e.slot]
	if s.gen != e.gen { // it was ended
		return
	}
	id := idOf(e.slot, e.gen)
	switch {
	case e.class == policy.ClassWarm:
		w.books.idles(e.t, s.pool)
		w.ctrl.Warm(e.t, id)
	case e.fails:
		w.books.open.failed++
		w.books.wasted(s.pool, e.t-s.ordered)
		s.gen = 0
		w.ctrl.Fail(e.t, id, policy.BootFailed)
	default:
		w.books.idles(e.t, s.pool)
		w.ctrl.Release(e.t, id)
	}
}

// take delivers what comes from outside.
func (w *world) take(t policy.Time, in input) {
	switch in.what {
	case starts:
		w.ctrl.Start(t)
	case arrives:
		w.ctrl.Arrive(t, in.request.Request)
	case withdraws:
		if r := in.request; w.ctrl.Cancel(t, r.Pool, r.ID) {
			w.books.open.withdrawn++
			w.known.done(r)
		}
	}
}

// told says that more is known of a request: that it is served, or for how long.
func (w *world) told(r *request) {
	s, serves := w.serving[r.ID]
	switch {
	case !serves:
	case r.state == isServed:
		w.follow(r, s.start)
	default:
		w.finish(r, s)
	}
}

// follow notes what keeps the world behind while it serves a request.
func (w *world) follow(r *request, start policy.Time) {
	switch {
	case r.state == waits:
		w.awaited.push(bound{start, r.ID})
	case start < r.served:
		w.ahead.push(bound{start - r.served, r.ID})
	}
}

// finish schedules the release of a request of which all is known.
func (w *world) finish(r *request, s service) {
	delete(w.serving, r.ID)
	end := s.start + r.lasts(s.start)
	if end < w.now {
		end = w.now
		w.late++
	}
	w.events.push(event{t: end, class: policy.ClassRelease, seq: s.seq, slot: s.id.Slot(), gen: uint32(s.id >> 32)})
	w.known.done(r)
}

// Launch implements policy.Host.
func (w *world) Launch(t policy.Time, id policy.InstanceID, pool policy.PoolID, _ policy.Capacity, _ policy.Reason) {
	s := id.Slot()
	for int(s) >= len(w.slots) {
		w.slots = append(w.slots, slot{})
	}
	lead := w.known.leads[pool].launch(w.launched[pool])
	w.launched[pool]++
	w.books.open.launches++
	w.slots[s] = slot{ordered: t, warm: t + lead.span, gen: uint32(id >> 32), pool: pool}
	class := policy.ClassWarm
	if lead.failed {
		class = policy.ClassRelease
	}
	w.caused++
	w.events.push(event{t: t + lead.span, class: class, seq: w.caused, slot: s, gen: uint32(id >> 32), fails: lead.failed})
}

// Assign implements policy.Host.
func (w *world) Assign(t policy.Time, a policy.Assignment) {
	s := &w.slots[a.Instance.Slot()]
	s.served = true
	w.books.engage(t, s.pool)
	r := w.known.requests[a.Request]
	start := t + a.Delay
	w.books.open.waited(a.Outcome, start-r.arrived)
	w.caused++
	of := service{start, w.caused, a.Instance}
	if r.state == isOver || r.state == isWithdrawn {
		w.finish(r, of)
		return
	}
	w.serving[r.ID] = of
	w.follow(r, start)
}

// Move implements policy.Host.
func (w *world) Move(t policy.Time, id policy.InstanceID, to policy.PoolID, _ policy.Reason) {
	s := &w.slots[id.Slot()]
	w.books.engage(t, s.pool)
	w.books.idles(t, to)
	s.pool = to
}

// End implements policy.Host.
func (w *world) End(t policy.Time, id policy.InstanceID, _ policy.PoolID, _ policy.Reason) {
	s := &w.slots[id.Slot()]
	w.books.engage(t, s.pool)
	if !s.served {
		w.books.wasted(s.pool, s.warm-s.ordered)
	}
	s.gen = 0
}

// Refuse implements policy.Host.
func (w *world) Refuse(_ policy.Time, id policy.RequestID, _ policy.PoolID, _ policy.Reason) {
	w.books.open.refused++
	w.known.done(w.known.requests[id])
}

// Prepare implements policy.Host; no category has stages.
func (w *world) Prepare(policy.Time, policy.InstanceID, policy.Target, uint8) {}

// Stop implements policy.Host. New refuses categories that can be stopped.
func (w *world) Stop(policy.Time, policy.InstanceID, policy.PoolID) {
	panic("tournament: Stop of an instance")
}

// Resume implements policy.Host; see Stop.
func (w *world) Resume(policy.Time, policy.InstanceID, policy.PoolID, policy.Reason) {
	panic("tournament: Resume of an instance")
}

// Replace implements policy.Host. New refuses categories that have spot.
func (w *world) Replace(policy.Time, policy.InstanceID, policy.InstanceID) {
	panic("tournament: Replace of an instance")
}

func idOf(slot, gen uint32) policy.InstanceID {
	return policy.InstanceID(uint64(gen)<<32 | uint64(slot))
}
