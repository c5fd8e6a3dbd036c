package experiments

import (
	"cmp"
	"slices"
)

// A FrontPoint is a setting that none other beats in both service and cost.
type FrontPoint struct {
	Policy  string  `json:"policy"`
	Service float64 `json:"service"`
	CostUSD float64 `json:"cost_usd_a_month"`
	WasteH  float64 `json:"waste_h_a_month"`
	// OnHull are the points between which no mixture of two others is better.
	OnHull bool `json:"on_hull"`
	// PriceUSD is what a little more service costs a month on the way here from
	// the hull's point before: 0.1 % more hits, or a second less to wait. It is
	// nil where there is none before.
	PriceUSD *float64 `json:"price_usd_a_month"`
}

// unit is the little that more service is priced by.
func (t *Target) unit() float64 {
	if t.Measure == "hit_rate" {
		return 0.001
	}
	return 1
}

// front are the settings that could be run and that none other beats, by
// service, the least first.
func front(options []Option, t *Target) []FrontPoint {
	var able []*Option
	for i := range options {
		if options[i].Implementable {
			able = append(able, &options[i])
		}
	}
	slices.SortStableFunc(able, func(a, b *Option) int {
		return cmp.Or(cmp.Compare(t.better(b.Service.Value), t.better(a.Service.Value)), cmp.Compare(a.CostUSD.Value, b.CostUSD.Value))
	})
	var points []FrontPoint
	for _, o := range able { // from the best service down
		if n := len(points); n > 0 && points[n-1].CostUSD <= o.CostUSD.Value {
			continue
		}
		points = append(points, FrontPoint{Policy: o.Policy, Service: o.Service.Value, CostUSD: o.CostUSD.Value, WasteH: o.WasteH.Value})
	}
	slices.Reverse(points)
	var cloud []hullPoint
	for _, p := range points {
		cloud = append(cloud, hullPoint{t.better(p.Service), p.CostUSD})
	}
	hull := lowerHull(cloud)
	for i := range points {
		p := &points[i]
		at := slices.Index(hull, hullPoint{t.better(p.Service), p.CostUSD})
		if p.OnHull = at >= 0; at > 0 && t.mixes() {
			price := (hull[at].spends - hull[at-1].spends) / (hull[at].service - hull[at-1].service) * t.unit()
			p.PriceUSD = &price
		}
	}
	return points
}

// priceAt is the price of a little more service at a target; false where the
// front does not go beyond it.
func priceAt(points []FrontPoint, t *Target) (float64, bool) {
	for _, p := range points {
		if t.better(p.Service) > t.better(t.Value) && p.PriceUSD != nil {
			return *p.PriceUSD, true
		}
	}
	return 0, false
}
