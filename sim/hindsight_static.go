package sim

import (
	"cmp"
	"container/heap"
	"fmt"
	"slices"
	"sync"

	"shadowpool/policy"
	"shadowpool/trace"
)

// StaticByCategory is the family of the best constant levels, one for each
// category, found in hindsight on the measured span: of all levels that give
// the fleet a hit rate, those of least waste (as far as a Lagrangian finds
// them: on the convex hulls of the categories' curves). Anyone could set them,
// had they known; so it is what static by category could be at best.
//
// Under base-stock with late binding and single-use instances the stock's
// position is the level S, so that with n launches in flight max(S - n, 0)
// instances idle and an arrival hits when n < S, whatever the law of the lead
// times: one pass over the arrivals gives every level's hits and waste. Lead
// times are those of the replay up to their order: which launch draws which
// depends on the level. A launch that fails is taken to be ordered anew at
// once, where the replay's pools hold back for some ticks.
func StaticByCategory(src trace.Source, fleet Fleet, opt Options) *policy.Family {
	raises := sync.OnceValues(func() ([]raise, error) { return raisesOf(src, &fleet, opt) })
	return &policy.Family{
		Name:    StaticByCategoryName,
		Summary: "the best constant level of each category for the fleet's hit rate, chosen in hindsight",
		Knob:    "hit_rate",
		Params: []policy.Param{
			{Name: "hit_rate", Kind: policy.Share, Default: "0.99", Help: "share of the measured requests that find a warm instance"},
		},
		Build: func(f policy.Fleet, v policy.Values) (policy.Sizer, error) {
			if fleet.Binding != policy.Late || slices.ContainsFunc(fleet.Categories, func(k Category) bool { return k.Reusable }) {
				return nil, fmt.Errorf("policy static-by-category finds levels for single-use instances and late binding only")
			}
			all, err := raises()
			if err != nil {
				return nil, err
			}
			return policy.NewStatic(levelsFor(all, len(f.Categories), v.Float("hit_rate"))), nil
		},
	}
}

// StaticByCategoryName is the name of that family.
const StaticByCategoryName = "static-by-category"

// A raise lifts the level of a pool along the hull of its curve.
type raise struct {
	pool  int
	level int32 // after it
	hits  int64 // that it adds
	waste float64
	total int64 // requests of the fleet
}

// price is what a hit more costs, in instance-ns.
func (r raise) price() float64 { return r.waste / float64(r.hits) }

// levelsFor takes the cheapest raises until the fleet's hit rate is reached:
// the levels that minimise waste plus a price times the misses, for the least
// price that will do.
func levelsFor(raises []raise, pools int, hitRate float64) []int32 {
	levels := make([]int32, pools)
	hits := int64(0)
	for _, r := range raises {
		if float64(hits) >= hitRate*float64(r.total) {
			break
		}
		hits += r.hits
		levels[r.pool] = r.level
	}
	return levels
}

// raisesOf are the raises of all pools, the cheapest first.
func raisesOf(src trace.Source, fleet *Fleet, opt Options) ([]raise, error) {
	arrivals, err := arrivalsByPool(src, fleet, policy.Never)
	if err != nil {
		return nil, err
	}
	last := src.Summary().Last
	var all []raise
	total := int64(0)
	for pool, k := range fleet.Categories {
		c := flightsOf(arrivals[pool], newLeads(k, fleet.Provider, opt.Seed), opt.MeasureFrom, last)
		for _, n := range c.arrivals {
			total += n
		}
		all = append(all, c.hull(pool)...)
	}
	for i := range all {
		all[i].total = total
	}
	// Along one hull prices ascend, so its raises keep their order.
	slices.SortStableFunc(all, func(a, b raise) int { return cmp.Compare(a.price(), b.price()) })
	return all, nil
}

// flights says how many launches were in flight.
type flights struct {
	arrivals []int64   // by n: arrivals that found n launches in flight
	time     []float64 // by n: for how long there were n, ns
}

// flightsOf replays the launches of a base-stock pool, one an arrival.
func flightsOf(arrivals []policy.Time, l leads, from, to policy.Time) flights {
	var f flights
	var warm releases // when launches become warm
	now := from
	pass := func(t policy.Time) {
		if t > now {
			f.at(len(warm))
			f.time[len(warm)] += float64(t - now)
			now = t
		}
	}
	for _, t := range arrivals {
		for len(warm) > 0 && warm[0] <= t {
			pass(warm[0])
			heap.Pop(&warm)
		}
		pass(t)
		if t >= from {
			f.at(len(warm))
			f.arrivals[len(warm)]++
		}
		ready := t
		for fails := true; fails; { // what fails is launched anew
			var lead int64
			lead, fails = l.launch(ready)
			ready += lead
		}
		heap.Push(&warm, ready)
	}
	for len(warm) > 0 && warm[0] <= to {
		pass(warm[0])
		heap.Pop(&warm)
	}
	pass(to)
	return f
}

// at makes room for n in flight.
func (f *flights) at(n int) {
	for len(f.time) <= n {
		f.time, f.arrivals = append(f.time, 0), append(f.arrivals, 0)
	}
}

// hull are the raises along the lower convex hull of (hits, waste) over the
// levels 0, 1, 2, ... up to that at which every arrival hits.
func (f *flights) hull(pool int) []raise {
	type point struct {
		level int32
		hits  int64
		waste float64
	}
	between := func(a, b point) raise {
		return raise{pool: pool, level: b.level, hits: b.hits - a.hits, waste: b.waste - a.waste}
	}
	corners := []point{{}}
	p, below := point{}, 0.0 // below: time with fewer in flight than the level
	for n := range f.time {
		below += f.time[n]
		p = point{p.level + 1, p.hits + f.arrivals[n], p.waste + below}
		if f.arrivals[n] == 0 {
			continue // more waste for no hit
		}
		for k := len(corners); k > 1 && between(corners[k-2], corners[k-1]).price() >= between(corners[k-1], p).price(); k-- {
			corners = corners[:k-1]
		}
		corners = append(corners, p)
	}
	var raises []raise
	for i := 1; i < len(corners); i++ {
		raises = append(raises, between(corners[i-1], corners[i]))
	}
	return raises
}
