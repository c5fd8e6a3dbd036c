package experiments

import (
	"fmt"
	"math"
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
		daily[i] = byDay(c, hitsForWaste)
		if n := len(daily[i].requests); n == 0 || n != len(daily[0].requests) {
			return nil, fmt.Errorf("policy %s has figures of %d days, %s of %d: sweep all with days", c.Label, n, curves[0].Label, len(daily[0].requests))
		}
	}
	r := &Resampling{whole: make([]float64, len(curves)), drawn: make([][]float64, len(curves))}
	if len(curves) == 0 {
		return r, nil
	}
	r.Days = len(daily[0].requests)
	for i := range daily {
		r.whole[i] = daily[i].least(once(r.Days), target.Value)
	}
	for times := range redrawn(r.Days, resamples, seed) {
		for i := range daily {
			r.drawn[i] = append(r.drawn[i], daily[i].least(times, target.Value))
		}
	}
	return r, nil
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
	low, high := interval95(ratios)
	v.RatioLow, v.RatioHigh = finite(low), finite(high)
	low, high = interval95(differences)
	v.DifferenceLow, v.DifferenceHigh = finite(low), finite(high)
	v.Less, v.More = high < 0, low > 0
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
