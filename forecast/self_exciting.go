package forecast

import "shadowpool/forecast/portable"

// SelfExciting is a Hawkes process (1971) with exponential kernels: every
// arrival raises the rate for a while,
//
//	rate(t) = w_0 base + sum over kernels j and arrivals i of w_j b_j exp(-b_j (t - t_i)).
//
// The weights w_j, the arrivals that one arrival brings along by kernel j, are
// learned online by expectation-maximisation (Veen and Schoenberg 2008) with
// discounted sums: each arrival is shared out among its possible parents, and
// w_j is the share of kernel j over the parents' exposure. Arrivals within one
// observation count as spread evenly over it, each the possible parent of
// those after it. The base is the usual rate.
type SelfExciting struct {
	rates   []float64 // b_j, per second
	recent  []float64 // sum over arrivals of exp(-b_j (t - t_i))
	gain    []float64 // by kernel, the base last
	exposed []float64
	usual   average
	last    float64
	keeping float64 // half-life of gain and exposed, seconds

	inside, parents, ahead []float64 // scratch
}

// selfExcitingHalfLives are those of the kernels, seconds.
var selfExcitingHalfLives = []float64{60, 300, 1800, 3 * 3600}

const (
	// selfExcitingPrior is the weight of the first weights, in arrivals.
	selfExcitingPrior = 20
	// mostOffspring bounds the arrivals that one brings along in all: at one
	// they never end.
	mostOffspring = 0.99
)

// NewSelfExciting makes one with kernels of the given half-lives in seconds.
func NewSelfExciting(s Setup, halfLives []float64) *SelfExciting {
	k := len(halfLives)
	e := &SelfExciting{
		recent: make([]float64, k), last: s.Start, keeping: 2 * week, usual: newAverage(s.Start, week),
		inside: make([]float64, k), parents: make([]float64, k+1), ahead: make([]float64, k),
	}
	for _, h := range halfLives {
		e.rates = append(e.rates, ln2/max(h, s.Step/2))
	}
	for range k + 1 {
		e.gain = append(e.gain, selfExcitingPrior/float64(k+1))
		e.exposed = append(e.exposed, selfExcitingPrior)
	}
	return e
}

// Weight is the number of arrivals that one brings along by kernel j.
func (e *SelfExciting) Weight(j int) float64 { return e.gain[j] / e.exposed[j] }

// base is the rate without excitement, per second.
func (e *SelfExciting) base() float64 {
	return float64(e.Weight(len(e.rates)) * e.usual.rate())
}

// Observe implements Forecaster.
func (e *SelfExciting) Observe(t, n float64) {
	span := t - e.last
	if span <= 0 {
		return
	}
	e.last = t
	e.expect(span, n)
	keep := portable.Decay(span, e.keeping)
	k := len(e.rates)
	total := 0.0
	for j, p := range e.parents {
		total += float64(e.Weight(j) * p)
	}
	for j, p := range e.parents {
		w := e.Weight(j)
		exposure := p
		if j < k && n > 0 {
			exposure += e.inside[j] // as a parent an arrival is exposed to itself too
		}
		e.gain[j] = float64(e.gain[j] * keep)
		if n > 0 && total > 0 {
			e.gain[j] += float64(n*float64(w*p)) / total
		}
		e.exposed[j] = float64(e.exposed[j]*keep) + exposure
	}
	e.usual.Observe(t, n)
}

// expect fills in what each kernel, weighing one, would have brought in the
// span that ends now, and moves the kernels on. Of two arrivals at random in a
// span, the first brings the second with a density of 2 inside / span, inside
// being 1 - (1 - exp(-b span)) / (b span).
func (e *SelfExciting) expect(span, n float64) {
	for j, b := range e.rates {
		gone := 1 - portable.Exp(-float64(b*span))
		mean := gone / float64(b*span)
		e.inside[j] = 1 - mean
		e.parents[j] = float64(e.recent[j]*gone) + float64(max(n-1, 0)*e.inside[j])
		e.recent[j] = float64(e.recent[j]*(1-gone)) + float64(n*mean)
	}
	e.parents[len(e.rates)] = float64(e.usual.rate() * span)
}

// Forecast implements Forecaster: it follows the expected rate, which the
// arrivals to come excite in turn, in steps that grow by a quarter. It is a
// Poisson distribution around the sum.
func (e *SelfExciting) Forecast(from, to float64) NegBinomial {
	copy(e.ahead, e.recent)
	offspring := 0.0
	for j := range e.rates {
		offspring += e.Weight(j)
	}
	damp := min(1, mostOffspring/max(offspring, mostOffspring))
	base := e.base()
	sum := 0.0
	step := 0.2 / e.rates[0]
	for at := 0.0; at < to; {
		end := min(at+step, to)
		if at < from {
			end = min(end, from)
		}
		n := e.follow(end-at, base, damp)
		if at >= from {
			sum += n
		}
		at, step = end, float64(step*1.25)
	}
	return NegBinomial{Mean: sum}
}

// follow moves ahead on by a span and returns the arrivals expected in it, by
// the rates at its two ends (Heun's method).
func (e *SelfExciting) follow(span, base, damp float64) float64 {
	before, after := base, base
	for j, b := range e.rates {
		before += float64(damp * float64(float64(e.Weight(j)*b)*e.ahead[j]))
	}
	for j, b := range e.rates {
		keep := portable.Exp(-float64(b * span))
		e.ahead[j] = float64(e.ahead[j]*keep) + float64(before*(1-keep))/b
		after += float64(damp * float64(float64(e.Weight(j)*b)*e.ahead[j]))
	}
	correction := (after - before) / 2
	for j, b := range e.rates {
		keep := portable.Exp(-float64(b * span))
		e.ahead[j] += float64(correction*(1-keep)) / b
	}
	return float64((before + correction) * span)
}
