package experiments

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"shadowpool/sim"
)

// shortestWait and rarest bound the axes of the distribution of waits.
const (
	shortestWait = 0.1 // s
	rarest       = 1e-4
)

// drawWaits draws, for every policy, the share of requests that wait longer
// than a time.
func drawWaits(results []*sim.Result) (picture, error) {
	p := newPlot("wait longer than", "share of requests")
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.Y.Tick.Marker = logTicks{func(v float64) string { return strconv.FormatFloat(100*v, 'g', 3, 64) + " %" }}
	k := newKey()
	longest := 10 * shortestWait
	var series counter
	for _, r := range results {
		number := series.next(r)
		if r.WaitS.Max == 0 {
			continue
		}
		line, err := plotter.NewLine(exceedance(r.WaitCurve))
		if err != nil {
			return picture{}, err
		}
		line.LineStyle = stroke(number)
		line.StepStyle = plotter.PostStep
		p.Add(line)
		k.Add(clip(Label(r), 30), line)
		longest = max(longest, r.WaitS.Max)
	}
	p.X.Min, p.X.Max = shortestWait, longest*1.15
	p.Y.Min, p.Y.Max = rarest, 1
	p.X.Tick.Marker = waitTicks
	return render("waits", "How long requests wait. A line that starts lower hits more often; one that ends further left waits less at worst. Both axes are logarithmic; where no one waits there is no line.", p, k)
}

// exceedance turns the shares that waited at most a time into those that
// waited longer, from shortestWait on.
func exceedance(curve []sim.WaitPoint) plotter.XYs {
	var xys plotter.XYs
	at := 1.0
	for _, w := range curve {
		share := max(1-w.Share, 0)
		if w.Seconds <= shortestWait {
			at = share
			continue
		}
		if len(xys) == 0 {
			xys = append(xys, plotter.XY{X: shortestWait, Y: max(at, rarest)})
		}
		xys = append(xys, plotter.XY{X: w.Seconds, Y: max(share, rarest)})
	}
	if len(xys) == 0 {
		xys = append(xys, plotter.XY{X: shortestWait, Y: max(at, rarest)})
	}
	return xys
}

// waitTicks marks times that people know.
var waitTicks = plot.TickerFunc(func(least, most float64) []plot.Tick {
	var ticks []plot.Tick
	room := math.Log10(most / least)
	for _, t := range []struct {
		s     float64
		label string
		minor bool
	}{
		{leastWait, "≤10 ms", false}, {0.1, "100 ms", false}, {0.3, "0.3 s", true}, {1, "1 s", false}, {3, "3 s", true},
		{10, "10 s", false}, {30, "30 s", true}, {60, "1 min", false}, {120, "2 min", true},
		{300, "5 min", true}, {600, "10 min", false}, {1800, "30 min", true}, {3600, "1 h", false}, {4 * 3600, "4 h", false}, {86400, "1 day", false},
	} {
		if t.s < least*0.999 || t.s > most || t.minor && room > 5 {
			continue
		}
		ticks = append(ticks, plot.Tick{Value: t.s, Label: t.label})
	}
	return ticks
})
