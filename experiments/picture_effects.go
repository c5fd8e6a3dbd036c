package experiments

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

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
