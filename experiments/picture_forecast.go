package experiments

import (
	"context"
	"fmt"
	"image/color"
	"io"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"shadowpool/forecast"
)

// fanColours are those of the bands, the widest first. They let the page shine
// through and lie on each other, so that what came is seen on them, light or dark.
var fanColours = []color.NRGBA{{0x00, 0x72, 0xb2, 0x2c}, {0x00, 0x72, 0xb2, 0x48}, {0x00, 0x72, 0xb2, 0x70}}

// mostFans bounds the points of a fan chart.
const mostFans = 360

// A fan is a forecast's bands and what came.
type fan struct {
	at        float64 // the origin, seconds since the epoch
	low, high [3]float64
	came      float64
}

// drawFan draws what a forecaster foresaw, and what came, through a
// representative day (of short horizons) or week.
func (b *Backtester) drawFan(ctx context.Context, family forecast.Family, h time.Duration) (picture, error) {
	from, to := b.representative(h)
	fans, err := b.fans(ctx, family, h, from, to)
	if err != nil {
		return picture{}, err
	}
	p, k := newPlot("local time", "arrivals in "+spanText(h.Seconds())), newKey()
	var came plotter.XYs
	most := 1.0
	for _, f := range fans {
		came = append(came, plotter.XY{X: f.at - from, Y: f.came})
		most = max(most, f.came, f.high[1])
	}
	line, err := plotter.NewLine(came)
	if err != nil {
		return picture{}, err
	}
	line.LineStyle = draw.LineStyle{Color: ink, Width: vg.Points(0.9)}
	k.Add("what came", line)
	for i := len(bands) - 1; i >= 0; i-- {
		var edge plotter.XYs
		for _, f := range fans {
			edge = append(edge, plotter.XY{X: f.at - from, Y: min(f.high[i], most*1.04)})
		}
		for _, f := range slices.Backward(fans) {
			edge = append(edge, plotter.XY{X: f.at - from, Y: f.low[i]})
		}
		area, err := plotter.NewPolygon(edge)
		if err != nil {
			return picture{}, err
		}
		colour := fanColours[len(bands)-1-i]
		area.Color, area.LineStyle.Width = colour, 0
		p.Add(area)
		k.Add(fmt.Sprintf("%g %% band", 100*bands[i]), swatch{colour})
	}
	p.Add(line)
	p.X.Min, p.X.Max = 0, to-from
	p.Y.Min, p.Y.Max = 0, most*1.04
	p.Y.Tick.Marker = roundTicks(6)
	p.X.Tick.Marker = b.dayTicks(from)
	name := "fan-" + fileName(family.Name+"-"+spanText(h.Seconds()))
	return render(name, fmt.Sprintf("What %s foresaw for the coming %s, and what came, at %s. The bands hold 50, 90 and 99 %% of what may come.",
		family.Name, spanText(h.Seconds()), b.when(from, to)), p, k)
}

// fans are forecasts from origins a horizon apart, or further.
func (b *Backtester) fans(ctx context.Context, family forecast.Family, h time.Duration, from, to float64) ([]fan, error) {
	f := family.New(b.setup(h))
	spacing := max(h.Seconds(), (to-from)/mostFans)
	due, i := from, 0
	var fans []fan
	var d distribution
	err := b.each(ctx, func(t float64) {
		f.Observe(t, float64(b.counts.N[i]))
		i++
		forecast := f.Forecast(0, h.Seconds()) // asked all along, so that it is calibrated
		if t < due || t > to {
			return
		}
		due = t + spacing
		d.set(forecast)
		one := fan{at: t, came: b.counts.came(t, h.Seconds())}
		for i, share := range bands {
			one.low[i], one.high[i] = d.quantile((1-share)/2), d.quantile((1+share)/2)
		}
		fans = append(fans, one)
	})
	return fans, err
}

// representative is the local day, or the week of seven such days, of the
// median number of arrivals among those that are judged.
func (b *Backtester) representative(h time.Duration) (from, to float64) {
	days := 7
	if h < 10*time.Minute {
		days = 1
	}
	last := b.counts.Ends[len(b.counts.Ends)-1] - h.Seconds()
	first := max(b.opt.From, b.counts.Start)
	if last-first < float64(days+1)*86400 {
		return max(first, last-float64(days)*86400), last
	}
	at := time.Unix(int64(first), 0).In(b.opt.Zone)
	type span struct{ from, to, n float64 }
	var spans []span
	for i := 1; ; i++ {
		s := span{from: midnight(at, i), to: midnight(at, i+days)}
		if s.to > last {
			break
		}
		s.n = b.counts.came(s.from, s.to-s.from)
		spans = append(spans, s)
	}
	slices.SortStableFunc(spans, func(x, y span) int { return int(x.n) - int(y.n) })
	if len(spans) == 0 {
		return last - float64(days)*86400, last
	}
	s := spans[len(spans)/2]
	return s.from, s.to
}

// midnight begins the n-th local day after t.
func midnight(t time.Time, n int) float64 {
	return float64(time.Date(t.Year(), t.Month(), t.Day()+n, 0, 0, 0, 0, t.Location()).Unix())
}

// dayTicks marks midnights, and of a single day some hours.
func (b *Backtester) dayTicks(from float64) plot.Ticker {
	return plot.TickerFunc(func(_, most float64) []plot.Tick {
		step, layout := 3*time.Hour, "15:04"
		if most > 2*86400 {
			step, layout = 24*time.Hour, "Mon"
		}
		var ticks []plot.Tick
		start := time.Unix(int64(from), 0).In(b.opt.Zone)
		for at := start; at.Sub(start).Seconds() <= most; at = at.Add(step) {
			ticks = append(ticks, plot.Tick{Value: at.Sub(start).Seconds(), Label: at.Format(layout)})
		}
		return ticks
	})
}

// when names the span that a picture shows; of relative counts its distance
// from their beginning.
func (b *Backtester) when(from, to float64) string {
	if b.counts.Relative {
		return fmt.Sprintf("day %d to %d after the first", int((from-b.counts.Start)/86400), int((to-b.counts.Start)/86400))
	}
	layout := "2 January 2006"
	first, last := time.Unix(int64(from), 0).In(b.opt.Zone), time.Unix(int64(to)-1, 0).In(b.opt.Zone)
	if first.Format(layout) == last.Format(layout) {
		return first.Format("Monday " + layout)
	}
	return first.Format(layout) + " to " + last.Format(layout)
}

// forecastWords are those of the table of forecasters.
var forecastWords = []word{
	{"pinball", "Quantile loss, mean over the quantiles 0.5, 0.9 and 0.99, over the mean number of arrivals: lower is better."},
	{"MASE", "Mean absolute error of the forecast mean over that of seasonal naive at the same instants: below 1 it beats what came at this time a week (or a day) ago."},
	{"log score", "Mean log-probability of what came: higher is better."},
	{"in 50 %", "How often what came lay in the central band that should hold 50 % of it."},
}

// Write fills the directory as Bench.Write does, with a fan chart of the
// forecaster of least quantile loss at every horizon.
func (b *Backtester) Write(ctx context.Context, dir string, t Backtest, families []forecast.Family) error {
	var text strings.Builder
	if err := t.WriteTable(&text); err != nil {
		return err
	}
	p := page{title: "Forecasters judged: " + t.Trace.Name, heading: t.Heading(), table: text.String(), words: forecastWords}
	for i, h := range b.opt.Horizons {
		of := t.Results[i*len(families) : (i+1)*len(families)]
		best := 0
		for k, s := range of {
			if s.Pinball < of[best].Pinball {
				best = k
			}
		}
		fan, err := b.drawFan(ctx, families[best], h)
		if err != nil {
			return err
		}
		p.pictures = append(p.pictures, fan)
	}
	return p.write(ctx, dir, t, func(w io.Writer) error { return WriteBacktestCSV(w, t.Results) })
}
