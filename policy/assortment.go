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
	Sums    []float64 // what the best k instances save together, seconds a lead time; Sums[0] is 0
	Needed  float64   // what all requests of a lead time need, seconds
	Usual   float64   // and how many they are

	model *forecast.Model
	find  map[Target]int32 // never iterated
	order []int32          // targets by what the first instance saves
	gains []float64
}

// targetDemand is the demand for one target.
type targetDemand struct {
	Target   Target
	Arrivals *forecast.Arrivals
	Count    float64 // requests since the last update
	Last     int64   // the step of the last request
	Takes    float64 // the stages that a request needs, seconds
	Saves    float64 // what a request saves that finds an instance prepared for it, seconds
	// Chance is the probability of at least n+1 requests in a lead time.
	Chance [mostPrepared]float64
}

const (
	// mostTargets of a pool are told apart; the least usual makes room.
	mostTargets = 512
	// mostPrepared is for how many instances prepared for one target a gain is known.
	mostPrepared = 12
	// awake is for how many steps after a request a target is forecast at every
	// tick; afterwards once in a quarter of an hour.
	awake = 40
	// leastGain is the share of the best gain below which nothing is kept.
	leastGain = 1e-6
	// betterBy is by how much more an instance must save to be turned.
	betterBy = 1.5
)

func newAssortment(tick, lead float64) *assortment {
	m := &assortment{model: forecast.NewModel(tick, lead, forecast.AdaptiveHalfLives, true, true), find: map[Target]int32{}}
	m.model.Share(&m.Fleet)
	return m
}

// restored finds again what a snapshot does not hold.
func (m *assortment) restored(tick, lead float64) {
	m.model, m.find = forecast.NewModel(tick, lead, forecast.AdaptiveHalfLives, true, true), map[Target]int32{}
	m.model.Share(&m.Fleet)
	for i := range m.Targets {
		m.find[m.Targets[i].Target] = int32(i)
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
		m.Targets[i] = targetDemand{Target: to, Arrivals: m.model.New(step)}
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
		return int32(len(m.Targets) - 1)
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
	quarter := int64(now.Quarter)
	for i := range m.Targets {
		d := &m.Targets[i]
		if step-d.Last > awake && d.Count == 0 && (step+int64(i))%60 != 0 && quarter >= 0 {
			continue
		}
		n := m.model.Update(d.Arrivals, step, d.Count, now, middle)
		d.Count = 0
		scratch = n.Probabilities(scratch[:0], mostPrepared+1)
		left := 1.0
		for k := range d.Chance {
			if k < len(scratch) {
				left = max(left-scratch[k], 0)
			} else {
				left = 0
			}
			d.Chance[k] = left
		}
	}
	m.sort()
	return scratch
}

// sort puts targets and gains in order.
func (m *assortment) sort() {
	m.gains, m.order = m.gains[:0], m.order[:0]
	m.Needed, m.Usual = 0, 0
	best := 0.0
	for i := range m.Targets {
		d := &m.Targets[i]
		m.order = append(m.order, int32(i))
		m.Needed += float64(d.Arrivals.M * d.Saves)
		m.Usual += d.Arrivals.M
		best = max(best, d.gain(0))
	}
	for i := range m.Targets {
		for n := range mostPrepared {
			if g := m.Targets[i].gain(n); g > float64(leastGain*best) {
				m.gains = append(m.gains, g)
			}
		}
	}
	slices.SortFunc(m.order, func(a, b int32) int {
		x, y := m.Targets[a].gain(0), m.Targets[b].gain(0)
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return int(a - b)
	})
	slices.SortFunc(m.gains, func(a, b float64) int {
		switch {
		case a > b:
			return -1
		case a < b:
			return 1
		}
		return 0
	})
	m.Sums = append(m.Sums[:0], 0)
	sum := 0.0
	for _, g := range m.gains {
		sum += g
		m.Sums = append(m.Sums, sum)
	}
}

// gain is what the instance saves that comes to n prepared for the target, in
// seconds of waiting a lead time.
func (d *targetDemand) gain(n int) float64 {
	if n >= mostPrepared {
		return 0
	}
	return float64(d.Saves * d.Chance[n])
}

// saved is what the best k instances save together.
func (m *assortment) saved(k int32) float64 {
	if len(m.Sums) == 0 {
		return 0
	}
	return m.Sums[min(int(k), len(m.Sums)-1)]
}

// missing is what a request is expected to lack where k instances are held, in seconds.
func (m *assortment) missing(k int32) float64 {
	if m.Usual <= 0 {
		return 0
	}
	return max(m.Needed-m.saved(k), 0) / m.Usual
}

// takes is how long the stages take that a request needs, seconds in the mean.
func (m *assortment) takes() float64 {
	sum := 0.0
	for i := range m.Targets {
		sum += float64(m.Targets[i].Arrivals.M * m.Targets[i].Takes)
	}
	if m.Usual <= 0 {
		return 0
	}
	return sum / m.Usual
}

// best is the target for which an instance more saves most, and what it saves.
func (m *assortment) best(p PoolID, h Held) (to Target, gain float64) {
	for _, i := range m.order {
		d := &m.Targets[i]
		if d.gain(0) <= gain {
			break
		}
		if g := d.gain(int(h.Held(p, d.Target))); g > gain {
			to, gain = d.Target, g
		}
	}
	return to, gain
}

// worth is what the last of the instances prepared for a target saves.
func (m *assortment) worth(p PoolID, is Target, h Held) float64 {
	i, ok := m.find[is]
	if !ok {
		return 0
	}
	return m.Targets[i].gain(max(int(h.Held(p, is))-1, 0))
}

// assortment is that of a pool, nil if it has no stages or was not asked for
// yet. After a restore it finds its parts again.
func (a *Adaptive) assortment(p PoolID) *assortment {
	m := a.Pools[p].Assortment
	if m != nil && m.model == nil {
		m.restored(float64(a.tick)/1e9, a.leads[p])
	}
	return m
}

// Aim implements AimingSizer.
func (a *Adaptive) Aim(_ Time, p PoolID, h Held) Target {
	m := a.assortment(p)
	if m == nil {
		return Target{}
	}
	to, _ := m.best(p, h)
	return to
}

// Promoted implements AimingSizer: what was really lacked.
func (a *Adaptive) Promoted(t Time, p PoolID, lacked time.Duration, waited bool) {
	if pool := &a.Pools[p]; pool.Arrivals != nil && a.aim.fixed < 0 && t >= pool.Ready && !(waited && !a.aim.mean) {
		a.Calibration.Real += a.aim.saving(lacked.Seconds(), a.leads[p]) / a.leads[p]
	}
}

// Reaim implements AimingSizer.
func (a *Adaptive) Reaim(_ Time, p PoolID, is Target, h Held) (Target, bool) {
	m := a.assortment(p)
	if m == nil {
		return Target{}, false
	}
	to, gain := m.best(p, h)
	return to, gain > float64(betterBy*m.worth(p, is, h))
}

// Worth implements AimingSizer.
func (a *Adaptive) Worth(_ Time, p PoolID, is Target, h Held) float64 {
	m := a.assortment(p)
	if m == nil {
		return 0
	}
	return m.worth(p, is, h)
}
