package sim

import (
	"fmt"

	"shadowpool/policy"
)

// A Provider is what the cloud allows, whatever the policy orders. Zero values
// are no limit.
type Provider struct {
	// LaunchesPerSecond fill a bucket of Burst; an order that finds it empty
	// is throttled.
	LaunchesPerSecond float64
	Burst             int
	// Quota is the most instances by capacity type; stopped ones count.
	Quota Quota
	// Stragglers are the share of the launches that take Slowdown times as
	// long.
	Stragglers, Slowdown float64
}

// A Quota is by capacity type; zero is no bound.
type Quota struct{ OnDemand, Spot int }

func (p *Provider) validate() error {
	switch {
	case p.LaunchesPerSecond < 0 || p.Burst < 0 || p.LaunchesPerSecond > 0 && p.Burst < 1:
		return fmt.Errorf("provider: %v launches per second in bursts of %d cannot be; a burst is at least 1", p.LaunchesPerSecond, p.Burst)
	case p.Quota.OnDemand < 0 || p.Quota.Spot < 0:
		return fmt.Errorf("provider: a quota is negative")
	case p.Stragglers < 0 || p.Stragglers >= 1 || p.Stragglers > 0 && p.Slowdown < 1:
		return fmt.Errorf("provider: a share of %v of launches that take %v times as long cannot be", p.Stragglers, p.Slowdown)
	}
	return nil
}

// provider is a Provider in a run.
type provider struct {
	Provider
	tokens float64
	filled policy.Time
	alive  [2]int // by capacity type
}

// answer is the provider's to an order at t.
func (p *provider) answer(t policy.Time, on policy.Capacity) (refused bool, why policy.Failure) {
	if rate := p.LaunchesPerSecond; rate > 0 {
		p.tokens = min(p.tokens+rate*float64(t-p.filled)/1e9, float64(p.Burst))
		p.filled = t
		if p.tokens < 1 {
			return true, policy.Throttled
		}
		p.tokens--
	}
	if most := [...]int{p.Quota.OnDemand, p.Quota.Spot}[on]; most > 0 && p.alive[on] >= most {
		return true, policy.OverQuota
	}
	return false, 0
}
