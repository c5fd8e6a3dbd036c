package forecast

import (
	"math"

	"shadowpool/forecast/portable"
)

// SelfExciting is a Hawkes process (1971) with exponential kernels: every
// arrival raises the rate for a while,
//
//	rate(t) = w_0 base + sum over kernels j and arrivals i of w_j b_j exp(-b_j (t - t_i)).
//
// The weights w_j >= 0, the arrivals that one arrival brings along by kernel j,
// are learned online: those that fit the counts best by least squares weighted
// by the inverse of what was expected (the quasi-likelihood of a Poisson mean,
// Wedderburn 1974), both discounted, with a step of coordinate descent after
// every observation. (Expectation-maximisation has the same fixed point but
// comes to it too slowly to follow anything: base and kernels are nearly
// exchangeable.) The base is the usual rate.
type SelfExciting struct {
	rates   []float64 // b_j, per second
	recent  []float64 // sum over arrivals of exp(-b_j (t - t_i))
	weights []float64 // by kernel, the base last
	normal  []float64 // discounted sum of f f' / m, of what each would bring, by rows
	fitted  []float64 // and of f n / m
	usual   average
	last    float64
	step    float64
	late    []float64 // share of what an arrival brings that falls after its own step

	would, ahead []float64 // scratch
}

// selfExcitingHalfLives are those of the kernels, seconds.
var selfExcitingHalfLives = []float64{60, 300, 1800, 3 * 3600}

const (
	// selfExcitingMemory is how long counts are learned from, seconds.
	selfExcitingMemory = 4 * day
	// selfExcitingPrior is the weight of the first weights, in arrivals.
	selfExcitingPrior = 1
	// mostOffspring bounds the arrivals that one brings along in all: at one
	// they never end.
	mostOffspring = 0.99
)

// NewSelfExciting makes one with kernels of the given half-lives in seconds.
func NewSelfExciting(s Setup, halfLives []float64) *SelfExciting {
	k := len(halfLives)
	e := &SelfExciting{
		recent: make([]float64, k), last: s.Start, step: s.Step, usual: newAverage(s.Start, week),
		normal: make([]float64, (k+1)*(k+1)), would: make([]float64, k+1), ahead: make([]float64, k),
	}
	for _, h := range halfLives {
		b := math.Ln2 / max(h, s.Step/2)
		e.rates = append(e.rates, b)
		e.late = append(e.late, (1-portable.Exp(-float64(b*s.Step)))/float64(b*s.Step))
	}
	for range k + 1 {
		e.weights = append(e.weights, 1/float64(k+1))
		e.fitted = append(e.fitted, 0)
	}
	return e
}

// base is the rate without excitement, per second.
func (e *SelfExciting) base() float64 {
	return float64(e.weights[len(e.rates)] * e.usual.rate())
}

// Observe implements Forecaster.
func (e *SelfExciting) Observe(t, n float64) {
	span := t - e.last
	if span <= 0 {
		return
	}
	e.last = t
	e.expect(span, n)
	mean := 0.0
	for j, f := range e.would {
		mean += float64(e.weights[j] * f)
	}
	if mean > 0 {
		e.fit(n, mean, portable.Decay(span, selfExcitingMemory))
	}
	e.usual.Observe(t, n)
}

// expect fills in what each kernel, weighing one, would have brought in the
// span that ends now, by the arrivals before it, and moves the kernels on.
func (e *SelfExciting) expect(span, n float64) {
	for j, b := range e.rates {
		gone := 1 - portable.Exp(-float64(b*span))
		e.would[j] = float64(e.recent[j] * gone)
		e.recent[j] = float64(e.recent[j]*(1-gone)) + float64(n*gone)/float64(b*span)
	}
	e.would[len(e.rates)] = float64(e.usual.rate() * span)
}

// fit adds an observation to the normal equations, drawn towards equal weights
// by the prior, and moves every weight to its best beside the others.
func (e *SelfExciting) fit(n, mean, keep float64) {
	k := len(e.would)
	for i, f := range e.would {
		row := e.normal[i*k : (i+1)*k]
		for j, g := range e.would {
			row[j] = float64(row[j]*keep) + float64(f*g)/mean
		}
		e.fitted[i] = float64(e.fitted[i]*keep) + float64(f*n)/mean
	}
	prior := 1 / float64(k)
	for i := range e.weights {
		row := e.normal[i*k : (i+1)*k]
		missing := e.fitted[i] + float64(selfExcitingPrior*(prior-e.weights[i]))
		for j, w := range e.weights {
			missing -= float64(row[j] * w)
		}
		e.weights[i] = max(e.weights[i]+missing/(row[i]+selfExcitingPrior), 0)
	}
}

// Forecast implements Forecaster: it follows the expected rate, which the
// arrivals to come excite in turn, in steps that grow by a quarter. As in
// learning, what arrives in a step brings none along in that same step. It is
// a Poisson distribution around the sum.
func (e *SelfExciting) Forecast(from, to float64) NegBinomial {
	copy(e.ahead, e.recent)
	offspring := 0.0
	for j, w := range e.weights[:len(e.rates)] {
		offspring += float64(w * e.late[j])
	}
	damp := min(1, mostOffspring/max(offspring, mostOffspring))
	sum, step := 0.0, e.step
	for at := 0.0; at < to; {
		end := min(at+step, to)
		if at < from {
			end = min(end, from)
		}
		n := e.follow(end-at, damp, at > 0)
		if at >= from {
			sum += n
		}
		at, step = end, float64(step*1.25)
	}
	return NegBinomial{Mean: sum}
}

// follow moves ahead on by a span and returns the arrivals expected in it:
// those that earlier ones bring, and with feedback those that they bring along
// themselves, as if they came evenly spread over it.
func (e *SelfExciting) follow(span, damp float64, feedback bool) float64 {
	n := float64(e.base() * span)
	for j, b := range e.rates {
		n += float64(damp * float64(e.weights[j]*float64(e.ahead[j]*(1-portable.Exp(-float64(b*span))))))
	}
	if feedback {
		more := 0.0 // arrivals per arrival, spread evenly over the span
		for j, b := range e.rates {
			more += float64(damp * float64(e.weights[j]*float64(e.late[j]*(1-(1-portable.Exp(-float64(b*span)))/float64(b*span)))))
		}
		n /= 1 - min(more, mostOffspring)
	}
	for j, b := range e.rates {
		keep := portable.Exp(-float64(b * span))
		e.ahead[j] = float64(e.ahead[j]*keep) + float64(float64(n*(1-keep))/float64(b*span)*e.late[j])
	}
	return n
}
