package forecast

import (
	"math"

	"shadowpool/forecast/portable"
)

// NegBinomial is the distribution of a count with the given mean and variance
// Mean + Dispersion*Mean^2; with no dispersion it is Poisson's.
type NegBinomial struct {
	Mean, Dispersion float64
}

const (
	// leastDispersion: at and below it the distribution is taken as Poisson's,
	// whose recurrence does not cancel.
	leastDispersion = 1e-6
	// tail is the probability beyond which a distribution is cut off.
	tail = 1e-12
	// leastLogZero: below it P(0) would underflow.
	leastLogZero = -600
)

func (d NegBinomial) poisson() bool { return d.Dispersion <= leastDispersion }

// logZero is the logarithm of P(0) = (1 + m/r)^-r.
func (d NegBinomial) logZero(r float64) float64 {
	if d.poisson() {
		return -d.Mean
	}
	return -float64(r * portable.Log(1+d.Mean/r))
}

// size is r of the usual parametrisation.
func (d NegBinomial) size() float64 { return 1 / max(d.Dispersion, leastDispersion) }

// ratio is P(k+1) / P(k) = (k+r)/(k+1) * m/(r+m), given odds = m/(r+m).
func (d NegBinomial) ratio(k, r, odds float64) float64 {
	if d.poisson() {
		return d.Mean / (k + 1)
	}
	return float64((k+r)/(k+1)) * odds
}

// Probabilities appends P(0), P(1), ... to p, up to where less than 1e-12 is
// left, but at most most of them, and returns it. A mean of zero gives P(0)=1.
func (d NegBinomial) Probabilities(p []float64, most int) []float64 {
	if d.Mean <= 0 || most <= 1 {
		return append(p, 1)
	}
	r := d.size()
	logZero := d.logZero(r)
	if logZero < leastLogZero {
		return d.fromMode(p, most, r)
	}
	odds := d.Mean / (r + d.Mean)
	term := portable.Exp(logZero)
	left := 1.0
	for k := 0; k < most; k++ {
		p = append(p, term)
		left -= term
		if left < tail && float64(k) > d.Mean || term < tail*tail && float64(k) > d.Mean {
			break
		}
		term = float64(term * d.ratio(float64(k), r, odds))
	}
	return p
}

// Exceeding appends P(N>0), P(N>1), ... to p, down to the last that is not
// below least, which is more than 1e-12, but at most most of them. It returns
// p and the scratch that it was given.
func (d NegBinomial) Exceeding(p []float64, least float64, most int, scratch []float64) (of, used []float64) {
	if d.Mean <= 0 {
		return p, scratch
	}
	r := d.size()
	logZero := d.logZero(r)
	left := 1.0
	if logZero < leastLogZero {
		scratch = d.fromMode(scratch[:0], most, r)
		for _, term := range scratch {
			if left -= term; left < least {
				break
			}
			p = append(p, left)
		}
		return p, scratch
	}
	odds := d.Mean / (r + d.Mean)
	term := portable.Exp(logZero)
	poisson, last := d.poisson(), float64(most)
	for k := 0.0; k < last; {
		if left -= term; left < least {
			break
		}
		p = append(p, left)
		next := k + 1 // as ratio
		if poisson {
			term = float64(term * (d.Mean / next))
		} else {
			term = float64(term * float64(float64((k+r)/next)*odds))
		}
		k = next
	}
	return p, scratch
}

// fromMode computes the probabilities relative to the mode's and normalises.
func (d NegBinomial) fromMode(p []float64, most int, r float64) []float64 {
	mode := int(math.Floor(d.Mean * max(0, 1-1/r)))
	mode = min(mode, most-1)
	from := len(p)
	for range mode + 1 {
		p = append(p, 0)
	}
	w := p[from:]
	w[mode] = 1
	odds := d.Mean / (r + d.Mean)
	sum := 1.0
	for k := mode - 1; k >= 0; k-- {
		w[k] = w[k+1] / d.ratio(float64(k), r, odds)
		sum += w[k]
		if w[k] < tail*tail {
			break
		}
	}
	for k, term := mode, 1.0; k+1 < most; k++ {
		term = float64(term * d.ratio(float64(k), r, odds))
		p = append(p, term)
		sum += term
		if term < tail {
			break
		}
	}
	for i := range p[from:] {
		p[from+i] /= sum
	}
	return p
}

// Quantile is the smallest count n with P(N <= n) >= q, at most most.
func (d NegBinomial) Quantile(q float64, most int, scratch []float64) (int, []float64) {
	scratch = d.Probabilities(scratch[:0], most+1)
	sum := 0.0
	for k, p := range scratch {
		sum += p
		if sum >= q {
			return k, scratch
		}
	}
	return min(len(scratch), most), scratch
}
