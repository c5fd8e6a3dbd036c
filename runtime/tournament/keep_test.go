package tournament

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

// TestKept: evidence goes on where it was, at whatever observation the server was
// stopped, if the policies are the same in whatever order, and begins anew if they are not.
func TestKept(t *testing.T) {
	gather := func(held *Tournament, from, to int64) Status {
		held.mu.Lock()
		for day := from; day < to; day++ {
			held.madeUp(day, 31, func(i int) (float64, float64) {
				usd := map[string]float64{"static:level=9": 30, "none": 0, "static:level=5": 25, "static:level=2": 10}[held.all[i].spec.String()]
				return usd + rand.New(rand.NewPCG(uint64(day), uint64(usd))).Float64(), 0.95
			})
		}
		held.mu.Unlock()
		held.keep()
		return held.Status()
	}
	daily := func(o *Options) { o.Observation, o.Block = 24*time.Hour, 24*time.Hour }
	whole := gather(trialOf(t, daily), 0, 30)
	for _, at := range []int64{1, 13, 29} {
		var kept []byte
		gather(trialOf(t, func(o *Options) {
			daily(o)
			o.Keep = func(data []byte) error { kept = data; return nil }
		}), 0, at)
		resume := func(change func(*Options)) Status {
			return gather(trialOf(t, func(o *Options) {
				daily(o)
				o.Saved = kept
				change(o)
			}), at, 30)
		}
		again := resume(func(*Options) {})
		for i, c := range again.Contenders {
			if !reflect.DeepEqual(c.Against, whole.Contenders[i].Against) {
				t.Errorf("stopped at %d, %s: %+v and %+v", at, c.Policy, c.Against, whole.Contenders[i].Against)
			}
		}
		other := resume(func(o *Options) { o.Contenders = specs(t, "static:level=2,static:level=5") })
		if !reflect.DeepEqual(other.Contenders[3].Against, whole.Contenders[2].Against) {
			t.Errorf("stopped at %d, in another order: %+v", at, other)
		}
		for name, change := range map[string]func(*Options){
			"another contender":   func(o *Options) { o.Contenders = specs(t, "static:level=5,static:level=3") },
			"another live policy": func(o *Options) { o.Live = specs(t, "static:level=8")[0] },
			"another alpha":       func(o *Options) { o.Alpha = 0.01 },
			"damage":              func(o *Options) { o.Saved = kept[:len(kept)/2] },
		} {
			if s := resume(change); s.Observations != 30-at {
				t.Errorf("%s: %d observations of %d", name, s.Observations, 30-at)
			}
		}
	}
}
