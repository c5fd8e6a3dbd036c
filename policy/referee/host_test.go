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
	ctrl *policy.Controller
}

func (e echo) Launch(t policy.Time, id policy.InstanceID, p policy.PoolID, _ policy.Capacity, why policy.Reason) {
	*e.done = append(*e.done, fmt.Sprint(t, " launch ", id, p, why))
}

func (e echo) Assign(t policy.Time, a policy.Assignment) {
	*e.done = append(*e.done, fmt.Sprint(t, " assign ", a))
}

func (e echo) Move(t policy.Time, id policy.InstanceID, p policy.PoolID, why policy.Reason) {
	*e.done = append(*e.done, fmt.Sprint(t, " move ", id, p, why))
}

func (e echo) Stop(policy.Time, policy.InstanceID, policy.PoolID) {}

func (e echo) Resume(policy.Time, policy.InstanceID, policy.PoolID, policy.Reason) {}

func (e echo) Replace(policy.Time, policy.InstanceID, policy.InstanceID) {}

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
	if w.twin != nil {
		echo{&w.done}.Launch(t, id, p, on, why)
	}
	w.members[id] = &member{pool: p}
	w.order = append(w.order, id)
	lead := int64(w.config.Categories[p].LeadTime)
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
	if !w.calm && w.d.chance(0.08) {
		w.schedule(t+lead, policy.ClassRelease, func() {
			if w.members[id] != nil {
				w.forget(id)
				w.do(func(c referee.Controller) { c.Fail(w.now, id, policy.BootFailed) })
			}
		})
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

// Assign implements policy.Host.
func (w *world) Assign(t policy.Time, a policy.Assignment) {
	if w.twin != nil {
		echo{&w.done}.Assign(t, a)
	}
	i := slices.IndexFunc(w.waiting, func(q policy.Request) bool { return q.ID == a.Request })
	q := w.waiting[i]
	w.waiting = slices.Delete(w.waiting, i, i+1)
	w.members[a.Instance].request = &q
	w.members[a.Instance].aims++
	w.members[a.Instance].aimed = false
	duration := w.d.span(pickOf(w.d, 0, 5*time.Second, 30*time.Second, 5*time.Minute))
	w.schedule(t+a.Delay+duration, policy.ClassRelease, func() {
		if m := w.members[a.Instance]; m != nil && m.request == &q {
			m.request = nil
			w.do(func(c referee.Controller) { c.Release(w.now, a.Instance) })
		}
	})
}

// Move implements policy.Host.
func (w *world) Move(t policy.Time, id policy.InstanceID, p policy.PoolID, why policy.Reason) {
	if w.twin != nil {
		echo{&w.done}.Move(t, id, p, why)
	}
	w.members[id].pool = p
}

// Stop implements policy.Host; no category of a world can be stopped.
func (w *world) Stop(policy.Time, policy.InstanceID, policy.PoolID) {}

// Resume implements policy.Host.
func (w *world) Resume(policy.Time, policy.InstanceID, policy.PoolID, policy.Reason) {}

// Replace implements policy.Host; no category of a world has spot.
func (w *world) Replace(policy.Time, policy.InstanceID, policy.InstanceID) {}

// Prepare implements policy.Host.
func (w *world) Prepare(t policy.Time, id policy.InstanceID, to policy.Target, stages uint8) {
	if w.twin != nil {
		echo{&w.done}.Prepare(t, id, to, stages)
	}
	m := w.members[id]
	m.aims++
	m.aimed = true
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
			w.do(func(c referee.Controller) { c.Prepared(w.now, id) })
		}
	})
}

// Refuse implements policy.Host.
func (w *world) Refuse(_ policy.Time, q policy.RequestID, _ policy.PoolID, _ policy.Reason) {
	w.waiting = slices.DeleteFunc(w.waiting, func(r policy.Request) bool { return r.ID == q })
}

// End implements policy.Host.
func (w *world) End(t policy.Time, id policy.InstanceID, p policy.PoolID, why policy.Reason) {
	if w.twin != nil {
		echo{&w.done}.End(t, id, p, why)
	}
	w.forget(id)
}
