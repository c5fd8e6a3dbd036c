package experiments

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"shadowpool/sim"
)

// A Frontier is the curves of several families, as its JSON holds them.
type Frontier struct {
	Trace  TraceInfo `json:"trace"`
	Config Setup     `json:"config"`
	// PointsPerPolicy is the number of evaluations that each family got.
	PointsPerPolicy int       `json:"points_per_policy"`
	Curves          []Curve   `json:"curves"`
	Matched         []Matched `json:"matched"` // empty without a target
}

// Results are the points of all curves.
func (f *Frontier) Results() []*sim.Result {
	var all []*sim.Result
	for _, c := range f.Curves {
		all = append(all, c.Points...)
	}
	return all
}

// WriteFrontierTable writes what each family wastes at the target, or without
// one, the curves; at most 100 columns wide.
func WriteFrontierTable(w io.Writer, f *Frontier) error {
	if len(f.Matched) == 0 {
		for i, c := range f.Curves {
			if i > 0 {
				if _, err := fmt.Fprintln(w); err != nil {
					return err
				}
			}
			if err := writeResults(w, c.Points, "", nil); err != nil {
				return err
			}
		}
		return nil
	}
	target := f.Matched[0].At
	if _, err := fmt.Fprintf(w, "least waste at %s, of %d settings of each policy; vs static relates the waste\n\n", target.String(), f.PointsPerPolicy); err != nil {
		return err
	}
	head := []string{"waste h", "idle h", "cost $", "launch/req", "vs static", "settings"}
	var names []string
	var rows [][]string
	const future = "* sees the future: for comparison, no one could run it"
	const hull = "a to b: between two settings on the convex hull of the curve, each for a share of the requests"
	notes := map[string]bool{}
	for _, m := range f.Matched {
		name := m.Label
		if !m.Implementable {
			name += " *"
			notes[future] = true
		}
		names = append(names, name)
		if !m.Reached {
			rows = append(rows, []string{"not reached", "", "", "", "", f.closest(m)})
			continue
		}
		waste := ""
		if m.ToStatic != nil {
			waste = ratio(m.ToStatic.Waste)
		}
		rows = append(rows, []string{
			amount(m.WasteS / 3600), amount(m.IdleS / 3600), amount(m.CostUSD),
			strconv.FormatFloat(m.LaunchesPerReq, 'f', 3, 64), waste, f.settings(m),
		})
		if len(m.Between) == 2 {
			notes[hull] = true
		}
	}
	if err := writeColumns(w, "policy", names, head, rows); err != nil {
		return err
	}
	for _, note := range []string{hull, future} {
		if notes[note] {
			if _, err := fmt.Fprintln(w, "\n"+note); err != nil {
				return err
			}
		}
	}
	return nil
}

// settings are the knob's values that a match lies between.
func (f *Frontier) settings(m Matched) string {
	text := ""
	for i, p := range m.Between {
		if i > 0 {
			text += " to "
		}
		text += f.knob(m.Label, p.result)
	}
	return clip(text, 26)
}

// closest is the best service of a family that does not reach the target.
func (f *Frontier) closest(m Matched) string {
	i := slices.IndexFunc(f.Curves, func(c Curve) bool { return c.Label == m.Label })
	best := f.Curves[i].Points[0]
	for _, p := range f.Curves[i].Points {
		if m.At.better(m.At.measure(p)) > m.At.better(m.At.measure(best)) {
			best = p
		}
	}
	if m.At.Measure == "hit_rate" {
		return "best " + percent(best.HitRate) + " %"
	}
	return "best " + seconds(m.At.measure(best))
}

// knob is the swept parameter of a result as NAME=VALUE.
func (f *Frontier) knob(label string, r *sim.Result) string {
	i := slices.IndexFunc(f.Curves, func(c Curve) bool { return c.Label == label })
	return knobOf(f.Curves[i], r)
}
