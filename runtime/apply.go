package runtime

import (
	"fmt"
	"time"

	"shadowpool/policy"
)

// apply enters an event into the host's books and passes it on to the
// controller. It is the same live and when a host is restored, where e comes
// from the journal; what reaches out of the loop is an effect.
func (h *Host) apply(e *Entry) error {
	switch e.Event {
	case "arrive":
		if err := h.enterClaim(e); err != nil {
			return err
		}
	case "cancel":
		if e.Request == nil || h.claims[*e.Request] == nil {
			return fmt.Errorf("cancel of a request that does not wait")
		}
		h.forget(h.claims[*e.Request])
		h.totals.withdrawn++
	case "warm", "release", "fail", "lose":
		id, err := instanceOf(e.Instance)
		if err != nil {
			return err
		}
		m := h.members[id]
		if m == nil {
			return fmt.Errorf("%s of instance %s, which does not exist", e.Event, e.Instance)
		}
		h.enterMember(e, m)
	case "drain":
		h.draining = true
	case "reopen":
		h.draining = false
	case "pause":
		if e.Pool == nil || int(*e.Pool) >= len(h.paused) {
			return fmt.Errorf("pause of a pool that does not exist")
		}
		h.paused[*e.Pool] = e.Paused != nil && *e.Paused
	case "announce":
		if e.Hint != nil {
			h.nextHint = max(h.nextHint, e.Hint.ID+1)
			h.tenants.put(e.Hint.TenantName, e.Hint.Tenant)
			h.tasks.put(e.Hint.TaskTypeName, e.Hint.TaskType)
			h.sources.put(e.Hint.SourceName, e.Hint.Source)
		}
	case "configure":
		if err := h.feed.entry(e); err != nil {
			return err
		}
		h.reconfigured()
		return nil
	}
	return h.feed.entry(e)
}

// enterClaim enters a request that arrives.
func (h *Host) enterClaim(e *Entry) error {
	if e.Request == nil || e.Pool == nil || e.Asked == nil || int(*e.Pool) >= len(h.books) {
		return fmt.Errorf("an arrival lacks its request, or its pool does not exist")
	}
	c := e.claim
	if c == nil {
		warm, err := policy.ParseWarmth(e.Warm)
		if err != nil {
			return err
		}
		c = &claim{Request: Request{
			Category: e.Asked.Category, Tenant: e.TenantName, TaskType: e.TaskTypeName, Zone: e.Asked.Zone, Image: e.Asked.Image,
			Dataset: e.Asked.Dataset, Warm: warm, Key: e.Asked.Key, Labels: e.Asked.Labels,
		}}
		h.tenants.put(e.TenantName, e.Tenant)
		h.tasks.put(e.TaskTypeName, e.TaskType)
	}
	c.id, c.pool, c.arrived = *e.Request, *e.Pool, e.T
	h.nextRequest = max(h.nextRequest, c.id+1)
	h.claims[c.id] = c
	if c.Key != "" {
		h.keys[c.key()] = c
	}
	return nil
}

// forget takes a claim off the books.
func (h *Host) forget(c *claim) {
	delete(h.claims, c.id)
	if c.Key != "" && h.keys[c.key()] == c {
		delete(h.keys, c.key())
		h.spent.add(c.key())
	}
	if c.gone != nil {
		c.gone.Stop()
	}
}

// enterMember enters what has become of an instance.
func (h *Host) enterMember(e *Entry, m *member) {
	switch e.Event {
	case "warm":
		m.warm, m.since = true, e.T
		if !h.restoring {
			lead := e.T - m.ordered
			h.metrics.leads.WithLabelValues(h.poolName(m.pool)).Observe(time.Duration(lead).Seconds())
			h.record.leadTime(lead, h.poolName(m.pool), m.ordinal)
		} else if e.Made != nil {
			m.instance = Instance{Name: m.name, Address: e.Made.Address, PID: e.Made.PID}
		}
		return
	case "fail":
		delete(h.members, m.id)
		if !h.stopping { // a stopping host cancels launches
			h.totals.failed++
		}
		return
	case "lose":
		delete(h.members, m.id)
		h.totals.lost++
	}
	if c := m.claim; c != nil { // it is over
		h.forget(c)
		m.claim, m.since = nil, e.T
		h.serving--
		if !h.restoring {
			h.recordRequest(Served{Request: c.Request, Claim: h.claimName(c.id), Instance: m.name, Arrival: c.arrived, Wait: c.assigned - c.arrived, Duration: e.T - c.assigned})
		}
	}
}

// settle records an event with what the controller decided on it, and carries
// that out.
func (h *Host) settle(e *Entry) {
	e.Actions = h.decided.actions
	h.write(e)
	for _, o := range h.opt.Observers {
		o.Observe(e)
	}
	h.act(e.Actions)
	h.decided.actions = h.decided.actions[:0]
}

// act enters actions into the books, and makes them effects.
func (h *Host) act(actions []Decision) {
	for _, a := range actions {
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
}

func (h *Host) launch(a Decision) {
	m := &member{
		id: a.Instance, name: h.instanceName(a.Instance), pool: a.Pool, ordinal: h.ordinals[a.Pool],
		ordered: a.Time, since: a.Time, end: make(chan struct{}),
	}
	h.ordinals[a.Pool]++
	if h.estate != nil {
		if is := h.estate.take(h.poolName(a.Pool)); is != nil {
			m.name, m.instance, m.claimed = is.name, is.instance, is.claimed
			if is.warm {
				h.estate.warm = append(h.estate.warm, m)
			}
		}
	}
	h.members[m.id] = m
	h.totals.launches++
	if h.restoring {
		return
	}
	h.metrics.launches.WithLabelValues(h.poolName(a.Pool), a.Reason.String()).Inc()
	spec := h.spec(m)
	h.effect(func() { h.attend(m, spec, false) })
}

// instanceName is unique across restarts, and never given twice.
func (h *Host) instanceName(id policy.InstanceID) string {
	if h.era > 0 {
		return fmt.Sprintf("%s-%d-%s", h.run, h.era, nameOf(id))
	}
	return h.run + "-" + nameOf(id)
}

// spec says what a member is.
func (h *Host) spec(m *member) InstanceSpec {
	place := h.opt.Places[m.pool]
	return InstanceSpec{Name: m.name, Pool: h.poolName(m.pool), Category: place.Category, Zone: place.Zone, Tenant: place.Tenant}
}

// assign gives a waiting claim its instance.
func (h *Host) assign(a Decision) {
	c, m := h.claims[a.Request], h.members[a.Instance]
	c.member, c.assigned, c.outcome, c.reason = m, a.Time, a.Outcome, a.Reason
	m.claim, m.claimed, m.since = c, true, a.Time
	h.serving++
	wait := time.Duration(c.assigned - c.arrived)
	h.totals.outcomes[a.Outcome]++
	h.totals.wait += wait
	if h.restoring {
		return
	}
	h.metrics.requests.WithLabelValues(h.poolName(c.pool), a.Outcome.String()).Inc()
	h.metrics.waits.WithLabelValues(h.poolName(c.pool)).Observe(wait.Seconds())
	h.effect(func() { h.hand(c) })
}

func (h *Host) end(a Decision) {
	m := h.members[a.Instance]
	delete(h.members, a.Instance)
	h.totals.terminations++
	if h.restoring {
		return
	}
	h.metrics.terminations.WithLabelValues(h.poolName(a.Pool), a.Reason.String()).Inc()
	h.effect(func() { close(m.end) })
}

// refuse answers a claim that the controller turned away.
func (h *Host) refuse(a Decision) {
	c := h.claims[a.Request]
	h.forget(c)
	h.totals.refused++
	if h.restoring {
		return
	}
	h.metrics.refused.WithLabelValues(h.poolName(c.pool)).Inc()
	err := ErrNotWarm
	if a.Reason == policy.Drained {
		err = ErrDraining
	}
	h.effect(func() { c.answer(answer{err: err}) })
}
