package experiments

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"shadowpool/sim"
)

// A Target is the service at which policies are compared.
type Target struct {
	// Measure is hit_rate, wait_mean or wait_p99; of the first more is
	// better, of waits (in seconds) less.
	Measure string  `json:"measure"`
	Value   float64 `json:"value"`
}

// ParseTarget reads hit_rate=0.99, wait_mean=5s or wait_p99=30s.
func ParseTarget(text string) (*Target, error) {
	name, value, _ := strings.Cut(text, "=")
	switch name {
	case "hit_rate":
		share, err := strconv.ParseFloat(value, 64)
		if err != nil || !(share > 0 && share <= 1) {
			return nil, fmt.Errorf("%q: want a share such as hit_rate=0.99", text)
		}
		return &Target{name, share}, nil
	case "wait_mean", "wait_p99":
		d, err := time.ParseDuration(value)
		if err != nil || d < 0 {
			return nil, fmt.Errorf("%q: want a span with a unit such as %s=5s", text, name)
		}
		return &Target{name, d.Seconds()}, nil
	default:
		return nil, fmt.Errorf("%q: want hit_rate=SHARE, wait_mean=SPAN or wait_p99=SPAN", text)
	}
}

func (t *Target) String() string {
	if t.Measure == "hit_rate" {
		return "hit_rate=" + strconv.FormatFloat(t.Value, 'g', -1, 64)
	}
	return t.Measure + "=" + time.Duration(t.Value*float64(time.Second)).String()
}

// measure is what a result has of the target's measure.
func (t *Target) measure(r *sim.Result) float64 {
	switch t.Measure {
	case "hit_rate":
		return r.HitRate
	case "wait_mean":
		return r.WaitS.Mean
	default:
		return r.WaitS.P99
	}
}

func (t *Target) reachedBy(r *sim.Result) bool { return t.better(t.measure(r)) >= t.better(t.Value) }

// better is a measure as a number of which more is better.
func (t *Target) better(measure float64) float64 {
	if t.Measure == "hit_rate" {
		return measure
	}
	return -measure
}

func (t *Target) scaled(measure float64) float64 {
	if t.Measure == "hit_rate" {
		return nines(measure)
	}
	return -math.Log10(max(measure, 1e-3)) / 4
}

func (t *Target) service() float64 { return t.scaled(t.Value) }

// mixes says whether running one setting for a share of the requests and
// another for the rest has the mean of the two measures, so that a curve may
// be read along its convex hull. Percentiles do not mix.
func (t *Target) mixes() bool { return t.Measure != "wait_p99" }

// A Matched is the least waste at which a family reaches the target.
type Matched struct {
	Policy        string `json:"policy"`
	Label         string `json:"label"` // the curve's
	Implementable bool   `json:"implementable"`
	At            Target `json:"at"`
	// Reached is false where no setting that was tried reaches the target;
	// then the figures are zero.
	Reached bool `json:"reached"`
	// Service is the target's measure as it is reached.
	Service        float64 `json:"service"`
	WasteS         float64 `json:"waste_s"`
	IdleS          float64 `json:"idle_s"`
	CostUSD        float64 `json:"cost_usd"`
	LaunchesPerReq float64 `json:"launches_per_request"`
	// ToStatic relates the figures to static's, nil where static does not
	// reach the target or wastes nothing.
	ToStatic *Relation `json:"relative_to_static"`
	// Between are the settings that the figures lie between: one, or two
	// neighbours on the hull with their shares of the requests.
	Between []Part `json:"between"`
}

// A Relation is a ratio of figures.
type Relation struct {
	Waste float64 `json:"waste"`
	Idle  float64 `json:"idle"`
	Cost  float64 `json:"cost"`
}

// A Part is a setting with its share of a mixture.
type Part struct {
	Share  float64        `json:"share"`
	Params map[string]any `json:"params"`
	// Service is the target's measure in this setting.
	Service float64 `json:"service"`
	WasteS  float64 `json:"waste_s"`

	result *sim.Result
}

// Match finds each curve's least waste at the target: on the lower convex
// hull of its points (service, waste), because levels are whole numbers and
// alternating between two of them reaches what lies between; at the points
// themselves for a percentile, which does not mix. Those that could run come
// first, by waste; then the others; then those that do not reach it.
func Match(curves []Curve, target Target) []Matched {
	var all []Matched
	for _, c := range curves {
		all = append(all, matchCurve(c, target))
	}
	static := slices.IndexFunc(all, func(m Matched) bool { return m.Label == "static" && m.Reached })
	if static >= 0 {
		s := all[static]
		for i := range all {
			if m := &all[i]; m.Reached && s.WasteS > negligible && s.IdleS > negligible && s.CostUSD > 0 {
				m.ToStatic = &Relation{m.WasteS / s.WasteS, m.IdleS / s.IdleS, m.CostUSD / s.CostUSD}
			}
		}
	}
	rank := func(m Matched) int {
		switch {
		case m.Implementable && m.Reached:
			return 0
		case m.Implementable:
			return 1
		default:
			return 2
		}
	}
	slices.SortStableFunc(all, func(a, b Matched) int {
		if ra, rb := rank(a), rank(b); ra != rb {
			return ra - rb
		}
		switch {
		case a.WasteS < b.WasteS:
			return -1
		case a.WasteS > b.WasteS:
			return 1
		}
		return 0
	})
	return all
}

// matchCurve reads a curve at the target.
func matchCurve(c Curve, t Target) Matched {
	m := Matched{Policy: c.Policy, Label: c.Label, Implementable: c.Implementable, At: t, Between: []Part{}}
	service, waste := make([]float64, len(c.Points)), make([]float64, len(c.Points))
	for i, p := range c.Points {
		service[i], waste[i] = t.better(t.measure(p)), p.InstanceS.Waste
	}
	if mix, ok := leastMixture(service, waste, t.better(t.Value), t.mixes()); ok {
		m.Reached = true
		if mix.share < 1 {
			m.Between = append(m.Between, t.part(c.Points[mix.below], 1-mix.share))
		}
		m.Between = append(m.Between, t.part(c.Points[mix.above], mix.share))
	}
	for _, p := range m.Between {
		m.Service += p.Share * p.Service
		m.WasteS += p.Share * p.WasteS
		m.IdleS += p.Share * p.result.InstanceS.Idle
		m.CostUSD += p.Share * p.result.CostUSD.Total
		m.LaunchesPerReq += p.Share * p.result.LaunchesPerReq
	}
	return m
}

// A mixture is a share of one point, which reaches what is needed, and the
// rest of another, which does not.
type mixture struct {
	above, below int
	share        float64 // of above
	waste        float64
}

// leastMixture is the mixture of least waste whose service, of which more is
// better, is what is needed; false where no point reaches it. It looks at all
// single points that do and at all pairs of which one does: the segments of a
// lower hull are among the pairs.
func leastMixture(service, waste []float64, need float64, mixes bool) (mixture, bool) {
	least := mixture{waste: math.Inf(1)}
	for i, above := range service {
		if above < need {
			continue
		}
		if waste[i] < least.waste {
			least = mixture{i, i, 1, waste[i]}
		}
		for j, below := range service {
			if !mixes || below >= need {
				continue
			}
			share := (need - below) / (above - below)
			if w := float64((1-share)*waste[j]) + float64(share*waste[i]); share < 1 && w < least.waste {
				least = mixture{i, j, share, w}
			}
		}
	}
	return least, !math.IsInf(least.waste, 1)
}

func (t *Target) part(r *sim.Result, share float64) Part {
	return Part{Share: share, Params: r.Params, Service: t.measure(r), WasteS: r.InstanceS.Waste, result: r}
}
