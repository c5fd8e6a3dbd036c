package experiments

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// drawTuned draws the trials of a search, how much parameters matter, and what
// more hits cost.
func drawTuned(d *Tuned) ([]picture, error) {
	all := []picture{}
	for _, draw := range []func(*Tuned) ([]picture, error){drawTrials, drawEffects, drawProfiles, drawPrices} {
		pictures, err := draw(d)
		if err != nil {
			return nil, err
		}
		all = append(all, pictures...)
	}
	return all, nil
}

// drawTrials draws the full trials by policy, and the front of all.
func drawTrials(d *Tuned) ([]picture, error) {
	hits := d.Target == nil || d.Target.Measure == "hit_rate"
	if d.Target == nil {
		hits = false
	}
	label := "99th percentile of the wait"
	switch {
	case hits:
		label = "hit rate"
	case d.Target != nil && d.Target.Measure == "wait_mean":
		label = "mean wait"
	}
	place := func(r TunedRun) plotter.XY {
		p := plotter.XY{X: max(r.WaitP99S, leastWait), Y: r.WasteHPerDay}
		switch {
		case hits:
			p.X = min(r.HitRate, mostNines)
		case label == "mean wait":
			p.X = max(r.WaitMeanS, leastWait)
		}
		if d.Minimised == "cost" {
			p.Y = r.CostUSDPerDay
		}
		return p
	}
	p, k := newPlot(label, d.unit()), newKey()
	var xs, ys []float64
	for i, name := range d.Policies {
		var xys plotter.XYs
		for _, r := range d.Trials {
			if at := place(r); r.Policy == i && r.Fidelity == 1 && at.Y > negligible {
				xys, xs, ys = append(xys, at), append(xs, at.X), append(ys, at.Y)
			}
		}
		if len(xys) == 0 {
			continue
		}
		points, err := plotter.NewScatter(xys)
		if err != nil {
			return nil, err
		}
		points.GlyphStyle = glyph(i)
		p.Add(points)
		k.Add(clip(name, 30), points)
	}
	if len(xs) == 0 {
		return nil, nil
	}
	var xys plotter.XYs
	for _, i := range d.Front {
		if at := place(d.Trials[i]); at.Y > negligible {
			xys = append(xys, at)
		}
	}
	if len(xys) > 1 {
		line, err := plotter.NewLine(xys)
		if err != nil {
			return nil, err
		}
		line.LineStyle = stroke(reference)
		p.Add(line)
		k.Add("no other beats these", line)
	}
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, logTicks{tickLabel}
	least, most := bounds(ys)
	p.Y.Min, p.Y.Max = least/1.3, most*1.3
	least, most = bounds(xs)
	if hits {
		p.X.Scale, p.X.Tick.Marker = nineScale{}, nineTicks()
		p.X.Min, p.X.Max = max(least-0.03*(1-least), 0), min(1-(1-most)/1.3, mostNines)
	} else {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, waitTicks
		p.X.Min, p.X.Max = least/1.2, most*1.2
	}
	pic, err := render("tune-trials", "Every setting that was run in full on the span to fit on, and the line of those that no other beats.", p, k)
	return []picture{pic}, err
}

// drawEffects draws the total effects of every parameter as bars.
func drawEffects(d *Tuned) ([]picture, error) {
	var rows names
	var cost, service plotter.Values
	for _, s := range d.Sensitivity {
		for _, e := range s.Parameters {
			rows.of(clip(s.Policy+" "+e.Name, 40))
			cost, service = append(cost, e.CostTotal), append(service, e.ServiceTotal)
		}
	}
	if len(cost) == 0 {
		return nil, nil
	}
	p, k := newPlot("share of the variance over the ranges", ""), newKey()
	for i, set := range []struct {
		name   string
		values plotter.Values
	}{{d.Minimised, cost}, {"service", service}} {
		bars, err := plotter.NewBarChart(set.values, vg.Points(9))
		if err != nil {
			return nil, err
		}
		bars.Horizontal, bars.Color, bars.LineStyle.Width = true, hues[i], 0
		bars.Offset = vg.Points(5 - 10*float64(i))
		p.Add(bars)
		k.Add(set.name, bars)
	}
	p.X.Min, p.X.Max = 0, 1
	p.Y.Min, p.Y.Max = -0.6, float64(len(cost))-0.4
	p.Y.Tick.Marker = rows.ticks()
	height := vg.Points(90) + vg.Length(len(cost))*vg.Points(28)
	pic, err := renderTall("tune-sensitivity", "How much each parameter matters: the share of the variance that it has a part in, over the ranges that were searched.", p, k, height)
	return []picture{pic}, err
}

// drawProfiles draws what it costs to hold a parameter at a value.
func drawProfiles(d *Tuned) ([]picture, error) {
	p, k := newPlot("place in the range that was searched", d.Minimised+" over the best, at the target"), newKey()
	most, series := 1.0, 0
	for _, s := range d.Sensitivity {
		for _, e := range s.Parameters {
			var xys plotter.XYs
			for _, x := range e.Profile {
				xys = append(xys, plotter.XY{X: x.At, Y: max(x.Ratio, 1)})
				most = max(most, x.Ratio)
			}
			if len(xys) < 2 {
				continue
			}
			line, points, err := plotter.NewLinePoints(xys)
			if err != nil {
				return nil, err
			}
			line.LineStyle, points.GlyphStyle = stroke(series), glyph(series)
			points.Radius = vg.Points(1.6)
			series++
			p.Add(line, points)
			k.Add(clip(s.Policy+" "+e.Name, 34), line, points)
		}
	}
	if series == 0 {
		return nil, nil
	}
	p.X.Min, p.X.Max = 0, 1
	p.Y.Min, p.Y.Max = 1, max(most*1.05, 1.05)
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.TickerFunc(func(least, most float64) []plot.Tick {
		if most < 3 {
			return roundTicks(6).Ticks(least, most)
		}
		return logTicks{tickLabel}.Ticks(least, most)
	})
	pic, err := render("tune-profiles", "What it costs to hold one parameter at a value of its range, the others chosen anew so that the target is reached, as the search's models expect it. Where a line is missing, the target is out of reach.", p, k)
	return []picture{pic}, err
}

// drawPrices draws what more hits cost along the hull.
func drawPrices(d *Tuned) ([]picture, error) {
	var xys plotter.XYs
	for _, x := range d.Prices {
		if x.Per > negligible && x.FromHitRate < mostNines {
			xys = append(xys, plotter.XY{X: x.FromHitRate, Y: x.Per}, plotter.XY{X: min(x.ToHitRate, mostNines), Y: x.Per})
		}
	}
	if len(xys) == 0 {
		return nil, nil
	}
	p := newPlot("hit rate", d.unit()+" for each 0.1 % more")
	line, err := plotter.NewLine(xys)
	if err != nil {
		return nil, err
	}
	line.LineStyle = stroke(0)
	p.Add(line)
	least, most := math.Inf(1), 0.0
	for _, x := range xys {
		least, most = min(least, x.Y), max(most, x.Y)
	}
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, logTicks{tickLabel}
	p.Y.Min, p.Y.Max = least/1.3, most*1.3
	p.X.Scale, p.X.Tick.Marker = nineScale{}, nineTicks()
	p.X.Min, p.X.Max = xys[0].X, xys[len(xys)-1].X
	pic, err := render("tune-price", "What each 0.1 % more of the requests that hit costs, between settings on the lower convex hull of all that were run in full.", p, nil)
	return []picture{pic}, err
}
