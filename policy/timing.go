package policy

import (
	"slices"
	"time"
)

// timing is what it means that a stage takes another time for a key than in
// general.
type timing struct {
	// weight is what it saves to have done the stage for the key, in the
	// weights of the stage, up to mostWeight.
	weight float64
	// second is the same of a second of the stage, where waits are not summed: there it is 1.
	second float64
	// longer is by how much longer the demand for the key counts than is forecast.
	longer float64
}

var usual = timing{1, 1, 1}

// mostWeight bounds what a key weighs.
const mostWeight = 1 << octavesAbove

// preparing is how long it takes from an order to a prepared instance, seconds.
func (m *assortment) preparing() float64 { return m.span + m.longer }

// lacking is what it costs a request for a target that its instance lacks stages.
func (m *assortment) lacking(needs Target, stages uint8) float64 {
	switch {
	case stages == 0:
		return 0
	case !m.aim.waits && m.aim.longest == 0:
		return 1
	}
	takes := 0.0
	for i := range m.stages {
		if stages&(1<<i) != 0 {
			takes += m.times.Takes(m.pool, KeptKey{uint8(i), m.stages[i].Key(needs)}).Seconds()
		}
	}
	if m.aim.waits {
		return takes
	}
	return m.exceed(stages, takes)
}

// exceed is the chance that a set of stages which takes so many seconds for a
// request's keys makes it wait too long.
func (m *assortment) exceed(stages uint8, takes float64) float64 {
	longest := float64(m.aim.longest)
	switch general := m.late.takes(stages); {
	case takes == 0:
		return 0
	case takes != general: // it varies as much, by its share
		longest = float64(longest * (general / takes))
	}
	return m.late.exceed(stages, time.Duration(longest))
}

// retime takes over what is believed of all stages, and says whether that has changed.
func (m *assortment) retime() (changed bool) {
	was := slices.Clone(m.weighs)
	m.late = newLateness(m.times.stages(m.pool, false))
	m.any = newLateness(m.times.stages(m.pool, true))
	m.stages = m.late.stages
	m.weigh()
	changed = !slices.Equal(was, m.weighs)
	m.longer = m.late.takes(m.late.all()) - m.configured.takes(m.late.all())
	for j := range m.Stages {
		for i := range m.Stages[j].Keys {
			changed = m.retimeKey(j, int32(i)) || changed
		}
		m.Stages[j].sum()
	}
	return changed
}

// retimeKey takes over what is believed of a stage for a key, and says whether
// that has changed.
func (m *assortment) retimeKey(stage int, key int32) bool {
	s := &m.Stages[stage]
	k := &s.Keys[key]
	is := m.timing(stage, k.Key)
	if is == k.timing {
		return false
	}
	s.marginals.add(k.sized, k.weight, -1)
	k.timing = is
	s.marginals.add(k.sized, k.weight, 1)
	return true
}

// timing is that of a key of a stage.
func (m *assortment) timing(stage int, key Target) timing {
	is := usual
	general := m.stages[stage].Takes.Seconds()
	takes := general
	if of, ok := m.times.ofKey(m.pool, KeptKey{uint8(stage), key}); ok {
		takes = of.Seconds()
	}
	switch weighs := m.weighs[stage]; {
	case takes == general || weighs == 0:
	case m.aim.waits || m.aim.longest == 0:
		is.weight = min(takes/general, mostWeight)
	default:
		all := m.late.all()
		w := m.exceed(all, m.late.takes(all)+(takes-general)) - m.aim.lacking(m.late, all&^(1<<stage)) + float64(leastWeight*takes)
		is.weight = min(max(w, 0)/weighs, mostWeight)
		if takes > 0 {
			is.second = is.weight * general / takes
		}
	}
	if more := m.longer + (takes - general); more != 0 {
		is.longer = min(max(1+more/m.span, 0), mostLonger)
	}
	return is
}
