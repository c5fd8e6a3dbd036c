package importers

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// prometheus is the answer of a Prometheus range query (/api/v1/query_range):
// series of counts, which become arrivals. A point belongs to the interval
// that ends at it; Options.Values says what it holds:
//
//   - counter: a running total; the interval's requests are its increase, and
//     after a reset (a lower value) the value itself, as increase() has it;
//   - rate: requests per second, as rate() gives;
//   - count: requests in the interval, as increase() gives.
//
// Rule: the fractions of counts are carried over to the next interval of the
// series, so that totals are kept to less than one request; an interval's
// requests are drawn evenly from it, from a random stream of the series' own.
// The interval is the step before the point, and for counters the gap since
// the point before, so that missing points lose nothing.
//
// Categories are the series' labels (a single label by its value alone):
// aggregate in the query, as in sum by (model) (...). Durations are drawn
// from the options' law, which is therefore needed.
func prometheus() Format {
	return Format{
		Name: "prometheus", Inputs: "RESULT.json...",
		About: "Prometheus range query: counts become arrivals; needs --duration",
		read:  readPrometheus,
	}
}

type rangeResult struct {
	Status, Error string
	Data          *struct {
		ResultType string
		Result     json.RawMessage
	}
}

type series struct {
	Metric map[string]string
	Values [][2]json.RawMessage
}

func readPrometheus(c *collector, inputs []Input) error {
	values := c.Values
	if values == "" {
		values = "counter"
	}
	if !slices.Contains([]string{"counter", "rate", "count"}, values) {
		return fmt.Errorf("prometheus: values are %q, want counter, rate or count", values)
	}
	if c.Duration == nil {
		return fmt.Errorf("prometheus: counts carry no durations: give a law of durations, such as --duration lognormal:median=45s,p99=120s")
	}
	for number, in := range inputs {
		err := in.items("", func(raw json.RawMessage) error {
			var r rangeResult
			if err := json.Unmarshal(raw, &r); err != nil {
				return err
			}
			if r.Status != "success" || r.Data == nil {
				return fmt.Errorf("the query did not succeed: status %.40q, %.200s", r.Status, r.Error)
			}
			if r.Data.ResultType != "matrix" {
				return fmt.Errorf("the result is a %.40q, want a matrix (query_range, not query)", r.Data.ResultType)
			}
			var all []series
			if err := json.Unmarshal(r.Data.Result, &all); err != nil {
				return err
			}
			for _, s := range all {
				if err := s.expand(c, values, number); err != nil {
					return fmt.Errorf("series %.200s: %w", s.name(), err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// labels are the series' labels, sorted.
func (s series) labels() []string {
	var labels []string
	for k, v := range s.Metric {
		if k != "__name__" {
			labels = append(labels, k+"="+v)
		}
	}
	slices.Sort(labels)
	return labels
}

// name joins the labels; a single one stands by its value.
func (s series) name() string {
	labels := s.labels()
	if len(labels) == 1 {
		_, value, _ := strings.Cut(labels[0], "=")
		return value
	}
	return strings.Join(labels, ",")
}

type point struct {
	at    int64 // ns
	value float64
}

func (s series) points(c *collector) ([]point, error) {
	var out []point
	for _, v := range s.Values {
		seconds, err := strconv.ParseFloat(string(v[0]), 64)
		if err != nil {
			return nil, fmt.Errorf("time %.40s is no number", v[0])
		}
		at, err := instant(seconds)
		if err != nil {
			return nil, err
		}
		var text string
		if err := json.Unmarshal(v[1], &text); err != nil {
			return nil, fmt.Errorf("value %.40s is no string", v[1])
		}
		x, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("value %.40q is no number", text)
		}
		if len(out) > 0 && at <= out[len(out)-1].at {
			return nil, fmt.Errorf("times do not ascend at %s", v[0])
		}
		switch {
		case math.IsNaN(x) || math.IsInf(x, 0):
			c.drop("point is not a number")
		case x < 0:
			c.drop("point is negative")
		default:
			out = append(out, point{at, x})
		}
	}
	return out, nil
}

func (s series) expand(c *collector, values string, input int) error {
	points, err := s.points(c)
	if err != nil || len(points) == 0 {
		return err
	}
	if len(points) == 1 {
		c.drop("series of a single point: no step")
		return nil
	}
	step := int64(math.MaxInt64)
	for i := 1; i < len(points); i++ {
		step = min(step, points[i].at-points[i-1].at)
	}
	own := strconv.Itoa(input) + "/" + strings.Join(s.labels(), ",")
	when, long := c.stream("arrivals/"+own), c.stream("durations/"+own)
	carry := 0.0
	for i, p := range points {
		from, count := p.at-step, p.value
		switch values {
		case "counter":
			if i == 0 {
				continue // where the total began is unknown
			}
			from = points[i-1].at
			if p.value >= points[i-1].value {
				count = p.value - points[i-1].value
			}
		case "rate":
			count = p.value * time.Duration(step).Seconds()
		}
		whole := math.Floor(count + carry)
		if !(whole <= float64(maxRequests)) {
			return fmt.Errorf("%v requests in one interval, want at most %d", whole, maxRequests)
		}
		carry += count - whole
		for range int(whole) {
			r := record(from+when.Int64N(p.at-from), c.Duration.Draw(long))
			r.Category = s.name()
			if err := c.add(r); err != nil {
				return err
			}
		}
	}
	return nil
}
