package policy

import (
	"slices"
	"time"

	"shadowpool/forecast"
)

// assortment says what the instances of a pool with stages are to be prepared for: the
// n-th that is prepared for a target saves the stages' time of the n-th request
// for it that comes within a lead time, if as many come. The demand for each of
// the pool's usual targets is forecast as that of a category is. Fields are
// exported for snapshots only.
type assortment struct {
	Fleet   forecast.Fleet
	Targets []targetDemand

	model  *forecast.Model
	every  int64            // steps between two forecasts
	find   map[Target]int32 // never iterated
	gains  []float64        // of all instances that are worth anything, descending
	sums   []float64        // what the best k instances save together, seconds a lead time
	needed float64          // what all requests of a lead time need, seconds
	usual  float64          // and how many they are
	order  []int32          // heap of targets by what an instance more saves
	place  []int32          // of each target in order
}

// targetDemand is the demand for one target.
type targetDemand struct {
	Target   Target
	Arrivals *forecast.Arrivals
	Count    float64 // requests since the last update
	Last     int64   // the step of the last request
	Takes    float64 // the stages that a request needs, seconds
	Saves    float64 // what a request saves that finds an instance prepared for it, seconds
	Held     int32   // instances that are prepared for it or will be
	// Sized is the demand that chances were computed for: chances[n] is the
	// probability of more than n requests in a lead time.
	Sized   forecast.NegBinomial
	chances []float64
}

const (
	// mostTargets of a pool are told apart; the least usual makes room.
	mostTargets = 512
	// A target is forecast every few steps (at most seldom), and once in asleep
	// steps when nothing was asked of it for awake steps.
	seldom, awake, asleep = 4, 40, 60
	// leastChance is that below which an instance more is not kept.
	leastChance = 1e-6
	// betterBy is by how much more an instance must save to be turned.
	betterBy = 1.5
)

func newAssortment(tick, lead float64) *assortment {
	m := &assortment{}
	m.restored(tick, lead)
	return m
}

// restored makes what a snapshot does not hold.
func (m *assortment) restored(tick, lead float64) {
	m.model, m.find = forecast.NewModel(tick, lead, forecast.AdaptiveHalfLives, true, true), map[Target]int32{}
	m.model.Share(&m.Fleet)
	m.every = 1 // twice a lead time, so that no outcome is slept through
	for 2*m.every <= seldom && float64(4*m.every)*tick <= lead {
		m.every *= 2
	}
	scratch := []float64{}
	for i := range m.Targets {
		d := &m.Targets[i]
		m.find[d.Target] = int32(i)
		scratch = d.size(d.Sized, scratch)
	}
	m.sort()
}

// arrive counts a request for a target, whose stages take so long, and which
// saves so much if an instance is prepared for it.
func (m *assortment) arrive(step int64, to Target, takes, saves float64) {
	if takes == 0 {
		return
	}
	i, ok := m.find[to]
	if !ok {
		i = m.room()
		m.Targets[i] = targetDemand{Target: to, Arrivals: m.model.New(step), chances: m.Targets[i].chances[:0]}
		m.find[to] = i
	}
	d := &m.Targets[i]
	d.Count++
	d.Last, d.Takes, d.Saves = step, takes, saves
	m.Fleet.Arrive()
}

// room is the index for a new target.
func (m *assortment) room() int32 {
	if len(m.Targets) < mostTargets {
		m.Targets = append(m.Targets, targetDemand{})
		i := int32(len(m.Targets) - 1)
		m.order, m.place = append(m.order, i), append(m.place, i)
		return i
	}
	least := 0
	for i := range m.Targets {
		if m.Targets[i].Arrivals.Mean < m.Targets[least].Arrivals.Mean {
			least = i
		}
	}
	delete(m.find, m.Targets[least].Target)
	return int32(least)
}

// tick forecasts the demand for the targets.
func (m *assortment) tick(step int64, now, middle forecast.Clock, scratch []float64) []float64 {
	if step%m.every != 0 {
		return scratch
	}
	changed := false
	for i := range m.Targets {
		d := &m.Targets[i]
		if step-d.Last > awake && d.Count == 0 && step%asleep != 0 {
			continue
		}
		n := m.model.Update(d.Arrivals, step, d.Count, now, middle)
		d.Count = 0
		if moved(d.Sized, n) {
			scratch = d.size(n, scratch)
			changed = true
		}
	}
	if changed {
		m.sort()
	}
	return scratch
}

// size computes the chances of a demand.
func (d *targetDemand) size(n forecast.NegBinomial, scratch []float64) []float64 {
	d.Sized, d.chances = n, d.chances[:0]
	scratch = n.Probabilities(scratch[:0], maxCount)
	left := 1.0
	for _, p := range scratch {
		if left = left - p; left < leastChance {
			break
		}
		d.chances = append(d.chances, left)
	}
	return scratch
}

// sort puts gains and targets in order.
func (m *assortment) sort() {
	m.gains, m.needed, m.usual = m.gains[:0], 0, 0
	for i := range m.Targets {
		d := &m.Targets[i]
		m.needed += float64(d.Sized.Mean * d.Saves)
		m.usual += d.Sized.Mean
		for _, chance := range d.chances {
			m.gains = append(m.gains, float64(d.Saves*chance))
		}
	}
	slices.Sort(m.gains)
	slices.Reverse(m.gains)
	sum := 0.0
	m.sums = append(m.sums[:0], 0)
	for _, g := range m.gains {
		sum += g
		m.sums = append(m.sums, sum)
	}
	m.order, m.place = m.order[:0], m.place[:0]
	for i := range m.Targets {
		m.order, m.place = append(m.order, int32(i)), append(m.place, int32(i))
	}
	for i := len(m.order)/2 - 1; i >= 0; i-- {
		m.sink(i)
	}
}

// gain is what the instance saves that comes to n prepared for the target, in
// seconds of waiting a lead time.
func (d *targetDemand) gain(n int32) float64 {
	if int(n) >= len(d.chances) {
		return 0
	}
	return float64(d.Saves * d.chances[n])
}

// next is what an instance more saves.
func (m *assortment) next(i int32) float64 { return m.Targets[i].gain(m.Targets[i].Held) }

// before orders the heap: the target whose next instance saves most, then the
// one that was known first.
func (m *assortment) before(a, b int32) bool {
	x, y := m.next(a), m.next(b)
	return x > y || x == y && a < b
}

func (m *assortment) swap(i, j int) {
	m.order[i], m.order[j] = m.order[j], m.order[i]
	m.place[m.order[i]], m.place[m.order[j]] = int32(i), int32(j)
}

func (m *assortment) sink(i int) {
	for {
		first := 2*i + 1
		if first >= len(m.order) {
			return
		}
		if second := first + 1; second < len(m.order) && m.before(m.order[second], m.order[first]) {
			first = second
		}
		if !m.before(m.order[first], m.order[i]) {
			return
		}
		m.swap(i, first)
		i = first
	}
}

func (m *assortment) rise(i int) {
	for i > 0 && m.before(m.order[i], m.order[(i-1)/2]) {
		m.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

// hold notes how many instances there are for a target.
func (m *assortment) hold(to Target, n int32) {
	i, ok := m.find[to]
	if !ok || m.Targets[i].Held == n {
		return
	}
	m.Targets[i].Held = n
	m.rise(int(m.place[i]))
	m.sink(int(m.place[i]))
}

// saved is what the best k instances save together.
func (m *assortment) saved(k int32) float64 {
	if len(m.sums) == 0 {
		return 0
	}
	return m.sums[min(int(k), len(m.sums)-1)]
}

// missing is what a request is expected to lack where k instances are held, in seconds.
func (m *assortment) missing(k int32) float64 {
	if m.usual <= 0 {
		return 0
	}
	return max(m.needed-m.saved(k), 0) / m.usual
}

// takes is how long the stages take that a request needs, seconds in the mean.
func (m *assortment) takes() float64 {
	sum := 0.0
	for i := range m.Targets {
		sum += float64(m.Targets[i].Sized.Mean * m.Targets[i].Takes)
	}
	if m.usual <= 0 {
		return 0
	}
	return sum / m.usual
}

// best is the target for which an instance more saves most, and what it saves.
func (m *assortment) best() (to Target, gain float64) {
	if len(m.order) == 0 {
		return Target{}, 0
	}
	d := &m.Targets[m.order[0]]
	if gain = d.gain(d.Held); gain > 0 {
		to = d.Target
	}
	return to, gain
}

// worth is what the last of the instances prepared for a target saves.
func (m *assortment) worth(is Target) float64 {
	i, ok := m.find[is]
	if !ok {
		return 0
	}
	return m.Targets[i].gain(max(m.Targets[i].Held-1, 0))
}

// assortment is that of a pool, nil if it has no stages or was not asked for
// yet. After a restore it finds its parts again.
func (a *Adaptive) assortment(p PoolID) *assortment {
	m := a.Pools[p].Assortment
	if m != nil && m.model == nil {
		m.restored(float64(a.tick)/1e9, a.preparing(p))
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
	to, _ := m.best()
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
	to, gain := m.best()
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
