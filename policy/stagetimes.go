package policy

import (
	"fmt"
	"slices"
	"time"
)

// StageTimes are how long stages are believed to take: what the configuration
// says, until a host tells how long they took.
type StageTimes struct {
	// Pools are what was learned, by stage; nil of a pool of which nothing was.
	Pools [][]stageTime

	categories []Category
	scratch    []float64
}

// Takes is how long a stage of a pool is believed to take for a key, or in
// general where that is not known, or the key is the zero Target.
func (s *StageTimes) Takes(p PoolID, key KeptKey) time.Duration {
	if takes, ok := s.ofKey(p, key); ok {
		return takes
	}
	if s.learned(p) {
		return time.Duration(s.Pools[p][key.Stage].Believed)
	}
	return s.categories[p].Stages[key.Stage].Takes
}

// Takes is how long a stage of pool p is believed to take for a key.
func (c *Controller) Takes(p PoolID, key KeptKey) time.Duration { return c.times.Takes(p, key) }

// ofKey is what is known of a key itself.
func (s *StageTimes) ofKey(p PoolID, key KeptKey) (takes time.Duration, ok bool) {
	if !s.learned(p) {
		return 0, false
	}
	g := &s.Pools[p][key.Stage]
	i, ok := g.row(key.Key)
	if !ok {
		return 0, false
	}
	return time.Duration(g.Keys[i].Believed), true
}

// learned says whether more is known of a pool than its stages' configured times.
func (s *StageTimes) learned(p PoolID) bool { return int(p) < len(s.Pools) && s.Pools[p] != nil }

// adopt takes over the fleet's categories. What was learned stays.
func (s *StageTimes) adopt(categories []Category) {
	s.categories = categories
	for len(s.Pools) < len(categories) {
		s.Pools = append(s.Pools, nil)
	}
	for p := range categories {
		if s.Pools[p] == nil && slices.ContainsFunc(categories[p].Stages, func(k Stage) bool { return len(k.By) > 0 }) {
			s.open(PoolID(p))
		}
	}
}

// open makes room for what is learned of a pool.
func (s *StageTimes) open(p PoolID) {
	stages := s.categories[p].Stages
	s.Pools[p] = make([]stageTime, len(stages))
	for i := range stages {
		s.Pools[p][i] = newStageTime(&stages[i])
	}
}

// learn notes how long a stage took for a key, ns.
func (s *StageTimes) learn(t Time, p PoolID, key KeptKey, took int64) retimed {
	if !s.learned(p) {
		s.open(p)
	}
	g := &s.Pools[p][key.Stage]
	r := g.learn(t, key.Key, float64(took))
	published := false
	s.scratch, published = g.publish(t, s.scratch)
	r.general = r.general || published
	return r
}

// stages are those of a pool with the times that are believed. Where all is set
// these vary as requests of all keys do, else as those of one key.
func (s *StageTimes) stages(p PoolID, all bool) []Stage {
	stages := slices.Clone(s.categories[p].Stages)
	for i := range stages {
		g, k := &s.Pools[p][i], &stages[i]
		was := k.Takes
		k.Takes = time.Duration(g.Believed)
		switch {
		case g.Spread == nil && k.Takes == was:
		case g.Spread == nil && was == 0:
			k.Times = nil
		case g.Spread == nil:
			k.Times = slices.Clone(k.Times)
			for j := range k.Times {
				k.Times[j] = time.Duration(float64(k.Times[j]) * (g.Believed / float64(was)))
			}
		case all:
			k.Times = spans(g.All, 1)
		default:
			k.Times = spans(g.Spread, g.Believed)
		}
	}
	return stages
}

func spans(of []float64, unit float64) []time.Duration {
	all := make([]time.Duration, len(of))
	for i, x := range of {
		all[i] = time.Duration(x * unit)
	}
	return all
}

// restored takes over what a snapshot holds.
func (s *StageTimes) restored(pools [][]stageTime) error {
	s.Pools = pools
	for p := range pools {
		if p >= len(s.categories) || pools[p] != nil && len(pools[p]) != len(s.categories[p].Stages) {
			return fmt.Errorf("policy: snapshot has the times of other stages than the configuration's pool %d", p)
		}
		for i := range pools[p] {
			pools[p][i].restored()
		}
	}
	s.adopt(s.categories)
	return nil
}
