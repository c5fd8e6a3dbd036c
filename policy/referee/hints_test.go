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
	if d.chance(0.7) {
		h.Target = policy.Target{TaskType: uint32(d.IntN(3)), Dataset: uint32(d.IntN(5)), Tenant: uint32(d.IntN(4))}
	}
	h.From = w.now + d.span(2*time.Minute) - pickOf[int64](d, 0, 0, 0, 60e9)
	h.To = h.From + pickOf(d, 0, d.span(10*time.Second), d.span(5*time.Minute))
	w.do(func(c referee.Controller) {
		if c.Announce(w.now, h) {
			w.seen["hint"]++
			if h.Target.Dataset != 0 && len(w.config.Categories[h.Pool].Stages) > 0 {
				w.seen["hint for a dataset"]++
			}
			w.hints[h.ID] = h
		}
	})
	if d.chance(0.1) {
		w.do(func(c referee.Controller) { c.Withdraw(w.now, h.ID) })
	}
}

// herald makes a request one of a hint for its pool that was announced, mostly,
// and has it ask for what that names, mostly.
func (w *world) herald(q *policy.Request) {
	for id := policy.HintID(1); id <= 12; id++ {
		h, known := w.hints[id]
		if !known || h.Pool != q.Pool || !w.d.chance(0.6) {
			continue
		}
		q.Hint = id
		if w.d.chance(0.7) {
			q.TaskType, q.Dataset = h.Target.TaskType, h.Target.Dataset
		}
		return
	}
}
