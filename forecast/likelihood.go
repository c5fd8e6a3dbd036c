package forecast

import (
	"math"

	"shadowpool/forecast/portable"
)

// LogProbability is the logarithm of P(n), at the same price for any count,
// which may be a fraction: lgamma(n+r) - lgamma(r) - lgamma(n+1) + r log(r/(r+m)) +
// n log(m/(r+m)).
func (d NegBinomial) LogProbability(n float64) float64 {
	return d.logKernel(n) - logGamma(n+1)
}

// logKernel is LogProbability without the term that depends on n alone.
func (d NegBinomial) logKernel(n float64) float64 {
	if d.Mean <= 0 {
		if n == 0 {
			return 0
		}
		return -700
	}
	if d.poisson() {
		return float64(n*portable.Log(d.Mean)) - d.Mean
	}
	r := 1 / d.Dispersion
	spread := portable.Log(1 + d.Mean/r)
	if n == 0 {
		return -float64(r * spread)
	}
	return risingFactorial(r, n) - float64((n+r)*spread) + float64(n*portable.Log(d.Mean/r))
}

// risingFactorial is log Gamma(n+r) - log Gamma(r): of few arrivals the
// logarithm of r (r+1) ... (r+n-1).
func risingFactorial(r, n float64) float64 {
	if n >= fewArrivals || n != math.Floor(n) {
		return logGamma(n+r) - logGamma(r)
	}
	return portable.Log(risingProduct(r, n))
}

// fewArrivals: of so many a product of as many factors does not overflow.
const fewArrivals = 16

// risingProduct is r (r+1) ... (r+n-1), of n > 0.
func risingProduct(r, n float64) float64 {
	product := r
	for k := 1.0; k < n; k++ {
		product *= r + k
	}
	return product
}

// logGamma is log Gamma(x) for x > 0: Stirling's series, after a shift to
// where its first dropped term is below 1e-12 (Abramowitz and Stegun 6.1.41).
func logGamma(x float64) float64 {
	shift := 1.0
	for x < 10 {
		shift *= x
		x++
	}
	const halfLogTwoPi = 0.91893853320467274178
	z := 1 / float64(x*x)
	series := 1.0/12 - float64(z*(1.0/360-float64(z*(1.0/1260-float64(z*(1.0/1680)))))) // times x
	sum := float64((x-0.5)*portable.Log(x)) - x + halfLogTwoPi + series/x
	if shift != 1 {
		sum -= portable.Log(shift)
	}
	return sum
}

// Mixture is the negative binomial with mean and variance of a mixture of
// distributions, whose weights add up to one.
func Mixture(of []NegBinomial, weights []float64) NegBinomial {
	mean, square := 0.0, 0.0 // square is E[N(N-1)] = m^2 (1 + d)
	for i, d := range of {
		mean += float64(weights[i] * d.Mean)
		square += float64(weights[i] * float64(d.Mean*d.Mean) * (1 + d.Dispersion))
	}
	if mean <= 0 {
		return NegBinomial{}
	}
	return NegBinomial{mean, max(square/float64(mean*mean)-1, 0)}
}

// softmax turns scores into weights that add up to one.
func softmax(scores, weights []float64) []float64 {
	most := math.Inf(-1)
	for _, s := range scores {
		most = max(most, s)
	}
	sum := 0.0
	weights = weights[:0]
	for _, s := range scores {
		w := portable.Exp(s - most)
		weights = append(weights, w)
		sum += w
	}
	for i := range weights {
		weights[i] /= sum
	}
	return weights
}
