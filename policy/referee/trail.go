package referee

import (
	"fmt"

	"shadowpool/policy"
)

// kind is what happened: an event, or an action of the controller.
type kind uint8

const (
	nothing kind = iota
	start
	arrive
	requeue
	cancel
	warm
	prepared
	release
	fail
	lose
	drain
	configure
	expiry
	tick
	launch // the first action
	assign
	move
	prepare
	end
	refuse
)

func (k kind) String() string {
	return [...]string{
		"nothing", "start", "arrive", "requeue", "cancel", "warm", "prepared", "release", "fail", "lose", "drain", "configure",
		"expiry", "tick", "launch", "assign", "move", "prepare", "end", "refuse",
	}[k]
}

// entry is one line of the trail, put into words only when it is read.
type entry struct {
	time     policy.Time
	kind     kind
	why      policy.Reason
	outcome  policy.Outcome
	pool     policy.PoolID
	instance policy.InstanceID
	request  policy.RequestID
	tenant   uint32
}

func (e entry) String() string {
	name := fmt.Sprintf("instance %s", nameOf(e.instance))
	switch e.kind {
	case arrive, requeue:
		return fmt.Sprintf("%d %v: request %d in pool %d, tenant %d", e.time, e.kind, e.request, e.pool, e.tenant)
	case cancel:
		return fmt.Sprintf("%d cancel: request %d in pool %d", e.time, e.request, e.pool)
	case warm, prepared, release, fail, lose, prepare:
		return fmt.Sprintf("%d %v: %s", e.time, e.kind, name)
	case launch:
		return fmt.Sprintf("  %d launch: %s in pool %d, %v", e.time, name, e.pool, e.why)
	case assign:
		return fmt.Sprintf("  %d assign: %s to request %d of pool %d, %v, %v", e.time, name, e.request, e.pool, e.outcome, e.why)
	case move:
		return fmt.Sprintf("  %d move: %s to pool %d, %v", e.time, name, e.pool, e.why)
	case refuse:
		return fmt.Sprintf("  %d refuse: request %d in pool %d, %v", e.time, e.request, e.pool, e.why)
	case end:
		return fmt.Sprintf("  %d end: %s in pool %d, %v", e.time, name, e.pool, e.why)
	}
	return fmt.Sprintf("%d %v", e.time, e.kind)
}

// nameOf is slot-generation, as in event logs.
func nameOf(id policy.InstanceID) string {
	return fmt.Sprintf("%d-%d", id.Slot(), uint64(id)>>32)
}

// trail keeps the last entries.
type trail struct {
	last [64]entry
	used int
}

func (t *trail) add(e entry) {
	t.last[t.used%len(t.last)] = e
	t.used++
}

func (t *trail) lines() []string {
	var lines []string
	for i := max(0, t.used-len(t.last)); i < t.used; i++ {
		lines = append(lines, t.last[i%len(t.last)].String())
	}
	return lines
}
