package dashboard

import (
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// Spans are those that the page can show, with the ring and the number of rows
// of it that make a point.
var spans = map[string]struct {
	length time.Duration
	fine   bool
	rows   int64
}{
	"5m":  {5 * time.Minute, true, 1},
	"15m": {15 * time.Minute, false, 1},
	"1h":  {time.Hour, false, 1},
	"6h":  {6 * time.Hour, false, 4},
	"24h": {24 * time.Hour, false, 16},
}

// A column is a figure over time; NaN, which is null, where it is not known.
type column []float64

// MarshalJSON implements json.Marshaler, with six digits.
func (c column) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, v := range c {
		if i > 0 {
			b = append(b, ',')
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			b = append(b, "null"...)
		} else {
			b = strconv.AppendFloat(b, v, 'g', 6, 64)
		}
	}
	return append(b, ']'), nil
}

// Points are figures of a pool, or of all, over time. Spans are in seconds,
// money is in dollars an hour, or in instances where nothing has a price.
type Points struct {
	StepS     int64   `json:"step_s"`
	At        []int64 `json:"at"`     // starts, seconds since the epoch
	SeenS     column  `json:"seen_s"` // how much of a step was seen; less of the last, which goes on
	Level     column  `json:"level"`
	Warm      column  `json:"warm"`
	Launching column  `json:"launching"`
	Waiting   column  `json:"waiting"`
	InUse     column  `json:"in_use"`
	// Foreseen are the requests that were expected over the span OverS, from
	// then on, with their 5th and 95th percentile; Came those that had come in
	// a span as long, until then.
	Foreseen column `json:"foreseen"`
	Low      column `json:"low"`
	High     column `json:"high"`
	OverS    column `json:"over_s"`
	Came     column `json:"came"`
	// Counts.
	Arrivals    column `json:"arrivals"`
	Hits        column `json:"hits"`
	PartialHits column `json:"partial_hits"`
	Misses      column `json:"misses"`
	Launches    column `json:"launches"`
	Failures    column `json:"failures"`
	P50S        column `json:"p50_s"`
	P99S        column `json:"p99_s"`
	// Cost is that of the pool; Serving what of it are instances in use, Hold
	// what as many instances as the level would cost, and None what it would
	// cost to launch an instance for each request.
	Cost    column `json:"cost"`
	Serving column `json:"serving"`
	Hold    column `json:"hold"`
	None    column `json:"none"`
}

// points are those of a span from an instant on, in seconds. A pool below zero
// is all of them. b.shown is held.
func (b *Board) points(pool int, span string, from int64) *Points {
	s := spans[span]
	from = max(from, b.latest-int64(s.length.Seconds()))
	r := b.coarse
	if s.fine {
		r = b.fine
	}
	step := r.step * s.rows
	p := &Points{StepS: step}
	first, last := pool, pool+1
	if pool < 0 {
		first, last = 0, len(b.status.Pools)
	}
	for at := from - from%step; at <= b.latest; at += step {
		var t total
		var waits histogram
		for i := first; i < last; i++ {
			var sum sample
			for second := at; second < at+step; second += r.step {
				if x := r.find(second, i); x != nil {
					waits.add(x.waits)
					one := *x
					one.waits = nil
					sum.add(&one)
				}
			}
			t.add(&sum, b.price(i), b.lead(i), float64(step))
		}
		if t.pools > 0 || len(p.At) > 0 { // nothing was before the first
			p.append(at, &t, &waits)
		}
	}
	return p
}

// A total is what pools did within a point.
type total struct {
	pools                                  int     // of which anything is known
	seen                                   float64 // seconds of it
	level, warm, launching, waiting, inUse float64
	forecasts, comes                       int
	mean, below, above, over, came         float64 // below and above: squares
	arrivals, launches, failures           float64
	outcomes                               [3]float64
	cost, serving, hold, none              float64
}

// add adds what a pool did within so many seconds, with the price of an
// instance and how long its launch takes, in seconds.
func (t *total) add(s *sample, price, lead, step float64) {
	if s.looks == 0 {
		return
	}
	t.pools++
	n := float64(s.looks)
	t.seen = max(t.seen, min(n, step))
	mean := func(sum float32) float64 { return float64(sum) / n }
	level, warm, launching, inUse := mean(s.level), mean(s.warm), mean(s.launching), mean(s.inUse)
	t.level, t.warm, t.launching, t.inUse, t.waiting = t.level+level, t.warm+warm, t.launching+launching, t.inUse+inUse, t.waiting+mean(s.waiting)
	if f := float64(s.forecasts); f > 0 {
		t.forecasts++
		t.mean += float64(s.mean) / f
		// Pools are taken to be independent of each other.
		t.below += math.Pow(float64(s.mean-s.low)/f, 2)
		t.above += math.Pow(float64(s.high-s.mean)/f, 2)
		t.over += float64(s.over) / f
	}
	if s.comes > 0 {
		t.comes++
		t.came += float64(s.came) / float64(s.comes)
	}
	t.arrivals, t.launches, t.failures = t.arrivals+float64(s.arrivals), t.launches+float64(s.launches), t.failures+float64(s.failures)
	for i, c := range s.outcomes {
		t.outcomes[i] += float64(c)
	}
	t.cost += price * (warm + launching + inUse)
	t.serving += price * inUse
	t.hold += price * level
	// It would launch what has come within a launch's time.
	coming := float64(s.arrivals) / min(n, step) * lead // less than the step was seen of the row of now
	if s.comes > 0 {
		coming = float64(s.came) / float64(s.comes)
		if s.forecasts > 0 {
			coming *= lead / (float64(s.over) / float64(s.forecasts))
		}
	}
	t.none += price * (inUse + coming)
}

func (p *Points) append(at int64, t *total, waits *histogram) {
	known := func(is bool, v float64) float64 {
		if !is {
			return math.NaN()
		}
		return v
	}
	one, foreseen := t.pools > 0, t.forecasts > 0
	p.At = append(p.At, at)
	p50, any := waits.quantile(0.5)
	p99, _ := waits.quantile(0.99)
	for _, c := range []struct {
		to *column
		is bool
		v  float64
	}{
		{&p.SeenS, one, t.seen}, {&p.Level, one, t.level}, {&p.Warm, one, t.warm}, {&p.Launching, one, t.launching}, {&p.Waiting, one, t.waiting}, {&p.InUse, one, t.inUse},
		{&p.Foreseen, foreseen, t.mean}, {&p.Low, foreseen, max(t.mean-math.Sqrt(t.below), 0)}, {&p.High, foreseen, t.mean + math.Sqrt(t.above)},
		{&p.OverS, foreseen, t.over / float64(max(t.forecasts, 1))}, {&p.Came, t.comes > 0, t.came},
		{&p.Arrivals, one, t.arrivals}, {&p.Hits, one, t.outcomes[0]}, {&p.PartialHits, one, t.outcomes[1]}, {&p.Misses, one, t.outcomes[2]},
		{&p.Launches, one, t.launches}, {&p.Failures, one, t.failures},
		{&p.P50S, any, p50.Seconds()}, {&p.P99S, any, p99.Seconds()},
		{&p.Cost, one, t.cost}, {&p.Serving, one, t.serving}, {&p.Hold, one, t.hold}, {&p.None, one, t.none},
	} {
		*c.to = append(*c.to, known(c.is, c.v))
	}
}

var _ json.Marshaler = column{}
