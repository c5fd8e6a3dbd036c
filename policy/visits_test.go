package policy

import (
	"testing"
	"time"
)

// visitor drives a fleet of reusable categories with constant lead times
// through requests that are served one after the other.
type visitor struct {
	onDemand
	ctrl   *Controller
	now    Time
	lead   int64
	warms  []InstanceID // on their way, with their due instants
	dues   []Time
	busy   []InstanceID
	idle   int64 // ns that instances were idle
	launch int
	delay  int64 // of the last promotion, ns
	ends   int
}

// Launch implements Host.
func (v *visitor) Launch(t Time, id InstanceID, _ PoolID, _ Capacity, _ Reason) {
	v.warms, v.dues = append(v.warms, id), append(v.dues, t+v.lead)
	v.launch++
}

// Assign implements Host.
func (v *visitor) Assign(_ Time, a Assignment) {
	v.busy, v.delay = append(v.busy, a.Instance), a.Delay
}

// Move implements Host.
func (v *visitor) Prepare(Time, InstanceID, Target, uint8) {}
func (v *visitor) Refuse(Time, RequestID, PoolID, Reason)  {}
func (v *visitor) Move(Time, InstanceID, PoolID, Reason)   {}

// End implements Host.
func (v *visitor) End(Time, InstanceID, PoolID, Reason) { v.ends++ }

func newVisitor(t testing.TB, spec string, lead time.Duration, categories int) *visitor {
	t.Helper()
	config := Config{}
	for i := range categories {
		config.Categories = append(config.Categories, Category{Name: string(rune('a' + i)), LeadTime: lead, Reusable: true})
	}
	return newVisitorOf(t, spec, config)
}

// newVisitorOf makes one for a fleet whose categories have the same lead time.
func newVisitorOf(t testing.TB, spec string, config Config) *visitor {
	t.Helper()
	v := &visitor{lead: int64(config.Categories[0].LeadTime)}
	var err error
	if v.ctrl, err = New(config, buildSizer(t, spec, config), v); err != nil {
		t.Fatal(err)
	}
	v.ctrl.Start(0)
	return v
}

// pass lets time go by until an arrival at t.
func (v *visitor) pass(t Time) {
	for {
		timer, class := v.ctrl.NextTimer()
		next := min(timer, t)
		if len(v.dues) > 0 {
			next = min(next, v.dues[0])
		}
		for p := range v.ctrl.pools {
			v.idle += int64(v.ctrl.Stock(PoolID(p)).Warm) * (next - v.now)
		}
		v.now = next
		switch {
		case len(v.dues) > 0 && v.dues[0] == next:
			id := v.warms[0]
			v.warms, v.dues = v.warms[1:], v.dues[1:]
			v.ctrl.Warm(next, id)
		case timer == next && (timer < t || class < ClassArrival):
			v.ctrl.Fire()
		default:
			return
		}
	}
}

// visit serves a request that arrives at t and holds its instance for a span,
// and says whether it found one warm.
func (v *visitor) visit(t Time, p PoolID, span time.Duration) bool {
	v.pass(t)
	v.ctrl.Arrive(t, Request{ID: RequestID(t), Pool: p})
	hit := len(v.busy) > 0
	for len(v.busy) == 0 {
		v.pass(v.now + 1)
		if len(v.dues) > 0 {
			v.pass(v.dues[0] + 1)
		}
	}
	v.pass(v.now + int64(span))
	id := v.busy[0]
	v.busy = v.busy[:0]
	v.ctrl.Release(v.now, id)
	return hit
}
