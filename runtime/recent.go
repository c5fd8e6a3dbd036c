package runtime

import (
	"math"
	"slices"
	"time"
)

// mostRecent is how many spans a recent keeps: enough for a 99th percentile
// that is not the longest of them.
const mostRecent = 500

// A recent keeps the latest of the spans that something took, and the order of
// their lengths: they are asked for far more often than one is added.
type recent struct {
	spans  []time.Duration // as they came; once full, the oldest is at next
	next   int
	sorted []time.Duration
}

func (r *recent) add(d time.Duration) {
	if len(r.spans) < mostRecent {
		r.spans = append(r.spans, d)
	} else {
		at, _ := slices.BinarySearch(r.sorted, r.spans[r.next])
		r.sorted = slices.Delete(r.sorted, at, at+1)
		r.spans[r.next] = d
		r.next = (r.next + 1) % mostRecent
	}
	at, _ := slices.BinarySearch(r.sorted, d)
	r.sorted = slices.Insert(r.sorted, at, d)
}

// quantile is the shortest span that a share of them, in (0, 1], does not
// exceed. There must be one.
func (r *recent) quantile(share float64) time.Duration {
	return r.sorted[int(math.Ceil(share*float64(len(r.sorted))))-1]
}

// Spans are how long something took, of the latest 500.
type Spans struct {
	Count   int     `json:"count"`
	MedianS float64 `json:"median_s"`
	P99S    float64 `json:"p99_s"`
}

// tell is nil if there are none.
func (r *recent) tell() *Spans {
	if len(r.sorted) == 0 {
		return nil
	}
	return &Spans{len(r.sorted), r.quantile(0.5).Seconds(), r.quantile(0.99).Seconds()}
}
