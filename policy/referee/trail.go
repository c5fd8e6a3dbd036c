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
	took
	prepared
	release
	fail
	lose
	notice
	drain
	reopen
	pause
	reset
	configure
	announce
	withdraw
	expiry
	look
	tick
	launch // the first action
	assign
	move
	prepare
	stop
	resume
	replace
	end
	refuse
)

func (k kind) String() string {
	return [...]string{
		"nothing", "start", "arrive", "requeue", "cancel", "warm", "took", "prepared", "release", "fail", "lose", "notice", "drain", "reopen", "pause", "reset", "configure",
		"announce", "withdraw", "expiry", "look", "tick", "launch", "assign", "move", "prepare", "stop", "resume", "replace", "end", "refuse",
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
	on       policy.Capacity
	failure  policy.Failure
	warm     policy.Warmth
	other    policy.InstanceID
	hint     policy.HintID
}

func (e entry) String() string {
	name := fmt.Sprintf("instance %s", nameOf(e.instance))
	switch e.kind {
	case arrive, requeue:
		wants := ""
		if e.warm != policy.PreferWarm {
			wants = fmt.Sprintf(", %v a warm one", e.warm)
		}
		return fmt.Sprintf("%d %v: request %d in pool %d, tenant %d%s", e.time, e.kind, e.request, e.pool, e.tenant, wants)
	case cancel:
		return fmt.Sprintf("%d cancel: request %d in pool %d", e.time, e.request, e.pool)
	case fail:
		return fmt.Sprintf("%d fail: %s, %v", e.time, name, e.failure)
	case warm, prepared, release, lose, notice:
		return fmt.Sprintf("%d %v: %s", e.time, e.kind, name)
	case announce, withdraw:
		return fmt.Sprintf("%d %v: hint %d", e.time, e.kind, e.hint)
	case prepare:
		return fmt.Sprintf("  %d prepare: %s", e.time, name)
	case stop:
		return fmt.Sprintf("  %d stop: %s in pool %d", e.time, name, e.pool)
	case resume:
		return fmt.Sprintf("  %d resume: %s in pool %d, %v", e.time, name, e.pool, e.why)
	case replace:
		return fmt.Sprintf("  %d replace: %s by instance %s", e.time, name, nameOf(e.other))
	case launch:
		on := ""
		if e.on != policy.OnDemand {
			on = fmt.Sprintf(" on %v", e.on)
		}
		return fmt.Sprintf("  %d launch: %s in pool %d%s, %v", e.time, name, e.pool, on, e.why)
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
	if t.used > 0 && e.kind >= expiry && e.kind <= tick {
		if was := t.last[(t.used-1)%len(t.last)]; was.kind == e.kind { // one that did nothing says nothing
			t.used--
		}
	}
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
