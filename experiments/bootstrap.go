package experiments

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// A Resampling is what curves waste at a target on many spans that might have
// been: the days of the measured span are drawn again with replacement, as
// many as there were, and every curve is read on its convex hull on the same
// days (the paired bootstrap over blocks of a day; Efron and Tibshirani, An
// Introduction to the Bootstrap, 1993, ch. 8 and 13). It tells how far a
// difference hangs on a few days. Days that resemble their neighbours, or a
// dozen of them only, make its intervals too narrow.
//
// Where a curve does not reach the target on the days that were drawn, its
// waste there is infinite.
type Resampling struct {
	Days  int
	whole []float64   // by curve: on the days as they were
	drawn [][]float64 // by curve: by resample
}

// Resample draws the days of curves that were swept with Options.Days. The
// target is a hit rate: only hits and waste add up by day.
func Resample(curves []Curve, target Target, resamples int, seed uint64) (*Resampling, error) {
	if target.Measure != "hit_rate" {
		return nil, fmt.Errorf("target %s: days are drawn again for a hit rate only", target.String())
	}
	daily := make([]dailyCurve, len(curves))
	for i, c := range curves {
		daily[i] = byDay(c)
		if n := len(daily[i].requests); n == 0 || n != len(daily[0].requests) {
			return nil, fmt.Errorf("policy %s has figures of %d days, %s of %d: sweep all with days", c.Label, n, curves[0].Label, len(daily[0].requests))
		}
	}
	r := &Resampling{whole: make([]float64, len(curves)), drawn: make([][]float64, len(curves))}
	if len(curves) == 0 {
		return r, nil
	}
	r.Days = len(daily[0].requests)
	times := make([]float64, r.Days) // how often each day is drawn
	for day := range times {
		times[day] = 1
	}
	for i := range daily {
		r.whole[i] = daily[i].waste(times, target.Value)
	}
	rng := rand.New(rand.NewPCG(seed, bootstrapStream))
	for range resamples {
		clear(times)
		for range r.Days {
			times[rng.IntN(r.Days)]++
		}
		for i := range daily {
			r.drawn[i] = append(r.drawn[i], daily[i].waste(times, target.Value))
		}
	}
	return r, nil
}

// bootstrapStream keeps the draws apart from others of the same seed.
const bootstrapStream = 0x64617973

// A dailyCurve is a curve's points by day.
type dailyCurve struct {
	requests    []float64   // by day
	hits, spent [][]float64 // by point, by day; spent is waste, s
	service     []float64   // scratch, by point
	total       []float64
}

func byDay(c Curve) dailyCurve {
	d := dailyCurve{service: make([]float64, len(c.Points)), total: make([]float64, len(c.Points))}
	for i, p := range c.Points {
		d.hits = append(d.hits, make([]float64, len(p.Days)))
		d.spent = append(d.spent, make([]float64, len(p.Days)))
		for day, f := range p.Days {
			d.hits[i][day], d.spent[i][day] = float64(f.Hits), f.Waste.Float()
			if i == 0 {
				d.requests = append(d.requests, float64(f.Requests))
			}
		}
	}
	return d
}

// waste is the curve's least waste at a hit rate when each day counts a number
// of times, infinite where it is not reached.
func (d *dailyCurve) waste(times []float64, hitRate float64) float64 {
	requests := weighted(times, d.requests)
	if requests == 0 {
		return 0 // nothing is asked for, so nothing is needed
	}
	for i := range d.hits {
		d.service[i] = weighted(times, d.hits[i]) / requests
		d.total[i] = weighted(times, d.spent[i])
	}
	mix, _ := leastMixture(d.service, d.total, hitRate, true)
	return mix.waste
}

func weighted(times, values []float64) float64 {
	sum := 0.0
	for i, n := range times {
		sum += float64(n * values[i])
	}
	return sum
}

// A Versus says how the waste of one curve relates to that of another, with
// 95 % intervals of the resampled days (2.5th to 97.5th percentile). Bounds
// that are infinite, as one curve does not reach the target there, are nil.
type Versus struct {
	Days           int      `json:"days"`
	Ratio          *float64 `json:"ratio"`
	RatioLow       *float64 `json:"ratio_low"`
	RatioHigh      *float64 `json:"ratio_high"`
	DifferenceS    *float64 `json:"difference_s"`
	DifferenceLow  *float64 `json:"difference_low_s"`
	DifferenceHigh *float64 `json:"difference_high_s"`
	// Less and More are claimed only where the whole interval of the
	// difference lies on that side of zero.
	Less bool `json:"less"`
	More bool `json:"more"`
	// Unreached and OtherUnreached are the shares of resamples in which the
	// first or the other curve does not reach the target: there the first
	// wastes infinitely more, or less; where neither does they are equal.
	Unreached      float64 `json:"unreached"`
	OtherUnreached float64 `json:"other_unreached"`
}

// Versus relates curve i to curve j.
func (r *Resampling) Versus(i, j int) Versus {
	v := Versus{Days: r.Days}
	ratio, difference := relate(r.whole[i], r.whole[j])
	v.Ratio, v.DifferenceS = finite(ratio), finite(difference)
	n := len(r.drawn[i])
	if n == 0 {
		return v
	}
	ratios, differences := make([]float64, n), make([]float64, n)
	for k, a := range r.drawn[i] {
		b := r.drawn[j][k]
		ratios[k], differences[k] = relate(a, b)
		if math.IsInf(a, 1) {
			v.Unreached += 1 / float64(n)
		}
		if math.IsInf(b, 1) {
			v.OtherUnreached += 1 / float64(n)
		}
	}
	slices.Sort(ratios)
	slices.Sort(differences)
	low, high := int(0.025*float64(n)), n-1-int(0.025*float64(n))
	v.RatioLow, v.RatioHigh = finite(ratios[low]), finite(ratios[high])
	v.DifferenceLow, v.DifferenceHigh = finite(differences[low]), finite(differences[high])
	v.Less, v.More = differences[high] < 0, differences[low] > 0
	return v
}

// relate is the ratio and the difference of two wastes; equal where both are
// infinite or nothing.
func relate(a, b float64) (ratio, difference float64) {
	switch {
	case a == b:
		return 1, 0
	case math.IsInf(b, 1):
		return 0, math.Inf(-1)
	case math.IsInf(a, 1) || b == 0:
		return math.Inf(1), a - b
	default:
		return a / b, a - b
	}
}

func finite(x float64) *float64 {
	if math.IsInf(x, 0) {
		return nil
	}
	return &x
}
