package sim

import (
	"math"
	"math/bits"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A WaitTally counts waits.
type WaitTally struct {
	None int64     `json:"none"` // requests that did not wait at all
	Sum  [2]uint64 `json:"sum"`  // ns, 128 bits: high, low
	Max  int64     `json:"max"`  // ns
	// Counts are pairs of a wait, ns, to two significant digits, and the number of requests.
	Counts [][2]int64 `json:"counts"`
}

// newWaits makes a histogram of two significant digits: a relative error of at
// most 1 %.
func newWaits() *hdrhistogram.Histogram { return hdrhistogram.New(1, maxWait, 2) }

// countsOf are those of a histogram.
func countsOf(h *hdrhistogram.Histogram) [][2]int64 {
	counts := [][2]int64{}
	for _, b := range h.Distribution() {
		if b.Count > 0 {
			counts = append(counts, [2]int64{b.From, b.Count})
		}
	}
	return counts
}

// histogram is that of the requests that waited.
func (w *WaitTally) histogram() *hdrhistogram.Histogram {
	h := newWaits()
	for _, c := range w.Counts {
		h.RecordValues(c[0], c[1]) //nolint:errcheck // within the bounds it was made with
	}
	return h
}

func (w *WaitTally) add(o *WaitTally) {
	var carry uint64
	w.None += o.None
	w.Sum[1], carry = bits.Add64(w.Sum[1], o.Sum[1], 0)
	w.Sum[0], _ = bits.Add64(w.Sum[0], o.Sum[0], carry)
	w.Max = max(w.Max, o.Max)
}

// figures are those of n requests.
func (w *WaitTally) figures(n float64) Waits {
	h := w.histogram()
	quantile := func(q float64) float64 { return w.quantile(h, q) }
	return Waits{
		Mean: (math.Ldexp(float64(w.Sum[0]), 64) + float64(w.Sum[1])) / 1e9 / n,
		P50:  quantile(0.5), P90: quantile(0.9), P95: quantile(0.95),
		P99: quantile(0.99), P999: quantile(0.999), Max: float64(w.Max) / 1e9,
	}
}

// quantile is the wait, in seconds, that a share q of the requests does not
// exceed.
func (w *WaitTally) quantile(h *hdrhistogram.Histogram, q float64) float64 {
	n := w.None + h.TotalCount()
	rank := int64(math.Ceil(q * float64(n)))
	if rank <= w.None {
		return 0
	}
	v := h.ValueAtPercentile(100 * float64(rank-w.None) / float64(h.TotalCount()))
	return float64(min(v, w.Max)) / 1e9
}

func (w *WaitTally) curve() []WaitPoint {
	h := w.histogram()
	n := float64(w.None + h.TotalCount())
	at := w.None
	curve := []WaitPoint{{0, float64(at) / n}}
	for _, b := range h.Distribution() {
		if b.Count > 0 {
			at += b.Count
			curve = append(curve, WaitPoint{float64(min(b.To, w.Max)) / 1e9, float64(at) / n})
		}
	}
	return curve
}
