package policy

import (
	"time"

	"shadowpool/forecast"
)

// An Outlook is how many requests a sizer expects in a pool over a span that
// begins now, the lead time as it is learned. What hints announce is not in it.
type Outlook struct {
	Over     time.Duration
	Requests forecast.NegBinomial
}

// A ForecastSizer is a Sizer that forecasts demand. Outlook only reads: it may
// be asked at any time, and decides nothing. It reports false where nothing has
// been forecast yet.
type ForecastSizer interface {
	Sizer
	Outlook(p PoolID) (Outlook, bool)
}

// OutlookOf is the demand that pool p is sized for; false where the policy
// forecasts none, or has not yet.
func (c *Controller) OutlookOf(p PoolID) (Outlook, bool) {
	if f, ok := c.sizer.(ForecastSizer); ok {
		return f.Outlook(p)
	}
	return Outlook{}, false
}

// Outlook implements ForecastSizer.
func (a *Adaptive) Outlook(id PoolID) (Outlook, bool) {
	p := &a.Pools[id]
	if p.over == 0 {
		return Outlook{}, false
	}
	d := p.Sized
	if a.reuse[id] {
		d.Mean /= p.Services.Stay // see thin
	}
	return Outlook{time.Duration(p.over * 1e9), d}, true
}

// Outlook implements ForecastSizer.
func (e *EWMA) Outlook(id PoolID) (Outlook, bool) {
	p := &e.Pools[id]
	return Outlook{time.Duration(e.leads[id] * 1e9), p.foreseen}, p.foreseen != forecast.NegBinomial{}
}

// Outlook implements ForecastSizer.
func (s *planned) Outlook(id PoolID) (Outlook, bool) {
	if p, ok := s.plans.pools[id].Plan.(interface{ outlook() (Outlook, bool) }); ok {
		return p.outlook()
	}
	return Outlook{}, false
}

// foreseen is the latest forecast of a plan; it is not kept in snapshots.
type foreseen struct {
	over     float64 // seconds
	requests forecast.NegBinomial
	made     bool
}

func (f *foreseen) outlook() (Outlook, bool) {
	return Outlook{time.Duration(f.over * 1e9), f.requests}, f.made
}
