package tournament

import (
	"strconv"
	"strings"

	"shadowpool/policy"
	"shadowpool/runtime"
)

// A note is what the loop passes on of an event, or of an action.
type note struct {
	t        policy.Time
	what     noteKind
	request  policy.Request // of arrived, and ID of what is about one
	instance policy.InstanceID
	pool     policy.PoolID
	outcome  policy.Outcome // of assigned
}

type noteKind uint8

const (
	passed noteKind = iota // nothing but time
	arrived
	withdrawn
	refused // for want of a warm instance
	warmed
	failed
	released
	lost
	drained
	launched
	assigned
	moved
	ended
	unknown // an event that a tournament knows nothing of
	torn    // notes are missing before this one
)

var kinds = map[string]noteKind{
	"start": passed, "timer": passed, "arrive": arrived, "cancel": withdrawn, "warm": warmed, "fail": failed,
	"release": released, "lose": lost, "drain": drained,
}

// Observe implements runtime.Observer. It copies what it needs, and when the
// goroutine is behind by the whole buffer leaves it out.
func (t *Tournament) Observe(e *runtime.Entry) {
	n := note{t: e.T, what: unknown}
	if kind, known := kinds[e.Event]; known {
		n.what = kind
	}
	if e.Request != nil && e.Pool != nil {
		n.pool = *e.Pool
		n.request = policy.Request{ID: *e.Request, Pool: *e.Pool, Tenant: e.Tenant, TaskType: e.TaskType, Anywhere: e.Anywhere}
		n.request.Warm, _ = policy.ParseWarmth(e.Warm) // of the host itself
	}
	if e.Instance != "" {
		n.instance = instanceOf(e.Instance)
	}
	t.pass(n)
	for i := range e.Actions {
		a := &e.Actions[i]
		n := note{t: a.Time, instance: a.Instance, pool: a.Pool}
		n.request.ID = a.Request
		switch a.Action {
		case policy.Launched:
			n.what = launched
		case policy.Assigned:
			n.what, n.outcome = assigned, a.Outcome
		case policy.Moved:
			n.what = moved
		case policy.Ended:
			n.what = ended
		case policy.Refused:
			n.what = refused
		default:
			continue
		}
		t.pass(n)
	}
}

// pass hands a note to the goroutine, without waiting for it. After one that found
// no room, none is passed on before one that tells so.
func (t *Tournament) pass(n note) {
	if t.cut {
		select {
		case t.notes <- note{t: n.t, what: torn}:
			t.cut = false
		default:
			t.dropped.Add(1)
			return
		}
	}
	select {
	case t.notes <- n:
	default:
		t.cut = true
		t.dropped.Add(1)
	}
}

// instanceOf reads the name of an instance: slot and generation.
func instanceOf(name string) policy.InstanceID {
	slot, gen, _ := strings.Cut(name, "-")
	s, _ := strconv.ParseUint(slot, 10, 32)
	g, _ := strconv.ParseUint(gen, 10, 32)
	return idOf(uint32(s), uint32(g))
}
