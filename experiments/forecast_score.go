package experiments

import (
	"math"
	"time"

	"gonum.org/v1/gonum/mathext"

	"shadowpool/forecast"
)

// pinballQuantiles are those whose loss is averaged.
var pinballQuantiles = []float64{0.5, 0.9, 0.99}

// bands are the central intervals whose coverage is counted.
var bands = []float64{0.5, 0.9, 0.99}

// A ForecastScore is how well a forecaster did at one horizon.
type ForecastScore struct {
	Forecaster string  `json:"forecaster"`
	HorizonS   float64 `json:"horizon_s"`
	Origins    int     `json:"origins"`    // forecasts judged
	MeanCount  float64 `json:"mean_count"` // arrivals that came, per horizon
	Bias       float64 `json:"bias"`       // sum of means over sum of counts, less one
	// Pinball is the quantile loss, mean over the quantiles 0.5, 0.9 and 0.99
	// and over origins, divided by MeanCount.
	Pinball float64 `json:"pinball"`
	// MASE is the mean absolute error of the mean over that of seasonal naive
	// at the same origins.
	MASE float64 `json:"mase"`
	// LogScore is the mean log-probability of what came; higher is better.
	LogScore float64 `json:"log_score"`
	// Coverage is the share of counts within the central band, where a count
	// on the edge counts for the part of its probability that is inside
	// (randomised probability integral transform, Czado, Gneiting and Held
	// 2009): a forecaster that is right comes to the band's own share.
	Coverage50 float64 `json:"coverage_50"`
	Coverage90 float64 `json:"coverage_90"`
	Coverage99 float64 `json:"coverage_99"`
	// Update is how long an observation took on average: of the machine's
	// doing, so no part of the result.
	Update time.Duration `json:"-"`
}

// A scorer adds up the scores of forecasts.
type scorer struct {
	n                      float64
	counts, means, pinball float64
	missed, missedNaive    float64
	log                    float64
	inside                 [3]float64
	distribution           distribution
}

// add judges one forecast by what came, and what seasonal naive had said.
func (s *scorer) add(d forecast.NegBinomial, count, naive float64) {
	s.n++
	s.counts += count
	s.means += d.Mean
	s.missed += math.Abs(count - d.Mean)
	s.missedNaive += math.Abs(count - naive)
	s.log += d.LogProbability(count)
	s.distribution.set(d)
	for _, q := range pinballQuantiles {
		s.pinball += pinball(q, s.distribution.quantile(q), count)
	}
	below, upTo := s.distribution.cumulative(count-1), s.distribution.cumulative(count)
	for i, b := range bands {
		s.inside[i] += overlap(below, upTo, (1-b)/2, (1+b)/2)
	}
}

// pinball is the quantile loss of a forecast q-quantile.
func pinball(q, quantile, count float64) float64 {
	if count >= quantile {
		return q * (count - quantile)
	}
	return (1 - q) * (quantile - count)
}

// overlap is the share of from..to that lies in low..high.
func overlap(from, to, low, high float64) float64 {
	if to-from <= 1e-12 {
		if from >= low && from <= high {
			return 1
		}
		return 0
	}
	return max(0, min(to, high)-max(from, low)) / (to - from)
}

func (s *scorer) score() ForecastScore {
	n := max(s.n, 1)
	r := ForecastScore{
		Origins: int(s.n), MeanCount: s.counts / n, LogScore: s.log / n,
		Coverage50: s.inside[0] / n, Coverage90: s.inside[1] / n, Coverage99: s.inside[2] / n,
	}
	if s.counts > 0 {
		r.Pinball = s.pinball / float64(len(pinballQuantiles)) / s.counts
		r.Bias = s.means/s.counts - 1
	}
	if s.missedNaive > 0 {
		r.MASE = s.missed / s.missedNaive
	}
	return r
}

// mostWalked is the mean up to which a distribution is added up term by term.
const mostWalked = 200

// A distribution answers for quantiles and cumulative probabilities of a
// negative binomial of any size.
type distribution struct {
	d      forecast.NegBinomial
	sums   []float64 // P(N <= k), while the mean is small
	walked bool
}

func (c *distribution) set(d forecast.NegBinomial) {
	c.d, c.walked = d, d.Mean <= mostWalked
	if !c.walked {
		return
	}
	c.sums = d.Probabilities(c.sums[:0], 1<<16)
	for i := 1; i < len(c.sums); i++ {
		c.sums[i] += c.sums[i-1]
	}
}

// cumulative is P(N <= k).
func (c *distribution) cumulative(k float64) float64 {
	switch {
	case k < 0:
		return 0
	case c.walked:
		return min(c.sums[int(min(k, float64(len(c.sums)-1)))], 1)
	case c.d.Dispersion <= 1e-6:
		return mathext.GammaIncRegComp(k+1, c.d.Mean)
	}
	r := 1 / c.d.Dispersion
	return mathext.RegIncBeta(r, k+1, r/(r+c.d.Mean))
}

// quantile is the smallest k with P(N <= k) >= q.
func (c *distribution) quantile(q float64) float64 {
	low, high := -1.0, float64(len(c.sums)-1) // P(N <= low) < q
	if !c.walked {
		width := math.Sqrt(c.d.Mean + c.d.Dispersion*c.d.Mean*c.d.Mean)
		high = math.Ceil(c.d.Mean)
		for c.cumulative(high) < q && width > 0 {
			low, high = high, high+math.Ceil(width)
			width *= 2
		}
	}
	for high-low > 1 {
		if middle := math.Floor((low + high) / 2); c.cumulative(middle) >= q {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}
