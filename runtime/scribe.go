package runtime

import (
	"errors"

	"shadowpool/policy"
)

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
