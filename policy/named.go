package policy

import "shadowpool/forecast"

// named are the open hints that name a key of a stage. As with levels, what they
// announce is a demand of its own beside the forecast, which is made of the other
// requests only.
type named struct {
	Rows  []uint32  // in no particular order, yet always in the same
	Sum   announced // what they announce, as it was read last
	Stale bool      // a hint has changed since
}

// namedKey is a key that a hint names.
type namedKey struct {
	Key int32  // its place, below zero none
	At  uint32 // the hint's index in the key's list
}

// keyAt is the place of a key of a stage.
type keyAt struct {
	stage int
	key   int32
}

// name puts a hint that is open on the lists of the keys that it names, where it
// is not there yet, and has them read anew.
func (m *assortment) name(step int64, i uint32) {
	row := &m.hints.Rows[i]
	for len(row.Keys) < len(m.stages) {
		row.Keys = append(row.Keys, namedKey{Key: -1})
	}
	for j, key := range m.target(step, row.Target).Keys {
		if key < 0 {
			continue
		}
		if row.Keys[j].Key < 0 {
			k := &m.Stages[j].Keys[key]
			if k.Named == nil {
				k.Named = &named{}
				m.naming++
			}
			row.Keys[j] = namedKey{key, uint32(len(k.Named.Rows))}
			k.Named.Rows = append(k.Named.Rows, i)
			k.Arrivals.Herald(float64(row.claims() * m.hints.Named.of(row.Source)))
			k.Last = step
		}
		m.outdate(j, key)
	}
}

// unname takes a hint off those lists.
func (m *assortment) unname(i uint32) {
	for j, at := range m.hints.Rows[i].Keys {
		if at.Key < 0 {
			continue
		}
		n := m.Stages[j].Keys[at.Key].Named
		last := n.Rows[len(n.Rows)-1]
		n.Rows[at.At] = last
		m.hints.Rows[last].Keys[j].At = at.At
		n.Rows = n.Rows[:len(n.Rows)-1]
		m.outdate(j, at.Key)
	}
	m.hints.Rows[i].Keys = m.hints.Rows[i].Keys[:0]
}

// rename has the keys that a hint names read anew.
func (m *assortment) rename(i uint32) {
	for j, at := range m.hints.Rows[i].Keys {
		if at.Key >= 0 {
			m.outdate(j, at.Key)
		}
	}
}

func (m *assortment) outdate(stage int, key int32) {
	if n := m.Stages[stage].Keys[key].Named; !n.Stale {
		n.Stale = true
		m.stale = append(m.stale, keyAt{stage, key})
	}
}

// disown takes a key that makes room for another from the hints that name it.
func (m *assortment) disown(stage int, key int32) {
	k := &m.Stages[stage].Keys[key]
	if k.Named == nil {
		return
	}
	for _, i := range k.Named.Rows {
		m.hints.Rows[i].Keys[stage].Key = -1
	}
	k.Named = nil
	m.naming--
}

// renamed finds again which keys hints name.
func (m *assortment) renamed() {
	for j := range m.Stages {
		for i := range m.Stages[j].Keys {
			n := m.Stages[j].Keys[i].Named
			if n == nil {
				continue
			}
			m.naming++
			if n.Stale {
				m.stale = append(m.stale, keyAt{j, int32(i)})
			}
		}
	}
}

// announced are the stages for which a hint announced what a request needs.
func (m *assortment) announced(i uint32, needs Target) (stages uint8) {
	for j, at := range m.hints.Rows[i].Keys {
		if at.Key >= 0 && m.Stages[j].Keys[at.Key].Key == m.stages[j].Key(needs) {
			stages |= 1 << j
		}
	}
	return stages
}

// heed reads anew what hints announce for keys: for those of which a hint has
// changed, or, as time passes too, for all. lead are the lead times of launches,
// see leadPoints. It says whether it has read anything.
func (m *assortment) heed(t Time, lead *[leadPoints]int64, all bool) bool {
	read := false
	if all {
		for j := range m.Stages {
			for i := range m.Stages[j].Keys {
				if m.Stages[j].Keys[i].Named != nil {
					m.reckon(t, lead, j, int32(i))
					read = true
				}
			}
		}
	} else {
		for _, at := range m.stale {
			if n := m.Stages[at.stage].Keys[at.key].Named; n != nil && n.Stale {
				m.reckon(t, lead, at.stage, at.key)
				read = true
			}
		}
	}
	m.stale = m.stale[:0]
	if read {
		for j := range m.Stages {
			m.Stages[j].sum()
		}
		m.sum()
	}
	return read
}

// reckon reads what the hints that name a key announce.
func (m *assortment) reckon(t Time, lead *[leadPoints]int64, stage int, key int32) {
	s := &m.Stages[stage]
	k := &s.Keys[key]
	n := k.Named
	n.Stale = false
	n.Sum.reset()
	for _, i := range n.Rows {
		row := &m.hints.Rows[i]
		ahead := m.late.ahead(row.Names, lead)
		odds := row.odds(t, ahead[:], row.slack(lead[0], ahead[leadPoints-1]), m.hints.Named.of(row.Source))
		n.Sum.add(odds, int(row.Count-row.Came))
	}
	if len(n.Rows) == 0 {
		k.Named = nil
		m.naming--
	}
	excited := k.Excited
	s.size(k, k.Sized)
	if k.Excited = excited; excited.Mean > 0 {
		k.excited = s.chances(k.excited, k, excited)
	}
	m.changed(stage, key)
}

// exceeding appends the chances of more than 0, 1, ... requests, down to the
// least that counts, given the distribution of those that are not announced.
func (d announced) exceeding(to []float64, u forecast.NegBinomial, scratch []float64) (of, used []float64) {
	scratch = d.convolve(d.widen(u).Probabilities(scratch[:0], maxCount))
	left := 1.0
	for _, p := range scratch {
		if left -= p; left < leastChance {
			break
		}
		to = append(to, left)
	}
	return to, scratch
}
