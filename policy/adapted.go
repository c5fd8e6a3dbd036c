package policy

// Adapted implements AdaptedSizer: a request that did not wait in the queue and
// was no hit counts among those that really missed, which Arrive does not see.
func (a *Adaptive) Adapted(t Time, id PoolID) {
	if a.aim.fixed < 0 && !a.early && a.aim.byHits() && t >= a.Pools[id].Ready {
		a.Calibration.Real++
	}
}
