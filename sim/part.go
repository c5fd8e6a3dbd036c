package sim

import (
	"cmp"
	"slices"

	"shadowpool/policy"
	"shadowpool/trace"
)

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

// Count is Run before any figure is computed, days left out.
func Count(src trace.Source, fleet Fleet, sizer policy.Sizer, opt Options) (*Tally, error) {
	opt.Days = false // what they cost does not add up exactly
	r, err := play(src, &fleet, sizer, opt)
	if err != nil {
		return nil, err
	}
	return r.tally(), nil
}

// last brings a part to where the whole trace's last arrival is replayed, if
// that is not its own: to what came before.
func (r *replay) last() error {
	if r.row == r.sum.Rows-1 {
		return nil
	}
	if r.announcer != nil {
		if err := r.announce(r.sum.Last); err != nil {
			return err
		}
	}
	r.deliver(r.sum.Last)
	return nil
}
