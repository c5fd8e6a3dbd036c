package runtime

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"shadowpool/policy"
)

// stateVersion changes with every change of the snapshot's form that older
// programs, or newer ones, cannot read.
const stateVersion = 1

// state is what a host keeps in its store: its books, and the state of the
// controller. The books are enough to go on with a controller that is new.
type state struct {
	Version     int
	Program     string // that wrote it
	Run         string
	Era         int `json:",omitempty"`
	Header      Header
	Controller  json.RawMessage `json:",omitempty"` // absent if it holds nothing yet
	Clock       policy.Time
	Claims      []claimState
	Members     []memberState
	NextRequest policy.RequestID
	NextHint    policy.HintID
	Tenants     []string
	Tasks       []string
	Sources     []string `json:",omitempty"`
	Spent       []string
	Ordinals    []int64
	Paused      []bool
	Draining    bool
	Totals      totalsState
	Keepers     map[string]json.RawMessage `json:",omitempty"`
}

type claimState struct {
	Request
	ID       policy.RequestID
	Pool     policy.PoolID
	Arrived  policy.Time
	Assigned policy.Time    `json:",omitempty"`
	Outcome  policy.Outcome `json:",omitempty"`
	Reason   policy.Reason  `json:",omitempty"`
}

type memberState struct {
	ID      policy.InstanceID
	Name    string
	Pool    policy.PoolID
	Ordinal int64
	Ordered policy.Time
	Since   policy.Time
	Warm    bool              `json:",omitempty"`
	Claimed bool              `json:",omitempty"`
	Serves  *policy.RequestID `json:",omitempty"`
	Address string            `json:",omitempty"`
	PID     int               `json:",omitempty"`
}

type totalsState struct {
	Outcomes                                                 [3]int64
	Wait                                                     time.Duration
	Withdrawn, Refused, Launches, Terminations, Failed, Lost int64
}

// snapshot is the state now.
func (h *Host) snapshot() ([]byte, error) {
	t := &h.totals
	s := state{
		Version: stateVersion, Program: h.opt.Version, Run: h.run, Era: h.era, Header: h.feed.header, Clock: h.clock.last,
		NextRequest: h.nextRequest, NextHint: h.nextHint, Tenants: h.tenants.list(), Tasks: h.tasks.list(), Sources: h.sources.list(), Spent: h.spent.list(),
		Ordinals: h.ordinals, Paused: h.paused, Draining: h.draining,
		Totals: totalsState{t.outcomes, t.wait, t.withdrawn, t.refused, t.launches, t.terminations, t.failed, t.lost},
	}
	if h.started {
		var err error
		if s.Controller, err = h.ctrl.Snapshot(); err != nil {
			return nil, err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(h.claims)) {
		c := h.claims[id]
		s.Claims = append(s.Claims, claimState{c.Request, c.id, c.pool, c.arrived, c.assigned, c.outcome, c.reason})
	}
	for _, m := range h.ordered() {
		as := memberState{
			ID: m.id, Name: m.name, Pool: m.pool, Ordinal: m.ordinal, Ordered: m.ordered, Since: m.since, Warm: m.warm, Claimed: m.claimed,
			Address: m.instance.Address, PID: m.instance.PID,
		}
		if m.claim != nil {
			as.Serves = &m.claim.id
		}
		s.Members = append(s.Members, as)
	}
	for _, name := range slices.Sorted(maps.Keys(h.opt.Keepers)) {
		b, err := h.opt.Keepers[name].Snapshot()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if s.Keepers == nil {
			s.Keepers = make(map[string]json.RawMessage)
		}
		s.Keepers[name] = b
	}
	return json.Marshal(&s)
}

// ordered are the members, those that were ordered first first.
func (h *Host) ordered() []*member {
	return slices.SortedFunc(maps.Values(h.members), func(a, b *member) int {
		return cmp.Or(cmp.Compare(a.ordered, b.ordered), cmp.Compare(a.id, b.id))
	})
}

// recallState fills the books from a snapshot.
func (h *Host) recallState(s *state) error {
	h.run, h.era, h.started = s.Run, s.Era, s.Controller != nil
	h.clock.last = s.Clock
	h.nextRequest, h.nextHint, h.draining = s.NextRequest, s.NextHint, s.Draining
	for i, name := range s.Tenants {
		h.tenants.put(name, uint32(i+1))
	}
	for i, name := range s.Tasks {
		h.tasks.put(name, uint32(i+1))
	}
	for i, name := range s.Sources {
		h.sources.put(name, uint32(i+1))
	}
	for _, key := range s.Spent {
		h.spent.add(key)
	}
	t := &s.Totals
	h.totals = totals{t.Outcomes, t.Wait, t.Withdrawn, t.Refused, t.Launches, t.Terminations, t.Failed, t.Lost}
	pools := len(s.Header.Categories)
	if len(s.Ordinals) != pools || len(s.Paused) != pools {
		return fmt.Errorf("it has %d pools, but figures of %d and %d", pools, len(s.Ordinals), len(s.Paused))
	}
	copy(h.ordinals, s.Ordinals)
	copy(h.paused, s.Paused)
	for i := range s.Claims {
		as := &s.Claims[i]
		if int(as.Pool) >= pools {
			return fmt.Errorf("claim %d is of a pool that does not exist", as.ID)
		}
		c := &claim{Request: as.Request, id: as.ID, pool: as.Pool, arrived: as.Arrived, assigned: as.Assigned, outcome: as.Outcome, reason: as.Reason}
		h.claims[c.id] = c
		if c.Key != "" {
			h.keys[c.key()] = c
		}
	}
	for _, as := range s.Members {
		if int(as.Pool) >= pools {
			return fmt.Errorf("instance %s is of a pool that does not exist", as.Name)
		}
		m := &member{
			id: as.ID, name: as.Name, pool: as.Pool, ordinal: as.Ordinal, ordered: as.Ordered, since: as.Since, warm: as.Warm, claimed: as.Claimed,
			instance: Instance{Name: as.Name, Address: as.Address, PID: as.PID}, end: make(chan struct{}),
		}
		h.members[m.id] = m
		if as.Serves == nil {
			continue
		}
		c := h.claims[*as.Serves]
		if c == nil {
			return fmt.Errorf("instance %s serves a claim that does not exist", as.Name)
		}
		c.member, m.claim = m, c
		h.serving++
	}
	return nil
}
