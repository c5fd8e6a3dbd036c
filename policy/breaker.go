package policy

import (
	"slices"
	"time"
)

// Failure says why a launch failed.
type Failure uint8

// BootFailed: it was ordered and did not become warm. The others are the
// provider's answers to the order: NoCapacity, it has none of this type now;
// Throttled, there were too many orders at once; OverQuota, the account may
// have no more of this type.
const (
	BootFailed Failure = iota
	NoCapacity
	Throttled
	OverQuota
)

func (f Failure) String() string {
	return [...]string{"boot_failed", "no_capacity", "throttled", "over_quota"}[f]
}

// A breaker keeps a pool from launching on one capacity type without end. It
// is closed while Until is zero. It opens at the third boot in a row that
// fails, and at any refusal; from Until on it is half-open and lets one launch
// through, the probe: if that becomes warm it closes, else it opens again, for
// longer. (M. Nygard, Release It!, 2007.)
type breaker struct {
	Failures int32 // since the last success
	Probing  bool
	Full     bool // it opened for want of quota: no probe, a place shows that there is one
	Opened   Time // last
	Until    Time
}

const (
	boots = 3 // that may fail in a row
	// It is open for leastBackoff at first and twice as long each time, up to
	// mostBackoff.
	leastBackoff = int64(time.Second)
	mostBackoff  = int64(5 * time.Minute)
)

// allows says whether a launch may be ordered at t.
func (b *breaker) allows(t Time) bool { return b.Until == 0 || t >= b.Until && !b.Probing }

// fail counts a launch that was ordered at an instant and failed at t. It says
// whether the breaker opens at it.
func (b *breaker) fail(t, ordered Time, why Failure, seed uint64) bool {
	if b.Until != 0 && (ordered <= b.Opened || b.Full && why == BootFailed) {
		return false // it was on its way before that, or tells nothing of the quota
	}
	b.Failures++
	b.Probing, b.Full = false, why == OverQuota
	if why != BootFailed {
		b.Failures = max(b.Failures, boots)
	}
	if b.Failures < boots {
		return false
	}
	b.Opened, b.Until = t, t+backoff(b.Failures-boots, seed)
	return true
}

// backoff is how long a breaker is open that has opened so many times before:
// the half of it that is drawn keeps pools from asking all at one time ("equal
// jitter": M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog,
// 2015). The draw is from the pool and the count alone.
func backoff(before int32, seed uint64) int64 {
	span := min(leastBackoff<<min(before, 20), mostBackoff)
	return span/2 + int64(mix(seed^mix(uint64(before)))%uint64(span/2+1))
}

// end takes note that a launch that was ordered at an instant is no more under
// way; warm says whether it became warm. It says whether the breaker closes or
// lets another probe through.
func (b *breaker) end(ordered Time, warm bool) bool {
	if b.Until == 0 {
		if warm {
			b.Failures = 0
		}
		return false
	}
	if ordered <= b.Opened {
		return false
	}
	if b.Probing = false; warm {
		*b = breaker{}
	}
	return true
}

// begin takes note that a launch is ordered.
func (b *breaker) begin() { b.Probing = b.Until != 0 && !b.Full }

// A throttle makes a pool pause when its orders come too fast, whatever their
// type, and then begin again slowly: with one order, and twice as many a second
// later each time. Pauses grow until a launch becomes warm.
type throttle struct {
	Count int32 // of pauses since a launch became warm
	Allow int32 // orders of a try; zero is any number
	Used  int32
	Since Time // of the last pause
	Until Time // the next try
}

// mostPaced is how many orders a second are no longer paced.
const mostPaced = 256

// order counts an order. It says when the next try is, Never if there is none.
func (h *throttle) order(t Time) Time {
	if h.Used++; h.Allow == 0 || h.Used < h.Allow {
		return Never
	}
	if h.Allow *= 2; h.Allow > mostPaced {
		*h = throttle{}
		return Never
	}
	h.Used, h.Until = 0, t+leastBackoff
	return h.Until
}

// ordered takes note of an order of a pool that is held.
func (c *Controller) ordered(t Time, id PoolID, on Capacity) {
	s := &c.supplies[id]
	s.Breakers[on].begin()
	if at := s.Throttle.order(t); at != Never {
		c.retryAt(at, id)
	}
}

// allows says whether a launch of a type may be ordered at t.
func (s *supply) allows(t Time, on Capacity) bool {
	return t >= s.Throttle.Until && s.Breakers[on].allows(t)
}

// failed tells the pool's breakers of a failed launch.
func (c *Controller) failed(t Time, id PoolID, on Capacity, ordered Time, why Failure) {
	p, s := &c.pools[id], &c.supplies[id]
	seed := uint64(id)<<8 | uint64(on)
	p.Held = true
	if why != Throttled {
		if b := &s.Breakers[on]; b.fail(t, ordered, why, seed) {
			c.retryAt(b.Until, id)
			if b.Full && !s.Crowded {
				s.Crowded = true
				c.crowded = append(c.crowded, id)
			}
		}
		return
	}
	s.Breakers[on].end(ordered, false)
	if pause := &s.Throttle; pause.Allow == 0 || ordered > pause.Since {
		pause.Since, pause.Until = t, t+backoff(pause.Count, seed)
		pause.Count++
		pause.Allow, pause.Used = 1, 0
		c.retryAt(pause.Until, id)
	}
}

// place lets a pool try again that met a quota, as an instance of the type is
// gone: the first in line on whose requests it is, or the first.
func (c *Controller) place(t Time, on Capacity) {
	first := -1
	for i, id := range c.crowded {
		if !c.supplies[id].Breakers[on].Full {
			continue
		}
		if c.pools[id].position() < 0 {
			first = i
			break
		}
		if first < 0 {
			first = i
		}
	}
	if first < 0 {
		return
	}
	id := c.crowded[first]
	c.crowded = slices.Delete(c.crowded, first, first+1)
	s := &c.supplies[id]
	s.Crowded = false
	if b := &s.Breakers[on]; b.Until > t {
		b.Until, b.Opened = t, min(b.Opened, t-1) // the answer to what is ordered now counts
	}
	c.retryAt(t, id)
}

// over tells a pool's breaker that a launch became warm, or was lost.
func (c *Controller) over(t Time, in *instance, warm bool) {
	p, s := &c.pools[in.Pool], &c.supplies[in.Pool]
	if s.Breakers[in.capacity()].end(in.Since, warm) {
		c.retryAt(t, in.Pool)
	}
	if warm {
		s.Throttle.Count = 0
	}
	p.Held = s.holds()
}

// holds says whether launches have failed and none has become warm since, or
// they pause.
func (s *supply) holds() bool {
	held := s.Throttle.Allow > 0
	for i := range s.Breakers {
		held = held || s.Breakers[i].Failures > 0
	}
	return held
}

// another resets the breakers but for want of quota: it was another image that
// failed.
func (s *supply) another() {
	for i := range s.Breakers {
		if !s.Breakers[i].Full {
			s.Breakers[i] = breaker{}
		}
	}
}

// retryBit marks the timers by which pools try again to launch.
const retryBit shelfID = 1 << 30

// retryAt sets a timer at which a pool is replenished.
func (c *Controller) retryAt(t Time, id PoolID) {
	c.expiries.push(expiry{t, retryBit | shelfID(id)})
}

// retryAll sets the timers of all pools anew.
func (c *Controller) retryAll() {
	for i := range c.supplies {
		c.supplies[i].Called = false
		for _, b := range c.supplies[i].Breakers {
			if b.Until != 0 {
				c.retryAt(max(b.Until, c.now), PoolID(i))
			}
		}
		if until := c.supplies[i].Throttle.Until; until > c.now {
			c.retryAt(until, PoolID(i))
		}
	}
	c.feed(c.now)
}
