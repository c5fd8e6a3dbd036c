package sim

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
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
}

// z99 is the standard normal's 99th percentile.
var z99 = distuv.UnitNormal.Quantile(0.99)

func (l Lognormal) sigma() float64 { return math.Log(float64(l.P99)/float64(l.Median)) / z99 }

// Quantile implements LeadTime.
func (l Lognormal) Quantile(u float64) int64 {
	d := math.Exp(math.Log(float64(l.Median)) + l.sigma()*distuv.UnitNormal.Quantile(u))
	return int64(min(d, float64(maxLead)))
}

// Mean implements LeadTime: median * exp(sigma^2 / 2).
func (l Lognormal) Mean() time.Duration {
	s := l.sigma()
	return time.Duration(min(float64(l.Median)*math.Exp(s*s/2), float64(maxLead)))
}

func (l Lognormal) String() string {
	return fmt.Sprintf("lognormal:median=%v,p99=%v", l.Median, l.P99)
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
	if e.sorted[0] < 0 || e.sorted[len(e.sorted)-1] > int64(maxLead) {
		return nil, fmt.Errorf("lead times %s: a sample is negative or above %v", name, maxLead)
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

// maxLead bounds lead times: nothing that takes a month to start is a pool's.
const maxLead = 31 * 24 * time.Hour

// ParseLeadTime reads "120s", "lognormal:median=45s,p99=120s" or
// "empirical:FILE", a file as ReadSamples takes it.
func ParseLeadTime(spec string) (LeadTime, error) {
	kind, rest, found := strings.Cut(spec, ":")
	switch {
	case !found:
		d, err := time.ParseDuration(spec)
		if err != nil || d < 0 || d > maxLead {
			return nil, fmt.Errorf("lead time %q: want a span of at most %v such as 120s, lognormal:median=45s,p99=120s, or empirical:FILE", spec, maxLead)
		}
		return Constant(d), nil
	case kind == "lognormal":
		return parseLognormal(spec, rest)
	case kind == "empirical":
		f, err := os.Open(rest)
		if err != nil {
			return nil, fmt.Errorf("lead time %q: %w", spec, err)
		}
		defer f.Close()
		samples, err := ReadSamples(f)
		if err != nil {
			return nil, fmt.Errorf("lead time %q: %w", spec, err)
		}
		return NewEmpirical(rest, samples)
	default:
		return nil, fmt.Errorf("lead time %q: unknown distribution %q; known are lognormal and empirical", spec, kind)
	}
}

func parseLognormal(spec, params string) (LeadTime, error) {
	var l Lognormal
	for part := range strings.SplitSeq(params, ",") {
		key, value, _ := strings.Cut(part, "=")
		d, err := time.ParseDuration(value)
		if err != nil || d <= 0 || d > maxLead {
			return nil, fmt.Errorf("lead time %q: %s: want a positive span such as 45s, not %q", spec, key, value)
		}
		switch key {
		case "median":
			l.Median = d
		case "p99":
			l.P99 = d
		default:
			return nil, fmt.Errorf("lead time %q: unknown parameter %q; lognormal takes median and p99", spec, key)
		}
	}
	if l.Median == 0 || l.P99 < l.Median {
		return nil, fmt.Errorf("lead time %q: lognormal wants median=SPAN,p99=SPAN with p99 not below the median", spec)
	}
	return l, nil
}

// ReadSamples reads one latency a line, in seconds or as a span with a unit
// (1.5, 900ms). Blank lines and lines that begin with # are skipped. It also
// reads CSV whose header names a column latency_ms or latency_s; a column
// stage is ignored. The result is in ns.
func ReadSamples(r io.Reader) ([]int64, error) {
	scan := bufio.NewScanner(r)
	var samples []int64
	column, unit := 0, float64(time.Second)
	for line := 1; scan.Scan(); line++ {
		text := strings.TrimSpace(scan.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		fields := strings.Split(text, ",")
		if len(samples) == 0 {
			if i := slices.Index(fields, "latency_ms"); i >= 0 {
				column, unit = i, float64(time.Millisecond)
				continue
			}
			if i := slices.Index(fields, "latency_s"); i >= 0 {
				column = i
				continue
			}
		}
		if column >= len(fields) {
			return nil, fmt.Errorf("line %d: %d columns, expected at least %d", line, len(fields), column+1)
		}
		v, err := strconv.ParseFloat(fields[column], 64)
		ns := v * unit
		if err != nil {
			var d time.Duration
			d, err = time.ParseDuration(fields[column])
			ns = float64(d)
		}
		if err != nil || !(ns >= 0 && ns <= float64(maxLead)) {
			return nil, fmt.Errorf("line %d: %q is not a latency between 0 and %v", line, fields[column], maxLead)
		}
		samples = append(samples, int64(math.Round(ns)))
	}
	return samples, scan.Err()
}
