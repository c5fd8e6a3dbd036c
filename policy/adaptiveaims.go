package policy

// assortment is that of a pool, nil if it has no stages or was not asked for
// yet. After a restore it finds its parts again.
func (a *Adaptive) assortment(p PoolID) *assortment {
	m := a.Pools[p].Assortment
	if m != nil && m.find == nil {
		a.found(p)
	}
	return m
}

func (a *Adaptive) found(p PoolID) { a.Pools[p].Assortment.restored(a.terms(p)) }

func (a *Adaptive) terms(p PoolID) terms {
	return terms{a.times, p, a.late[p], &a.aim, float64(a.tick) / 1e9, a.leads[p], a.preparing(p), &a.Hints}
}

// ask tells the assortment of a pool with stages what a request needs.
func (a *Adaptive) ask(t Time, r Request) {
	m := a.assortment(r.Pool)
	if m == nil {
		return
	}
	needs := r.Target(a.facets[r.Pool])
	if stages := a.staged[r.Pool].Needed(needs); stages != 0 {
		announced := uint8(0)
		if r.Hint != 0 {
			if i, ok := a.Hints.row(r.Hint); ok && a.Hints.Rows[i].Pool == r.Pool {
				announced = m.announced(i, needs)
			}
		}
		m.ask(m.arrive(a.step(t), needs, announced), stages)
	}
}

// heed reads what hints announce for a pool's targets anew: where a hint has
// changed, or for all. It says whether there was anything to read.
func (a *Adaptive) heed(t Time, p PoolID, all bool) bool {
	m := a.assortment(p)
	if m == nil || m.naming == 0 {
		return false
	}
	a.spans(t, p)
	return m.heed(t, &a.ahead, all)
}

// preparing is how long it is configured to take from an order to a prepared instance,
// seconds: the span over which the demand for targets is forecast.
func (a *Adaptive) preparing(p PoolID) float64 {
	all := a.leads[p]
	if late := a.late[p]; late != nil {
		all += late.takes(late.all())
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
func (a *Adaptive) Promoted(t Time, p PoolID, needs Target, lacked uint8, waited bool) {
	if m := a.assortment(p); m != nil && a.aim.fixed < 0 && t >= a.Pools[p].Ready && !(waited && !a.aim.mean) {
		a.Calibration.Real += float64(m.lacking(needs, lacked) * a.aim.unit(a.leads[p]) / a.leads[p])
	}
}

// Times implements TimingSizer.
func (a *Adaptive) Times(t *StageTimes) { a.times = t }

// Retimed implements TimingSizer.
func (a *Adaptive) Retimed(p PoolID, key KeptKey) {
	m := a.assortment(p)
	switch {
	case m == nil:
	case key.Key == (Target{}):
		if m.retime() {
			m.Retimed, m.best.stale = true, true
			m.sum()
		}
	default:
		s := &m.Stages[key.Stage]
		if i, ok := s.find[key.Key]; ok && m.retimeKey(int(key.Stage), i) {
			m.Retimed = true
			m.changed(int(key.Stage), i)
			s.sum()
			m.sum()
		}
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
func (a *Adaptive) Worth(_ Time, p PoolID, of []Target, worth []float64) {
	m := a.assortment(p)
	for i, is := range of {
		worth[i] = 0
		if m != nil && is != (Target{}) {
			worth[i] = m.worth(is)
		}
	}
}

// Holds implements AimingSizer.
func (a *Adaptive) Holds(p PoolID, to Target, n int32) {
	if m := a.assortment(p); m != nil {
		m.hold(to, n)
	}
}

// Keeps implements AimingSizer.
func (a *Adaptive) Keeps(p PoolID, key KeptKey, n int32) {
	if m := a.assortment(p); m != nil {
		m.keep(key, n)
	}
}

// Further implements AimingSizer.
func (a *Adaptive) Further(_ Time, p PoolID, is Target, keeps []KeptKey) (KeptKey, bool) {
	m := a.assortment(p)
	if m == nil {
		return KeptKey{}, false
	}
	return m.further(is, keeps)
}
