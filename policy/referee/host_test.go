package referee_test

import (
	"fmt"
	"slices"
	"time"

	"shadowpool/policy"
	"shadowpool/policy/referee"
)

// The world as the controller's host.

// port is a controller and where its actions go.
type port struct {
	policy.Host
	ctrl *policy.Controller
}

// echo is a host that notes actions.
type echo struct{ done *[]string }

func (e echo) Launch(t policy.Time, id policy.InstanceID, p policy.PoolID, why policy.Reason) {
	*e.done = append(*e.done, fmt.Sprint(t, " launch ", id, p, why))
}

func (e echo) Assign(t policy.Time, a policy.Assignment) {
	*e.done = append(*e.done, fmt.Sprint(t, " assign ", a))
}

func (e echo) Move(t policy.Time, id policy.InstanceID, p policy.PoolID, why policy.Reason) {
	*e.done = append(*e.done, fmt.Sprint(t, " move ", id, p, why))
}

func (e echo) End(t policy.Time, id policy.InstanceID, p policy.PoolID, why policy.Reason) {
	*e.done = append(*e.done, fmt.Sprint(t, " end ", id, p, why))
}

type event struct {
	time  policy.Time
	class policy.Class
	seq   int
	do    func()
}

// events is a heap.
type events []event

func (h events) Len() int      { return len(h) }
func (h events) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *events) Push(x any)   { *h = append(*h, x.(event)) }

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
func (w *world) Launch(t policy.Time, id policy.InstanceID, p policy.PoolID, why policy.Reason) {
	if w.twin != nil {
		echo{&w.done}.Launch(t, id, p, why)
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
				w.do(func(c referee.Controller) { c.Fail(w.now, id) })
			}
		})
		return
	}
	w.schedule(t+lead, policy.ClassWarm, func() {
		if m := w.members[id]; m != nil {
			m.warm = true
			w.do(func(c referee.Controller) { c.Warm(w.now, id) })
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

// End implements policy.Host.
func (w *world) End(t policy.Time, id policy.InstanceID, p policy.PoolID, why policy.Reason) {
	if w.twin != nil {
		echo{&w.done}.End(t, id, p, why)
	}
	w.forget(id)
}
