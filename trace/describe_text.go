package trace

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// WriteText writes the description for a terminal of 100 columns.
func (d *Description) WriteText(w io.Writer) error {
	p := &printer{w: w}
	p.line("trace       %s", d.Trace)
	p.line("requests    %s over %s", grouped(d.Requests), wide(d.SpanS))
	if d.Requests == 0 {
		return p.err
	}
	if d.Relative {
		p.line("time        relative: the origin is unknown, so hours and days are too (--start gives one)")
	} else {
		p.line("time        %s to %s (%s)", d.First, d.Last, d.Timezone)
	}
	p.line("duration    p5 %s, p50 %s, p90 %s, p95 %s, p99 %s, mean %s, max %s", spelled(d.DurationS)...)
	if d.WaitS != nil {
		p.line("wait seen   p5 %s, p50 %s, p90 %s, p95 %s, p99 %s, mean %s, max %s", spelled(*d.WaitS)...)
	}
	p.line("in service  %.1f on average, %s at most", d.InService.Mean, grouped(int64(d.InService.Max)))
	if d.Announced > 0 {
		p.line("announced   %s requests (%.0f %%)", grouped(d.Announced), 100*float64(d.Announced)/float64(d.Requests))
	}
	b := d.Burstiness
	p.line("burstiness  busiest hour %.1f x the mean, %.0f %% of hours empty, gap CV %.1f,", b.PeakToMean, 100*b.EmptyHours, b.GapCV)
	p.line("            dispersion %.1f (counts a minute; Poisson has 1), acf at 24 h %.2f", b.Dispersion, b.ACF24)

	p.line("\narrivals an hour, from the first to the last")
	p.line("  %s", sparkline(d.hours, 90))
	p.line("\narrivals by hour of day")
	p.bars(d.ByHour[:], func(i int) string { return fmt.Sprintf("%02d", i) })
	days := make([]float64, 7)
	full := 0
	for i, day := range d.ByDay {
		days[i] = day.Mean
		full += day.FullDays
	}
	if full > 0 {
		p.line("\narrivals by day of week (full days)")
		p.bars(days, func(i int) string { return d.ByDay[i].Day })
	}
	for _, c := range d.Classes {
		p.line("\n%s: %s, of which the top tenth takes %.0f %%%s", c.Column, grouped(int64(c.Distinct)), 100*c.TopTenth, unknown(c.Unknown))
		for _, s := range c.Top {
			p.line("  %-50.50s %12s  %5.1f %%", s.Name, grouped(s.Requests), 100*s.Share)
		}
	}
	return p.err
}

type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// bars draws one horizontal bar a value.
func (p *printer) bars(values []float64, name func(int) string) {
	most := 0.0
	for _, v := range values {
		most = max(most, v)
	}
	for i, v := range values {
		length := 0
		if most > 0 {
			length = int(v/most*120 + 0.5)
		}
		bar := strings.Repeat("█", length/2)
		if length%2 == 1 {
			bar += "▌"
		}
		p.line("  %-4s%9s  %s", name(i), short(v), bar)
	}
}

var levels = []rune(" ▁▂▃▄▅▆▇█")

// sparkline draws the series in at most width characters, each the mean of
// its part.
func sparkline(series []float64, width int) string {
	width = min(width, len(series))
	means := make([]float64, width)
	most := 0.0
	for i := range means {
		from, to := i*len(series)/width, (i+1)*len(series)/width
		means[i] = mean(series[from:to])
		most = max(most, means[i])
	}
	line := make([]rune, width)
	for i, m := range means {
		level := 0
		if m > 0 {
			level = min(1+int(m/most*float64(len(levels)-1)), len(levels)-1)
		}
		line[i] = levels[level]
	}
	return string(line)
}

func unknown(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s requests without)", grouped(n))
}

// grouped writes thousands with commas.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func spelled(q Quantiles) []any {
	return []any{wide(q.P5), wide(q.P50), wide(q.P90), wide(q.P95), wide(q.P99), wide(q.Mean), wide(q.Max)}
}

// wide writes seconds in the unit that suits them.
func wide(seconds float64) string {
	switch d := time.Duration(seconds * 1e9); {
	case seconds < 1:
		return fmt.Sprintf("%.3g ms", seconds*1e3)
	case seconds < 120:
		return fmt.Sprintf("%.3g s", seconds)
	case d < 2*time.Hour:
		return fmt.Sprintf("%.3g min", seconds/60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%.3g h", seconds/3600)
	}
	return fmt.Sprintf("%.4g days", seconds/86400)
}

func short(x float64) string {
	if x < 100 {
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}
