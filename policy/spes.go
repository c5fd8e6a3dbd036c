package policy

import (
	"math"
	"time"
)

// Spes is the differentiated scheduler of Lee et al., "SPES: towards optimizing
// performance-resource trade-off for serverless functions" (ICDE 2024). In
// slots of a minute a category has runs of slots in use and, between them,
// waits. By their distribution it belongs to one of a few classes, each with
// waits that are predicted. An instance is preloaded two slots before a
// predicted use, and given up one slot after it did not come; five slots where
// waits are short or requests come in pulses. See waits for the classes.
//
// What the paper leaves open or does otherwise: it classifies on a training
// span of twelve days and adapts afterwards; here a category is classified
// again after every wait, on all waits so far, older ones counting half as much
// after every 512. The paper finds correlated categories among the functions of
// one application or user, which a fleet of categories does not name, so that
// class is left out; and it tells pulsed from possible ones by what either
// would have cost, here by whether waits repeat. One instance is preloaded;
// others are kept for the first of the windows from their own releases.
type Spes struct {
	Pools  []spesPool
	leads  []int64
	ahead  int64 // preload so long before a predicted use, ns
	giveUp int64 // after a predicted use that did not come, or the last one
	linger int64 // the same of dense and pulsed categories
}

type spesPool struct {
	Used    Time // last
	Waits   waits
	Class   waitClass
	Preload preload
}

// Traits implements Sizer.
func (s *Spes) Traits() Traits {
	return Traits{Arrivals: true, Ticks: true, Idle: KeepForAge, ByPool: true}
}

// State implements Stateful.
func (s *Spes) State() any { return &s.Pools }

// Start implements Sizer.
func (s *Spes) Start(t Time, id PoolID) Level {
	p := &s.Pools[id]
	*p = spesPool{Used: t}
	p.Preload = s.plan(p)
	return Level{Keep: p.Preload.Keep}
}

// Arrive implements Sizer.
func (s *Spes) Arrive(t Time, r Request, stock Stock) Level {
	p := &s.Pools[r.Pool]
	if p.Waits.arrive(t/slotSpan, stock.InUse+stock.Waiting > 1) {
		p.Class = p.Waits.class()
		p.Preload = s.plan(p)
	}
	p.Used = t
	return Level{Keep: p.Preload.Keep}
}

// Release implements ReleaseSizer.
func (s *Spes) Release(t Time, id PoolID, _ int64, _ Stock) Level {
	p := &s.Pools[id]
	p.Waits.use(t / slotSpan)
	p.Used = t
	return Level{Keep: p.Preload.Keep}
}

// Tick implements Sizer. While instances are in use, none is preloaded.
func (s *Spes) Tick(t Time, id PoolID, stock Stock) (Level, Time) {
	p := &s.Pools[id]
	if stock.InUse+stock.Waiting > 0 {
		return Level{Keep: p.Preload.Keep}, Never
	}
	return p.Preload.at(t, p.Used, s.leads[id])
}

// plan turns the waits that a pool's class predicts into windows.
func (s *Spes) plan(p *spesPool) preload {
	giveUp := s.giveUp
	if p.Class == denseWaits || p.Class == pulsedWaits {
		giveUp = s.linger
	}
	plan := preload{Keep: giveUp}
	switch p.Class {
	case alwaysWarm: // its next use is in this slot or the next
		plan.add(0, s.linger)
	case regularWaits:
		s.expect(&plan, int64(p.Waits.quantile(0.5)), giveUp)
	case denseWaits:
		modes, n := p.Waits.modes()
		plan.add(0, int64(modes[n-1]+1)*slotSpan+giveUp)
	case nearlyRegular, possibleWaits:
		modes, n := p.Waits.modes()
		for _, wait := range modes[:n] {
			if p.Class == nearlyRegular || p.Waits.Counts[wait] > 1 {
				s.expect(&plan, int64(wait), giveUp)
			}
		}
	}
	return plan
}

// expect adds the window of a use after so many slots of waiting.
func (s *Spes) expect(plan *preload, wait, giveUp int64) {
	plan.add(wait*slotSpan-s.ahead, (wait+1)*slotSpan+giveUp)
}

var _ = register(&Family{
	Name:    "spes",
	Summary: "preloads and gives up by each category's class of waits",
	Knob:    "scale",
	Params: []Param{
		{Name: "scale", Kind: Number, Default: "1", Help: "of the thresholds: preloading 2 min ahead, giving up after 1 or 5 min"},
	},
	Build: func(f Fleet, v Values) (Sizer, error) {
		s := &Spes{Pools: make([]spesPool, len(f.Categories))}
		scaled := func(d time.Duration) int64 {
			return int64(min(math.Round(v.Float("scale")*float64(d)), float64(maxSpan)))
		}
		s.ahead, s.giveUp, s.linger = scaled(2*time.Minute), scaled(time.Minute), scaled(5*time.Minute)
		for _, k := range f.Categories {
			s.leads = append(s.leads, int64(k.LeadTime))
		}
		return s, nil
	},
})
