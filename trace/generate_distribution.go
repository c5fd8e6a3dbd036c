package trace

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// A Distribution is a law of positive spans of time.
type Distribution interface {
	// Draw returns one value in nanoseconds, in whole milliseconds.
	Draw(r *rand.Rand) int64
	// Median in nanoseconds.
	Median() int64
	// Check reports parameters that make no law.
	Check() error
}

// A Lognormal law by its median and 99th percentile. Values above Max, if
// given, become Max.
type Lognormal struct{ Mid, P99, Max time.Duration }

// z99 is the standard normal distribution's 99th percentile.
const z99 = 2.3263478740408408

// Draw implements Distribution.
func (l Lognormal) Draw(r *rand.Rand) int64 {
	sigma := math.Log(float64(l.P99)/float64(l.Mid)) / z99
	return whole(float64(l.Mid)*math.Exp(sigma*r.NormFloat64()), l.Max)
}

// Median implements Distribution.
func (l Lognormal) Median() int64 { return int64(l.Mid) }

// Check implements Distribution.
func (l Lognormal) Check() error {
	if l.Mid <= 0 || l.P99 < l.Mid || l.Max < 0 {
		return fmt.Errorf("a lognormal law needs 0 < median <= p99, not median %s and p99 %s", l.Mid, l.P99)
	}
	return nil
}

// A Pareto law: P[X > x] = (Min/x)^Shape for x >= Min. Values above Max, if
// given, become Max.
type Pareto struct {
	Min   time.Duration
	Shape float64
	Max   time.Duration
}

// Draw implements Distribution.
func (p Pareto) Draw(r *rand.Rand) int64 {
	return whole(float64(p.Min)*math.Exp(r.ExpFloat64()/p.Shape), p.Max)
}

// Median implements Distribution.
func (p Pareto) Median() int64 {
	return int64(float64(p.Min) * math.Exp(math.Ln2/p.Shape))
}

// Check implements Distribution.
func (p Pareto) Check() error {
	if p.Min <= 0 || !(p.Shape > 0) || p.Max < 0 {
		return fmt.Errorf("a Pareto law needs a minimum and a shape above 0, not %s and %v", p.Min, p.Shape)
	}
	return nil
}

// whole rounds to milliseconds: what real sources resolve, and coarse enough
// to hide that machines differ in the last bit of an exponential.
func whole(ns float64, most time.Duration) int64 {
	if most > 0 {
		ns = min(ns, float64(most))
	}
	ms := min(math.Round(ns/1e6), 1e12) // 1e12 ms is 31 years
	return int64(ms) * int64(time.Millisecond)
}

// ParseDistribution reads a law of spans: a constant (60s),
// lognormal:median=45s,p99=120s or pareto:min=30s,shape=1.2; both take max=6h.
func ParseDistribution(text string) (Distribution, error) {
	law, parameters, _ := strings.Cut(text, ":")
	values := map[string]string{}
	if parameters != "" {
		for pair := range strings.SplitSeq(parameters, ",") {
			key, value, _ := strings.Cut(pair, "=")
			if _, twice := values[key]; twice {
				return nil, fmt.Errorf("law %q gives %s twice", text, key)
			}
			values[key] = value
		}
	}
	var wrong error
	span := func(key string, needed bool) time.Duration {
		value, ok := values[key]
		delete(values, key)
		if !ok && !needed {
			return 0
		}
		d, err := time.ParseDuration(value)
		if err != nil && wrong == nil {
			wrong = fmt.Errorf("law %q: %s is %q, want a span such as 45s", text, key, value)
		}
		return d
	}
	var d Distribution
	switch law {
	case "lognormal":
		d = Lognormal{Mid: span("median", true), P99: span("p99", true), Max: span("max", false)}
	case "pareto":
		shape, err := strconv.ParseFloat(values["shape"], 64)
		if err != nil {
			return nil, fmt.Errorf("law %q: shape is %q, want a number", text, values["shape"])
		}
		delete(values, "shape")
		d = Pareto{Min: span("min", true), Shape: shape, Max: span("max", false)}
	default:
		constant, err := time.ParseDuration(text)
		if err != nil {
			return nil, fmt.Errorf("%q is no law: want 60s, lognormal:median=45s,p99=120s or pareto:min=30s,shape=1.2", text)
		}
		d = Lognormal{Mid: constant, P99: constant}
	}
	if wrong != nil {
		return nil, wrong
	}
	if len(values) > 0 {
		return nil, fmt.Errorf("law %q has a parameter that %s does not know", text, law)
	}
	return d, d.Check()
}
