package experiments

import (
	"cmp"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"shadowpool/sim"
)

// An axis is one measure of service in pictures of waste against service.
type axis struct {
	name, label, caption string
	value                func(*sim.Result) float64
	hits                 bool
}

var serviceAxes = []axis{
	{"hit-rate", "hit rate", "Waste against the hit rate: lower and further right is better.",
		func(r *sim.Result) float64 { return r.HitRate }, true},
	{"wait-mean", "mean wait", "Waste against the mean wait: lower and further left is better.",
		func(r *sim.Result) float64 { return max(r.WaitS.Mean, leastWait) }, false},
	{"wait-p99", "99th percentile of the wait", "Waste against the 99th percentile of the wait: lower and further left is better.",
		func(r *sim.Result) float64 { return max(r.WaitS.P99, leastWait) }, false},
}

// leastWait stands for no wait on a logarithmic axis, s.
const leastWait = 0.01

// drawService draws waste against one measure of service: a line and its
// points for every curve. Points without waste have no place on the axis.
func drawService(curves []Curve, a axis, labels []string) (picture, error) {
	p, k := newPlot(a.label, "waste, instance-hours"), newKey()
	var xs, ys []float64
	var series counter
	for i, c := range curves {
		number := series.next(c.Points[0])
		var xys plotter.XYs
		for _, r := range c.Points {
			if waste := r.InstanceS.Waste / 3600; waste > negligible {
				xys = append(xys, plotter.XY{X: a.value(r), Y: waste})
				xs, ys = append(xs, a.value(r)), append(ys, waste)
			}
		}
		if len(xys) == 0 {
			continue
		}
		slices.SortStableFunc(xys, func(a, b plotter.XY) int { return cmp.Compare(a.X, b.X) })
		line, points, err := plotter.NewLinePoints(xys)
		if err != nil {
			return picture{}, err
		}
		line.LineStyle, points.GlyphStyle = stroke(number), glyph(number)
		name := clip(labels[i], 30)
		if !c.Points[0].Implementable {
			name += " *"
		}
		if len(xys) > 1 {
			p.Add(line, points)
			k.Add(name, line, points)
		} else {
			points.Radius *= 1.4
			p.Add(points)
			k.Add(name, points)
		}
	}
	if len(xs) == 0 {
		xs, ys = []float64{0.5}, []float64{1}
	}
	p.Y.Scale = plot.LogScale{}
	least, most := bounds(ys)
	p.Y.Min, p.Y.Max = least/1.3, most*1.3
	p.Y.Tick.Marker = logTicks{tickLabel}
	least, most = bounds(xs)
	if a.hits {
		p.X.Scale, p.X.Tick.Marker = nineScale{}, nineTicks()
		p.X.Min, p.X.Max = max(least-0.03*(1-least), 0), min(1-(1-most)/1.3, mostNines)
	} else {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, waitTicks
		p.X.Min, p.X.Max = least/1.2, most*1.2
	}
	caption := a.caption + " What wastes nothing (none, oracle) has no place on the logarithmic axis; * sees the future."
	return render("waste-"+a.name, caption, p, k)
}

// single makes every result a curve of one point, so that a comparison can be
// drawn like a frontier.
func single(results []*sim.Result) (curves []Curve, labels []string) {
	for _, r := range results {
		curves = append(curves, Curve{Policy: r.Policy, Points: []*sim.Result{r}})
		labels = append(labels, Label(r))
	}
	return curves, labels
}
