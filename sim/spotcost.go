package sim

import (
	"math"

	"shadowpool/policy"
)

// A charge is what a changing number of instances pays under a price that
// changes too. Amounts are of one instance until the instant of the change, in
// billionths of a dollar: they may overflow on the way, and their sum is exact
// as long as it does not.
type charge struct{ count, sum int64 }

func (c *charge) add(paid int64)    { c.count++; c.sum -= paid }
func (c *charge) remove(paid int64) { c.count--; c.sum += paid }
func (c *charge) forget(paid int64) { c.sum = -c.count * paid }

// total is what was paid, in billionths of a dollar.
func (c *charge) total(paid int64) int64 { return c.sum + c.count*paid }

// spotCost is what the spot instances of a category pay, by what they do.
type spotCost struct {
	prices                   *Prices
	launching, idle, serving charge
	at                       SpotPaid // when it was last settled
}

func newSpotCost(k Category) *spotCost {
	s := &spotCost{prices: constantPrice(k.Spot.Price)}
	if k.Market.Prices != nil {
		s.prices = k.Market.Prices
	}
	return s
}

// paid is what one instance pays until t, in billionths of a dollar.
func (s *spotCost) paid(t policy.Time) int64 { return int64(math.Round(1e9 * s.prices.until(t))) }

func (s *spotCost) launched(t policy.Time) { s.launching.add(s.paid(t)) }
func (s *spotCost) warmed(t policy.Time)   { s.launching.remove(s.paid(t)); s.idle.add(s.paid(t)) }
func (s *spotCost) promoted(t policy.Time) { s.idle.remove(s.paid(t)); s.serving.add(s.paid(t)) }
func (s *spotCost) released(t policy.Time) { s.serving.remove(s.paid(t)); s.idle.add(s.paid(t)) }
func (s *spotCost) gone(t policy.Time)     { s.idle.remove(s.paid(t)) }

// begin forgets what was paid until t.
func (s *spotCost) begin(t policy.Time) {
	paid := s.paid(t)
	s.launching.forget(paid)
	s.idle.forget(paid)
	s.serving.forget(paid)
}

// SpotPaid is what spot instances have paid, by what they did, in billionths of
// a dollar.
type SpotPaid struct {
	Launching int64 `json:"launching"`
	Idle      int64 `json:"idle"`
	Serving   int64 `json:"serving"`
}

// settle works out what was paid until t.
func (s *spotCost) settle(t policy.Time) {
	paid := s.paid(t)
	s.at = SpotPaid{s.launching.total(paid), s.idle.total(paid), s.serving.total(paid)}
}
