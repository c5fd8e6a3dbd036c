package experiments

import (
	"cmp"
	"slices"

	"shadowpool/experiments/search"
	"shadowpool/sim"
)

// A Price is what a tenth of a percent more of hits costs between two settings
// on the lower convex hull of cost against the hit rate.
type Price struct {
	FromHitRate float64 `json:"from_hit_rate"`
	ToHitRate   float64 `json:"to_hit_rate"`
	// Per is what each 0.1 % more of the requests that hit costs a day, in
	// instance-hours of waste or in $.
	Per float64 `json:"per_tenth_percent_per_day"`
}

// front are the full trials that no other beats in both cost and the measure
// of service, by rising service.
func (h *hunt) front(res *search.Result) []int {
	var full []int
	for i, x := range res.Trials {
		if x.Fidelity == 1 {
			full = append(full, i)
		}
	}
	slices.SortStableFunc(full, func(a, b int) int {
		x, y := res.Trials[a], res.Trials[b]
		return cmp.Or(-cmp.Compare(x.Service, y.Service), cmp.Compare(x.Cost, y.Cost))
	})
	front := []int{}
	for _, i := range full {
		if n := len(front); n == 0 || res.Trials[i].Cost < res.Trials[front[n-1]].Cost {
			front = append(front, i)
		}
	}
	slices.Reverse(front)
	return front
}

// prices are the slopes of the hull of the full trials.
func (h *hunt) prices(res *search.Result) []Price {
	var full []*sim.Result
	for i, x := range res.Trials {
		if x.Fidelity == 1 {
			full = append(full, h.results[i])
		}
	}
	return pricesOf(full, h.cost)
}

func pricesOf(results []*sim.Result, cost string) []Price {
	type place struct{ hits, cost float64 }
	var all []place
	for _, r := range results {
		all = append(all, place{r.HitRate, 24 * hourly(r, cost)})
	}
	slices.SortFunc(all, func(a, b place) int { return cmp.Or(cmp.Compare(a.hits, b.hits), cmp.Compare(a.cost, b.cost)) })
	var hull []place
	for _, p := range all {
		if n := len(hull); n > 0 && hull[n-1].hits == p.hits {
			continue // the dearer one
		}
		for n := len(hull); n > 0; n = len(hull) {
			last := hull[n-1]
			if last.cost < p.cost && (n == 1 || (last.cost-hull[n-2].cost)*(p.hits-last.hits) < (p.cost-last.cost)*(last.hits-hull[n-2].hits)) {
				break
			}
			hull = hull[:n-1] // above the line, or beaten in both
		}
		hull = append(hull, p)
	}
	prices := []Price{}
	for i := 1; i < len(hull); i++ {
		a, b := hull[i-1], hull[i]
		prices = append(prices, Price{a.hits, b.hits, (b.cost - a.cost) / (b.hits - a.hits) / 1000})
	}
	return prices
}
