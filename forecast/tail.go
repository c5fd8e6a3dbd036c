package forecast

import "math/bits"

// Tail remembers how many arrivals came in spans of one length, whatever was
// forecast for them: the unconditional distribution of a pool's demand, with
// the crowds that no parametric forecast expects. Counts below 64 are told
// apart, larger ones by sixteenths of an octave.
type Tail struct {
	Weight []float64 // by bin
	Total  float64
	Unit   float64 // of the next count: later ones weigh more
	Count  int     // of the counts so far
}

const (
	exactCounts = 64
	octaveBins  = 16
	// mostTail bounds the counts that are told apart.
	mostTail = 1 << 16
	// tailRescale is the unit at which weights are scaled down.
	tailRescale = 1e12
)

func tailBin(n int) int {
	if n < exactCounts {
		return n
	}
	n = min(n, mostTail-1)
	octave := bits.Len(uint(n)) - 1 // 6 is the first
	return exactCounts + (octave-6)*octaveBins + (n>>(octave-4))&(octaveBins-1)
}

// tailSpan are the counts of a bin, from and up to but not including to.
func tailSpan(bin int) (from, to int) {
	if bin < exactCounts {
		return bin, bin + 1
	}
	octave := 6 + (bin-exactCounts)/octaveBins
	width := 1 << (octave - 4)
	from = (octaveBins + (bin-exactCounts)%octaveBins) * width
	return from, from + width
}

// Learn counts n arrivals in a span. keep is the share that past counts keep.
func (t *Tail) Learn(n int, keep float64) {
	if t.Unit == 0 {
		t.Unit = 1
	}
	t.Count++
	bin := tailBin(n)
	for len(t.Weight) <= bin {
		t.Weight = append(t.Weight, 0)
	}
	t.Weight[bin] += t.Unit
	t.Total += t.Unit
	t.Unit /= keep
	if t.Unit > tailRescale {
		for i := range t.Weight {
			t.Weight[i] /= t.Unit
		}
		t.Total /= t.Unit
		t.Unit = 1
	}
}

// Blend gives a share of the distribution p, P(0), P(1), ..., to the
// remembered counts, and returns it, longer where they are.
func (t *Tail) Blend(p []float64, share float64) []float64 {
	if t.Total == 0 {
		return p
	}
	for i := range p {
		p[i] = float64(p[i] * (1 - share))
	}
	for bin, w := range t.Weight {
		if w == 0 {
			continue
		}
		from, to := tailSpan(bin)
		for len(p) < to {
			p = append(p, 0)
		}
		each := float64(share*(w/t.Total)) / float64(to-from)
		for k := from; k < to; k++ {
			p[k] += each
		}
	}
	return p
}
