package experiments

import (
	"fmt"
	"image/color"
	"math"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"shadowpool/policy"
	"shadowpool/sim"
	"shadowpool/trace"
)

// mostSamples bounds the points of a picture of the pool.
const mostSamples = 480

// A window is the part of the measured span that pictures of the pool show:
// its local day of most requests, or all of it if that is shorter.
type window struct {
	from, to policy.Time
	zone     *time.Location
	title    string
}

func busiestDay(src trace.Source, from policy.Time, zone *time.Location) (window, error) {
	sum := src.Summary()
	from = max(from, sum.First)
	if sum.Last-from <= int64(24*time.Hour) {
		return window{from, sum.Last, zone, "the measured span"}, nil
	}
	midnight := func(t policy.Time) time.Time {
		y, m, d := time.Unix(0, t).In(zone).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, zone)
	}
	start := midnight(from)
	next := start.AddDate(0, 0, 1)
	count, most := 0, -1
	best := start
	for chunk, err := range src.Chunks() {
		if err != nil {
			return window{}, err
		}
		for _, t := range chunk.Arrival {
			if t < from {
				continue
			}
			if t >= next.UnixNano() {
				start, count = midnight(t), 0
				next = start.AddDate(0, 0, 1)
			}
			if count++; count > most {
				best, most = start, count
			}
		}
	}
	w := window{max(best.UnixNano(), from), min(best.AddDate(0, 0, 1).UnixNano(), sum.Last), zone, ""}
	w.title = fmt.Sprintf("%s (%s), the busiest day", best.Format("Monday 2 January 2006"), zone)
	if sum.Relative {
		w.title = fmt.Sprintf("the busiest day, %d days after the first arrival", int(best.Sub(midnight(sum.First)).Hours()/24))
	}
	return w, nil
}

// samples are those of a timeline that fall into the window, thinned.
func (w window) samples(line []sim.Sample) []sim.Sample {
	var in []sim.Sample
	for _, s := range line {
		if s.Time >= w.from && s.Time <= w.to {
			in = append(in, s)
		}
	}
	step := (len(in) + mostSamples - 1) / mostSamples
	if step <= 1 {
		return in
	}
	var thin []sim.Sample
	for i := 0; i < len(in); i += step {
		thin = append(thin, in[i])
	}
	return thin
}

// demand is the number of requests that would be served at the instants of
// samples if none ever waited.
func demand(src trace.Source, samples []sim.Sample) ([]float64, error) {
	changes := make([]float64, len(samples)+1)
	first := func(t policy.Time) int { // the first sample not before t
		lo, hi := 0, len(samples)
		for lo < hi {
			if mid := (lo + hi) / 2; samples[mid].Time < t {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		return lo
	}
	for chunk, err := range src.Chunks() {
		if err != nil {
			return nil, err
		}
		for i, t := range chunk.Arrival {
			if a, b := first(t), first(t+chunk.Duration[i]); a < b {
				changes[a]++
				changes[b]--
			}
		}
	}
	now := 0.0
	for i, c := range changes {
		now += c
		changes[i] = now
	}
	return changes[:len(samples)], nil
}

// Colours of what instances do.
var (
	servingColour   = color.RGBA{0x56, 0xb4, 0xe9, 0xff}
	idleColour      = color.RGBA{0xe6, 0x9f, 0x00, 0xff}
	launchingColour = color.RGBA{0xcc, 0x79, 0xa7, 0xff}
)

// drawLevels draws, for every policy, what its instances do through the
// window, all to one scale.
func drawLevels(src trace.Source, results []*sim.Result, w window) ([]picture, error) {
	most := 1.0
	var shown []*sim.Result
	for _, r := range results {
		if len(w.samples(r.Timeline)) < 2 {
			continue // the oracle has no timeline
		}
		shown = append(shown, r)
		for _, s := range w.samples(r.Timeline) {
			most = max(most, float64(s.Serving+s.Idle+s.Launching))
		}
	}
	if len(shown) == 0 {
		return nil, nil
	}
	wanted, err := demand(src, w.samples(shown[0].Timeline))
	if err != nil {
		return nil, err
	}
	var pictures []picture
	for i, r := range shown {
		p, err := drawLevel(r, w, wanted, most)
		if err != nil {
			return nil, err
		}
		p.name = fmt.Sprintf("level-%d-%s", i+1, fileName(Label(r)))
		pictures = append(pictures, p)
	}
	return pictures, nil
}

func drawLevel(r *sim.Result, w window, wanted []float64, most float64) (picture, error) {
	samples := w.samples(r.Timeline)
	p, k := newPlot("local time", "instances"), newKey()
	var serving, idle, launching, needed plotter.XYs
	for i, s := range samples {
		x := float64(s.Time-w.from) / 1e9
		serving = append(serving, plotter.XY{X: x, Y: float64(s.Serving)})
		idle = append(idle, plotter.XY{X: x, Y: float64(s.Serving + s.Idle)})
		launching = append(launching, plotter.XY{X: x, Y: float64(s.Serving + s.Idle + s.Launching)})
		needed = append(needed, plotter.XY{X: x, Y: wanted[i]})
	}
	for _, area := range []struct {
		name   string
		top    plotter.XYs
		colour color.Color
	}{{"launching", launching, launchingColour}, {"idle (warm, unassigned)", idle, idleColour}, {"serving", serving, servingColour}} {
		line, err := plotter.NewLine(area.top)
		if err != nil {
			return picture{}, err
		}
		line.LineStyle = draw.LineStyle{Color: area.colour, Width: 0}
		line.FillColor = area.colour
		p.Add(line)
		k.Add(area.name, swatch{area.colour})
	}
	line, err := plotter.NewLine(needed)
	if err != nil {
		return picture{}, err
	}
	line.LineStyle = draw.LineStyle{Color: ink, Width: vg.Points(1)}
	p.Add(line)
	k.Add("demand, if no one waited", line)
	p.X.Min, p.X.Max = 0, float64(w.to-w.from)/1e9
	p.Y.Min, p.Y.Max = 0, most*1.04
	p.X.Tick.Marker = w.clockTicks()
	p.Y.Tick.Marker = roundTicks(6)
	return render("", fmt.Sprintf("%s on %s: %s %% hits, waste %s h in all.", Label(r), w.title, percent(r.HitRate), amount(r.InstanceS.Waste/3600)), p, k)
}

// swatch is a filled box in a legend.
type swatch struct{ colour color.Color }

// Thumbnail implements plot.Thumbnailer.
func (s swatch) Thumbnail(c *draw.Canvas) {
	c.FillPolygon(s.colour, []vg.Point{c.Min, {X: c.Min.X, Y: c.Max.Y}, c.Max, {X: c.Max.X, Y: c.Min.Y}})
}

// clockTicks marks local times at round hours or minutes.
func (w window) clockTicks() plot.Ticker {
	return plot.TickerFunc(func(least, most float64) []plot.Tick {
		step := 3 * time.Hour
		for _, s := range []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour} {
			if (most-least)/s.Seconds() <= 9 {
				step = s
				break
			}
		}
		layout := "15:04"
		if step < time.Minute {
			layout = "15:04:05"
		}
		start := time.Unix(0, w.from).In(w.zone)
		_, offset := start.Zone()
		local := float64(w.from)/1e9 + float64(offset)
		var ticks []plot.Tick
		for x := math.Ceil(local/step.Seconds())*step.Seconds() - local; x <= most; x += step.Seconds() {
			ticks = append(ticks, plot.Tick{Value: x, Label: start.Add(time.Duration(x * 1e9)).Format(layout)})
		}
		return ticks
	})
}
