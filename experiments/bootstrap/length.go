package bootstrap

import (
	"math"
)

// Length is the length of blocks, in values and from 1 to a third of the
// series, at which the variance of a mean is estimated best by circular
// blocks: Politis and White's rule, which looks for the lag from which the
// autocorrelation is not significant. A series that does not vary has 1.
func Length(series []float64) float64 {
	n := float64(len(series))
	if n < 3 {
		return 1
	}
	// In their words: K consecutive autocorrelations within the band, the flat-top
	// window as wide as twice the lag before them.
	run := max(5, int(math.Ceil(math.Log10(n))))
	most := min(int(math.Ceil(math.Sqrt(n)))+run, len(series)-1)
	covariance := autocovariances(series, most)
	if covariance[0] <= 0 {
		return 1
	}
	band := 2 * math.Sqrt(math.Log10(n)/n)
	window := min(2*max(lastSignificant(covariance, band, run), 1), most)
	g, long := 0.0, covariance[0]
	for k := 1; k <= window; k++ {
		weight := flatTop(float64(k) / float64(window))
		g += float64(2 * weight * float64(k) * covariance[k])
		long += float64(2 * weight * covariance[k])
	}
	if long == 0 {
		return 1
	}
	length := math.Cbrt(float64(2*g*g*n) / float64(4.0/3*long*long))
	return max(1, min(length, math.Ceil(min(3*math.Sqrt(n), n/3))))
}

// lastSignificant is the lag after which run autocorrelations in a row, or all
// that are left, lie within the band.
func lastSignificant(covariance []float64, band float64, run int) int {
	within := 0
	for k := 1; k < len(covariance); k++ {
		if math.Abs(covariance[k]/covariance[0]) >= band {
			within = 0
			continue
		}
		if within++; within == run {
			return k - run
		}
	}
	return len(covariance) - 1 - within
}

// flatTop is one up to a half, and falls to zero at one.
func flatTop(x float64) float64 { return min(1, 2*(1-x)) }

// autocovariances are those up to a lag, all divided by the number of values.
func autocovariances(series []float64, most int) []float64 {
	mean := 0.0
	for _, x := range series {
		mean += x / float64(len(series))
	}
	all := make([]float64, most+1)
	for k := range all {
		for i := k; i < len(series); i++ {
			all[k] += float64((series[i]-mean)*(series[i-k]-mean)) / float64(len(series))
		}
	}
	return all
}
