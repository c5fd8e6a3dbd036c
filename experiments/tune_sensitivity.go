package experiments

import (
	"math"

	"shadowpool/experiments/search"
)

// A Sensitivity tells how much the parameters of one policy matter, by the
// models that the search has fitted.
type Sensitivity struct {
	Policy     string            `json:"policy"`
	Parameters []ParameterEffect `json:"parameters"`
}

// A ParameterEffect is how much one parameter matters.
type ParameterEffect struct {
	Name string `json:"name"`
	// The shares of the variance over the ranges that the parameter explains
	// alone, and together with others, of the logarithm of the cost and of the
	// service.
	CostFirst    float64 `json:"cost_first"`
	CostTotal    float64 `json:"cost_total"`
	ServiceFirst float64 `json:"service_first"`
	ServiceTotal float64 `json:"service_total"`
	// Profile is the least cost at the target with the parameter held at
	// values, relative to the best of them; those at which the target is out of
	// reach are left out. Empty without a target.
	Profile []ProfilePoint `json:"profile"`
}

// A ProfilePoint is a value with what it costs to hold it.
type ProfilePoint struct {
	Value string `json:"value"`
	// At is its place in the range, from 0 to 1.
	At    float64 `json:"at"`
	Ratio float64 `json:"ratio"`
}

// profilePoints of a range.
const profilePoints = 21

// sensitivity is that of the policies that got full runs, and have something
// that varies.
func (t *Tuning) sensitivity(h *hunt, res *search.Result) []Sensitivity {
	all := []Sensitivity{}
	for i, e := range t.Entries {
		full := false
		for _, x := range res.Trials {
			full = full || x.Family == i && x.Fidelity == 1
		}
		cost, service := res.Effects(i)
		dimensions := e.dimensions()
		if !full || len(dimensions) == 0 {
			continue
		}
		s := Sensitivity{Policy: e.String()}
		for v, d := range dimensions {
			p := ParameterEffect{
				Name: d.Name, CostFirst: cost[v].First, CostTotal: cost[v].Total,
				ServiceFirst: service[v].First, ServiceTotal: service[v].Total, Profile: []ProfilePoint{},
			}
			if t.Target != nil {
				var at []float64
				n := profilePoints
				if d.Values != nil {
					n = len(d.Values)
				}
				for k := range n {
					u := float64(k) / float64(n-1)
					if d.Values != nil {
						u = (float64(k) + 0.5) / float64(n)
					}
					at = append(at, u)
				}
				for k, ratio := range res.Profile(i, v, h.measure.graded(t.Target.Value), at) {
					if !math.IsInf(ratio, 1) && !math.IsNaN(ratio) {
						p.Profile = append(p.Profile, ProfilePoint{d.At(at[k]), at[k], ratio})
					}
				}
			}
			s.Parameters = append(s.Parameters, p)
		}
		all = append(all, s)
	}
	return all
}
