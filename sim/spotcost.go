package sim

import "shadowpool/policy"

// A charge is what a changing number of instances pays under a price that
// changes too. Amounts are of one instance until the instant of the change.
type charge struct {
	count int64
	sum   float64
}

func (c *charge) add(paid float64)        { c.count++; c.sum -= paid }
func (c *charge) remove(paid float64)     { c.count--; c.sum += paid }
func (c *charge) at(paid float64) float64 { return c.sum + float64(float64(c.count)*paid) }
func (c *charge) forget(paid float64)     { c.sum = -float64(float64(c.count) * paid) }

// spotCost is what the spot instances of a category pay, by what they do.
type spotCost struct {
	prices                     *Prices
	living, launching, serving charge
	// At the end of the measured span, $.
	total, onLaunching, onServing float64
}

func newSpotCost(k Category) *spotCost {
	s := &spotCost{prices: constantPrice(k.Spot.Price)}
	if k.Market.Prices != nil {
		s.prices = k.Market.Prices
	}
	return s
}

func (s *spotCost) launched(t policy.Time) {
	paid := s.prices.until(t)
	s.living.add(paid)
	s.launching.add(paid)
}
func (s *spotCost) warmed(t policy.Time)   { s.launching.remove(s.prices.until(t)) }
func (s *spotCost) promoted(t policy.Time) { s.serving.add(s.prices.until(t)) }
func (s *spotCost) released(t policy.Time) { s.serving.remove(s.prices.until(t)) }
func (s *spotCost) gone(t policy.Time)     { s.living.remove(s.prices.until(t)) }

// begin forgets what was paid until t.
func (s *spotCost) begin(t policy.Time) {
	paid := s.prices.until(t)
	s.living.forget(paid)
	s.launching.forget(paid)
	s.serving.forget(paid)
}

// end settles at t.
func (s *spotCost) end(t policy.Time) {
	paid := s.prices.until(t)
	s.total, s.onLaunching, s.onServing = s.living.at(paid), s.launching.at(paid), s.serving.at(paid)
}
