package experiments

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

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
