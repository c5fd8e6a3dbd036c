package experiments

import (
	"context"
	"math"
	"slices"

	"shadowpool/experiments/search"
	"shadowpool/policy"
	"shadowpool/sim"
)

// A hunt is a search for settings on one span.
type hunt struct {
	ground  *proving
	entries []Entry
	span    Span
	measure Target // its scale
	cost    string
	// results are those of the search's trials, in their order.
	results []*sim.Result
}

// Costs are what may be minimised.
var Costs = []string{"waste", "cost"}

// hourly is what a result wastes or costs by the hour of the measured span, so
// that short and long ones compare.
func hourly(r *sim.Result, cost string) float64 {
	v := r.InstanceS.Waste / 3600
	if cost == "cost" {
		v = r.CostUSD.Total
	}
	return v / max(r.SpanS/3600, 1e-9)
}

// leastCost stands for no cost at all, which has no logarithm.
const leastCost = 1e-6

// graded is a measure on a scale on which more is better and equal steps matter
// about equally: nines of the hit rate, or powers of ten of a wait, of which
// less than a twentieth of the target's counts as that.
func (t *Target) graded(measure float64) float64 {
	if t.Measure == "hit_rate" {
		return -math.Log10(max(1-measure, 1e-5))
	}
	return -math.Log10(max(measure, t.Value/20, 1e-3))
}

// searched are the entries as the search sees them.
func searched(entries []Entry) []search.Family {
	var all []search.Family
	for _, e := range entries {
		f := search.Family{Name: e.String(), Knob: -1}
		for i, d := range e.dimensions() {
			v := search.Variable{Snap: func(u float64) float64 {
				if at, err := d.Position(d.At(u)); err == nil {
					return at
				}
				return u
			}}
			if d.Values != nil {
				v = search.Variable{Levels: len(d.Values)}
			}
			if i < len(e.Ranges) && d.Values == nil && f.Knob < 0 && isKnob(e.Spec.Name, d.Name) {
				f.Knob = i
			}
			f.Variables = append(f.Variables, v)
		}
		all = append(all, f)
	}
	return all
}

// isKnob says whether a policy's service rises or falls throughout with a
// parameter: its knobs, and what names a target.
func isKnob(name, param string) bool {
	family, err := policy.Find(name)
	return err == nil && (param == family.Knob || param == family.WaitKnob ||
		slices.Contains([]string{"hit_rate", "wait_mean", "wait_p99"}, param))
}

// evaluate replays points.
func (h *hunt) evaluate(ctx context.Context, points []search.Point) ([]search.Outcome, error) {
	heats := make([]heat, len(points))
	for i, p := range points {
		heats[i] = heat{h.entries[p.Family].setting(p.At), h.span, p.Fidelity}
	}
	results, err := h.ground.runAll(ctx, heats)
	if err != nil {
		return nil, err
	}
	whole := float64(h.rows(heat{span: h.span, fidelity: 1}))
	outcomes := make([]search.Outcome, len(points))
	for i, r := range results {
		outcomes[i] = search.Outcome{
			Cost:    max(hourly(r, h.cost), leastCost),
			Service: h.measure.graded(h.measure.measure(r)),
			Spent:   float64(h.rows(heats[i])) / whole,
		}
	}
	h.results = append(h.results, results...)
	return outcomes, nil
}

// rows is how many requests a heat replays.
func (h *hunt) rows(x heat) int {
	part, _ := h.ground.cut(x)
	return part.Len()
}

// run searches with a budget in replays of the whole span.
func (h *hunt) run(ctx context.Context, opt search.Options) (*search.Result, error) {
	return search.Minimise(ctx, searched(h.entries), h.evaluate, opt)
}
