package policy

import "shadowpool/forecast"

// assortment says what the instances of a pool with stages are to be prepared
// for. An instance that is prepared for a target has done every stage for
// what the stage goes by (its key: a dataset, say). The n-th that has done a
// stage for a key saves the stage's time of the n-th request for the key
// that comes within a lead time, if as many come. The demand for each key is
// forecast as that of a category is. Fields are exported for snapshots only.
type assortment struct {
	Stages  []stageDemand
	Targets []heldTarget
	// Cost and Weighed are, of recent requests, what it would cost that they lacked all that
	// they need (aim.lacking), and the weights of the stages.
	Cost, Weighed float64
	// Retimed is set when stages have been found to take other times since the last tick.
	Retimed bool

	terms
	stages []Stage // with the times that are believed
	// late is of requests whose stages take as long as in general, any of all.
	late, any *lateness
	longer    float64          // than configured, all stages together, seconds
	weighs    []float64        // by stage, of what it costs to lack all of them, see weigh
	every     int64            // steps between two forecasts
	find      map[Target]int32 // never iterated
	near      targetCache
	usual     float64 // requests in a lead time
	needed    float64 // what they need together, in weights
	savings   savings
	keeps     bool      // a stage keeps several keys
	served    []float64 // see serve
	best      bestTargets
	naming    int     // keys that hints name, or did until they were read last
	stale     []keyAt // of these, those that are to be read anew
}

// terms are what an assortment has to go by.
type terms struct {
	times       *StageTimes
	pool        PoolID
	configured  *lateness // of the category's stages
	aim         *aim
	tickSeconds float64
	lead        float64 // seconds, see unit
	span        float64 // over which demand counts, seconds, see preparing
	hints       *hints
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
	// leastKept is the chance that a further key is asked for in a lead time below which it
	// is not worth a stage.
	leastKept = 1e-3
	// keepAsked forgets what requests needed over some two hundred of them.
	keepAsked = 0.995
	// leastWeight of a second: what makes no request wait too long is done nevertheless.
	leastWeight = 1e-3
	// betterBy is by how much more an instance must save to be turned.
	betterBy = 3
)

func newAssortment(by terms) *assortment {
	m := &assortment{Stages: make([]stageDemand, len(by.configured.stages))}
	m.restored(by)
	return m
}

// restored makes what a snapshot does not hold.
func (m *assortment) restored(by terms) {
	m.terms, m.stages, m.find = by, by.configured.stages, map[Target]int32{}
	m.late, m.any = by.configured, by.configured
	m.weigh()
	m.every = 1 // twice a lead time, so that no outcome is slept through
	for 2*m.every <= seldom && float64(4*m.every)*m.tickSeconds <= m.span {
		m.every *= 2
	}
	for i := range m.Targets {
		m.find[m.Targets[i].Target] = int32(i)
	}
	for i := range m.Stages {
		m.Stages[i].restored(m.tickSeconds, m.span)
	}
	m.renamed()
	if m.times.learned(m.pool) {
		m.retime()
	}
	m.sum()
	m.best.stale = true
}

// weigh makes the weights of the stages: where waits are summed, what they take;
// where long waits count, by how much more often a request waits too long that
// lacks the stage beside all others.
func (m *assortment) weigh() {
	m.weighs = m.weighs[:0]
	all := m.any.all()
	for i := range m.stages {
		m.keeps = m.keeps || m.stages[i].Keeps > 1
		w := m.stages[i].Takes.Seconds()
		if !m.aim.waits && m.aim.longest > 0 {
			w = m.aim.lacking(m.any, all) - m.aim.lacking(m.any, all&^(1<<i)) + float64(leastWeight*w)
		}
		m.weighs = append(m.weighs, w)
	}
}

// ask notes what stages a request for a target, which has just arrived, needs: at least one.
func (m *assortment) ask(to *heldTarget, stages uint8) {
	weight := 0.0
	for i, key := range to.Keys {
		if stages&(1<<i) != 0 {
			weight += float64(m.weighs[i] * m.Stages[i].Keys[key].weight)
		}
	}
	cost := weight // in seconds, as it takes
	if !m.aim.waits {
		cost = float64(m.lacking(to.Target, stages) * m.aim.unit(m.lead))
	}
	m.Cost = float64(m.Cost*keepAsked) + cost
	m.Weighed = float64(m.Weighed*keepAsked) + weight
}

// scale is what a weight costs.
func (m *assortment) scale() float64 {
	if m.Weighed == 0 {
		return 1
	}
	return m.Cost / m.Weighed
}

// arrive counts a request for a target, for the keys of all stages but those for
// which a hint has announced it. It returns the target's row.
func (m *assortment) arrive(step int64, to Target, announced uint8) *heldTarget {
	row := m.target(step, to)
	for j, key := range row.Keys {
		if key >= 0 && announced&(1<<j) == 0 && m.Stages[j].arrive(step, key) {
			m.changed(j, key)
		}
	}
	return row
}

// target finds or makes the row of a target that is asked for.
func (m *assortment) target(step int64, to Target) *heldTarget {
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
	for j, key := range t.Keys {
		if s := &m.stages[j]; key < 0 && s.Needs(to) { // it is new, or known again
			t.Keys[j] = m.Stages[j].place(step, s.Key(to), m, j)
			m.Stages[j].Keys[t.Keys[j]].Held += t.Held
			m.retimeKey(j, t.Keys[j])
			m.best.stale = true
		}
	}
	return t
}

// row is that of a target which was asked for.
func (m *assortment) row(to Target) (int32, bool) {
	if i := *m.near.at(to, 0); int(i) < len(m.Targets) && m.Targets[i].Target == to {
		return int32(i), true
	}
	return m.lookUp(to)
}

// lookUp is as apart's.
//
//go:noinline
func (m *assortment) lookUp(to Target) (int32, bool) {
	i, ok := m.find[to]
	if ok {
		*m.near.at(to, 0) = uint32(i)
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
func (m *assortment) forget(stage int, key int32) {
	for i := range m.Targets {
		if m.Targets[i].Keys[stage] == key {
			m.Targets[i].Keys[stage] = -1
		}
		m.best.stale = true
	}
	m.sum()
}

// tick forecasts the demand for the keys, and says whether it has changed.
func (m *assortment) tick(step int64, now, middle forecast.Clock) bool {
	if step%m.every != 0 {
		return false
	}
	changed := m.Retimed
	m.Retimed = false
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
		m.needed += float64(m.weighs[j] * m.Stages[j].weighed)
	}
	if !m.keeps { // see serve
		m.savings = m.savings.sum(m.Stages, m.stages, m.weighs, nil)
	}
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
			w := float64(m.weighs[j] * k.weight)
			g.next += float64(w * k.chance(k.Held))
			g.last += float64(w * k.chance(max(k.Held-1, 0)))
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
	needed := m.needed
	if m.keeps { // keys may be expected to be asked for more often than the pool is
		needed = min(needed, m.savings[len(m.savings)-1].before)
	}
	return float64(max(needed-m.savings.best(k), 0)*m.scale()) / m.usual
}
