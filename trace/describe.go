package trace

import (
	"container/heap"
	"fmt"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A Description is the shape of a trace: what a reader wants to know before
// choosing a policy. Instants and rates are of arrivals.
type Description struct {
	Trace    string `json:"trace"`
	Requests int64  `json:"requests"`
	// First and Last arrival (RFC 3339), empty where the origin is unknown.
	First    string  `json:"first,omitempty"`
	Last     string  `json:"last,omitempty"`
	SpanS    float64 `json:"span_s"`
	Timezone string  `json:"timezone"`
	Relative bool    `json:"relative"`

	// ByHour is the mean number of arrivals in each local hour of the day.
	ByHour [24]float64 `json:"arrivals_by_hour_of_day"`
	// ByDay is the mean number of arrivals in full local days, Monday first.
	ByDay [7]DayOfWeek `json:"arrivals_by_day_of_week"`

	Burstiness Burstiness `json:"burstiness"`
	DurationS  Quantiles  `json:"duration_s"`
	// WaitS is of the waits that the source observed; nil if none.
	WaitS     *Quantiles `json:"observed_wait_s,omitempty"`
	InService InService  `json:"in_service"`
	// Announced is the number of requests announced ahead.
	Announced int64   `json:"announced"`
	Classes   []Class `json:"classes"`

	hours []float64 // arrivals of every local hour, the first to the last
}

// DayOfWeek is the mean of the full days of one day of the week.
type DayOfWeek struct {
	Day      string  `json:"day"`
	FullDays int     `json:"full_days"`
	Mean     float64 `json:"mean"`
}

// Burstiness tells how far arrivals are from an even Poisson process, whose
// gap CV and dispersion are 1. Zero where there are too few arrivals.
type Burstiness struct {
	PeakToMean float64 `json:"peak_to_mean_hour"`
	EmptyHours float64 `json:"empty_hours"` // share
	ACF24      float64 `json:"acf_24h"`     // autocorrelation of hourly counts at 24 h
	GapCV      float64 `json:"gap_cv"`
	Dispersion float64 `json:"dispersion_1min"` // variance / mean of counts a minute
}

// Quantiles of a span, seconds. Percentiles are within 0.2 %, mean and max exact.
type Quantiles struct {
	Count int64   `json:"count"`
	Mean  float64 `json:"mean"`
	P5    float64 `json:"p5"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// InService is the number of requests served at once, if none had to wait:
// the mean up to the last arrival, and the highest. A request that ends at an
// instant makes room for one that arrives at it.
type InService struct {
	Mean float64 `json:"mean"`
	Max  int     `json:"max"`
}

// Describe reads src once and describes it, with hours and days local to
// zone. Memory grows with the requests in service at once and the hours of
// the span, not with the rows.
func Describe(src Source, zone *time.Location) (*Description, error) {
	s := src.Summary()
	d := &Description{Trace: s.Name, Requests: s.Rows, Relative: s.Relative, Timezone: zone.String()}
	for i, name := range []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"} {
		d.ByDay[i].Day = name
	}
	if s.Rows == 0 {
		return d, nil
	}
	d.SpanS = float64(s.Last-s.First) / 1e9
	if d.SpanS < 0 { // beyond 292 years
		return nil, fmt.Errorf("trace %s: its span overflows", s.Name)
	}
	if !s.Relative {
		d.First = time.Unix(0, s.First).In(zone).Format(time.RFC3339)
		d.Last = time.Unix(0, s.Last).In(zone).Format(time.RFC3339)
	}
	m := newMeter(s, zone)
	for chunk, err := range src.Chunks() {
		if err != nil {
			return nil, err
		}
		m.chunk(chunk)
	}
	m.finish(d)
	return d, nil
}

// A meter accumulates what a Description needs.
type meter struct {
	summary   Summary
	zone      *time.Location
	calendar  calendar
	minutes   moments
	minute    int64
	inMinute  float64
	gaps      moments
	previous  int64
	durations spans
	waits     spans
	serving   ends
	busy      float64 // seconds of service up to the last arrival
	most      int
	announced int64
	tallies   []tally
}

func newMeter(s Summary, zone *time.Location) *meter {
	return &meter{
		summary: s, zone: zone, calendar: newCalendar(s.First, s.Last, zone), previous: s.First,
		durations: newSpans(), waits: newSpans(), tallies: newTallies(s.Strings),
	}
}

func (m *meter) chunk(c *Chunk) {
	for i, at := range c.Arrival {
		m.calendar.note(at)
		if minute := (at - m.summary.First) / int64(time.Minute); minute != m.minute {
			m.minutes.add(m.inMinute)
			m.minutes.addZeros(float64(minute - m.minute - 1))
			m.minute, m.inMinute = minute, 0
		}
		m.inMinute++
		if c.First+int64(i) > 0 {
			m.gaps.add(float64(at-m.previous) / 1e9)
		}
		m.previous = at

		duration := c.Duration[i]
		m.durations.add(duration)
		m.busy += float64(min(duration, m.summary.Last-at)) / 1e9
		for len(m.serving) > 0 && m.serving[0] <= at {
			heap.Pop(&m.serving)
		}
		if duration > 0 {
			end := at + duration
			if end < at {
				end = math.MaxInt64
			}
			heap.Push(&m.serving, end)
		}
		m.most = max(m.most, len(m.serving))
	}
	for _, w := range c.Wait {
		if w != NoTime {
			m.waits.add(w)
		}
	}
	for _, a := range c.Announced {
		if a != NoTime {
			m.announced++
		}
	}
	for i := range m.tallies {
		m.tallies[i].note(&c.Columns)
	}
}

func (m *meter) finish(d *Description) {
	m.minutes.add(m.inMinute)
	m.calendar.finish(d)
	d.Burstiness.GapCV = ratio(math.Sqrt(m.gaps.variance()), m.gaps.mean)
	d.Burstiness.Dispersion = ratio(m.minutes.variance(), m.minutes.mean)
	d.DurationS = m.durations.quantiles()
	if m.waits.count > 0 {
		q := m.waits.quantiles()
		d.WaitS = &q
	}
	d.InService = InService{Mean: ratio(m.busy, d.SpanS), Max: m.most}
	d.Announced = m.announced
	for _, t := range m.tallies {
		if class, known := t.class(); known {
			d.Classes = append(d.Classes, class)
		}
	}
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// moments is Welford's running mean and variance.
type moments struct{ n, mean, m2 float64 }

func (m *moments) add(x float64) {
	m.n++
	delta := x - m.mean
	m.mean += delta / m.n
	m.m2 += delta * (x - m.mean)
}

// addZeros adds n zeros at once.
func (m *moments) addZeros(n float64) {
	if n <= 0 {
		return
	}
	total := m.n + n
	m.m2 += m.mean * m.mean * m.n * n / total
	m.mean *= m.n / total
	m.n = total
}

func (m *moments) variance() float64 { return ratio(m.m2, m.n) }

// spans is a histogram of spans of time.
type spans struct {
	count int64
	sum   float64
	max   int64
	micro *hdrhistogram.Histogram
}

// longestMicros bounds the histogram; longer spans (285 years) do not occur.
const longestMicros = 1 << 53

func newSpans() spans { return spans{micro: hdrhistogram.New(1, longestMicros, 3)} }

func (s *spans) add(ns int64) {
	s.count++
	s.sum += float64(ns) / 1e9
	s.max = max(s.max, ns)
	_ = s.micro.RecordValue(min(ns/1000, longestMicros)) // in range: cannot fail
}

func (s *spans) quantiles() Quantiles {
	at := func(p float64) float64 { return min(float64(s.micro.ValueAtQuantile(p))/1e6, float64(s.max)/1e9) }
	return Quantiles{
		Count: s.count, Mean: ratio(s.sum, float64(s.count)),
		P5: at(5), P50: at(50), P90: at(90), P95: at(95), P99: at(99), Max: float64(s.max) / 1e9,
	}
}

// ends is a heap of the instants at which requests in service end.
type ends []int64

func (e ends) Len() int           { return len(e) }
func (e ends) Less(i, j int) bool { return e[i] < e[j] }
func (e ends) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *ends) Push(x any)        { *e = append(*e, x.(int64)) }
func (e *ends) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}
