package sim

import (
	"container/heap"

	"shadowpool/policy"
	"shadowpool/policy/referee"
)

// cloud is what the provider does beside making standard instances: it refuses
// orders, takes spot instances back, and keeps stopped ones.
type cloud struct {
	provider provider
	limited  bool      // the provider may refuse an order
	spot     bool      // there is some
	markets  []*market // by pool; nil where there is no spot
	events   cloudEvents
	soon     policy.Time    // of the next event
	count    uint64         // of events
	jobs     map[uint32]job // by slot, of what serves on spot
	again    map[int64]job  // interrupted and waiting, by row
}

// job is a request that is served on spot.
type job struct {
	request           policy.Request
	arrival, duration int64
	started, end      policy.Time // of the execution
}

// A cloudEvent is one that no calendar holds, because it may be overtaken: the
// instance may be gone when it comes.
type cloudEvent struct {
	time  policy.Time
	class policy.Class
	count uint64
	id    policy.InstanceID
	kind  cloudKind
	why   policy.Failure
}

type cloudKind uint8

const (
	becomesWarm cloudKind = iota
	isRefused             // or fails to boot
	isReleased
	isNoticed
	isTaken
)

type cloudEvents []cloudEvent

func (e cloudEvents) Len() int { return len(e) }
func (e cloudEvents) Less(i, j int) bool {
	a, b := &e[i], &e[j]
	switch {
	case a.time != b.time:
		return a.time < b.time
	case a.class != b.class:
		return a.class < b.class
	}
	return a.count < b.count
}
func (e cloudEvents) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *cloudEvents) Push(v any)   { *e = append(*e, v.(cloudEvent)) }
func (e *cloudEvents) Pop() any {
	s := *e
	v := s[len(s)-1]
	*e = s[:len(s)-1]
	return v
}

func newCloud(f *Fleet, seed uint64, start policy.Time) cloud {
	c := cloud{
		provider: provider{Provider: f.Provider, tokens: float64(f.Provider.Burst), filled: start},
		limited:  f.Provider != Provider{},
		soon:     forever,
		jobs:     map[uint32]job{},
		again:    map[int64]job{},
	}
	for _, k := range f.Categories {
		var m *market
		if k.Spot != nil {
			m = newMarket(k.Market, k.Name, f.Location, seed)
			c.spot = true
			c.limited = c.limited || m.scarcity != nil
		}
		c.markets = append(c.markets, m)
	}
	return c
}

func (c *cloud) schedule(t policy.Time, class policy.Class, id policy.InstanceID, kind cloudKind, why policy.Failure) {
	c.count++
	heap.Push(&c.events, cloudEvent{min(t, policy.MaxInstant), class, c.count, id, kind, why})
	c.soon = c.events[0].time
}

func (c *cloud) pop() cloudEvent {
	e := heap.Pop(&c.events).(cloudEvent)
	c.soon = forever
	if len(c.events) > 0 {
		c.soon = c.events[0].time
	}
	return e
}

// answer is the cloud's to an order; what is there from the start it never
// refuses.
func (c *cloud) answer(t policy.Time, pool policy.PoolID, on policy.Capacity, there bool) (refused bool, why policy.Failure) {
	if !there {
		if refused, why = c.provider.answer(t, on); refused {
			return refused, why
		}
		if on == policy.Spot && c.markets[pool].refuses(t) {
			return true, policy.NoCapacity
		}
	}
	c.provider.alive[on]++
	return false, 0
}

// cloudFirst says whether the cloud's next event comes before those of the
// calendars, the next of which are at warm and end.
func (r *replay) cloudFirst(warm, end policy.Time) bool {
	event := min(warm, end)
	return r.cloud.soon < event || r.cloud.soon == event && event != forever && warm != event && r.cloud.events[0].class == policy.ClassWarm
}

// happen delivers the cloud's next event, if its instance still exists.
func (r *replay) happen() {
	e := r.cloud.pop()
	s := e.id.Slot()
	row := &r.slots[s]
	if row.id(s) != e.id {
		return
	}
	if e.time >= r.mark {
		r.look(e.time)
	}
	switch e.kind {
	case becomesWarm:
		row.phase = phaseWarm
		r.m.warmed(e.time, row)
		if row.on == policy.Spot {
			r.m.charges(row).warmed(e.time)
		}
		r.becameWarm(e.time, s)
	case isRefused:
		if row.phase != phaseRefused { // else it was never there
			r.m.charges(row).warmed(e.time)
			r.m.charges(row).gone(e.time)
			r.m.failed(e.time, row)
		}
		r.forget(row)
		r.driven().Fail(e.time, e.id, e.why)
	case isReleased:
		r.m.released(e.time, row)
		r.m.charges(row).released(e.time)
		delete(r.cloud.jobs, s)
		if r.preps != nil {
			r.took(e.time, e.id.Slot(), r.preps.rows[e.id.Slot()].late)
		}
		r.driven().Release(e.time, e.id)
	case isNoticed:
		r.m.noticed()
		pool := row.pool
		r.driven().Notice(e.time, e.id)
		if row := &r.slots[s]; row.id(s) == e.id { // it serves
			r.cloud.schedule(e.time+int64(r.cloud.markets[pool].Notice), policy.ClassRelease, e.id, isTaken, 0)
		}
	case isTaken:
		j := r.cloud.jobs[s]
		delete(r.cloud.jobs, s)
		r.m.interrupted(e.time, row, max(e.time-j.started, 0))
		r.forget(row)
		r.cloud.again[int64(j.request.ID)] = j
		r.driven().Lose(e.time, e.id)
		r.driven().Requeue(e.time, j.request)
	}
}

// forget makes what is still to come of an instance void.
func (r *replay) forget(row *slot) {
	if row.phase != phaseRefused {
		r.cloud.provider.alive[row.on]--
	}
	row.gen = 0
}

// onSpot schedules the life of an instance on spot.
func (r *replay) onSpot(t policy.Time, id policy.InstanceID, pool policy.PoolID, lead int64, fails bool) {
	kind := becomesWarm
	class := policy.ClassWarm
	if fails {
		kind, class = isRefused, policy.ClassRelease
	}
	r.slots[id.Slot()].time = t + lead
	r.cloud.schedule(t+lead, class, id, kind, policy.BootFailed)
	if notice := r.cloud.markets[pool].notice(t); notice < policy.MaxInstant {
		r.cloud.schedule(notice, policy.ClassRelease, id, isNoticed, 0)
	}
}

// serveOnSpot schedules the end of a request on spot.
func (r *replay) serveOnSpot(t policy.Time, s uint32, a policy.Assignment, j job) {
	r.m.charges(&r.slots[s]).promoted(t)
	r.cloud.jobs[s] = j
	r.cloud.schedule(j.end, policy.ClassRelease, a.Instance, isReleased, 0)
}

// resumeJob serves a request again that was interrupted, from its beginning.
func (r *replay) resumeJob(t policy.Time, s uint32, a policy.Assignment, j job) {
	delete(r.cloud.again, int64(a.Request))
	j.started = t + a.Delay
	j.end = min(j.started+j.duration, policy.MaxInstant)
	if r.slots[s].on == policy.Spot {
		r.serveOnSpot(t, s, a, j)
		return
	}
	r.ends.schedule(j.end, s)
}

// driven is what rare events go to: the referee, where there is one.
func (r *replay) driven() referee.Controller {
	if r.ref != nil {
		return r.ref
	}
	return r.ctrl
}

// Stop implements policy.Host.
func (r *replay) Stop(t policy.Time, id policy.InstanceID, _ policy.PoolID) {
	row := &r.slots[id.Slot()]
	row.phase, row.warm = phaseStopped, false
	r.m.stop(t, row)
	if r.preps != nil {
		r.preps.drop(id.Slot())
	}
}

// Resume implements policy.Host.
func (r *replay) Resume(t policy.Time, id policy.InstanceID, pool policy.PoolID, _ policy.Reason) {
	row := &r.slots[id.Slot()]
	row.phase = phaseLaunching
	r.m.resume(t, row)
	lead := r.fleet.Categories[pool].Stopped.Resume
	row.ordered = t - (row.time - row.ordered) // so that launching adds up
	row.time = t + lead
	r.cloud.schedule(t+lead, policy.ClassWarm, id, becomesWarm, 0)
}

// Replace implements policy.Host.
func (r *replay) Replace(t policy.Time, from, to policy.InstanceID) {
	a, b := &r.slots[from.Slot()], &r.slots[to.Slot()]
	j := r.cloud.jobs[from.Slot()]
	delete(r.cloud.jobs, from.Slot())
	b.served = true
	if r.preps != nil {
		r.preps.replaced(from.Slot(), to.Slot())
	}
	r.m.released(t, a)
	r.m.charges(a).released(t)
	r.m.promoted(t, b)
	r.ends.schedule(max(j.end, t), to.Slot())
}
