package runtime

import (
	"time"

	"shadowpool/policy"
)

// A clock gives the loop its instants: the wall clock at the start plus the
// monotonic clock since, so that they never go back.
type clock struct {
	began time.Time
	start policy.Time
	last  policy.Time // of an event or a timer
}

// newClock goes on after an instant, although the wall clock may have been set
// back since.
func newClock(wall time.Time, after policy.Time) clock {
	return clock{began: time.Now(), start: max(wall.UnixNano(), after+1), last: after}
}

func (c *clock) now() policy.Time { return c.start + int64(time.Since(c.began)) }

// next is the instant of an event: later than every other event's.
func (c *clock) next() policy.Time {
	c.last = max(c.now(), c.last+1)
	return c.last
}

// passed says that the timer due at t has been fired. Events come after it.
func (c *clock) passed(t policy.Time) { c.last = max(c.last, t) }
