package policy

import (
	"math/bits"
	"slices"

	"shadowpool/forecast"
)

// stageDemand is the demand for what a stage is done for, by key.
type stageDemand struct {
	Fleet forecast.Fleet
	Keys  []keyDemand

	model *forecast.Model
	find  map[Target]int32 // never iterated
	mean  float64          // requests in a lead time that need the stage
	// sums[k] is how many of them the best k instances serve.
	sums, chances []float64
	scratch       []float64
}

// keyDemand is the demand for one key.
type keyDemand struct {
	Key      Target
	Arrivals *forecast.Arrivals
	Count    float64 // requests since the last update
	Last     int64   // the step of the last request
	Held     int32   // instances that have done the stage for it, or will have
	Kept     int32   // of these, those that keep it beside their target
	// Sized is the demand as it was forecast last; Excited is that since a
	// request that came after it, if any did.
	Sized, Excited forecast.NegBinomial
	chances        []float64 // of more than n requests in a lead time, by n
}

// chance is that of more than n requests.
func (k *keyDemand) chance(n int32) float64 {
	if int(n) >= len(k.chances) {
		return 0
	}
	return k.chances[n]
}

// size computes the chances of a demand.
func (k *keyDemand) size(n forecast.NegBinomial, scratch []float64) []float64 {
	k.chances = k.chances[:0]
	scratch = n.Probabilities(scratch[:0], maxCount)
	left := 1.0
	for _, p := range scratch {
		if left -= p; left < leastChance {
			break
		}
		k.chances = append(k.chances, left)
	}
	return scratch
}

func (s *stageDemand) restored(tick, lead float64) {
	s.model, s.find = forecast.NewModel(tick, lead, forecast.AdaptiveHalfLives, true, true), map[Target]int32{}
	s.model.Share(&s.Fleet)
	scratch := []float64{}
	for i := range s.Keys {
		k := &s.Keys[i]
		s.find[k.Key] = int32(i)
		scratch = k.size(k.Sized, scratch)
	}
	s.sort()
	for i := range s.Keys {
		if k := &s.Keys[i]; k.Excited.Mean > 0 {
			scratch = k.size(k.Excited, scratch)
		}
	}
}

// arrive counts a request, and is the place of its key; of is told when
// another had to make room for it.
func (s *stageDemand) arrive(step int64, key Target, of *assortment) int32 {
	i, ok := s.find[key]
	if !ok {
		i = s.room(of)
		s.Keys[i] = keyDemand{Key: key, Arrivals: s.model.New(step), chances: s.Keys[i].chances[:0]}
		s.find[key] = i
	}
	k := &s.Keys[i]
	k.Count++
	k.Last = step
	if n := uint(k.Count); bits.OnesCount(n) == 1 && bits.TrailingZeros(n)%2 == 0 { // the 1st, 4th, 16th, ...
		k.Excited = s.model.Excited(k.Arrivals, k.Count)
		s.scratch = k.size(k.Excited, s.scratch)
	}
	s.Fleet.Arrive()
	return i
}

func (s *stageDemand) room(of *assortment) int32 {
	if len(s.Keys) < mostTargets {
		s.Keys = append(s.Keys, keyDemand{})
		return int32(len(s.Keys) - 1)
	}
	least := 0
	for i := range s.Keys {
		if s.Keys[i].Arrivals.Mean < s.Keys[least].Arrivals.Mean {
			least = i
		}
	}
	delete(s.find, s.Keys[least].Key)
	of.forget(s, int32(least))
	return int32(least)
}

// tick forecasts the demand for the keys.
func (s *stageDemand) tick(step int64, now, middle forecast.Clock, scratch []float64) []float64 {
	changed := false
	for i := range s.Keys {
		k := &s.Keys[i]
		if step-k.Last > awake && k.Count == 0 && step%asleep != 0 {
			continue
		}
		n := s.model.Update(k.Arrivals, step, k.Count, now, middle)
		k.Count = 0
		if moved(k.Sized, n) || k.Excited.Mean > 0 {
			k.Sized, k.Excited = n, forecast.NegBinomial{}
			scratch = k.size(n, scratch)
			changed = true
		}
	}
	if changed {
		s.sort()
	}
	return scratch
}

// sort puts the chances of all keys in order, the best first, and sums them.
func (s *stageDemand) sort() {
	s.chances, s.mean = s.chances[:0], 0
	for i := range s.Keys {
		s.mean += s.Keys[i].Sized.Mean
		s.chances = append(s.chances, s.Keys[i].chances...)
	}
	slices.Sort(s.chances)
	sum := 0.0
	s.sums = append(s.sums[:0], 0)
	for i := len(s.chances) - 1; i >= 0; i-- {
		sum += s.chances[i]
		s.sums = append(s.sums, sum)
	}
}

// saved is how many requests in a lead time the best k instances serve.
func (s *stageDemand) saved(k int32) float64 {
	if len(s.sums) == 0 {
		return 0
	}
	return s.sums[min(int(k), len(s.sums)-1)]
}
