package policy

import "time"

// StaticRolling is static with a level that is chosen again at every local
// midnight: the smallest that would have reached the hit rate over the last
// seven days, what a careful operator does by hand. Under a constant level S
// an arrival hits when fewer than S others came in the lead time before it, so
// that count is all that has to be kept.
type StaticRolling struct {
	Pools   []rolling
	hitRate float64
	first   int32
	leads   []int64 // by pool
	clock   localClock
}

// rolling is what is kept of one pool.
type rolling struct {
	Level  int32
	Next   Time       // the next local midnight
	Recent recent     // arrivals in the last lead time
	Days   [7][]int32 // Days[d][n]: arrivals that found n others, d days ago
}

// mostRolling bounds the counts that are told apart.
const mostRolling = 1 << 14

// Traits implements Sizer.
func (s *StaticRolling) Traits() Traits { return Traits{Arrivals: true, Ticks: true, ByPool: true} }

// State implements Stateful.
func (s *StaticRolling) State() any { return &s.Pools }

// Start implements Sizer.
func (s *StaticRolling) Start(t Time, p PoolID) Level {
	s.Pools[p] = rolling{Level: s.first, Next: s.clock.nextMidnight(t)}
	return Hold(s.first)
}

// Arrive implements Sizer.
func (s *StaticRolling) Arrive(t Time, r Request, _ Stock) Level {
	p := &s.Pools[r.Pool]
	n := min(p.Recent.drop(t-s.leads[r.Pool]), mostRolling)
	p.Recent.add(t)
	for len(p.Days[0]) <= n {
		p.Days[0] = append(p.Days[0], 0)
	}
	p.Days[0][n]++
	return Hold(p.Level)
}

// Tick implements Sizer.
func (s *StaticRolling) Tick(t Time, id PoolID, _ Stock) (Level, Time) {
	p := &s.Pools[id]
	if t >= p.Next {
		p.Level = p.choose(s.hitRate)
		oldest := p.Days[6]
		copy(p.Days[1:], p.Days[:6])
		p.Days[0] = oldest[:0]
		p.Next = s.clock.nextMidnight(t)
	}
	return Hold(p.Level), p.Next
}

// choose is the smallest level that would have reached the hit rate.
func (p *rolling) choose(hitRate float64) int32 {
	var counts []int64
	for _, day := range p.Days {
		for len(counts) < len(day) {
			counts = append(counts, 0)
		}
		for n, arrivals := range day {
			counts[n] += int64(arrivals)
		}
	}
	return smallestLevel(counts, hitRate)
}

var _ = register(&Family{
	Name:    "static-rolling",
	Summary: "static, its level chosen again every day on the last seven",
	Knob:    "hit_rate",
	Params: []Param{
		{Name: "hit_rate", Kind: Share, Default: "0.99", Help: "share of requests that should find a warm instance"},
		{Name: "level", Kind: Count, Default: "1", Help: "level of the first day"},
	},
	Build: func(f Fleet, v Values) (Sizer, error) {
		s := &StaticRolling{
			Pools:   make([]rolling, len(f.Categories)),
			hitRate: v.Float("hit_rate"), first: int32(v.Count("level")), clock: newLocalClock(f.Location),
		}
		for _, k := range f.Categories {
			s.leads = append(s.leads, int64(max(k.LeadTime, time.Nanosecond)))
		}
		return s, nil
	},
})
