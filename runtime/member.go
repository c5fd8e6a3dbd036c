package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"shadowpool/policy"
)

// A member is an instance from its launch until the controller forgets it. A
// goroutine of its own accompanies it: start, then its end or its loss.
type member struct {
	id       policy.InstanceID
	name     string        // to the provisioner
	pool     policy.PoolID // whose it is: of its launch, unless it has become a tenant's
	ordinal  int64         // among the launches of the pool that it was launched for
	ordered  policy.Time
	warm     bool
	claim    *claim // what it serves
	instance Instance
	cancel   context.CancelFunc // of its start; nil before that
	end      chan struct{}      // closed when the controller ends it

	claimed bool        // ever
	since   policy.Time // it has been doing what it does
	seen    policy.Time // the latest look; 0 if it is not known what it did then
	told    bool        // whether its CPU time is known
	cpu     time.Duration
}

// What a member may be doing.
const (
	launching = iota
	idle
	serving
)

func (m *member) state() int {
	switch {
	case m.claim != nil:
		return serving
	case m.warm:
		return idle
	}
	return launching
}

// nameOf is an instance's name within a run: slot and generation.
func nameOf(id policy.InstanceID) string {
	return fmt.Sprintf("%d-%d", id.Slot(), uint64(id)>>32)
}

func (h *Host) poolName(p policy.PoolID) string { return h.opt.Fleet.Categories[p].Name }

// attend begins to accompany a member: to launch it, or, if it is warm
// already, to take it over.
func (h *Host) attend(m *member, spec InstanceSpec, warm bool) {
	ctx, cancel := context.WithCancel(h.life)
	m.cancel = cancel
	h.alive++
	go func() {
		defer h.later(func() { h.alive-- })
		defer cancel()
		if warm {
			h.accompanyWarm(ctx, m, spec)
		} else {
			h.accompany(ctx, m, spec)
		}
	}()
}

// accompany goes with an instance through its life.
func (h *Host) accompany(ctx context.Context, m *member, spec InstanceSpec) {
	instance, err := h.opt.Provisioner.Start(ctx, spec)
	if err != nil {
		h.later(func() { h.failed(m, err) })
		return
	}
	h.later(func() { h.warmed(m, instance) })
	h.stay(ctx, m, spec, instance)
}

// adoptEvery is how long an adoption that failed rests at first; each time
// twice as long, up to adoptSlowest.
const (
	adoptEvery   = time.Second
	adoptSlowest = time.Minute
)

// accompanyWarm takes over an instance that was warm when the server was
// stopped, and goes with it from there. It is lost only if it is known to be
// gone.
func (h *Host) accompanyWarm(ctx context.Context, m *member, spec InstanceSpec) {
	for rest := adoptEvery; ; rest = min(2*rest, adoptSlowest) {
		instance, err := h.opt.Provisioner.Adopt(ctx, spec)
		switch {
		case err == nil:
			h.later(func() { m.instance = instance })
			h.stay(ctx, m, spec, instance)
			return
		case errors.Is(err, ErrGone):
			gone := make(chan struct{})
			close(gone)
			h.stay(ctx, m, spec, Instance{Name: spec.Name, Gone: gone})
			return
		}
		h.opt.Logger.Error("cannot take over an instance yet", "instance", spec.Name, "error", err)
		select {
		case <-time.After(rest):
		case <-m.end:
			h.stop(ctx, spec.Name)
			return
		case <-h.done:
			return
		}
	}
}

// stay waits until a warm instance is to end, or is gone, and clears up. What a
// host leaves behind stays as it is.
func (h *Host) stay(ctx context.Context, m *member, spec InstanceSpec, instance Instance) {
	select {
	case <-m.end:
	case <-instance.Gone:
		h.later(func() { h.lost(m) })
	case <-h.done:
		return
	}
	h.stop(ctx, spec.Name) // also after a loss, so that the provisioner may clear up
	cpu := time.Duration(Unknown)
	select {
	case <-instance.Gone:
		if instance.CPU != nil {
			cpu = instance.CPU()
		}
	default:
	}
	h.later(func() { h.ended(m, cpu) })
}

func (h *Host) stop(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.opt.EndTimeout)
	defer cancel()
	if err := h.opt.Provisioner.Stop(ctx, name); err != nil {
		h.opt.Logger.Error("could not end an instance", "instance", name, "error", err)
	}
}

func (h *Host) warmed(m *member, instance Instance) {
	m.instance = instance
	h.stages(m.pool, instance)
	h.deliver(policy.ClassWarm, Entry{
		Event: "warm", Instance: nameOf(m.id), Made: &Made{Address: instance.Address, PID: instance.PID},
	})
}

func (h *Host) failed(m *member, err error) {
	if !h.stopping {
		h.metrics.failures.WithLabelValues(h.poolName(m.pool)).Inc()
		h.opt.Logger.Error("a launch failed", "instance", nameOf(m.id), "category", h.poolName(m.pool), "error", err)
	}
	e := Entry{Event: "fail", Instance: nameOf(m.id), Error: clip(err.Error())}
	if why := failureOf(err); why != policy.BootFailed {
		e.Reason = why.String()
	}
	h.deliver(policy.ClassRelease, e)
}

// failureOf says what a provider's answer means to a controller.
func failureOf(err error) policy.Failure {
	switch {
	case errors.Is(err, ErrNoCapacity):
		return policy.NoCapacity
	case errors.Is(err, ErrThrottled):
		return policy.Throttled
	case errors.Is(err, ErrOverQuota):
		return policy.OverQuota
	}
	return policy.BootFailed
}

// lost tells the controller that an instance is gone, unless it has ended it
// in the meantime.
func (h *Host) lost(m *member) {
	if h.members[m.id] != m {
		return
	}
	h.metrics.lost.WithLabelValues(h.poolName(m.pool)).Inc()
	var output string
	if m.instance.Output != nil {
		output = m.instance.Output()
	}
	h.opt.Logger.Warn("an instance is gone without having been ended", "instance", m.name, "in_use", m.claim != nil, "it_wrote_last", output)
	h.deliver(policy.ClassRelease, Entry{Event: "lose", Instance: nameOf(m.id), moot: func() bool { return h.members[m.id] != m }})
}

// clip bounds a message for the log.
func clip(s string) string {
	if len(s) > 1000 {
		return s[:1000] + "..."
	}
	return s
}
