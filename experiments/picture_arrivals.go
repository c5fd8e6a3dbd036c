package experiments

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"shadowpool/trace"
)

// drawArrivals draws the mean demand by hour of the day and day of the week.
func drawArrivals(d *trace.Description) ([]picture, error) {
	zone := d.Timezone
	if d.Relative {
		zone = "the source's clock, whose origin is unknown"
	}
	hours := make([]string, 24)
	for i := range hours {
		if i%3 == 0 {
			hours[i] = fmt.Sprintf("%02d:00", i)
		}
	}
	byHour, err := drawBars("arrivals-by-hour", "hour of the day", "requests per hour",
		"Mean requests in each hour of the day ("+zone+").", d.ByHour[:], hours)
	if err != nil {
		return nil, err
	}
	var counts []float64
	var names []string
	for _, day := range d.ByDay {
		if day.FullDays > 0 {
			counts, names = append(counts, day.Mean), append(names, day.Day)
		}
	}
	if len(counts) < 2 {
		return []picture{byHour}, nil
	}
	byDay, err := drawBars("arrivals-by-day", "day of the week", "requests per day",
		"Mean requests on full days of the week ("+zone+").", counts, names)
	return []picture{byHour, byDay}, err
}

func drawBars(name, x, y, caption string, values []float64, labels []string) (picture, error) {
	p := newPlot(x, y)
	bars, err := plotter.NewBarChart(plotter.Values(values), 0.7*(pictureWidth-vg.Inch)/vg.Length(len(values)))
	if err != nil {
		return picture{}, err
	}
	bars.Color, bars.LineStyle.Width = hues[0], 0
	p.Add(bars)
	_, most := bounds(values)
	p.X.Min, p.X.Max = -0.6, float64(len(values))-0.4
	p.Y.Min, p.Y.Max = 0, max(most*1.05, 1e-9)
	p.Y.Tick.Marker = roundTicks(6)
	var ticks []plot.Tick
	for i, l := range labels {
		if l != "" {
			ticks = append(ticks, plot.Tick{Value: float64(i), Label: l})
		}
	}
	p.X.Tick.Marker = plot.ConstantTicks(ticks)
	return render(name, caption, p, nil)
}
