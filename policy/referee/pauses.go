package referee

import (
	"time"

	"shadowpool/policy"
)

// longestBackoff is for how long at most a pool leaves a capacity type alone
// after a failure, unless a launch that is to show how things stand is on its way.
const longestBackoff = 5 * time.Minute

// leastPause is for how long at least it does after a refusal.
const leastPause = time.Second / 2

// paced is how far the orders of a pool that was throttled are apart.
const paced = time.Second

const capacities = 2

// pauses are what failures of a pool's launches, by capacity type, say of when
// the next may be ordered.
type pauses struct {
	// failed is when a launch failed last; Never if one has become warm that was
	// ordered since.
	failed [capacities]policy.Time
	// refused is when the provider refused one after all others had been ordered,
	// for want of capacity; Never if there is nothing to wait for.
	refused [capacities]policy.Time
	// throttled is when orders came too fast last, and paused when one did that was
	// ordered after the time before; Never if none did.
	throttled, paused policy.Time
	ordered           policy.Time // the last launch
	full              policy.Time // a quota was met last; Never if none was
}

var unhindered = pauses{
	failed:    [capacities]policy.Time{policy.Never, policy.Never},
	refused:   [capacities]policy.Time{policy.Never, policy.Never},
	throttled: policy.Never, paused: policy.Never, full: policy.Never,
}

// fail notes a failure at t.
func (s *pauses) fail(t policy.Time, in *instance, why policy.Failure) {
	last := &s.failed[in.on]
	switch {
	case why == policy.Throttled:
		if s.paused == policy.Never || in.ordered > s.paused {
			s.paused = t
		}
		s.throttled = t
		return
	case why == policy.NoCapacity && (*last == policy.Never || in.ordered > *last):
		s.refused[in.on] = t
	case why == policy.OverQuota:
		s.full, s.refused[in.on] = t, policy.Never
	}
	*last = t
}

// succeed notes that a launch has become warm.
func (s *pauses) succeed(in *instance) {
	if last := s.failed[in.on]; last != policy.Never && in.ordered > last {
		s.failed[in.on], s.refused[in.on] = policy.Never, policy.Never
	}
}

// forgive forgets failures, which were of another image; not what a provider
// refused for its quota, or throttled.
func (s *pauses) forgive() {
	s.refused = unhindered.refused
	if s.full == policy.Never {
		s.failed = unhindered.failed
	}
}

// held says whether failures may keep a pool from launching on demand.
func (r *Referee) held(p *pool) bool { return r.heldUntil(p) > r.now }

// heldUntil is until when they may: now if they do not, Never while a launch is on
// its way that may show how things stand.
func (r *Referee) heldUntil(p *pool) policy.Time {
	s := &p.pauses
	last := s.failed[policy.OnDemand]
	switch {
	case last == policy.Never && s.throttled == policy.Never:
		return r.now
	case p.launching() > 0:
		return policy.Never
	}
	until, waits := r.now, int64(longestBackoff+r.config.Tick)
	if last != policy.Never {
		until = max(until, last+waits)
	}
	if s.throttled != policy.Never {
		until = max(until, s.throttled+waits, s.ordered+int64(paced))
	}
	return until
}

// hindered says whether a capacity type may be one to leave alone.
func (p *pool) hindered(on policy.Capacity) bool {
	return p.pauses.failed[on] != policy.Never || p.pauses.throttled != policy.Never
}

// maySoon checks that a pool does not order what has just been refused.
func (r *Referee) maySoon(id policy.PoolID, on policy.Capacity) {
	s := &r.pools[id].pauses
	for _, since := range [...]policy.Time{s.refused[on], s.paused} {
		if since != policy.Never && r.now < since+int64(leastPause) {
			r.fail(Pause, "pool %d orders %v at once after it was refused at %d ns", id, on, since)
		}
	}
	s.ordered = r.now
}
