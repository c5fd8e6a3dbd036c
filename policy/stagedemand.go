package policy

import (
	"math/bits"

	"shadowpool/forecast"
)

// stageDemand is the demand for what a stage is done for, by key.
type stageDemand struct {
	Fleet forecast.Fleet
	Keys  []keyDemand

	model *forecast.Model
	find  map[Target]int32 // never iterated
	mean  float64          // requests in a lead time that need the stage
	// weighed is the same, each request by the weight of its key.
	weighed float64
	// marginals are of the chances that the forecasts of all keys give.
	marginals marginals
	moved     []int32 // places of keys whose forecast has changed at the last tick
	scratch   []float64
}

// keyDemand is the demand for one key.
type keyDemand struct {
	Key      Target
	Arrivals *forecast.Arrivals
	Count    float64 // requests since the last update
	Last     int64   // the step of the last request
	Held     int32   // instances that have done the stage for it, or will have
	Kept     int32   // of these, those that keep it beside their target
	Named    *named  `json:",omitempty"` // nil while no hint names it
	// Sized is the demand as it was forecast last; Excited is that since a
	// request that came after it, if any did. What is announced comes on top.
	Sized, Excited forecast.NegBinomial
	sized, excited []float64 // the chances of both
	timing
}

// chance is that of more than n requests in a lead time.
func (k *keyDemand) chance(n int32) float64 {
	chances := k.sized
	if k.Excited.Mean > 0 {
		chances = k.excited
	}
	if int(n) >= len(chances) {
		return 0
	}
	return chances[n]
}

// chances fills in those of more than 0, 1, ... requests for a key, given the
// forecast of those that are not announced.
func (s *stageDemand) chances(to []float64, k *keyDemand, of forecast.NegBinomial) []float64 {
	if k.Named != nil {
		to, s.scratch = k.Named.Sum.exceeding(to[:0], of, s.scratch)
		return to
	}
	to, s.scratch = of.Exceeding(to[:0], leastChance, maxCount, s.scratch)
	return to
}

// size takes over the forecast of a key.
func (s *stageDemand) size(k *keyDemand, n forecast.NegBinomial) {
	k.Sized, k.Excited = n, forecast.NegBinomial{}
	s.marginals.add(k.sized, k.weight, -1)
	k.sized = s.chances(k.sized, k, n)
	s.marginals.add(k.sized, k.weight, 1)
}

func (s *stageDemand) restored(tick, lead float64) {
	s.model, s.find = forecast.NewModel(tick, lead, forecast.AdaptiveHalfLives, true, true), map[Target]int32{}
	s.model.Share(&s.Fleet)
	for i := range s.Keys {
		k := &s.Keys[i]
		s.find[k.Key] = int32(i)
		k.timing = usual
		k.sized = s.chances(k.sized, k, k.Sized)
		s.marginals.add(k.sized, k.weight, 1)
		if k.Excited.Mean > 0 {
			k.excited = s.chances(k.excited, k, k.Excited)
		}
	}
	s.sum()
}

// place is that of a key of a stage; of is told when another had to make room for it.
func (s *stageDemand) place(step int64, key Target, of *assortment, stage int) int32 {
	i, ok := s.find[key]
	if !ok {
		i = s.room(of, stage)
		k := &s.Keys[i]
		*k = keyDemand{Key: key, Arrivals: s.model.New(step), sized: k.sized[:0], excited: k.excited[:0], timing: usual}
		s.find[key] = i
	}
	return i
}

// arrive counts a request for the key at a place, and says whether more are
// foreseen by it.
func (s *stageDemand) arrive(step int64, place int32) (excited bool) {
	s.Fleet.Arrive()
	k := &s.Keys[place]
	k.Count++
	k.Last = step
	if n := uint(k.Count); bits.OnesCount(n) == 1 && bits.TrailingZeros(n)%2 == 0 { // the 1st, 4th, 16th, ...
		k.Excited = s.model.Excited(k.Arrivals, k.Count)
		k.Excited.Mean *= k.longer
		k.excited = s.chances(k.excited, k, k.Excited)
		return true
	}
	return false
}

// room is the place of a new key. One that hints name makes room last.
func (s *stageDemand) room(of *assortment, stage int) int32 {
	if len(s.Keys) < mostTargets {
		s.Keys = append(s.Keys, keyDemand{})
		return int32(len(s.Keys) - 1)
	}
	least := 0
	for i := range s.Keys {
		k, than := &s.Keys[i], &s.Keys[least]
		if k.Arrivals.Mean < than.Arrivals.Mean && (k.Named == nil || than.Named != nil) || k.Named == nil && than.Named != nil {
			least = i
		}
	}
	delete(s.find, s.Keys[least].Key)
	of.disown(stage, int32(least))
	s.size(&s.Keys[least], forecast.NegBinomial{})
	s.sum()
	of.forget(stage, int32(least))
	return int32(least)
}

// tick forecasts the demand for the keys, and lists those for which that has
// changed.
func (s *stageDemand) tick(step int64, now, middle forecast.Clock) {
	s.moved = s.moved[:0]
	for i := range s.Keys {
		k := &s.Keys[i]
		if step-k.Last > awake && k.Count == 0 && step%asleep != 0 {
			continue
		}
		n := s.model.Update(k.Arrivals, step, k.Count, now, middle)
		n.Mean *= k.longer
		k.Count = 0
		if moved(k.Sized, n) || k.Excited.Mean > 0 {
			s.size(k, n)
			s.moved = append(s.moved, int32(i))
		}
	}
	if len(s.moved) > 0 {
		s.sum()
	}
}

// sum adds up the requests that need the stage.
func (s *stageDemand) sum() {
	s.mean, s.weighed = 0, 0
	for i := range s.Keys {
		k := &s.Keys[i]
		mean := k.Sized.Mean
		if k.Named != nil {
			mean += k.Named.Sum.all()
		}
		s.mean += mean
		s.weighed += float64(mean * k.weight)
	}
}
