package experiments

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
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
	all := "Every setting that was run"
	if n := d.thinning(); n > 1 {
		all = fmt.Sprintf("Those settings that none other beats, and one in %d of the others", n)
	}
	return render("front", all+": what it costs a month against its "+t.measureWords()+". Lower is cheaper; the line joins those that none other beats in both.", p, k)
}

// mostDrawn bounds the settings in a picture.
const mostDrawn = 1500

// thinning is of how many settings beyond the front one is drawn.
func (d *Decision) thinning() int { return (len(d.Options) + mostDrawn - 1) / mostDrawn }

func (d *Decision) onFront(policy string) bool {
	return slices.ContainsFunc(d.Front, func(f FrontPoint) bool { return f.Policy == policy })
}

// clouds are the points of every policy that could be run, in the order in which
// they come; those that never hit are left out, as they would make the axis long.
func (d *Decision) clouds(at func(float64) float64) (clouds map[string]plotter.XYs, order []string) {
	clouds = map[string]plotter.XYs{}
	for i, o := range d.Options {
		if !o.Implementable || o.HitRate == 0 && d.measured().Measure == "hit_rate" {
			continue
		}
		if i%d.thinning() != 0 && !d.onFront(o.Policy) {
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
