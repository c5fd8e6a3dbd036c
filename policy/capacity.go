package policy

import (
	"fmt"
	"math"
	"time"
)

// Capacity is the terms on which a running instance is had.
type Capacity uint8

// OnDemand is kept for as long as the pool wants it; Spot is cheaper, and the
// provider may take it back.
const (
	OnDemand Capacity = iota
	Spot
	capacities = 2
)

func (c Capacity) String() string { return [...]string{"on_demand", "spot"}[c] }

// SpotTerms are what decisions know of a category's interruptible capacity.
type SpotTerms struct {
	Price         float64 // $/h, expected
	Interruptions float64 // expected, of one instance in an hour
	Refused       float64 // the chance that a launch is refused for want of capacity
	// Replace orders a standard instance when one on spot is promoted; once it
	// is warm the request goes on there. Else it stays on spot.
	Replace bool
}

// StoppedTerms are what decisions know of a category's stopped (hibernated)
// instances.
type StoppedTerms struct {
	Price  float64 // $/h of storage
	Resume int64   // expected time from resuming to warm, ns
}

// idleHour is what an hour of one warm shadow costs where launches go to spot
// first, $. A shadow that is interrupted λ times an hour is warm for 1/λ in the
// mean; at the notice it is of no more use, is ended, and its successor
// launches for the lead time L at the same price. Of a cycle of 1/λ + L hours
// that are paid, 1/λ are warm: s (1 + λL) an hour at the price s. With 1 + λL
// instances for each one on demand as many are warm in the mean, so that this
// is the price of the same service. A share r of the launches is refused; they
// are answered at once, and go to on-demand at the price p:
//
//	(1-r) s (1 + λL) + r p
func (k *Category) idleHour() float64 {
	s := k.Spot
	own := float64(s.Price * (1 + float64(s.Interruptions*k.LeadTime.Hours())))
	return float64((1-s.Refused)*own) + float64(s.Refused*k.Price)
}

// spotFirst says whether shadows of the category are cheaper on spot.
func (k *Category) spotFirst() bool { return k.Spot != nil && k.idleHour() < k.Price }

// stopPatience is for how long a stopped instance that is not wanted is kept,
// ns: until its storage has cost a launch, so that the total is at most twice
// what it would be if the future were known (ski rental).
func (k *Category) stopPatience() int64 {
	return int64(min(float64(k.LeadTime)*k.Price/max(k.Stopped.Price, 1e-9), float64(maxSpan)))
}

// supply is how a pool fares with its provider, and what it holds beside the
// instances that run.
type supply struct {
	Breakers [capacities]breaker
	Throttle throttle
	Crowded  bool  // has met a quota, and is in line for a place
	Stopped  shelf // hibernated instances
	Filling  int32 // launches that are to be stopped when they are warm; in pool.Own
	Wanted   int32 // stopped instances that the sizer wants
	// InLine is set while the pool waits for the fleet's budget; Called when its
	// turn has come; Poor when it lacked money since then.
	InLine, Called, Poor bool
	lacks                bool // what it takes to launch for a request, in launchLoners

	// Of the configuration: prices are rounded to millionths of a dollar an
	// hour, so that sums are exact.
	prices       [capacities]int64
	storage      int64
	patience     int64 // with a stopped instance that is not wanted, ns
	spotFirst    bool
	hasSpot      bool
	replaces     bool // what is promoted on spot
	canBeStopped bool
}

// configure takes over what decisions need of the pool's category.
func (s *supply) configure(k *Category) {
	s.prices[OnDemand] = microDollars(k.Price)
	s.spotFirst, s.hasSpot, s.canBeStopped = k.spotFirst(), k.Spot != nil, k.Stopped != nil
	s.replaces = s.hasSpot && k.Spot.Replace
	if s.hasSpot {
		s.prices[Spot] = microDollars(k.Spot.Price)
	}
	if s.canBeStopped {
		s.storage, s.patience = microDollars(k.Stopped.Price), k.stopPatience()
	} else {
		s.Wanted = 0
	}
}

func microDollars(price float64) int64 { return int64(math.Round(price * 1e6)) }

// Bounds of prices and of the budget, $/h, so that sums in millionths do not
// overflow.
const (
	maxPrice  = 1e6
	maxBudget = 1e9
)

// validateCapacity checks the terms of category i.
func (c *Config) validateCapacity(i int) error {
	k := &c.Categories[i]
	wrong := func(what string, x, most float64) error {
		if x >= 0 && x <= most {
			return nil
		}
		return fmt.Errorf("policy: category %q: %s %v is not between 0 and %v", k.Name, what, x, most)
	}
	err := wrong("the price", k.Price, maxPrice)
	if s := k.Spot; s != nil && err == nil {
		for _, e := range []error{
			wrong("the spot price", s.Price, maxPrice),
			wrong("the number of interruptions per hour", s.Interruptions, 3600),
			wrong("the share of refused launches on spot", s.Refused, 1),
		} {
			if err == nil {
				err = e
			}
		}
	}
	if s := k.Stopped; s != nil && err == nil {
		err = wrong("the price of a stopped instance", s.Price, k.Price)
		if err == nil && (s.Resume < 0 || s.Resume > int64(maxSpan)) {
			err = fmt.Errorf("policy: category %q: the resume time %v is out of range", k.Name, time.Duration(s.Resume))
		}
	}
	if err != nil {
		return err
	}
	if k.Below != nil && (k.Spot != nil || k.Stopped != nil || c.Budget > 0) {
		return fmt.Errorf("policy: category %q has layers; spot, stopped instances and a budget do not go with layers yet", k.Name)
	}
	if c.Budget > 0 {
		if k.Price > c.Budget {
			return fmt.Errorf("policy: an instance of category %q costs %v $/h, above the budget of %v $/h: its requests could never be served", k.Name, k.Price, c.Budget)
		}
		for _, o := range k.Compatible {
			if to := o.Becomes(PoolID(i)); to != o.Pool && !samePrices(&c.Categories[to], &c.Categories[o.Pool]) {
				return fmt.Errorf("policy: category %q: under a budget, an instance may become another category's only at the same prices, unlike those of %q", k.Name, c.Categories[o.Pool].Name)
			}
		}
	}
	return nil
}

func samePrices(a, b *Category) bool {
	if a.Price != b.Price || (a.Spot == nil) != (b.Spot == nil) {
		return false
	}
	return a.Spot == nil || a.Spot.Price == b.Spot.Price
}

// configurePools takes over the configuration of every pool.
func (c *Controller) configurePools() {
	for len(c.supplies) < len(c.pools) {
		c.supplies = append(c.supplies, supply{Stopped: emptyShelf})
	}
	c.budget = microDollars(c.config.Budget)
	for i := range c.pools {
		k, p, s := &c.config.Categories[i], &c.pools[i], &c.supplies[i]
		p.configure(k)
		p.scrubs = c.config.scrubs(k)
		s.configure(k)
		p.terms = k.Spot != nil || k.Stopped != nil || c.budget > 0
		p.limited = p.limited || p.terms
	}
	c.markLayers()
	c.spending = 0
	if c.budget == 0 {
		return
	}
	for i := range c.instances.Rows {
		c.spending += c.price(&c.instances.Rows[i])
	}
}

// price is what an instance costs now, in millionths of a dollar an hour.
func (c *Controller) price(in *instance) int64 {
	switch s := &c.supplies[in.Pool]; in.State {
	case free:
		return 0
	case stopped:
		return s.storage
	default:
		return s.prices[in.capacity()]
	}
}

// choose is the capacity type of the next launch of a pool. Launches for those
// who wait are on demand, as are all where spot is not cheaper; when one type
// has nothing to give, the other is asked.
func (c *Controller) choose(t Time, id PoolID, p *pool, urgent bool) (Capacity, bool) {
	s := &c.supplies[id]
	first, second := OnDemand, Spot
	if s.spotFirst && !urgent {
		first, second = Spot, OnDemand
	}
	poor := false
	for _, on := range [...]Capacity{first, second} {
		if on == Spot && !s.hasSpot || p.Held && !s.allows(t, on) {
			continue
		}
		if c.affords(s.prices[on], urgent) {
			return on, true
		}
		poor = true
	}
	if poor {
		c.starve(id)
	}
	return OnDemand, false
}
