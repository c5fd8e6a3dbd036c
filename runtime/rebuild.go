package runtime

import (
	"cmp"
	"fmt"
	"slices"

	"shadowpool/policy"
)

// rebuild lets a controller that is new take over what the books have, where
// the one before cannot be had again: the program decides otherwise now, or
// the configuration lacks a category. Who holds an instance keeps it. What is
// warm and has served nobody, or is launching, is taken for what the policy
// orders; what is left is nobody's, and the patrol ends it. What the policy has
// learned is lost.
func (h *Host) rebuild(wanted Header) error {
	h.restoring = true
	defer func() { h.restoring = false }()
	was := estate{totals: h.totals, heirs: make(map[string][]*member)}
	for _, c := range h.claims {
		was.claims = append(was.claims, c)
	}
	slices.SortFunc(was.claims, func(a, b *claim) int { return cmp.Compare(a.id, b.id) })
	for _, m := range h.ordered() {
		if m.claim == nil && !m.claimed {
			was.heirs[h.poolName(m.pool)] = append(was.heirs[h.poolName(m.pool)], m)
		}
	}
	paused := make(map[string]bool)
	for i, is := range h.paused {
		paused[h.poolName(policy.PoolID(i))] = is
	}
	h.members, h.claims, h.keys, h.serving = make(map[policy.InstanceID]*member), make(map[policy.RequestID]*claim), make(map[string]*claim), 0
	h.books, h.ordinals, h.paused = nil, nil, nil
	h.era++
	h.estate = &was
	defer func() { h.estate = nil }()

	// What is held may be more than limits allow now.
	free := wanted
	free.BudgetUSD = 0
	free.Categories = slices.Clone(wanted.Categories)
	for i := range free.Categories {
		free.Categories[i].MaxInstances, free.Categories[i].MaxLaunching = 0, 0
	}
	if err := h.control(free); err != nil {
		return err
	}
	for _, c := range was.claims {
		if c.member != nil {
			if err := h.keep(c); err != nil {
				return err
			}
		}
	}
	for _, e := range []Entry{{Event: "configure", Config: &wanted}, {Event: "start"}} {
		if err := h.anew(&e); err != nil {
			return err
		}
	}
	for i := range h.paused {
		if pool, is := policy.PoolID(i), paused[h.poolName(policy.PoolID(i))]; is {
			if err := h.anew(&Entry{Event: "pause", Pool: &pool, Paused: &is}); err != nil {
				return err
			}
		}
	}
	if h.draining {
		if err := h.anew(&Entry{Event: "drain"}); err != nil {
			return err
		}
	}
	for _, c := range was.claims {
		if c.member == nil && c.Key != "" { // who else waited cannot come back
			if err := h.readmit(c, c.Warm); err != nil {
				return err
			}
		}
	}
	h.totals = was.totals
	return nil
}

// An estate is what a rebuilt host takes over.
type estate struct {
	claims []*claim
	totals totals
	heirs  map[string][]*member // idle or launching, by pool
	next   *member              // that the next launch is taken for
	warm   []*member            // were taken, and are warm
}

// take gives a launch of a pool something that exists already.
func (s *estate) take(pool string) *member {
	if m := s.next; m != nil {
		s.next = nil
		return m
	}
	all := s.heirs[pool]
	if len(all) == 0 {
		return nil
	}
	best := max(0, slices.IndexFunc(all, func(m *member) bool { return m.warm }))
	m := all[best]
	s.heirs[pool] = slices.Delete(all, best, best+1)
	return m
}

// keep leaves a claim its instance.
func (h *Host) keep(c *claim) error {
	before := *c
	m := c.member
	c.member = nil
	h.estate.next = m
	if err := h.readmit(c, policy.NeverWarm); err != nil {
		return err
	}
	if c.member == nil || c.member.name != m.name {
		return fmt.Errorf("claim %s cannot keep its instance %s", h.claimName(c.id), m.name)
	}
	c.arrived, c.assigned, c.outcome, c.reason = before.arrived, before.assigned, before.outcome, before.reason
	return nil
}

// readmit lets a request arrive once more.
func (h *Host) readmit(c *claim, warm policy.Warmth) error {
	pool, served := h.places.Find(c.Category, c.Zone, c.Tenant)
	if !served {
		return fmt.Errorf("claim %s of category %q is held or waits, and the configuration has no such category; put it back until the claim is released",
			h.claimName(c.id), c.Category)
	}
	arrived := c.arrived
	tenant, _ := h.tenants.id(c.Tenant)
	task, _ := h.tasks.id(c.TaskType)
	e := Entry{
		Event: "arrive", Request: &c.id, Pool: &pool, Tenant: tenant, TaskType: task, Warm: warm.String(), claim: c,
		Anywhere: c.Zone == "" && h.places.Zoned(c.Category), Asked: &Asked{Category: c.Category},
	}
	if err := h.anew(&e); err != nil {
		return err
	}
	c.arrived = arrived
	return nil
}

// anew enters an event, and that what was taken is warm.
func (h *Host) anew(e *Entry) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a new controller cannot take over: %v", p)
		}
	}()
	for {
		e.T = h.clock.next()
		for due, class := h.ctrl.NextTimer(); due < e.T; due, class = h.ctrl.NextTimer() {
			timer := Entry{T: due, Event: "timer", Class: timerName(class)}
			if err := h.applyAnew(&timer); err != nil {
				return err
			}
		}
		if err := h.applyAnew(e); err != nil || len(h.estate.warm) == 0 {
			return err
		}
		m := h.estate.warm[0]
		h.estate.warm = h.estate.warm[1:]
		e = &Entry{Event: "warm", Instance: nameOf(m.id)}
	}
}

func (h *Host) applyAnew(e *Entry) error {
	if err := h.apply(e); err != nil {
		return err
	}
	h.act(h.decided.actions)
	h.decided.actions = h.decided.actions[:0]
	return nil
}

// deaf takes events and decides nothing: it stands for a controller while only
// the books are replayed.
type deaf struct{}

func (deaf) Start(policy.Time)                                        {}
func (deaf) Arrive(policy.Time, policy.Request)                       {}
func (deaf) Cancel(policy.Time, policy.PoolID, policy.RequestID) bool { return true }
func (deaf) Warm(policy.Time, policy.InstanceID)                      {}
func (deaf) Release(policy.Time, policy.InstanceID)                   {}
func (deaf) Fail(policy.Time, policy.InstanceID, policy.Failure)      {}
func (deaf) Lose(policy.Time, policy.InstanceID)                      {}
func (deaf) Drain(policy.Time)                                        {}
func (deaf) Reopen(policy.Time)                                       {}
func (deaf) Pause(policy.Time, policy.PoolID, bool)                   {}
func (deaf) Reset(policy.Time, policy.PoolID)                         {}
func (deaf) Announce(policy.Time, policy.Hint) bool                   { return true }
func (deaf) Withdraw(policy.Time, policy.HintID) bool                 { return true }
func (deaf) Configure(policy.Time, policy.Config, policy.Sizer) error { return nil }
func (deaf) NextTimer() (policy.Time, policy.Class)                   { return policy.Never, 0 }
func (deaf) Fire()                                                    {}
