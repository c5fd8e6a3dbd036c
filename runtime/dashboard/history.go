package dashboard

import (
	"time"

	"shadowpool/runtime"
)

// A sample is what one pool did within a row of the history.
type sample struct {
	looks int32
	// Sums over the looks.
	level, warm, launching, waiting, inUse float32
	mean, low, high, over                  float32 // of forecasts, over those looks that had one
	forecasts                              int32
	came                                   float32 // requests in the span that was foreseen, at its end
	comes                                  int32   // looks at which that was known

	arrivals, launches, failures int32
	outcomes                     [3]int32 // by policy.Outcome
	total                        int64    // arrivals since the start, at the end
	waits                        waits
}

// sampled is a look at a pool, with what was counted since the one before.
func sampled(p *runtime.PoolStatus, t *poolTally) sample {
	s := sample{
		looks: 1,
		level: float32(p.Level), warm: float32(p.Warm), launching: float32(p.Launching), waiting: float32(p.Waiting), inUse: float32(p.InUse),
		arrivals: t.arrivals, launches: t.launches, failures: t.failures, outcomes: t.outcomes,
		total: int64(t.arrivals), waits: t.waits.list(nil),
	}
	if f := p.Forecast; f != nil {
		s.mean, s.low, s.high, s.over, s.forecasts = float32(f.Mean), float32(f.P05), float32(f.P95), float32(f.OverS), 1
	}
	return s
}

// add adds a later sample.
func (s *sample) add(o *sample) {
	s.looks += o.looks
	s.level, s.warm, s.launching = s.level+o.level, s.warm+o.warm, s.launching+o.launching
	s.waiting, s.inUse = s.waiting+o.waiting, s.inUse+o.inUse
	s.mean, s.low, s.high, s.over = s.mean+o.mean, s.low+o.low, s.high+o.high, s.over+o.over
	s.forecasts += o.forecasts
	s.came, s.comes = s.came+o.came, s.comes+o.comes
	s.arrivals, s.launches, s.failures = s.arrivals+o.arrivals, s.launches+o.launches, s.failures+o.failures
	for i, n := range o.outcomes {
		s.outcomes[i] += n
	}
	s.total = max(s.total, o.total)
	s.waits = s.waits.with(o.waits)
}

// with is w and o together.
func (w waits) with(o waits) waits {
	if len(o) == 0 {
		return w
	}
	if len(w) == 0 {
		return append(w, o...)
	}
	var both histogram
	both.add(w)
	both.add(o)
	return both.list(w[:0])
}

// A row is what all pools did within a step of the history.
type row struct {
	at    int64 // its start, seconds since the epoch; a multiple of the step
	pools []sample
}

// A ring is the latest rows of one step.
type ring struct {
	step int64 // seconds
	rows []row
}

// fineRows are 5 minutes by the second.
const fineRows = 300

// coarseRows are 24 hours by 15 seconds, or less where so many pools would take
// more than some 100 MB.
func coarseRows(pools int) int {
	return min(24*60*4, max(1<<20/max(pools, 1), 40))
}

func newRing(step time.Duration, rows int) *ring {
	return &ring{int64(step / time.Second), make([]row, rows)}
}

// row is the one of a second, empty if it is new.
func (r *ring) row(second int64, pools int) *row {
	at := second - second%r.step
	w := &r.rows[at/r.step%int64(len(r.rows))]
	if w.at != at {
		w.at = at
		for i := range w.pools {
			w.pools[i] = sample{waits: w.pools[i].waits[:0]}
		}
	}
	for len(w.pools) < pools {
		w.pools = append(w.pools, sample{})
	}
	return w
}

// find is what a pool did in the row of a second; nil if that is not known.
func (r *ring) find(second int64, pool int) *sample {
	at := second - second%r.step
	w := &r.rows[at/r.step%int64(len(r.rows))]
	if at < 0 || w.at != at || pool >= len(w.pools) || w.pools[pool].looks == 0 {
		return nil
	}
	return &w.pools[pool]
}

// total is how many requests have come to a pool, as far as was seen.
func (b *Board) total(pool int) int64 {
	if s := b.coarse.find(b.latest, pool); s != nil {
		return s.total
	}
	return 0
}

// came notes how many requests came in the span that ends now and is as long
// as what is foreseen, or as a launch takes.
func (b *Board) came(s *sample, pool int, now int64) {
	over := float64(s.over)
	if over == 0 {
		over = b.status.Pools[pool].LeadTimeS
	}
	if over <= 0 {
		return
	}
	if before, known := b.before(pool, now, over); known {
		s.came, s.comes = float32(float64(s.total)-before), 1
	} else if over < 1 { // a share of the second
		s.came, s.comes = float32(float64(s.arrivals)*over), 1
	}
}

// before is how many requests had come to a pool so many seconds ago.
func (b *Board) before(pool int, now int64, ago float64) (float64, bool) {
	at := float64(now) - ago
	second := int64(at)
	if second >= now-fineRows+2 {
		low, high := b.fine.find(second, pool), b.fine.find(second+1, pool)
		if low == nil { // a look came late
			low = b.fine.find(second-1, pool)
		}
		switch {
		case low == nil:
			return 0, false
		case high == nil:
			return float64(low.total), true
		}
		return float64(low.total) + (at-float64(second))*float64(high.total-low.total), true
	}
	// A row's total is that of its end.
	low, high := b.coarse.find(second-15, pool), b.coarse.find(second, pool)
	if low == nil || high == nil {
		return 0, false
	}
	return float64(low.total) + (at-float64(second-second%15))/15*float64(high.total-low.total), true
}
