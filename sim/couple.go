package sim

import (
	"fmt"
	"slices"

	"shadowpool/policy"
)

// A Coupling says by what pools hang on each other, so that only one run can
// replay them.
type Coupling struct {
	Pools []policy.PoolID // nil is all
	By    string
}

// Couple finds what couples the pools of a fleet under a policy.
func Couple(fleet *Fleet, sizer policy.Sizer) []Coupling {
	var all []Coupling
	fleetwide := func(is bool, by string, args ...any) {
		if is {
			all = append(all, Coupling{By: fmt.Sprintf(by, args...)})
		}
	}
	p := fleet.Provider
	fleetwide(!sizer.Traits().ByPool, "the policy, which decides by what happens to all of them")
	fleetwide(fleet.Budget > 0, "the budget of %v $/h", fleet.Budget)
	fleetwide(p.LaunchesPerSecond > 0, "the provider's %v launches per second", p.LaunchesPerSecond)
	fleetwide(p.Quota.OnDemand > 0, "the provider's quota of %d instances on demand", p.Quota.OnDemand)
	aging := slices.ContainsFunc(fleet.Categories, func(k Category) bool { return k.MaxAge > 0 })
	fleetwide(aging, "the maximum age, a tenth of which is drawn by the number that an instance has in the fleet")
	var spot []policy.PoolID
	for i, k := range fleet.Categories {
		id := policy.PoolID(i)
		if k.Spot != nil {
			spot = append(spot, id)
		}
		for _, o := range k.Compatible {
			if int(o.Pool) < len(fleet.Categories)-fleet.Layers { // else it is below
				pools := []policy.PoolID{id, o.Pool, o.Becomes(id)}
				all = append(all, Coupling{slices.Compact(pools), "warm instances of the second, which may serve requests of the first"})
			}
		}
		if k.Below != nil {
			all = append(all, Coupling{[]policy.PoolID{id, *k.Below}, "the layer in which idle instances may be held"})
		}
	}
	if p.Quota.Spot > 0 && len(spot) > 1 {
		all = append(all, Coupling{spot, fmt.Sprintf("the provider's quota of %d instances on spot", p.Quota.Spot)})
	}
	return all
}

// Groups are the pools that couplings keep together, each group ascending, in
// the order of their first pools. Nothing that happens in one changes another.
func Groups(fleet *Fleet, couplings []Coupling) [][]policy.PoolID {
	in := make([]int, len(fleet.Categories)) // a pool of the same group, its own number for one
	for i := range in {
		in[i] = i
	}
	group := func(i int) int {
		for in[i] != i {
			in[i] = in[in[i]]
			i = in[i]
		}
		return i
	}
	for _, c := range couplings {
		if c.Pools == nil {
			for i := range in {
				in[i] = 0
			}
			continue
		}
		for _, p := range c.Pools {
			a, b := group(int(p)), group(int(c.Pools[0]))
			in[max(a, b)] = min(a, b)
		}
	}
	at := map[int]int{}
	var groups [][]policy.PoolID
	for i := range in {
		g, ok := at[group(i)]
		if !ok {
			g = len(groups)
			at[group(i)] = g
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], policy.PoolID(i))
	}
	return groups
}
