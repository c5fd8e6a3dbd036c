package forecast

import (
	"math"

	"shadowpool/forecast/portable"
)

// Lifetimes is a sample of positive spans, the newest of which count most,
// some of them only known to be longer than what was seen of them (censored on
// the right). It holds counts by the spans' logarithms, in bins of 4.4 %.
type Lifetimes struct {
	First  int // number of the first bin
	Bins   []lifeBin
	Weight float64 // of the newest span; it grows, so that the older need no touch
}

// A lifeBin holds the weight of the spans that ended in it and their mean, and
// the weight and mean of those that were lost sight of in it.
type lifeBin struct {
	Ended, Mean    float64
	Censored, Seen float64
}

const (
	binsPerOctave = 16
	// lifeMemory is how many spans count, on the whole.
	lifeMemory = 256
	// Spans are kept within these bounds, so that memory is bounded: 640 bins.
	leastLife, mostLife = 1.0 / (1 << 20), 1 << 20
	heaviest            = 1 << 30
)

// End takes a span that has come to its end.
func (l *Lifetimes) End(span float64) { l.end(span, binOf(span)) }

// end takes it in its bin.
func (l *Lifetimes) end(span float64, bin int) {
	b := l.bin(bin)
	w := l.age()
	b.Ended += w
	b.Mean += float64(w / b.Ended * (span - b.Mean))
}

// Censor takes a span of which no more is known than that it was longer.
func (l *Lifetimes) Censor(span float64) { l.censor(span, l.age()) }

// censor adds weight to what was lost sight of. Spans that ended at the same
// instant ended before it; those of the same bin that are longer have not.
func (l *Lifetimes) censor(span, w float64) {
	k := binOf(span)
	b := l.bin(k)
	if b.Ended > 0 && span < b.Mean {
		b = l.bin(k - 1)
	}
	b.Censored += w
	b.Seen += float64(w / b.Censored * (span - b.Seen))
}

// age gives a new span its weight.
func (l *Lifetimes) age() float64 {
	if l.Weight == 0 {
		l.Weight = 1
		return 1
	}
	l.Weight *= 1 + 1.0/lifeMemory
	if l.Weight > heaviest {
		l.Weight /= heaviest
		for i := range l.Bins {
			l.Bins[i].Ended /= heaviest
			l.Bins[i].Censored /= heaviest
		}
	}
	return l.Weight
}

// binOf numbers the bins from 1 on, where bin 0 begins.
func binOf(span float64) int {
	return int(math.Floor(portable.Log(bounded(span)) * (binsPerOctave / math.Ln2)))
}

func bounded(span float64) float64 { return min(max(span, leastLife), mostLife) }

// bin is the bin of a number, which is made if it is not there.
func (l *Lifetimes) bin(k int) *lifeBin {
	if i := k - l.First; i >= 0 && i < len(l.Bins) {
		return &l.Bins[i]
	}
	if len(l.Bins) == 0 {
		l.First = k
	}
	if below := l.First - k; below > 0 {
		n := len(l.Bins)
		for range below {
			l.Bins = append(l.Bins, lifeBin{})
		}
		copy(l.Bins[below:], l.Bins[:n])
		clear(l.Bins[:below])
		l.First = k
	}
	for len(l.Bins) <= k-l.First {
		l.Bins = append(l.Bins, lifeBin{})
	}
	return &l.Bins[k-l.First]
}

// copyFrom makes l equal to o, in its own memory.
func (l *Lifetimes) copyFrom(o *Lifetimes) {
	l.First, l.Weight = o.First, o.Weight
	l.Bins = append(l.Bins[:0], o.Bins...)
}

// estimate makes c the product-limit estimate of the distribution (Kaplan and
// Meier, JASA 1958): S(u) is the product, over the instants u_i <= u at which
// spans ended, of 1 - ended / those still going on. Beside the sample it counts
// prior as spans of the given weight, in units of the newest, all of which
// ended. Beyond the longest span nothing is known; it counts as ended (Efron,
// 5th Berkeley Symposium 1967).
func (l *Lifetimes) estimate(prior *Curve, weight float64, c *Curve) {
	weight *= max(l.Weight, 1)
	going := 0.0
	if len(prior.Steps) > 0 {
		going = weight
	}
	for _, b := range l.Bins {
		going += b.Ended + b.Censored
	}
	c.Steps = c.Steps[:0]
	share, before, j := 1.0, 1.0, 0
	for k := 0; k < len(l.Bins) || j < len(prior.Steps); {
		var b lifeBin
		at := math.MaxInt
		if k < len(l.Bins) {
			b, at = l.Bins[k], l.First+k
		}
		if j < len(prior.Steps) && prior.Steps[j].Bin < at {
			b, at = lifeBin{}, prior.Steps[j].Bin
		} else {
			k++
		}
		if j < len(prior.Steps) && prior.Steps[j].Bin == at {
			s := prior.Steps[j]
			w := weight * (before - s.Share)
			b.Ended += w
			if w > 0 {
				b.Mean += float64(w / b.Ended * (s.At - b.Mean))
			}
			before = s.Share
			j++
		}
		if b.Ended > 0 {
			share *= 1 - b.Ended/max(going, b.Ended) // sums are rounded
			c.Steps = append(c.Steps, curveStep{Bin: at, At: b.Mean, Share: share})
		}
		going -= b.Ended + b.Censored
		if b.Censored > 0 && k == len(l.Bins) && j == len(prior.Steps) && share > 0 {
			c.Steps = append(c.Steps, curveStep{Bin: at, At: max(b.Seen, b.Mean), Share: 0})
		}
	}
	if n := len(c.Steps); n > 0 {
		c.Steps[n-1].Share = 0
	}
}

// A Curve is an estimated distribution of spans: of P(span > u), the steps.
type Curve struct {
	Steps []curveStep
}

// A curveStep says that a Share of the spans is longer than At.
type curveStep struct {
	Bin       int
	At, Share float64
}

// Mean is the integral of Survival.
func (c *Curve) Mean() float64 {
	mean, at, share := 0.0, 0.0, 1.0
	for _, s := range c.Steps {
		mean += float64(share * (s.At - at))
		at, share = s.At, s.Share
	}
	return mean
}

// Survival is P(span > u).
func (c *Curve) Survival(u float64) float64 {
	share := 1.0
	for _, s := range c.Steps {
		if s.At > u {
			break
		}
		share = s.Share
	}
	return share
}

// Quantile is the least of the spans seen that a share q does not exceed; 0
// without any.
func (c *Curve) Quantile(q float64) float64 {
	for _, s := range c.Steps {
		if s.Share <= 1-q {
			return s.At
		}
	}
	return 0
}
