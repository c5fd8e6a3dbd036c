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
	cancel   context.CancelFunc // of its start
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

// A scribe is the policy.Host of live and of verified controllers: it only
// writes down.
type scribe struct {
	actions []Decision // of the event in progress
	// most is how many may follow a single event; 0 is no bound.
	most int
}

// errTooMany is what a scribe panics with beyond its bound.
var errTooMany = errors.New("more actions than wanted")

func (s *scribe) note(d Decision) {
	s.actions = append(s.actions, d)
	if s.most > 0 && len(s.actions) > s.most {
		panic(errTooMany)
	}
}

// Launch implements policy.Host.
func (s *scribe) Launch(t policy.Time, id policy.InstanceID, pool policy.PoolID, on policy.Capacity, why policy.Reason) {
	s.note(Decision{policy.Record{Time: t, Instance: id, Request: -1, Pool: pool, Action: policy.Launched, Reason: why, Capacity: on}, 0})
}

// Assign implements policy.Host.
func (s *scribe) Assign(t policy.Time, a policy.Assignment) {
	s.note(Decision{policy.Record{
		Time: t, Instance: a.Instance, Request: a.Request, Pool: a.Pool, Action: policy.Assigned, Reason: a.Reason, Outcome: a.Outcome,
	}, a.Delay})
}

// Move implements policy.Host.
func (s *scribe) Move(t policy.Time, id policy.InstanceID, to policy.PoolID, why policy.Reason) {
	s.note(Decision{policy.Record{Time: t, Instance: id, Request: -1, Pool: to, Action: policy.Moved, Reason: why}, 0})
}

// Prepare implements policy.Host; options.validate lets no category have stages.
func (s *scribe) Prepare(policy.Time, policy.InstanceID, policy.Target, uint8) {}

// Refuse implements policy.Host.
func (s *scribe) Refuse(t policy.Time, r policy.RequestID, pool policy.PoolID, why policy.Reason) {
	s.note(Decision{policy.Record{Time: t, Request: r, Pool: pool, Action: policy.Refused, Reason: why}, 0})
}

// End implements policy.Host.
func (s *scribe) End(t policy.Time, id policy.InstanceID, pool policy.PoolID, why policy.Reason) {
	s.note(Decision{policy.Record{Time: t, Instance: id, Request: -1, Pool: pool, Action: policy.Ended, Reason: why}, 0})
}

// Stop implements policy.Host. New refuses categories that can be stopped.
func (s *scribe) Stop(policy.Time, policy.InstanceID, policy.PoolID) {
	panic("runtime: Stop of an instance")
}

// Resume implements policy.Host; see Stop.
func (s *scribe) Resume(policy.Time, policy.InstanceID, policy.PoolID, policy.Reason) {
	panic("runtime: Resume of an instance")
}

// Replace implements policy.Host. New refuses categories that have spot.
func (s *scribe) Replace(policy.Time, policy.InstanceID, policy.InstanceID) {
	panic("runtime: Replace of an instance")
}

// settle records an event with what the controller decided on it, and carries
// that out.
func (h *Host) settle(e Entry) {
	h.record.event(e, h.decided.actions)
	if len(h.opt.Observers) > 0 {
		e.Actions = h.decided.actions
		for _, o := range h.opt.Observers {
			o.Observe(&e)
		}
	}
	for _, a := range h.decided.actions {
		switch a.Action {
		case policy.Launched:
			h.launch(a)
		case policy.Assigned:
			h.assign(a)
		case policy.Moved:
			h.members[a.Instance].pool = a.Pool
		case policy.Ended:
			h.end(a)
		case policy.Refused:
			h.refuse(a)
		}
	}
	h.decided.actions = h.decided.actions[:0]
}

func (h *Host) launch(a Decision) {
	ctx, cancel := context.WithCancel(context.Background())
	m := &member{
		id: a.Instance, name: h.run + "-" + nameOf(a.Instance), pool: a.Pool, ordinal: h.ordinals[a.Pool],
		ordered: a.Time, since: a.Time, cancel: cancel, end: make(chan struct{}),
	}
	h.ordinals[a.Pool]++
	h.members[m.id] = m
	h.alive++
	h.totals.launches++
	pool, place := h.poolName(a.Pool), h.opt.Places[a.Pool]
	h.metrics.launches.WithLabelValues(pool, a.Reason.String()).Inc()
	go h.accompany(ctx, m, InstanceSpec{Name: m.name, Pool: pool, Category: place.Category, Zone: place.Zone, Tenant: place.Tenant})
}

func (h *Host) poolName(p policy.PoolID) string { return h.opt.Fleet.Categories[p].Name }

// accompany goes with an instance through its life.
func (h *Host) accompany(ctx context.Context, m *member, spec InstanceSpec) {
	defer h.later(func() { h.alive-- })
	defer m.cancel()
	instance, err := h.opt.Provisioner.Start(ctx, spec)
	if err != nil {
		h.later(func() { h.failed(m, err) })
		return
	}
	h.later(func() { h.warmed(m, instance) })
	select {
	case <-m.end:
	case <-instance.Gone:
		h.later(func() { h.lost(m) })
	}
	// Also after a loss, so that the provisioner may clear up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.opt.EndTimeout)
	defer cancel()
	if err := h.opt.Provisioner.Stop(ctx, spec.Name); err != nil {
		h.opt.Logger.Error("could not end an instance", "instance", spec.Name, "error", err)
	}
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

func (h *Host) warmed(m *member, instance Instance) {
	m.warm, m.instance = true, instance
	h.deliver(policy.ClassWarm, Entry{Event: "warm", Instance: nameOf(m.id)}, func(t policy.Time) {
		m.since = t
		lead := t - m.ordered
		h.stages(m.pool, instance)
		h.metrics.leads.WithLabelValues(h.poolName(m.pool)).Observe(time.Duration(lead).Seconds())
		h.record.leadTime(lead, h.poolName(m.pool), m.ordinal)
		h.ctrl.Warm(t, m.id)
	})
}

func (h *Host) failed(m *member, err error) {
	delete(h.members, m.id)
	if !h.stopping { // a stopping host cancels launches
		h.totals.failed++
		h.metrics.failures.WithLabelValues(h.poolName(m.pool)).Inc()
		h.opt.Logger.Error("a launch failed", "instance", nameOf(m.id), "category", h.poolName(m.pool), "error", err)
	}
	h.deliver(policy.ClassRelease, Entry{Event: "fail", Instance: nameOf(m.id), Error: clip(err.Error())}, func(t policy.Time) {
		h.ctrl.Fail(t, m.id, policy.BootFailed)
	})
}

// lost tells the controller that an instance is gone, unless it has ended it
// in the meantime.
func (h *Host) lost(m *member) {
	if h.members[m.id] != m {
		return
	}
	delete(h.members, m.id)
	h.totals.lost++
	h.metrics.lost.WithLabelValues(h.poolName(m.pool)).Inc()
	var output string
	if m.instance.Output != nil {
		output = m.instance.Output()
	}
	h.opt.Logger.Warn("an instance is gone without having been ended", "instance", m.instance.Name, "in_use", m.claim != nil, "it_wrote_last", output)
	h.deliver(policy.ClassRelease, Entry{Event: "lose", Instance: nameOf(m.id)}, func(t policy.Time) {
		if m.claim != nil {
			h.complete(t, m.claim)
		}
		h.ctrl.Lose(t, m.id)
	})
}

// assign answers a waiting claim.
func (h *Host) assign(a Decision) {
	c, m := h.claims[a.Request], h.members[a.Instance]
	c.member, c.assigned = m, a.Time
	m.claim, m.claimed, m.since = c, true, a.Time
	h.serving++
	wait := time.Duration(c.assigned - c.arrived)
	h.totals.outcomes[a.Outcome]++
	h.totals.wait += wait
	h.metrics.requests.WithLabelValues(h.poolName(c.pool), a.Outcome.String()).Inc()
	h.metrics.waits.WithLabelValues(h.poolName(c.pool)).Observe(wait.Seconds())
	c.reply <- answer{grant: Grant{
		Claim: h.claimName(c.id), Category: c.Category, Zone: h.opt.Places[m.pool].Zone, Tenant: c.Tenant, TaskType: c.TaskType, Instance: m.instance,
		Outcome: a.Outcome, Reason: a.Reason, Wait: wait,
	}}
}

func (h *Host) end(a Decision) {
	m := h.members[a.Instance]
	delete(h.members, a.Instance)
	h.totals.terminations++
	h.metrics.terminations.WithLabelValues(h.poolName(a.Pool), a.Reason.String()).Inc()
	close(m.end)
}

// clip bounds a message for the log.
func clip(s string) string {
	if len(s) > 1000 {
		return s[:1000] + "..."
	}
	return s
}
