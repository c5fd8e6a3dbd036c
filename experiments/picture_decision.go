package experiments

import (
	"cmp"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"shadowpool/sim"
)

// ring marks the chosen setting, and square what it is held against.
var (
	ring   = draw.GlyphStyle{Color: ink, Radius: vg.Points(7), Shape: draw.RingGlyph{}}
	square = draw.GlyphStyle{Color: ink, Radius: vg.Points(6), Shape: draw.SquareGlyph{}}
)

// drawFront draws what every setting costs and serves, and the front of those
// that none other beats.
func (d *Decision) drawFront() (picture, error) {
	t := d.measured()
	p, k := newPlot(t.measureWords(), "$ a month"), newKey()
	at := func(service float64) float64 {
		if t.Measure == "hit_rate" {
			return service
		}
		return max(service, leastWait)
	}
	var line plotter.XYs
	for _, f := range d.Front {
		line = append(line, plotter.XY{X: at(f.Service), Y: f.CostUSD})
	}
	front, err := plotter.NewLine(line)
	if err != nil {
		return picture{}, err
	}
	front.LineStyle = draw.LineStyle{Color: grey, Width: vg.Points(1.2)}
	p.Add(front)
	k.Add("none beats these", front)
	clouds, order := d.clouds(at)
	var xs, ys []float64
	for i, family := range order {
		points, err := plotter.NewScatter(clouds[family])
		if err != nil {
			return picture{}, err
		}
		points.GlyphStyle = glyph(i)
		p.Add(points)
		k.Add(clip(family, 30), points)
		for _, xy := range clouds[family] {
			xs, ys = append(xs, xy.X), append(ys, xy.Y)
		}
	}
	for _, m := range []struct {
		of    *Option
		style draw.GlyphStyle
		name  string
	}{{d.Chosen, ring, "chosen"}, {d.Baseline, square, "held against"}} {
		if m.of == nil || m.of == d.Chosen && m.style == square {
			continue
		}
		mark, err := plotter.NewScatter(plotter.XYs{{X: at(m.of.Service.Value), Y: m.of.CostUSD.Value}})
		if err != nil {
			return picture{}, err
		}
		mark.GlyphStyle = m.style
		p.Add(mark)
		k.Add(m.name, mark)
	}
	least, most := bounds(ys)
	p.Y.Min, p.Y.Max = least-0.06*(most-least+1), most+0.06*(most-least+1)
	p.Y.Tick.Marker = roundTicks(6)
	if most > 12*max(least, 1e-9) && least > 0 {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, logTicks{tickLabel}
		p.Y.Min, p.Y.Max = least/1.15, most*1.15
	}
	if d.Target != nil {
		xs = append(xs, at(d.Target.Value))
	}
	d.serviceAxis(p, xs)
	if d.Target != nil {
		if err := d.markTarget(p, at(d.Target.Value), k); err != nil {
			return picture{}, err
		}
	}
	return render("front", "Every setting that was run: what it costs a month against its "+t.measureWords()+". Lower is cheaper; the line joins those that none other beats in both.", p, k)
}

// clouds are the points of every policy that could be run, in the order in which
// they come; those that never hit are left out, as they would make the axis long.
func (d *Decision) clouds(at func(float64) float64) (clouds map[string]plotter.XYs, order []string) {
	clouds = map[string]plotter.XYs{}
	for _, o := range d.Options {
		if !o.Implementable || o.HitRate == 0 && d.measured().Measure == "hit_rate" {
			continue
		}
		if clouds[o.Family] == nil {
			order = append(order, o.Family)
		}
		clouds[o.Family] = append(clouds[o.Family], plotter.XY{X: at(o.Service.Value), Y: o.CostUSD.Value})
	}
	if len(order) == 0 { // only what never hits was run
		for _, o := range d.Options {
			order = append(order, o.Policy)
			clouds[o.Policy] = plotter.XYs{{X: at(o.Service.Value), Y: o.CostUSD.Value}}
		}
	}
	return clouds, order
}

// serviceAxis spreads hit rates by their nines, and waits by their powers.
func (d *Decision) serviceAxis(p *plot.Plot, xs []float64) {
	least, most := bounds(xs)
	if d.measured().Measure == "hit_rate" {
		p.X.Scale, p.X.Tick.Marker = nineScale{}, spacedTicks{nineTicks()}
		p.X.Min, p.X.Max = max(least-0.03*(1-least)-0.001, 0), min(1-(1-most)/1.3, mostNines)
		return
	}
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, waitTicks
	p.X.Min, p.X.Max = least/1.3, most*1.3
}

// spacedTicks leaves out labels that would lie on each other.
type spacedTicks struct{ plot.Ticker }

// Ticks implements plot.Ticker.
func (t spacedTicks) Ticks(least, most float64) []plot.Tick {
	ticks := t.Ticker.Ticks(least, most)
	last := math.Inf(-1)
	for i := range ticks {
		at := nineScale{}.Normalize(least, most, ticks[i].Value)
		if at-last < 0.12 {
			ticks[i].Label = ""
			continue
		}
		last = at
	}
	return ticks
}

// markTarget draws where the target is.
func (d *Decision) markTarget(p *plot.Plot, x float64, k *key) error {
	line, err := plotter.NewLine(plotter.XYs{{X: x, Y: p.Y.Min}, {X: x, Y: p.Y.Max}})
	if err != nil {
		return err
	}
	line.LineStyle = draw.LineStyle{Color: ink, Width: vg.Points(0.9), Dashes: []vg.Length{vg.Points(4), vg.Points(3)}}
	p.Add(line)
	k.Add("target", line)
	return nil
}

// drawPrice draws what a little more service costs along the front; nothing
// where the front has less than two corners.
func (d *Decision) drawPrice() ([]picture, error) {
	t := d.measured()
	if t.Measure != "hit_rate" {
		return nil, nil
	}
	var steps plotter.XYs
	var xs, ys []float64
	from := 0.0
	for _, f := range d.Front {
		if !f.OnHull {
			continue
		}
		if f.PriceUSD != nil && *f.PriceUSD > 0 && from > 0 {
			steps = append(steps, plotter.XY{X: from, Y: *f.PriceUSD}, plotter.XY{X: f.Service, Y: *f.PriceUSD})
			xs, ys = append(xs, from, f.Service), append(ys, *f.PriceUSD)
		}
		from = f.Service
	}
	if len(steps) < 4 {
		return nil, nil
	}
	p := newPlot("hit rate", "$ a month for 0.1 % more hits")
	line, err := plotter.NewLine(steps)
	if err != nil {
		return nil, err
	}
	line.LineStyle = stroke(0)
	least, most := bounds(ys)
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, logTicks{tickLabel}
	p.Y.Min, p.Y.Max = least/1.4, most*1.4
	k := newKey()
	if d.Target != nil {
		xs = append(xs, d.Target.Value)
	}
	d.serviceAxis(p, xs)
	p.Add(line)
	k.Add("on the way along the front", line)
	if d.Target != nil {
		if err := d.markTarget(p, d.Target.Value, k); err != nil {
			return nil, err
		}
	}
	pic, err := render("price", "What 0.1 % more hits cost a month at each hit rate, along the convex hull of the front.", p, k)
	return []picture{pic}, err
}

// drawDays draws what the chosen setting and the baseline cost, and how they
// served, day by day.
func (d *Decision) drawDays() ([]picture, error) {
	options := d.pair()
	cost, err := d.drawDaily(options, "cost-by-day", "$ a day", "What each day cost.", func(o *Option, day int) (float64, bool) {
		return o.trial.day(costOf, day), day < d.Days-1 || d.SpanS >= 86400*(float64(d.Days)-0.02)
	})
	if err != nil {
		return nil, err
	}
	hits, err := d.drawDaily(options, "hits-by-day", "hit rate", "The share of each day's requests that hit: on which days the misses fall.", func(o *Option, day int) (float64, bool) {
		n := float64(o.trial.Results[0].Days[day].Requests)
		return o.trial.day(hitsOf, day) / max(n, 1), n > 0
	})
	return []picture{cost, hits}, err
}

// pair are the chosen setting and the baseline, if there is another.
func (d *Decision) pair() []*Option {
	if d.Baseline == nil || d.Baseline == d.Chosen {
		return []*Option{d.Chosen}
	}
	return []*Option{d.Chosen, d.Baseline}
}

func (d *Decision) drawDaily(options []*Option, name, y, caption string, of func(*Option, int) (float64, bool)) (picture, error) {
	p, k := newPlot("day of the measured span", y), newKey()
	var ys []float64
	for i, o := range options {
		var xys plotter.XYs
		for day := range d.Days {
			if v, ok := of(o, day); ok {
				xys = append(xys, plotter.XY{X: float64(day + 1), Y: v})
				ys = append(ys, v)
			}
		}
		if len(xys) == 0 {
			continue
		}
		line, points, err := plotter.NewLinePoints(xys)
		if err != nil {
			return picture{}, err
		}
		line.LineStyle, points.GlyphStyle = stroke(i), glyph(i)
		points.Radius = vg.Points(2.4)
		p.Add(line, points)
		k.Add(clip(o.Policy, 30), line, points)
	}
	least, most := bounds(append(ys, 0)[:max(len(ys), 1)])
	room := 0.05*(most-least) + 1e-9
	p.Y.Min, p.Y.Max = least-room, most+room
	if y != "hit rate" {
		p.Y.Min = 0
	}
	p.Y.Tick.Marker = roundTicks(6)
	if y == "hit rate" {
		p.Y.Max = min(p.Y.Max, 1)
		p.Y.Tick.Marker = percentTicks{roundTicks(6)}
	}
	p.X.Min, p.X.Max = 0.5, float64(d.Days)+0.5
	p.X.Tick.Marker = wholeTicks(d.Days)
	return render(name, caption, p, k)
}

// percentTicks writes shares as percentages.
type percentTicks struct{ plot.Ticker }

// Ticks implements plot.Ticker.
func (t percentTicks) Ticks(least, most float64) []plot.Tick {
	ticks := t.Ticker.Ticks(least, most)
	for i := range ticks {
		ticks[i].Label = tickLabel(math.Round(ticks[i].Value*1e4)/100+0) + " %"
	}
	return ticks
}

// wholeTicks marks days: all of two weeks, or else weeks.
func wholeTicks(n int) plot.Ticker {
	step := 1
	for n/step > 16 {
		step *= 7
	}
	var ticks []plot.Tick
	for day := 1; day <= n; day += step {
		ticks = append(ticks, plot.Tick{Value: float64(day), Label: grouped(int64(day))})
	}
	return plot.ConstantTicks(ticks)
}

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

// mostBars bounds the parameters that are drawn.
const mostBars = 16

// drawEffects draws for every parameter how much more the target costs with its
// other values than with its best; nothing where no parameter was varied.
func (d *Decision) drawEffects() ([]picture, error) {
	shown := slices.DeleteFunc(slices.Clone(d.Effects), func(e Effect) bool { return !e.Reached() })
	if len(shown) == 0 {
		return nil, nil
	}
	slices.SortStableFunc(shown, func(a, b Effect) int { return cmp.Compare(a.Matters, b.Matters) })
	shown = shown[max(0, len(shown)-mostBars):]
	p := newPlot("least "+d.spentName()+" at the target, against that of the best value", "")
	most := 0.05
	var rows []plot.Tick
	for i, e := range shown {
		row := float64(i)
		rows = append(rows, rowTick(row, e.Policy+" "+e.Parameter))
		box, err := bar(0, e.Matters, row, hues[0])
		if err != nil {
			return nil, err
		}
		p.Add(box)
		most = max(most, e.Matters)
		marks, err := plotter.NewScatter(e.marks(row))
		if err != nil {
			return nil, err
		}
		marks.GlyphStyle = draw.GlyphStyle{Color: ink, Radius: vg.Points(3), Shape: draw.CircleGlyph{}}
		p.Add(marks)
	}
	p.X.Min, p.X.Max = -0.02*most, most*1.05
	p.X.Tick.Marker = percentTicks{roundTicks(6)}
	p.Y.Min, p.Y.Max = -0.6, float64(len(shown))-0.4
	p.Y.Tick.Marker, p.Y.Tick.Length = plot.ConstantTicks(rows), 0
	pic, err := renderTall("effects", "How much each parameter matters: a mark is one of its values, and how much more the target then takes at least, the other parameters being free. Values that do not reach the target have no mark.",
		p, nil, vg.Length(1.1+0.42*float64(len(shown)))*vg.Inch)
	return []picture{pic}, err
}

// Reached says whether any value reaches the target.
func (e *Effect) Reached() bool { return e.Unreached < len(e.Values) }

// marks are the values of a parameter, by what they take more than the best.
func (e *Effect) marks(row float64) plotter.XYs {
	best := math.Inf(1)
	for _, v := range e.Values {
		if v.Least != nil {
			best = min(best, *v.Least)
		}
	}
	var marks plotter.XYs
	for _, v := range e.Values {
		if v.Least != nil && best > 0 {
			marks = append(marks, plotter.XY{X: *v.Least/best - 1, Y: row})
		}
	}
	if len(marks) == 0 {
		marks = plotter.XYs{{X: 0, Y: row}}
	}
	return marks
}
