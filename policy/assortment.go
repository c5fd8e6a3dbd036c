package policy

import (
	"time"

	"shadowpool/forecast"
)

// assortment says what the instances of a pool with stages are to be prepared
// for. An instance that is prepared for a target has done every stage for
// what the stage goes by (its key: a dataset, say). The n-th that has done a
// stage for a key saves the stage's time of the n-th request for the key
// that comes within a lead time, if as many come. The demand for each key is
// forecast as that of a category is. Fields are exported for snapshots only.
type assortment struct {
	Stages  []stageDemand
	Targets []heldTarget
	Scale   float64 // of seconds of stages, to what they cost (aim.saving)

	stages  []Stage
	seconds []float64        // that each takes
	every   int64            // steps between two forecasts
	find    map[Target]int32 // never iterated
	near    targetCache
	usual   float64 // requests in a lead time
	needed  float64 // what they need together, seconds
	savings savings
	best    bestTargets
}

// heldTarget is a target that was asked for, and how many instances are
// prepared for it or will be.
type heldTarget struct {
	Target Target
	Held   int32
	Last   int64   // the step of the last request
	Keys   []int32 // by stage: the place of its key
}

const (
	// mostTargets of a pool are told apart, and as many keys of a stage; the
	// one that was asked for least lately makes room.
	mostTargets = 512
	// A key is forecast every few steps (at most seldom), and once in asleep
	// steps when nothing was asked of it for awake steps.
	seldom, awake, asleep = 4, 40, 60
	// leastChance is that below which an instance more is not kept.
	leastChance = 1e-6
	// betterBy is by how much more an instance must save to be turned.
	betterBy = 3
)

func newAssortment(stages []Stage, tick, lead float64) *assortment {
	m := &assortment{Stages: make([]stageDemand, len(stages)), Scale: 1}
	m.restored(stages, tick, lead)
	return m
}

// restored makes what a snapshot does not hold.
func (m *assortment) restored(stages []Stage, tick, lead float64) {
	m.stages, m.find = stages, map[Target]int32{}
	for i := range stages {
		m.seconds = append(m.seconds, stages[i].Takes.Seconds())
	}
	m.every = 1 // twice a lead time, so that no outcome is slept through
	for 2*m.every <= seldom && float64(4*m.every)*tick <= lead {
		m.every *= 2
	}
	for i := range m.Targets {
		m.find[m.Targets[i].Target] = int32(i)
	}
	for i := range m.Stages {
		m.Stages[i].restored(tick, lead)
	}
	m.sum()
	m.best.stale = true
}

// arrive counts a request for a target.
func (m *assortment) arrive(step int64, to Target) {
	i, ok := m.row(to)
	if !ok {
		i = m.room()
		m.Targets[i] = heldTarget{Target: to, Keys: m.Targets[i].Keys[:0]}
		m.find[to] = i
		for range m.stages {
			m.Targets[i].Keys = append(m.Targets[i].Keys, -1)
		}
	}
	t := &m.Targets[i]
	t.Last = step
	for j := range m.stages {
		if s := &m.stages[j]; s.Needs(to) {
			if t.Keys[j] < 0 { // it is new, or known again
				t.Keys[j] = m.Stages[j].place(step, Target{}.With(s.Of, to), m)
				m.Stages[j].Keys[t.Keys[j]].Held += t.Held
				m.best.stale = true
			}
			if m.Stages[j].arrive(step, t.Keys[j]) {
				m.changed(j, t.Keys[j])
			}
		}
	}
}

// row is that of a target which was asked for.
func (m *assortment) row(to Target) (int32, bool) {
	at := m.near.at(to, 0)
	if i := *at; int(i) < len(m.Targets) && m.Targets[i].Target == to {
		return int32(i), true
	}
	i, ok := m.find[to]
	if ok {
		*at = uint32(i)
	}
	return i, ok
}

// room is the place of a new target: nothing is held for it.
func (m *assortment) room() int32 {
	if len(m.Targets) < mostTargets {
		m.Targets = append(m.Targets, heldTarget{})
		return int32(len(m.Targets) - 1)
	}
	oldest := 0
	for i := range m.Targets {
		if m.Targets[i].Last < m.Targets[oldest].Last {
			oldest = i
		}
	}
	m.hold(m.Targets[oldest].Target, 0)
	m.best.stale = true
	delete(m.find, m.Targets[oldest].Target)
	return int32(oldest)
}

// forget is told that the key of a stage has made room for another.
func (m *assortment) forget(stage *stageDemand, key int32) {
	for j := range m.Stages {
		if &m.Stages[j] != stage {
			continue
		}
		for i := range m.Targets {
			if m.Targets[i].Keys[j] == key {
				m.Targets[i].Keys[j] = -1
			}
			m.best.stale = true
		}
	}
	m.sum()
}

// tick forecasts the demand for the keys, and says whether it has changed.
func (m *assortment) tick(step int64, now, middle forecast.Clock) bool {
	if step%m.every != 0 {
		return false
	}
	changed := false
	for j := range m.Stages {
		s := &m.Stages[j]
		s.tick(step, now, middle)
		for _, key := range s.moved {
			m.changed(j, key)
			changed = true
		}
	}
	if changed {
		m.sum()
	}
	return changed
}

// sum adds up what is needed, and what is saved of it.
func (m *assortment) sum() {
	m.usual, m.needed = 0, 0
	for j := range m.Stages {
		m.usual = max(m.usual, m.Stages[j].mean)
		m.needed += float64(m.seconds[j] * m.Stages[j].mean)
	}
	m.savings = m.savings.sum(m.Stages, m.seconds)
}

// hold notes how many instances there are for a target.
func (m *assortment) hold(to Target, n int32) {
	i, ok := m.row(to)
	if !ok {
		return
	}
	t := &m.Targets[i]
	more := n - t.Held
	t.Held = n
	for j, key := range t.Keys {
		if key >= 0 && more != 0 {
			m.Stages[j].Keys[key].Held += more
			m.changed(j, key)
		}
	}
}

// gains are those of a target.
func (m *assortment) gains(t *heldTarget) (g gains) {
	for j, key := range t.Keys {
		if key >= 0 {
			k := &m.Stages[j].Keys[key]
			g.next += float64(m.seconds[j] * k.chance(k.Held))
			g.last += float64(m.seconds[j] * k.chance(max(k.Held-1, 0)))
		}
	}
	return g
}

// missing is what a request is expected to lack where k instances are held: what
// that costs, in seconds.
func (m *assortment) missing(k int32) float64 {
	if m.usual <= 0 {
		return 0
	}
	return float64(max(m.needed-m.savings.best(k), 0)*m.Scale) / m.usual
}

// takes is how long the stages take that a request needs, seconds in the mean.
func (m *assortment) takes() float64 {
	if m.usual <= 0 {
		return 0
	}
	return m.needed / m.usual
}

// assortment is that of a pool, nil if it has no stages or was not asked for
// yet. After a restore it finds its parts again.
func (a *Adaptive) assortment(p PoolID) *assortment {
	m := a.Pools[p].Assortment
	if m != nil && m.find == nil {
		m.restored(a.staged[p].Stages, float64(a.tick)/1e9, a.preparing(p))
	}
	return m
}

// preparing is how long it takes from an order to a prepared instance, seconds:
// the span over which the demand for targets counts.
func (a *Adaptive) preparing(p PoolID) float64 {
	all := a.leads[p]
	for _, s := range a.staged[p].Stages {
		all += s.Takes.Seconds()
	}
	return all
}

// Aim implements AimingSizer.
func (a *Adaptive) Aim(_ Time, p PoolID) Target {
	m := a.assortment(p)
	if m == nil {
		return Target{}
	}
	to, _ := m.next()
	return to
}

// Promoted implements AimingSizer: what was really lacked.
func (a *Adaptive) Promoted(t Time, p PoolID, lacked time.Duration, waited bool) {
	if pool := &a.Pools[p]; pool.Arrivals != nil && a.aim.fixed < 0 && t >= pool.Ready && !(waited && !a.aim.mean) {
		a.Calibration.Real += a.aim.saving(lacked.Seconds(), a.leads[p]) / a.leads[p]
	}
}

// Reaim implements AimingSizer.
func (a *Adaptive) Reaim(_ Time, p PoolID, is Target) (Target, bool) {
	m := a.assortment(p)
	if m == nil {
		return Target{}, false
	}
	to, gain := m.next()
	return to, gain > float64(betterBy*m.worth(is))
}

// Worth implements AimingSizer.
func (a *Adaptive) Worth(_ Time, p PoolID, is Target) float64 {
	m := a.assortment(p)
	if m == nil {
		return 0
	}
	return m.worth(is)
}

// Holds implements AimingSizer.
func (a *Adaptive) Holds(p PoolID, to Target, n int32) {
	if m := a.assortment(p); m != nil {
		m.hold(to, n)
	}
}
