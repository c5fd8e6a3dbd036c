package policy

import "slices"

// keep notes how many instances keep a key beside their targets.
func (m *assortment) keep(key KeptKey, n int32) {
	s := &m.Stages[key.Stage]
	if i, ok := s.find[key.Key]; ok && s.Keys[i].Kept != n {
		s.Keys[i].Held += n - s.Keys[i].Kept
		s.Keys[i].Kept = n
		m.changed(int(key.Stage), i)
	}
}

// further is the key for which a second of a stage saves most, of the stages
// that keep several, where an instance is prepared for a target and keeps some
// keys already. Where waits are summed, the saving of a second is the chance that one
// instance more for the key is asked for in a lead time, however long it takes.
func (m *assortment) further(is Target, keeps []KeptKey) (next KeptKey, ok bool) {
	best := leastKept
	for j := range m.stages {
		s := &m.stages[j]
		if s.Keeps <= 1 {
			continue
		}
		demand := &m.Stages[j]
		least := 0.0
		if n, oldest := kepts(keeps, uint8(j)); n >= s.Keeps-1 {
			if i, ok := demand.find[oldest]; ok {
				k := &demand.Keys[i]
				least = float64(betterBy * float64(k.chance(max(k.Held-1, 0))*k.second))
			}
		}
		for i := range demand.Keys {
			k := &demand.Keys[i]
			saved := float64(k.chance(k.Held) * k.second)
			if saved <= max(best, least) || s.Key(is) == k.Key || slices.Contains(keeps, KeptKey{uint8(j), k.Key}) {
				continue
			}
			best, next, ok = saved, KeptKey{uint8(j), k.Key}, true
		}
	}
	return next, ok
}

// kepts counts those of a stage, and finds the one that has been kept for longest.
func kepts(keeps []KeptKey, stage uint8) (n int, oldest Target) {
	for i := len(keeps) - 1; i >= 0; i-- {
		if keeps[i].Stage == stage {
			n, oldest = n+1, keeps[i].Key
		}
	}
	return n, oldest
}

// serve learns the demand P(D=0), P(D=1), ... of a pool's requests in a lead
// time, which bounds what is saved by instances that keep several keys: served
// is the sum of P(D>=i) for i up to k, by k, as a share of the requests that
// the forecasts of the keys add up to.
func (m *assortment) serve(p []float64) {
	if !m.keeps {
		return
	}
	m.served = m.served[:0]
	if m.usual > 0 {
		below, sum := 0.0, 0.0
		m.served = append(m.served, 0)
		for _, here := range p {
			below += here
			sum += max(1-below, 0) / m.usual
			m.served = append(m.served, sum)
		}
	}
	m.savings = m.savings.sum(m.Stages, m.stages, m.weighs, m.served)
}
