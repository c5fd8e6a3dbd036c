package experiments

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// names are those of rows or columns of many cells, in the order in which they
// come first.
type names struct{ all []string }

// of is a name's place, the last if it is new.
func (n *names) of(name string) int {
	if i := slices.Index(n.all, name); i >= 0 {
		return i
	}
	n.all = append(n.all, name)
	return len(n.all) - 1
}

// ticks name positions 0, 1, 2, ... of an axis.
func (n *names) ticks() plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for i, name := range n.all {
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: name})
	}
	return ticks
}

// shortLead is a lead time in the room of a column.
func shortLead(lead string) string {
	if _, median, ok := strings.Cut(lead, "median="); ok {
		median, _, _ = strings.Cut(median, ",")
		return "about " + median
	}
	if strings.HasSuffix(lead, "m0s") {
		lead = strings.TrimSuffix(lead, "0s")
	}
	if strings.HasSuffix(lead, "h0m") {
		lead = strings.TrimSuffix(lead, "0m")
	}
	return clip(lead, 14)
}

// atHits is a target in words.
func atHits(target float64) string {
	return strconv.FormatFloat(math.Round(target*1e5)/1e3, 'g', -1, 64) + " % hits"
}

// row names a ground but for its lead time.
func (p Place) row() string { return p.Trace + ", " + p.Grouping }

// shade is a ratio's colour: bluer the more is saved, redder the more is lost,
// full at two fifths and at two and a half times.
func shade(ratio float64) color.RGBA {
	if math.IsNaN(ratio) {
		return color.RGBA{0xe4, 0xe6, 0xe9, 0xff}
	}
	full, depth := hues[0], -math.Log(ratio)/math.Log(2.5)
	if depth < 0 {
		full, depth = hues[1], -depth
	}
	depth = 0.9 * min(depth, 1)
	mix := func(c uint8) uint8 { return uint8(math.Round(0xff - depth*float64(0xff-c))) }
	return color.RGBA{mix(full.R), mix(full.G), mix(full.B), 0xff}
}

// onShade is dark on any shade, whatever dress the page wears: it is not ink,
// which the page replaces.
var onShade = color.RGBA{0x12, 0x14, 0x18, 0xff}

// drawHeat draws the study's policy against the best other of every cell.
func drawHeat(f *Findings) (picture, error) {
	p := newPlot("", "")
	var rows, columns names
	outcomes := f.Outcomes()
	for _, o := range outcomes {
		rows.of(o.Cell.row())
	}
	for _, target := range f.Targets {
		for _, o := range outcomes {
			if o.Cell.Target == target {
				columns.of(shortLead(o.Cell.LeadTime) + "\n" + atHits(target))
			}
		}
	}
	var labels plotter.XYLabels
	for _, o := range outcomes {
		x := float64(columns.of(shortLead(o.Cell.LeadTime) + "\n" + atHits(o.Cell.Target)))
		y := float64(len(rows.all) - 1 - rows.of(o.Cell.row()))
		const half = 0.46
		box, err := plotter.NewPolygon(plotter.XYs{{X: x - half, Y: y - half}, {X: x + half, Y: y - half}, {X: x + half, Y: y + half}, {X: x - half, Y: y + half}})
		if err != nil {
			return picture{}, err
		}
		box.Color, box.LineStyle.Width = shade(o.Ratio), 0
		if v := o.versus(); v != nil && (v.Less || v.More) {
			box.LineStyle = draw.LineStyle{Color: ink, Width: vg.Points(1.4)}
		}
		p.Add(box)
		labels.XYs = append(labels.XYs, plotter.XY{X: x, Y: y})
		labels.Labels = append(labels.Labels, ratioWords(o.Ratio))
	}
	texts, err := plotter.NewLabels(labels)
	if err != nil {
		return picture{}, err
	}
	for i := range texts.TextStyle {
		texts.TextStyle[i] = p.X.Tick.Label
		texts.TextStyle[i].Color = onShade
		texts.TextStyle[i].XAlign, texts.TextStyle[i].YAlign = text.XCenter, text.YCenter
	}
	p.Add(texts)
	p.X.Tick.Marker = columns.ticks()
	slices.Reverse(rows.all)
	p.Y.Tick.Marker = rows.ticks()
	frameless(p, len(columns.all), len(rows.all))
	return renderTall("against-best", fmt.Sprintf("Waste of %s over that of the best other policy that could run, in every cell (rows: traces; columns: lead time and hit rate). "+
		"Blue, below 1: it wastes less; red: more. Framed: the 95 %% interval of the difference, over resampled days, excludes none.", f.Of),
		p, nil, vg.Points(70)+vg.Points(24)*vg.Length(len(rows.all)))
}

// versus are the resampled days of an outcome; nil where there are none.
func (o *Outcome) versus() *Versus {
	if o.Rival == nil {
		return nil
	}
	return o.Rival.Against
}

// ratioWords is a ratio, or why there is none.
func ratioWords(r float64) string {
	switch {
	case math.IsNaN(r):
		return "no one"
	case math.IsInf(r, 1):
		return "missed"
	case r == 0:
		return "alone"
	default:
		return ratio(r)
	}
}

// frameless makes a plot of rows and columns: no axes, no ticks.
func frameless(p *plot.Plot, columns, rows int) {
	p.X.Min, p.X.Max = -0.5, float64(columns)-0.5
	p.Y.Min, p.Y.Max = -0.5, float64(rows)-0.5
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Width, a.Tick.Width, a.Tick.Length = 0, 0, 0
	}
}

// drawSpread draws each policy's waste over the study's, a dot a cell.
func drawSpread(f *Findings, summaries []Summary) (picture, error) {
	p := newPlot("waste over that of "+f.Of, "")
	var rows names
	least, most := 0.8, 1.25
	var shown []Summary
	for _, s := range summaries {
		if s.Policy != f.Of && s.Shared > 0 {
			shown = append(shown, s)
			least, most = min(least, s.Least), max(most, s.Most)
		}
	}
	slices.Reverse(shown)
	for i, s := range shown {
		name := clip(s.Policy, 24)
		if !s.Implementable {
			name += " *"
		}
		rows.all = append(rows.all, fmt.Sprintf("%s  %d of %d", name, s.Reached, s.Cells))
		var xys plotter.XYs
		for k, r := range s.Ratios {
			// Spread a little, so that dots that are equal show.
			xys = append(xys, plotter.XY{X: r, Y: float64(i) + 0.22*float64(k%5-2)/2})
		}
		dots, err := plotter.NewScatter(xys)
		if err != nil {
			return picture{}, err
		}
		hue := hues[0]
		if !s.Implementable {
			hue = grey
		}
		dots.GlyphStyle = draw.GlyphStyle{Color: hue, Radius: vg.Points(2), Shape: draw.RingGlyph{}}
		mean, err := plotter.NewLine(plotter.XYs{{X: s.Mean, Y: float64(i) - 0.4}, {X: s.Mean, Y: float64(i) + 0.4}})
		if err != nil {
			return picture{}, err
		}
		mean.LineStyle = draw.LineStyle{Color: hues[1], Width: vg.Points(2.2)}
		p.Add(dots, mean)
	}
	even, err := plotter.NewLine(plotter.XYs{{X: 1, Y: -0.6}, {X: 1, Y: float64(len(shown)) - 0.4}})
	if err != nil {
		return picture{}, err
	}
	even.LineStyle = draw.LineStyle{Color: ink, Width: vg.Points(1)}
	p.Add(even)
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, ratioTicks
	p.X.Min, p.X.Max = least/1.1, most*1.1
	p.Y.Tick.Marker = rows.ticks()
	p.Y.Min, p.Y.Max = -0.6, float64(len(shown))-0.4
	p.Y.Tick.Length = 0
	return renderTall("spread", fmt.Sprintf("Each policy's waste over that of %s at the same hit rate: a ring is a cell in which both reach the target, the bar their geometric mean; right of 1 it wastes more than %s. "+
		"Behind the name: in how many cells it reaches the target. * sees the future.", f.Of, f.Of), p, nil, vg.Points(60)+vg.Points(22)*vg.Length(len(shown)))
}

// ratioTicks mark ratios that people think in.
var ratioTicks = plot.TickerFunc(func(least, most float64) []plot.Tick {
	var ticks []plot.Tick
	for _, v := range []float64{0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 20, 30, 50, 100, 200, 500, 1000} {
		if v >= least && v <= most {
			ticks = append(ticks, plot.Tick{Value: v, Label: tickLabel(v)})
		}
	}
	return ticks
})

// drawCalibration draws what policies that aim at a target by themselves give
// on the second half of the traces.
func drawCalibration(f *Findings, target float64) (picture, error) {
	p, k := newPlot("hit rate on the second half", ""), newKey()
	var rows, policies names
	byPolicy := map[string]plotter.XYs{}
	least, most := target, target
	for _, c := range f.Calibrated {
		if c.Target == target {
			rows.of(c.row())
			policies.of(c.Policy)
		}
	}
	for _, c := range f.Calibrated {
		if c.Target != target {
			continue
		}
		n := policies.of(c.Policy)
		y := float64(len(rows.all)-1-rows.of(c.row())) + 0.6*((float64(len(policies.all)-1)/2-float64(n))/float64(len(policies.all)))
		byPolicy[c.Policy] = append(byPolicy[c.Policy], plotter.XY{X: min(c.HitRate, mostNines), Y: y})
		least, most = min(least, c.HitRate), max(most, c.HitRate)
	}
	goal, err := plotter.NewLine(plotter.XYs{{X: target, Y: -0.6}, {X: target, Y: float64(len(rows.all)) - 0.4}})
	if err != nil {
		return picture{}, err
	}
	goal.LineStyle = draw.LineStyle{Color: ink, Width: vg.Points(1.2)}
	p.Add(goal)
	for i, name := range policies.all {
		dots, err := plotter.NewScatter(byPolicy[name])
		if err != nil {
			return picture{}, err
		}
		dots.GlyphStyle = glyph(i)
		p.Add(dots)
		k.Add(clip(name, 30), dots)
	}
	k.Add("the target", goal)
	p.X.Scale, p.X.Tick.Marker = nineScale{}, nineTicks()
	p.X.Min, p.X.Max = max(least-0.1*(1-least), 0), min(1-(1-most)/1.5, mostNines)
	slices.Reverse(rows.all)
	p.Y.Tick.Marker = rows.ticks()
	p.Y.Min, p.Y.Max = -0.6, float64(len(rows.all))-0.4
	p.Y.Tick.Length = 0
	return renderTall("calibration-"+strconv.FormatFloat(target, 'g', -1, 64), fmt.Sprintf("Told to reach %s, measured on the second half of each trace, a mark for each lead time. "+
		"Right of the line they give more than they were asked for.", atHits(target)), p, k, vg.Points(70)+vg.Points(22)*vg.Length(max(len(rows.all), len(policies.all)-1)))
}
