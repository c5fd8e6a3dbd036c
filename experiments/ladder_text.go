package experiments

import (
	"context"
	"fmt"
	"io"
	"strings"

	"shadowpool/trace/bucket"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// WriteLadder writes what each step costs above bare serving at the first
// one's service; at most 100 columns wide.
func WriteLadder(w io.Writer, r *LadderResult) error {
	if _, err := fmt.Fprintf(w, "%s\n", folded(r.heading())); err != nil {
		return err
	}
	for _, at := range []struct {
		title string
		of    func(*Rung) *Reading
	}{
		{"at its mean wait of " + seconds(r.WaitMeanS), func(g *Rung) *Reading { return &g.AtMean }},
		{"at its p99 wait of " + seconds(r.WaitP99S), func(g *Rung) *Reading { return &g.AtP99 }},
	} {
		if _, err := fmt.Fprintf(w, "\n%s\n\n", at.title); err != nil {
			return err
		}
		var names []string
		var rows [][]string
		for i := range r.Rungs {
			g := &r.Rungs[i]
			names = append(names, g.Name)
			v := at.of(g)
			if !v.Reached {
				rows = append(rows, []string{"not reached", "", "", "", "", "", ""})
				continue
			}
			rows = append(rows, []string{
				amount(v.AboveUSD), percent(*v.Share) + " %", v.interval(), percent(v.HitRate), seconds(v.WaitMeanS), seconds(v.WaitP99S),
				clip(strings.Join(v.Settings, " to "), 20),
			})
		}
		if err := writeColumns(w, "step", names, []string{"$ above bare", "of first", "95 %", "hit %", "wait", "p99", "settings"}, rows); err != nil {
			return err
		}
	}
	return nil
}

func (r *LadderResult) heading() string {
	return fmt.Sprintf("%s over %s. Bare serving costs $%s. Steps are read at the service that %s gives at %s %% hits; intervals are of %s days drawn again.",
		plural(int(r.Trace.Requests), "request", "requests"), days(r.Trace.SpanS), amount(r.BareUSD), r.Rungs[0].Name, percent(r.HitRate), grouped(int64(r.Days)))
}

func (v *Reading) interval() string {
	if v.ShareLow == nil || v.ShareHigh == nil || *v.ShareLow == *v.ShareHigh { // the first of itself
		return ""
	}
	return percent(*v.ShareLow) + " to " + percent(*v.ShareHigh)
}

// WriteLadderReport fills the directory at a path or URL, which is made if it does
// not exist: report.html, the picture and ladder.json.
func WriteLadderReport(ctx context.Context, dir string, r *LadderResult) error {
	out, err := bucket.OpenFolder(ctx, dir)
	if err != nil {
		return err
	}
	defer out.Close()
	p, err := drawLadder(r)
	if err != nil {
		return err
	}
	if err := p.write(ctx, out); err != nil {
		return err
	}
	if err := out.Write(ctx, "ladder.json", func(w io.Writer) error { return WriteJSON(w, r) }); err != nil {
		return err
	}
	var table strings.Builder
	_ = WriteLadder(&table, r) // a builder takes everything
	return out.Write(ctx, "report.html", func(w io.Writer) error {
		return pageTemplate.Execute(w, map[string]any{
			"Title": "What each step is worth", "Heading": r.heading(),
			"Sections": []section{{Title: "Cost above bare serving", Figures: []figure{p.figure()}}, {Title: "Figures", Table: table.String()}},
		})
	})
}

// drawLadder draws the cost of every step at both services.
func drawLadder(r *LadderResult) (picture, error) {
	p := newPlot("cost above bare serving, % of the first step's", "")
	var ticks plot.ConstantTicks
	k := newKey()
	const offset = 0.14
	for s, of := range []func(*Rung) *Reading{func(g *Rung) *Reading { return &g.AtMean }, func(g *Rung) *Reading { return &g.AtP99 }} {
		var points plotter.XYs
		var spans []plotter.XYs
		for i := range r.Rungs {
			v := of(&r.Rungs[i])
			y := float64(len(r.Rungs)-1-i) + offset*(1-2*float64(s))
			if !v.Reached {
				continue
			}
			points = append(points, plotter.XY{X: 100 * *v.Share, Y: y})
			if v.ShareLow != nil && v.ShareHigh != nil {
				spans = append(spans, plotter.XYs{{X: 100 * *v.ShareLow, Y: y}, {X: 100 * *v.ShareHigh, Y: y}})
			}
		}
		for _, span := range spans {
			l, err := plotter.NewLine(span)
			if err != nil {
				return picture{}, err
			}
			l.LineStyle = stroke(s)
			l.Dashes = nil
			p.Add(l)
		}
		dots, err := plotter.NewScatter(points)
		if err != nil {
			return picture{}, err
		}
		dots.GlyphStyle = glyph(s)
		dots.Radius = vg.Points(4)
		p.Add(dots)
		k.Add([]string{"at equal mean wait", "at equal p99 wait"}[s], dots)
	}
	for i := range r.Rungs {
		ticks = append(ticks, plot.Tick{Value: float64(len(r.Rungs) - 1 - i), Label: r.Rungs[i].Name})
	}
	p.Y.Tick.Marker = ticks
	p.Y.Min, p.Y.Max = -0.5, float64(len(r.Rungs))-0.5
	p.X.Min = 0
	p.X.Tick.Marker = roundTicks(8)
	return renderTall("ladder", "What each step costs above bare serving, at the mean wait and at the p99 wait of the first; lines are 95 % intervals of days drawn again.", p, k, vg.Length(1.2+0.4*float64(len(r.Rungs)))*vg.Inch)
}
