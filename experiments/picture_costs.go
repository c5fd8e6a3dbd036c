package experiments

import (
	"image/color"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"shadowpool/sim"
)

// drawCosts draws what a month costs in the chosen setting and the baseline: by
// capacity type, or where there is one type only, by what instances do.
func (d *Decision) drawCosts() (picture, error) {
	perMonth := month / d.SpanS
	options := d.pair()
	type part struct {
		name   string
		colour color.Color
		of     func(*sim.Result) float64
	}
	parts := []part{
		{"on demand", hues[0], func(r *sim.Result) float64 { return r.CostUSD.OnDemand }},
		{"spot", hues[4], func(r *sim.Result) float64 { return r.CostUSD.Spot }},
		{"stopped", hues[3], func(r *sim.Result) float64 { return r.CostUSD.Stopped }},
	}
	caption := "What a month costs, by capacity type."
	if d.none(options, func(r *sim.Result) float64 { return r.CostUSD.Spot + r.CostUSD.Stopped }) {
		caption = "What a month costs, all of it on demand, by what instances do."
		parts = []part{
			{"serving", servingColour, func(r *sim.Result) float64 { return r.CostUSD.Serving }},
			{"idle", idleColour, func(r *sim.Result) float64 { return r.CostUSD.Idle }},
			{"launching", launchingColour, func(r *sim.Result) float64 { return r.CostUSD.Launching }},
			{"rounded up", grey, func(r *sim.Result) float64 {
				return r.CostUSD.Total - r.CostUSD.Serving - r.CostUSD.Idle - r.CostUSD.Launching
			}},
		}
	}
	p, k := newPlot("$ a month", ""), newKey()
	most := 0.0
	var names []plot.Tick
	for i, o := range slices.Backward(options) {
		row := float64(len(options) - 1 - i)
		names = append(names, rowTick(row, o.Policy))
		from := 0.0
		for _, x := range parts {
			to := from + o.trial.mean(x.of)*perMonth
			if to-from > 1e-6*o.CostUSD.Value {
				box, err := bar(from, to, row, x.colour)
				if err != nil {
					return picture{}, err
				}
				p.Add(box)
			}
			from = max(from, to)
		}
		most = max(most, from)
	}
	for _, x := range parts {
		if !d.none(options, x.of) {
			k.Add(x.name, swatch{x.colour})
		}
	}
	p.X.Min, p.X.Max = 0, most*1.03+1e-9
	p.X.Tick.Marker = roundTicks(6)
	p.Y.Min, p.Y.Max = -0.6, float64(len(options))-0.4
	p.Y.Tick.Marker, p.Y.Tick.Length = plot.ConstantTicks(names), 0
	return renderTall("costs", caption, p, k, vg.Length(1.2+0.5*float64(len(options)))*vg.Inch)
}

// bar is a horizontal box in a row.
func bar(from, to, row float64, colour color.Color) (*plotter.Polygon, error) {
	const half = 0.36
	box, err := plotter.NewPolygon(plotter.XYs{{X: from, Y: row - half}, {X: to, Y: row - half}, {X: to, Y: row + half}, {X: from, Y: row + half}})
	if err != nil {
		return nil, err
	}
	box.Color, box.LineStyle.Width = colour, 0
	return box, nil
}

// rowTick names a row of bars, with room before the axis: the reader's font may
// be wider than the one that was measured.
func rowTick(row float64, name string) plot.Tick {
	name = clip(name, 30)
	return plot.Tick{Value: row, Label: name + strings.Repeat("\u00a0", 2+len(name)/4)}
}
