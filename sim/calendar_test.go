package sim

import (
	"math/rand/v2"
	"sort"
	"testing"
)

// The calendar against a stable sort, on spacings from dense ties to sparse.
func TestCalendarOrder(t *testing.T) {
	for _, spread := range []int64{1, 3, 1000, 1e6, 1e9} {
		for _, population := range []int{1, 2, 30, 100, 400} {
			rng := rand.New(rand.NewPCG(uint64(spread), uint64(population)))
			type ev struct {
				time int64
				seq  int
				slot uint32
			}
			now := int64(1.7e18)
			slots := make([]slot, population)
			c := newCalendar(&slots, now)
			var pending []ev
			seq := 0
			var free []uint32
			for s := range population {
				free = append(free, uint32(s))
			}
			for step := range 6000 {
				for len(free) > 0 && rng.IntN(4) > 0 {
					s := free[len(free)-1]
					free = free[:len(free)-1]
					at := now + rng.Int64N(spread)
					if rng.IntN(3) == 0 {
						at = now + rng.Int64N(spread)*rng.Int64N(spread)%(40*spread)
					}
					if rng.IntN(10) == 0 {
						at = now
					}
					c.schedule(at, s)
					pending = append(pending, ev{at, seq, s})
					seq++
				}
				if len(pending) == 0 {
					continue
				}
				sort.Slice(pending, func(i, j int) bool {
					a, b := pending[i], pending[j]
					return a.time < b.time || a.time == b.time && a.seq < b.seq
				})
				want := pending[0]
				// A clock that is behind the next event: nothing may move on.
				if early := now + (want.time-now)/2; early < want.time {
					if got := next(c, early); got <= early {
						t.Fatalf("spread %d population %d step %d: next(%d) = %d before the first event at %d", spread, population, step, early, got, want.time)
					}
					if len(free) > 0 && rng.IntN(3) == 0 {
						s := free[len(free)-1]
						free = free[:len(free)-1]
						c.schedule(early, s)
						pending = append(pending, ev{early, seq, s})
						seq++
						now = early
						continue
					}
				}
				if got := next(c, want.time); got != want.time {
					t.Fatalf("spread %d population %d step %d: next %d, want %d", spread, population, step, got, want.time)
				}
				if got := c.pop(); got != want.slot {
					t.Fatalf("spread %d population %d step %d: slot %d, want %d", spread, population, step, got, want.slot)
				}
				now = want.time
				free = append(free, want.slot)
				pending = pending[1:]
				if population >= 400 && step > 3000 {
					break
				}
			}
		}
	}
}

// next is the time of the earliest event as far as the clock has come.
func next(c *calendar, clock int64) int64 {
	for c.soon <= clock && !c.exact() {
		c.resolve()
	}
	return c.soon
}
