package sim

import (
	"cmp"
	"fmt"
	"slices"

	"shadowpool/policy"
	"shadowpool/trace"
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

// Divide shares groups out among n parts, so that each has about as many
// requests, of which there are so many by pool. Each part is fit for
// Options.Pools; where there are fewer groups than parts, the last have none.
func Divide(groups [][]policy.PoolID, requests []int64, n int) [][]bool {
	weight := func(pools []policy.PoolID) (sum int64) {
		for _, p := range pools {
			sum += requests[p]
		}
		return sum
	}
	groups = slices.Clone(groups)
	slices.SortStableFunc(groups, func(a, b []policy.PoolID) int { return cmp.Compare(weight(b), weight(a)) })
	parts, loads := make([][]bool, n), make([]int64, n)
	for i := range parts {
		parts[i] = make([]bool, len(requests))
	}
	for _, g := range groups {
		least := 0
		for i := range loads {
			if loads[i] < loads[least] {
				least = i
			}
		}
		loads[least] += weight(g) + 1 // groups without requests are spread too
		for _, p := range g {
			parts[least][p] = true
		}
	}
	return parts
}

// RequestsByPool counts a trace's requests by the pool that they go to.
func RequestsByPool(src trace.Source, fleet *Fleet) ([]int64, error) {
	routes := fleet.routes(src.Summary().Strings)
	counts := make([]int64, len(fleet.Categories))
	for chunk, err := range src.Chunks() {
		if err != nil {
			return nil, err
		}
		for i := range chunk.Arrival {
			if pool := routes.of(&chunk.Columns, i); pool != noPool {
				counts[pool]++
			}
		}
	}
	return counts, nil
}
