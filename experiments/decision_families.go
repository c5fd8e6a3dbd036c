package experiments

import (
	"cmp"
	"math"
	"slices"
)

// A FamilyPoint is what one policy spends at exactly the target: read on the
// convex hull of its settings, as of two that are alternated (docs/figures.md).
// That is fairer between policies than their cheapest settings, of which one
// may give more than is asked.
type FamilyPoint struct {
	Policy        string `json:"policy"`
	Implementable bool   `json:"implementable"`
	Settings      int    `json:"settings"`
	Reaching      int    `json:"reaching"`
	// Best is its cheapest setting that reaches the target; of the best service if
	// none does.
	Best string `json:"best"`
	// Spends is a month at the target, $ or instance-hours, and More what that is
	// beyond the policy of the chosen setting, paired. They are nil where the
	// target is not reached.
	Spends *float64  `json:"spends_a_month"`
	More   *Estimate `json:"more_than_chosen_a_month"`
	// Unreached is the share of resamples in which the target is not reached; there
	// it spends infinitely more, and a bound that is infinite is nil.
	Unreached float64 `json:"unreached"`
	// Verdict is that of the interval: less, more, within chance, or unknown.
	Verdict string `json:"verdict"`
}

// families are of all policies, the cheapest first.
func families(d *Decision, s *samples, spent column) []FamilyPoint {
	var order []string
	members := map[string][]*Option{}
	for i := range d.Options {
		o := &d.Options[i]
		if members[o.Family] == nil {
			order = append(order, o.Family)
		}
		members[o.Family] = append(members[o.Family], o)
	}
	read := func(name string) (float64, []float64) {
		all := members[name]
		drawn := make([]float64, len(s.again))
		eachOf(len(drawn), func(k int) { drawn[k] = least(all, d.Target, &s.again[k], spent) })
		return least(all, d.Target, &s.whole, spent), drawn
	}
	var own float64
	var ownDrawn []float64
	if d.Chosen != nil {
		own, ownDrawn = read(d.Chosen.Family)
	}
	var points []FamilyPoint
	for _, name := range order {
		all := members[name]
		best := baseline(d.Options, name, d.Target)
		p := FamilyPoint{Policy: name, Implementable: all[0].Implementable, Settings: len(all), Best: d.Options[best].Policy, Verdict: "unknown"}
		for _, o := range all {
			if o.Reaches {
				p.Reaching++
			}
		}
		spends, drawn := read(name)
		if p.Spends = finite(spends); p.Spends != nil && d.Chosen != nil {
			p.relate(s, own, ownDrawn, spends, drawn, name == d.Chosen.Family)
		}
		points = append(points, p)
	}
	slices.SortStableFunc(points, func(a, b FamilyPoint) int {
		return cmp.Compare(a.order(), b.order())
	})
	return points
}

func (p *FamilyPoint) order() float64 {
	switch {
	case p.Spends == nil:
		return math.Inf(1)
	case !p.Implementable:
		return math.MaxFloat64
	default:
		return *p.Spends
	}
}

// relate holds a policy against that of the chosen setting.
func (p *FamilyPoint) relate(s *samples, own float64, ownDrawn []float64, spends float64, drawn []float64, same bool) {
	p.More = &Estimate{Value: spends - own}
	if same {
		p.Verdict = "chosen"
		return
	}
	if len(drawn) == 0 {
		return
	}
	more := make([]float64, len(drawn))
	for k := range drawn {
		_, more[k] = relate(drawn[k], ownDrawn[k])
		if math.IsInf(drawn[k], 1) {
			p.Unreached += 1 / float64(len(drawn))
		}
	}
	low, high := s.plan.Interval(p.More.Value, more)
	p.More.Low, p.More.High = finite(low), finite(high)
	switch {
	case low > 0:
		p.Verdict = "more"
	case high < 0:
		p.Verdict = "less"
	default:
		p.Verdict = "within chance"
	}
}

// least is the least that some options spend a month at a target on a sample:
// on the lower convex hull of what they serve and spend; infinite where none
// reaches it. A percentile does not mix, so there it is of the cheapest that
// reach it.
func least(options []*Option, t *Target, x *sample, spent column) float64 {
	points := make([]hullPoint, len(options))
	for i, o := range options {
		points[i] = hullPoint{t.better(o.tally.service(t, x)), o.tally.monthly(spent, x)}
	}
	return leastAt(points, t.better(t.Value), t.mixes())
}

// A hullPoint is a setting: its service, of which more is better, and what it
// spends.
type hullPoint struct{ service, spends float64 }

// leastAt is the least spending at a service, as leastMixture finds it, for
// many points.
func leastAt(points []hullPoint, need float64, mixes bool) float64 {
	best := math.Inf(1)
	if !mixes {
		for _, p := range points {
			if p.service >= need {
				best = min(best, p.spends)
			}
		}
		return best
	}
	hull := lowerHull(points)
	for i, p := range hull {
		if p.service < need {
			continue
		}
		best = min(best, p.spends)
		if i > 0 && hull[i-1].service < need {
			share := (need - hull[i-1].service) / (p.service - hull[i-1].service)
			best = min(best, float64((1-share)*hull[i-1].spends)+float64(share*p.spends))
		}
	}
	return best
}

// lowerHull is the lower convex hull of points, by service, which it sorts.
func lowerHull(points []hullPoint) []hullPoint {
	slices.SortFunc(points, func(a, b hullPoint) int {
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.spends, b.spends))
	})
	var hull []hullPoint
	for _, p := range points {
		if n := len(hull); n > 0 && hull[n-1].service == p.service {
			continue // it spends no less
		}
		for len(hull) > 1 && !turnsUp(hull[len(hull)-2], hull[len(hull)-1], p) {
			hull = hull[:len(hull)-1]
		}
		hull = append(hull, p)
	}
	return hull
}

// turnsUp says whether the way from a to c by b bends upwards.
func turnsUp(a, b, c hullPoint) bool {
	return float64((b.service-a.service)*(c.spends-a.spends)) > float64((c.service-a.service)*(b.spends-a.spends))
}
