package referee

import (
	"math"

	"shadowpool/policy"
)

// charge takes over a category's prices, in millionths of a dollar an hour. What
// is there on terms that are no more offered costs what it did.
func (p *pool) charge(k *policy.Category) {
	p.prices[policy.OnDemand] = millionths(k.Price)
	if k.Spot != nil {
		p.prices[policy.Spot] = millionths(k.Spot.Price)
	}
	if k.Stopped != nil {
		p.storage = millionths(k.Stopped.Price)
	}
}

func millionths(dollars float64) int64 { return int64(math.Round(dollars * 1e6)) }

// cost is what an instance costs now.
func (r *Referee) cost(in *instance) int64 {
	if p := &r.pools[in.pool]; in.state != stopped {
		return p.prices[in.on]
	}
	return r.pools[in.pool].storage
}

// spending is what the fleet costs, and what of it could be ended for a request.
func (r *Referee) spending() (all, idling int64) {
	for _, in := range r.slots {
		if in == nil {
			continue
		}
		cost := r.cost(in)
		all += cost
		if in.state == idle || in.state == stopped {
			idling += cost
		}
	}
	return all, idling
}

// withinBudget checks what the fleet costs after an instance has come that is not
// for nothing. It may cost more since its budget or prices have changed.
func (r *Referee) withinBudget(in *instance) {
	if r.config.Budget == 0 || r.cost(in) == 0 {
		return
	}
	if all, _ := r.spending(); all > millionths(r.config.Budget) {
		r.fail(Budget, "the fleet costs %v $/h, its budget is %v $/h", float64(all)/1e6, r.config.Budget)
	}
}

// hasMoney says whether the budget surely has room for one more instance of a
// pool: for a request, with all ended that nobody uses, else while nobody waits
// who might come first.
func (r *Referee) hasMoney(p *pool, urgent bool) bool {
	if r.config.Budget == 0 {
		return true
	}
	most := p.prices[policy.OnDemand]
	if p.category.Spot != nil {
		most = max(most, p.prices[policy.Spot])
	}
	all, idling := r.spending()
	if urgent {
		return all-idling+p.prices[policy.OnDemand] <= millionths(r.config.Budget)
	}
	return all+most <= millionths(r.config.Budget) && !r.someoneWaits()
}

func (r *Referee) someoneWaits() bool {
	for i := range r.pools {
		if len(r.pools[i].queue) > 0 {
			return true
		}
	}
	return len(r.loners) > 0
}

// mayPay checks that an instance which nobody uses is ended for a request that
// waits: for its money, or for its place in a quota.
func (r *Referee) mayPay(in *instance) {
	if r.forQuota(in) || r.forMoney(in) {
		return
	}
	r.fail(Budget, "instance %s of pool %d is ended for a request, but none waits for its money or its place, or another goes first", nameOf(in.id), in.pool)
}

// forMoney says whether some request waits for the price of an instance that is
// idle, and of the pool that has the most idle ones, or stopped, if none is idle.
func (r *Referee) forMoney(in *instance) bool {
	if r.config.Budget == 0 || r.cost(in) == 0 {
		return false
	}
	all, _ := r.spending()
	lacks := false
	for i := range r.pools {
		p := &r.pools[i]
		least, _ := r.position(p)
		waits := least < 0 && r.fits(p) || r.lonely(policy.PoolID(i)) != nil
		lacks = lacks || waits && all+p.prices[policy.OnDemand] > millionths(r.config.Budget)
	}
	return lacks && r.goesFirst(in, func(o *instance) bool { return r.cost(o) > 0 }, idle)
}

// forQuota says whether a request waits for an instance's place in the quota
// that an order has just met. Stopped ones go first.
func (r *Referee) forQuota(in *instance) bool {
	if r.event.kind != fail || r.event.failure != policy.OverQuota || in.on != r.event.on {
		return false
	}
	least, _ := r.position(&r.pools[r.event.pool])
	return least < 0 && r.goesFirst(in, func(o *instance) bool { return o.on == in.on }, stopped)
}

// goesFirst says whether none of those that nobody uses, of some kind, goes
// before an instance: those in the first state do, of the pool with the most idle.
func (r *Referee) goesFirst(in *instance, kind func(*instance) bool, first state) bool {
	for _, o := range r.slots {
		if o == nil || o.state != idle && o.state != stopped || !kind(o) {
			continue
		}
		if o.state != in.state && o.state == first || o.state == in.state && r.pools[o.pool].idle() > r.pools[in.pool].idle() {
			return false
		}
	}
	return true
}
