package referee_test

import (
	"time"

	"shadowpool/policy"
	"shadowpool/policy/referee"
)

// announce gives notice of requests that may come, or not, of which some comes
// too late or twice.
func (w *world) announce() {
	if w.calm {
		return
	}
	d := w.d
	h := policy.Hint{
		ID: policy.HintID(1 + d.IntN(12)), Pool: policy.PoolID(d.IntN(w.asked())), Count: 1 + int32(d.IntN(3)),
		Probability: pickOf(d, 1, 0.9, 0.5, 0.1+0.9*d.Float64()), Source: uint32(d.IntN(3)),
	}
	h.From = w.now + d.span(2*time.Minute) - pickOf[int64](d, 0, 0, 0, 60e9)
	h.To = h.From + pickOf(d, 0, d.span(10*time.Second), d.span(5*time.Minute))
	w.do(func(c referee.Controller) {
		if c.Announce(w.now, h) {
			w.seen["hint"]++
			w.hints[h.ID] = h.Pool
		}
	})
	if d.chance(0.1) {
		w.do(func(c referee.Controller) { c.Withdraw(w.now, h.ID) })
	}
}

// heralded is a hint for a pool that was announced, mostly; else 0.
func (w *world) heralded(p policy.PoolID) policy.HintID {
	for id := policy.HintID(1); id <= 12; id++ {
		if pool, known := w.hints[id]; known && pool == p && w.d.chance(0.6) {
			return id
		}
	}
	return 0
}
