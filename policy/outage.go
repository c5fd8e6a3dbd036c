package policy

// An Outage is why a pool's launches of standard instances are held back.
type Outage struct {
	Failures int32 // in a row
	// Until is when it tries again; 0 while launches are not held back.
	Until Time
	Quota bool // it waits for a place in a quota, and Until is the latest
}

// OutageOf is pool p's outage now.
func (c *Controller) OutageOf(p PoolID) Outage {
	s := &c.supplies[p]
	b := &s.Breakers[OnDemand]
	o := Outage{Failures: b.Failures, Until: b.Until, Quota: b.Full}
	if pause := s.Throttle.Until; pause > c.now {
		o.Until = max(o.Until, pause)
	}
	return o
}
