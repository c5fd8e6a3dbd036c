package referee_test

import (
	"time"

	"shadowpool/policy"
	"shadowpool/policy/referee"
)

// provider is what orders meet in a world until it is calm: boots that fail,
// types that have nothing to give, quotas and a limit on the rate of orders.
type provider struct {
	fails  float64
	dry    [2]bool // of its capacity types, which have none now
	quota  [2]int  // most instances of each; 0 is no bound
	burst  int     // most orders at one time; 0 is no bound
	orders int     // of them, since the last was long enough ago
	last   policy.Time
}

func (d draw) provider() provider {
	p := provider{fails: pickOf(d, 0, 0.08, 0.08, 0.5)}
	if d.chance(0.2) {
		p.quota = [2]int{pickOf(d, 0, 1+d.IntN(8)), pickOf(d, 0, 1+d.IntN(4))}
	}
	if d.chance(0.15) {
		p.burst = 1 + d.IntN(5)
	}
	return p
}

// answer is the provider's to an order.
func (p *provider) answer(w *world, t policy.Time, on policy.Capacity) (refused bool, why policy.Failure) {
	if w.calm {
		return false, 0
	}
	if p.burst > 0 {
		if t-p.last >= int64(time.Second) {
			p.orders = 0
		}
		p.last = t
		if p.orders++; p.orders > p.burst {
			return true, policy.Throttled
		}
	}
	if most := p.quota[on]; most > 0 {
		n := 0
		for _, m := range w.members {
			if m.on == on {
				n++
			}
		}
		if n >= most {
			return true, policy.OverQuota
		}
	}
	return p.dry[on], policy.NoCapacity
}

// turn lets a capacity type run dry, or have some again.
func (w *world) turn() {
	on := policy.Spot
	if w.d.chance(0.3) {
		on = policy.OnDemand
	}
	w.provider.dry[on] = !w.provider.dry[on]
}

// interrupt takes an instance back, with notice or without.
func (w *world) interrupt(id policy.InstanceID) {
	if w.calm || w.members[id] == nil {
		return
	}
	if w.d.chance(0.6) {
		w.notify(id)
		return
	}
	w.take(id)
}

// notify gives notice of an instance, and takes it soon after.
func (w *world) notify(id policy.InstanceID) {
	w.seen["notice"]++
	w.do(func(c referee.Controller) { c.Notice(w.now, id) })
	w.schedule(w.now+pickOf(w.d, 0, 30e9, w.d.span(30*time.Second)), policy.ClassRelease, func() { w.take(id) })
}

// take takes an instance away. What it served comes again, mostly.
func (w *world) take(id policy.InstanceID) {
	m := w.members[id]
	if m == nil {
		return
	}
	w.forget(id)
	w.do(func(c referee.Controller) { c.Lose(w.now, id) })
	if q := m.request; q != nil && w.d.chance(0.8) {
		w.waiting = append(w.waiting, *q)
		w.do(func(c referee.Controller) { c.Requeue(w.now, *q) })
	}
}
