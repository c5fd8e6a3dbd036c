package policy

import (
	"encoding/json"
	"fmt"
	"math"
)

// snapshotVersion changes with every change of the snapshot's form.
const snapshotVersion = 9

// Stateful is a Sizer with a state of its own to keep across a restart.
type Stateful interface {
	Sizer
	// State returns a pointer to what encoding/json keeps of the sizer.
	State() any
}

// snapshot is the whole state of a controller.
type snapshot struct {
	Version     int
	Categories  []string
	Generations []string
	ReservedFor []uint32
	Now         Time
	LastTick    Time
	NextTick    Time
	Draining    bool
	Pools       []pool
	Supplies    []supply
	Starved     []PoolID
	Crowded     []PoolID
	Full        Time
	Instances   []instance
	EmptySlot   uint32
	Alive       int
	Ranks       heap[rank]
	Waiters     []waiter
	EmptyWait   uint32
	Apart       []apartShelf
	EmptyApart  uint32
	Prepared    []preparation `json:",omitempty"`
	Kept        kept
	Times       [][]stageTime `json:",omitempty"`
	Lived       bool          `json:",omitempty"`
	Lives       []life        `json:",omitempty"`
	Rollouts    []rollout     `json:",omitempty"`
	Turns       []turn        `json:",omitempty"`
	ClearTurns  int           `json:",omitempty"`
	Loners      queue
	Expiries    []expiry
	Wakes       []wake
	Active      []PoolID
	Sizer       json.RawMessage `json:",omitempty"`
}

// Snapshot returns the whole state, as JSON. A controller with the same
// configuration that restores it goes on as this one would.
func (c *Controller) Snapshot() ([]byte, error) {
	s := snapshot{
		Version: snapshotVersion, Now: c.now, LastTick: c.lastTick, NextTick: c.nextTick, Draining: c.draining,
		Pools: c.pools, Supplies: c.supplies, Starved: c.starved, Crowded: c.crowded, Full: c.full, Instances: c.instances.Rows, EmptySlot: c.instances.Empty,
		Alive: c.instances.Alive, Ranks: c.ranks.heap,
		Waiters: c.waiters.Rows, EmptyWait: c.waiters.Empty, Apart: c.apart.Rows, EmptyApart: c.apart.Empty, Prepared: c.prepared, Kept: c.kept, Times: c.times.Pools,
		Expiries: c.expiries, Wakes: c.wakes, Active: append([]PoolID{}, c.active...),
		Lived: c.lived, Lives: c.lives, Rollouts: c.rollouts, Turns: c.turns.heap, ClearTurns: c.turns.clear, Loners: c.loners,
	}
	for _, k := range c.config.Categories {
		s.Categories = append(s.Categories, k.Name)
		s.Generations = append(s.Generations, k.Generation)
		s.ReservedFor = append(s.ReservedFor, k.ReservedFor)
	}
	if f, ok := c.sizer.(Stateful); ok {
		b, err := json.Marshal(f.State())
		if err != nil {
			return nil, fmt.Errorf("policy: snapshot of the sizer: %w", err)
		}
		s.Sizer = b
	}
	return json.Marshal(s)
}

// Restore takes over a snapshot. The controller must be new and have the
// configuration, the policy and its parameters, of the one that made it. The
// error says what does not fit; the controller is then unusable.
func (c *Controller) Restore(data []byte) error {
	var s snapshot
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("policy: snapshot: %w", err)
	}
	if s.Version != snapshotVersion {
		return fmt.Errorf("policy: snapshot has version %d, this program reads version %d", s.Version, snapshotVersion)
	}
	if n := len(s.Categories); n != len(c.config.Categories) || len(s.Pools) != n || len(s.Supplies) != n || len(s.Generations) != n || len(s.ReservedFor) != n {
		return fmt.Errorf("policy: snapshot has %d categories, the configuration %d", len(s.Categories), len(c.config.Categories))
	}
	for i, k := range c.config.Categories {
		if s.Categories[i] != k.Name {
			return fmt.Errorf("policy: snapshot's category %d is %q, the configuration's %q", i, s.Categories[i], k.Name)
		}
		if s.ReservedFor[i] != k.ReservedFor {
			return fmt.Errorf("policy: snapshot's category %q is reserved for tenant %d, the configuration's for %d", k.Name, s.ReservedFor[i], k.ReservedFor)
		}
		if s.Generations[i] != k.Generation {
			return fmt.Errorf("policy: snapshot's category %q is of generation %q, the configuration's of %q; restore with the former, then Configure the latter", k.Name, s.Generations[i], k.Generation)
		}
	}
	if len(s.Instances) >= math.MaxInt32 || len(s.Waiters) >= math.MaxInt32 {
		return fmt.Errorf("policy: snapshot is too large")
	}
	if f, ok := c.sizer.(Stateful); ok {
		if s.Sizer == nil {
			return fmt.Errorf("policy: snapshot has no state of the sizer; it was made by another policy")
		}
		if err := json.Unmarshal(s.Sizer, f.State()); err != nil {
			return fmt.Errorf("policy: snapshot of the sizer: %w", err)
		}
	}
	c.now, c.lastTick, c.nextTick, c.draining = s.Now, s.LastTick, s.NextTick, s.Draining
	c.keeps = c.keeps && !c.draining
	c.pools, c.supplies, c.starved, c.crowded, c.full = s.Pools, s.Supplies, s.Starved, s.Crowded, s.Full
	c.instances = instances{Rows: s.Instances, Empty: s.EmptySlot, Alive: s.Alive}
	c.configurePools()
	c.ranks = ranks{heap: s.Ranks}
	c.waiters = waiters{Rows: s.Waiters, Empty: s.EmptyWait}
	c.apart = apart{Rows: s.Apart, Empty: s.EmptyApart, find: make(map[apartKey]uint32)}
	for i := range c.apart.Rows {
		if r := &c.apart.Rows[i]; r.Count > 0 || r.Coming > 0 || r.Due != Never {
			c.apart.find[r.key()] = uint32(i)
		}
	}
	c.prepared, c.kept = s.Prepared, s.Kept
	c.kept.restored()
	if err := c.times.restored(s.Times); err != nil {
		return err
	}
	c.lives, c.rollouts, c.turns, c.loners = s.Lives, s.Rollouts, turns{heap: s.Turns, clear: s.ClearTurns}, s.Loners
	if c.lived = c.lived || s.Lived || c.lives != nil; c.lived {
		c.giveLives()
	}
	c.expiries, c.wakes, c.active = s.Expiries, s.Wakes, s.Active
	if c.hints != nil && !c.draining {
		c.nextLook = c.hints.NextLook()
	}
	return nil
}
