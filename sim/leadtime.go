package sim

import (
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"shadowpool/policy/config"
)

// A LeadTime is the distribution of the time from an order to a warm
// instance.
type LeadTime interface {
	// Quantile is the lead time that a share u of launches does not exceed,
	// ns; 0 < u < 1.
	Quantile(u float64) int64
	Mean() time.Duration
	// String is the form that ParseLeadTime reads.
	String() string
}

// Constant is a lead time that never varies.
type Constant time.Duration

// Quantile implements LeadTime.
func (c Constant) Quantile(float64) int64 { return int64(c) }

// Mean implements LeadTime.
func (c Constant) Mean() time.Duration { return time.Duration(c) }

func (c Constant) String() string { return time.Duration(c).String() }

// Lognormal is a lead time whose logarithm is normal, given by its median and
// its 99th percentile.
type Lognormal struct {
	Median, P99 time.Duration
	// Common is the share of the logarithm's variance that launches of a
	// category have in common at one time (tide); 0 is none.
	Common float64
	// Fail is the share of launches that fail when they should become warm.
	Fail float64
}

// z99 is the standard normal's 99th percentile.
var z99 = distuv.UnitNormal.Quantile(0.99)

func (l Lognormal) sigma() float64 { return math.Log(float64(l.P99)/float64(l.Median)) / z99 }

// Quantile implements LeadTime.
func (l Lognormal) Quantile(u float64) int64 { return l.of(distuv.UnitNormal.Quantile(u)) }

// given is the lead time that a share u of the launches at one time does not
// exceed, level being the tide.
func (l Lognormal) given(level, u float64) int64 {
	own := distuv.UnitNormal.Quantile(u)
	return l.of(math.Sqrt(l.Common)*level + math.Sqrt(1-l.Common)*own)
}

// of is the lead time of a standard normal variable.
func (l Lognormal) of(z float64) int64 {
	d := math.Exp(math.Log(float64(l.Median)) + l.sigma()*z)
	return int64(min(d, float64(config.MaxLeadTime)))
}

// Mean implements LeadTime: median * exp(sigma^2 / 2), the same bits as for
// the live server.
func (l Lognormal) Mean() time.Duration {
	return config.LeadTime{Law: config.Lognormal, Median: l.Median, P99: l.P99}.Mean()
}

func (l Lognormal) String() string {
	text := fmt.Sprintf("lognormal:median=%v,p99=%v", l.Median, l.P99)
	if l.Common > 0 {
		text += fmt.Sprintf(",common=%v", l.Common)
	}
	if l.Fail > 0 {
		text += fmt.Sprintf(",fail=%v", l.Fail)
	}
	return text
}

// Empirical draws from samples: each is as likely as any other.
type Empirical struct {
	name   string
	sorted []int64
	mean   time.Duration
}

// NewEmpirical makes a distribution of samples, in ns. The name is for
// reports.
func NewEmpirical(name string, samples []int64) (*Empirical, error) {
	if len(samples) == 0 {
		return nil, fmt.Errorf("lead times %s: no samples", name)
	}
	e := &Empirical{name: name, sorted: slices.Clone(samples)}
	slices.Sort(e.sorted)
	if e.sorted[0] < 0 || e.sorted[len(e.sorted)-1] > int64(config.MaxLeadTime) {
		return nil, fmt.Errorf("lead times %s: a sample is negative or above %v", name, config.MaxLeadTime)
	}
	sum := 0.0
	for _, s := range e.sorted {
		sum += float64(s)
	}
	e.mean = time.Duration(sum / float64(len(e.sorted)))
	return e, nil
}

// Quantile implements LeadTime.
func (e *Empirical) Quantile(u float64) int64 {
	return e.sorted[min(int(u*float64(len(e.sorted))), len(e.sorted)-1)]
}

// Mean implements LeadTime.
func (e *Empirical) Mean() time.Duration { return e.mean }

func (e *Empirical) String() string { return "empirical:" + e.name }

// ParseLeadTime reads what a configuration takes as a lead time: "120s",
// "lognormal:median=45s,p99=120s" with or without ",common=0.5" and
// ",fail=0.02", or "empirical:FILE", a file as config.ReadSamples takes it.
func ParseLeadTime(spec string) (LeadTime, error) {
	l, err := config.ParseLeadTime(spec)
	if err != nil {
		return nil, fmt.Errorf("lead time %q: %w", spec, err)
	}
	return leadFromConfig(l)
}
