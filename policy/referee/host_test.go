package referee_test

import (
	"fmt"
	"slices"
	"time"

	"shadowpool/policy"
	"shadowpool/policy/referee"
)

// The world as the controller's host.

// echo is a host that notes actions.
type echo struct{ done *[]string }

type event struct {
	time  policy.Time
	class policy.Class
	seq   int
	do    func()
}

// port is a controller and where its actions go.
type port struct {
	policy.Host
	ctrl  *policy.Controller
	sizer policy.Sizer
}

func (e echo) Launch(t policy.Time, id policy.InstanceID, p policy.PoolID, on policy.Capacity, why policy.Reason) {
	*e.done = append(*e.done, fmt.Sprint(t, " launch ", id, p, on, why))
}

func (e echo) Assign(t policy.Time, a policy.Assignment) {
	*e.done = append(*e.done, fmt.Sprint(t, " assign ", a))
}

func (e echo) Move(t policy.Time, id policy.InstanceID, p policy.PoolID, why policy.Reason) {
	*e.done = append(*e.done, fmt.Sprint(t, " move ", id, p, why))
}

func (e echo) Stop(t policy.Time, id policy.InstanceID, p policy.PoolID) {
	*e.done = append(*e.done, fmt.Sprint(t, " stop ", id, p))
}

func (e echo) Resume(t policy.Time, id policy.InstanceID, p policy.PoolID, why policy.Reason) {
	*e.done = append(*e.done, fmt.Sprint(t, " resume ", id, p, why))
}

func (e echo) Replace(t policy.Time, from, to policy.InstanceID) {
	*e.done = append(*e.done, fmt.Sprint(t, " replace ", from, to))
}

func (e echo) Prepare(t policy.Time, id policy.InstanceID, to policy.Target, stages uint8) {
	*e.done = append(*e.done, fmt.Sprint(t, " prepare ", id, to))
}

func (e echo) Refuse(t policy.Time, q policy.RequestID, p policy.PoolID, why policy.Reason) {
	*e.done = append(*e.done, fmt.Sprint(t, " refuse ", q, p, why))
}

func (e echo) End(t policy.Time, id policy.InstanceID, p policy.PoolID, why policy.Reason) {
	*e.done = append(*e.done, fmt.Sprint(t, " end ", id, p, why))
}

func (h events) Len() int { return len(h) }

func (h events) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

func (h *events) Push(x any) { *h = append(*h, x.(event)) }

func (h events) Less(i, j int) bool {
	a, b := h[i], h[j]
	if a.time != b.time {
		return a.time < b.time
	}
	return a.class < b.class || a.class == b.class && a.seq < b.seq
}

func (h *events) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	*h = (*h)[:last]
	return e
}

// Launch implements policy.Host.
func (w *world) Launch(t policy.Time, id policy.InstanceID, p policy.PoolID, on policy.Capacity, why policy.Reason) {
	w.happens(why)
	if w.twin != nil {
		echo{&w.done}.Launch(t, id, p, on, why)
	}
	m := &member{pool: p, on: on}
	refused, answer := w.provider.answer(w, t, on)
	w.members[id] = m
	w.order = append(w.order, id)
	if refused {
		w.fails(t, id, answer)
		return
	}
	w.boot(t, id, int64(w.config.Categories[p].LeadTime))
	if on == policy.Spot && !w.calm && w.d.chance(0.3) {
		w.schedule(t+w.d.span(2*time.Minute), policy.ClassRelease, func() { w.interrupt(id) })
	}
}

// boot makes a launch warm about when that is expected, or lets it fail.
func (w *world) boot(t policy.Time, id policy.InstanceID, lead int64) {
	switch w.d.IntN(6) {
	case 0: // at once, where that is not too far from what was expected
		if lead /= 2; lead < 1e9 {
			lead = 0
		}
	case 1:
		lead = lead/2 + w.d.span(time.Duration(lead/2))
	case 2:
		lead = int64(float64(lead) * (0.3 + 3*w.d.Float64()))
	}
	if w.provider.quota != [2]int{} { // else what is not kept makes place for another at the same instant, without end
		lead = max(lead, int64(time.Millisecond))
	}
	if !w.calm && w.d.chance(0.02) { // a straggler
		lead *= 10
	}
	if !w.calm && w.d.chance(w.provider.fails) {
		w.fails(t+lead, id, policy.BootFailed)
		return
	}
	w.schedule(t+lead, policy.ClassWarm, func() {
		if m := w.members[id]; m != nil {
			m.warm = true
			w.do(func(c referee.Controller) { c.Warm(w.now, id) })
			if m.aimed && m.request == nil && w.members[id] == m {
				w.prepare(id, m)
			}
		}
	})
}

func (w *world) fails(t policy.Time, id policy.InstanceID, why policy.Failure) {
	w.schedule(t, policy.ClassRelease, func() {
		if w.members[id] != nil {
			w.forget(id)
			w.seen[why.String()]++
			w.do(func(c referee.Controller) { c.Fail(w.now, id, why) })
		}
	})
}

// Assign implements policy.Host.
func (w *world) Assign(t policy.Time, a policy.Assignment) {
	w.happens(a.Reason)
	if w.twin != nil {
		echo{&w.done}.Assign(t, a)
	}
	i := slices.IndexFunc(w.waiting, func(q policy.Request) bool { return q.ID == a.Request })
	q := w.waiting[i]
	w.waiting = slices.Delete(w.waiting, i, i+1)
	m := w.members[a.Instance]
	m.aims++
	m.aimed = false
	w.catchUp(a, m)
	duration := w.d.span(pickOf(w.d, 0, 5*time.Second, 30*time.Second, 5*time.Minute))
	w.serve(a.Instance, m, &q, t+a.Delay+duration)
}

// catchUp carries out what an instance lacks for its request, and tells of it
// now or then.
func (w *world) catchUp(a policy.Assignment, m *member) {
	n := m.aims
	for i := 0; a.Missing != 0; i, a.Missing = i+1, a.Missing>>1 {
		if a.Missing&1 != 0 && w.d.chance(0.7) {
			took := w.d.span(20 * time.Second)
			w.schedule(w.now, policy.ClassWarm, func() {
				if w.members[a.Instance] == m && m.request != nil && m.aims == n {
					w.do(func(c referee.Controller) { c.Took(w.now, a.Instance, i, took) })
				}
			})
		}
	}
}

// serve lets an instance serve a request until an instant.
func (w *world) serve(id policy.InstanceID, m *member, q *policy.Request, until policy.Time) {
	m.request, m.until = q, until
	w.schedule(until, policy.ClassRelease, func() {
		if w.members[id] == m && m.request == q {
			m.request = nil
			w.do(func(c referee.Controller) { c.Release(w.now, id) })
		}
	})
}

// Move implements policy.Host.
func (w *world) Move(t policy.Time, id policy.InstanceID, p policy.PoolID, why policy.Reason) {
	w.happens(why)
	if w.twin != nil {
		echo{&w.done}.Move(t, id, p, why)
	}
	w.members[id].pool = p
}

// Stop implements policy.Host.
func (w *world) Stop(t policy.Time, id policy.InstanceID, p policy.PoolID) {
	w.seen["stop"]++
	if w.twin != nil {
		echo{&w.done}.Stop(t, id, p)
	}
	m := w.members[id]
	m.warm, m.aimed = false, false
	m.aims++
}

// Resume implements policy.Host.
func (w *world) Resume(t policy.Time, id policy.InstanceID, p policy.PoolID, why policy.Reason) {
	w.seen["resume"]++
	if w.twin != nil {
		echo{&w.done}.Resume(t, id, p, why)
	}
	w.boot(t, id, w.config.Categories[p].Stopped.Resume)
}

// Replace implements policy.Host.
func (w *world) Replace(t policy.Time, from, to policy.InstanceID) {
	w.seen["replace"]++
	if w.twin != nil {
		echo{&w.done}.Replace(t, from, to)
	}
	a, b := w.members[from], w.members[to]
	q := *a.request
	a.request = nil
	b.aims++
	b.aimed = false
	w.serve(to, b, &q, max(a.until, t))
}

// Prepare implements policy.Host.
func (w *world) Prepare(t policy.Time, id policy.InstanceID, to policy.Target, stages uint8) {
	w.seen["prepare"]++
	if w.twin != nil {
		echo{&w.done}.Prepare(t, id, to, stages)
	}
	m := w.members[id]
	m.aims++
	m.aimed, m.to, m.stages = true, to, stages
	if m.warm {
		w.prepare(id, m)
	}
}

// prepare carries a preparation out, unless it is overtaken.
func (w *world) prepare(id policy.InstanceID, m *member) {
	m.aimed = false
	n := m.aims
	w.schedule(w.now+w.d.span(10*time.Second), policy.ClassWarm, func() {
		if w.members[id] == m && m.request == nil && m.aims == n {
			m.aims++
			k := &w.config.Categories[m.pool]
			for i := range k.Stages {
				if m.stages&(1<<i) != 0 && k.Stages[i].Needs(m.to) && w.d.chance(0.7) {
					took := w.d.span(20 * time.Second)
					w.do(func(c referee.Controller) { c.Took(w.now, id, i, took) })
				}
			}
			w.do(func(c referee.Controller) { c.Prepared(w.now, id) })
		}
	})
}

// Refuse implements policy.Host.
func (w *world) Refuse(t policy.Time, q policy.RequestID, p policy.PoolID, why policy.Reason) {
	w.happens(why)
	if w.twin != nil {
		echo{&w.done}.Refuse(t, q, p, why)
	}
	w.waiting = slices.DeleteFunc(w.waiting, func(r policy.Request) bool { return r.ID == q })
}

// End implements policy.Host.
func (w *world) End(t policy.Time, id policy.InstanceID, p policy.PoolID, why policy.Reason) {
	w.happens(why)
	if w.twin != nil {
		echo{&w.done}.End(t, id, p, why)
	}
	w.forget(id)
}
