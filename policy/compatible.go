package policy

import (
	"fmt"
	"time"
)

// Compatible names a category whose instances can serve another's requests.
type Compatible struct {
	Pool PoolID
	// Adapt is how long the missing warm-up stages take. Zero: it serves as
	// it is (a bigger machine, say) and stays what it was; otherwise it is an
	// instance of the request's category from then on, unless To says of which.
	Adapt time.Duration
	// To, if not nil, is the pool that an instance belongs to once it has served:
	// its own, if it lives elsewhere and stays there, however long it takes to be
	// of use from afar; or one that is reserved for the tenant whom it has served
	// as it is.
	To *PoolID
	// For says whose requests it may serve.
	For Reach
}

// Reach says whose requests a compatible category may serve: anyone's, those
// of requests that are bound to a place, or those of requests that may be
// served anywhere.
type Reach uint8

const (
	ForAll Reach = iota
	ForBound
	ForAnywhere
)

func (r Reach) String() string { return [...]string{"all", "bound", "anywhere"}[r] }

// Serves says whether instances of o may serve a request.
func (o *Compatible) Serves(r *Request) bool {
	return o.For == ForAll || (o.For == ForAnywhere) == r.Anywhere
}

// Becomes is the pool that an instance of o belongs to once it has served a
// request of pool own.
func (o *Compatible) Becomes(own PoolID) PoolID {
	switch {
	case o.To != nil:
		return *o.To
	case o.Adapt > 0:
		return own
	}
	return o.Pool
}

// validateCompatible checks the categories that may serve for that of pool i.
func (c *Config) validateCompatible(i int) error {
	k := &c.Categories[i]
	for j := range k.Compatible {
		o := &k.Compatible[j]
		if int(o.Pool) >= len(c.Categories) || int(o.Pool) == i || int(o.Becomes(PoolID(i))) >= len(c.Categories) {
			return fmt.Errorf("policy: category %q: compatible category %d is not another category of the fleet", k.Name, o.Pool)
		}
		if o.Adapt < 0 || o.Adapt > maxSpan {
			return fmt.Errorf("policy: category %q: adapt time %v is out of range", k.Name, o.Adapt)
		}
		if to := o.Becomes(PoolID(i)); to != o.Pool && o.Adapt == 0 && !c.reserves(o.Pool, to) {
			return fmt.Errorf("policy: category %q: instances of compatible category %d become another's in no time", k.Name, o.Pool)
		}
		if o.For > ForAnywhere {
			return fmt.Errorf("policy: category %q: compatible category %d is for %d, which is no reach", k.Name, o.Pool, o.For)
		}
	}
	return nil
}

// claimCompatible assigns a warm instance of a compatible category.
func (c *Controller) claimCompatible(t Time, r *Request, best Outcome) bool {
	all := c.config.Categories[r.Pool].Compatible
	for i := range all {
		o := &all[i]
		if !o.Serves(r) {
			continue
		}
		slot := c.pick(t, o.Pool, &c.pools[o.Pool], r)
		if c.lived {
			slot = c.fit(t, slot, o.Pool, &c.pools[o.Pool], r)
		}
		to := o.Becomes(r.Pool)
		moves := to != o.Pool
		if slot == none || r.Warm == RequireWarm && (o.Adapt > 0 || moves && c.lacksThere(o.Pool, to, r)) {
			continue
		}
		if moves && (!c.hasRoom(to) || c.lived && c.unfitAdapted(t, slot, to)) {
			continue
		}
		c.unshelve(slot)
		outcome := best
		if o.Adapt > 0 {
			outcome = PartialHit
		}
		if moves {
			why := WasCompatible
			if o.Adapt == 0 {
				why = Reserved
			}
			c.move(t, slot, to, why)
		}
		c.assign(t, slot, r.Pool, r, outcome, WasCompatible, int64(o.Adapt))
		c.replenish(t, o.Pool, &c.pools[o.Pool])
		return true
	}
	return false
}
