package policy

import "encoding/json"

// A plan decides one pool's level from the counts of its arrivals.
type plan interface {
	// revise takes the n arrivals since it was last called and returns the
	// level from t on, and when it wants to be asked again even if nothing
	// comes.
	revise(t Time, n float64) (int32, Time)
}

// planned sizes every pool by a plan of its own, which is made at the first
// arrival: categories that are never asked for cost nothing.
type planned struct {
	plans plans
}

// plans are the pools of a planned sizer. They know how to make a plan, so
// that a snapshot can be read back.
type plans struct {
	pools []plannedPool
	make  func(PoolID) plan
}

type plannedPool struct {
	Level int32
	Count float64 // arrivals since the last tick
	Plan  plan
}

func newPlanned(pools int, make_ func(PoolID) plan) *planned {
	return &planned{plans{make([]plannedPool, pools), make_}}
}

// Traits implements Sizer.
func (s *planned) Traits() Traits {
	return Traits{Arrivals: true, Ticks: true, Idle: RetireByWarm, ByPool: true}
}

// State implements Stateful.
func (s *planned) State() any { return &s.plans }

// Start implements Sizer.
func (s *planned) Start(Time, PoolID) Level { return Level{} }

// Arrive implements Sizer.
func (s *planned) Arrive(_ Time, r Request, _ Stock) Level {
	p := &s.plans.pools[r.Pool]
	if p.Plan == nil {
		p.Plan = s.plans.make(r.Pool)
	}
	p.Count++
	return Hold(p.Level)
}

// Tick implements Sizer.
func (s *planned) Tick(t Time, id PoolID, _ Stock) (Level, Time) {
	p := &s.plans.pools[id]
	if p.Plan == nil {
		return Level{}, Never
	}
	var next Time
	p.Level, next = p.Plan.revise(t, p.Count)
	p.Count = 0
	return Hold(p.Level), next
}

// MarshalJSON writes a pool without a plan as null.
func (p *plans) MarshalJSON() ([]byte, error) {
	pools := make([]*plannedPool, len(p.pools))
	for i := range p.pools {
		if p.pools[i].Plan != nil {
			pools[i] = &p.pools[i]
		}
	}
	return json.Marshal(pools)
}

// UnmarshalJSON makes each plan anew and fills it in.
func (p *plans) UnmarshalJSON(data []byte) error {
	var pools []json.RawMessage
	if err := json.Unmarshal(data, &pools); err != nil {
		return err
	}
	for i, state := range pools {
		if string(state) == "null" {
			continue
		}
		p.pools[i].Plan = p.make(PoolID(i))
		if err := json.Unmarshal(state, &p.pools[i]); err != nil {
			return err
		}
	}
	return nil
}
