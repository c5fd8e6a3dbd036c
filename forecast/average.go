package forecast

import (
	"math"

	"shadowpool/forecast/portable"
)

// An average is a rate with exponentially decaying weights that sum to one
// from the start: what has not been observed does not count as zero.
type average struct {
	halfLife, last float64
	count, time    float64 // discounted
}

func newAverage(start, halfLife float64) average {
	return average{halfLife: halfLife, last: start}
}

// Observe takes n arrivals, spread evenly over the span since the last.
func (a *average) Observe(t, n float64) {
	span := t - a.last
	if span <= 0 {
		a.count += n
		return
	}
	keep := portable.Decay(span, a.halfLife)
	// The discounted length of the span: the integral of 2^(-u/halfLife).
	length := float64(a.halfLife*(1-keep)) / math.Ln2
	a.count = float64(a.count*keep) + float64(n*(length/span))
	a.time = float64(a.time*keep) + length
	a.last = t
}

// rate is in arrivals per second, zero before the first observation.
func (a *average) rate() float64 {
	if a.time <= 0 {
		return 0
	}
	return a.count / a.time
}
