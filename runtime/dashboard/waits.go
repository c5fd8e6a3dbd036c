package dashboard

import (
	"math"
	"math/bits"
	"time"
)

// waitBins are bins of waits: the first is no wait at all, the others go up by
// an eighth of a power of two from 1/8 ms, so that what is read from them is at
// most 6 % off, to more than an hour.
const (
	waitBins  = 1 + 8*26
	leastWait = time.Millisecond / 8
)

// bin is the one that a wait falls into.
func bin(wait time.Duration) int {
	n := uint64(wait / (leastWait / 8))
	if wait <= 0 {
		return 0
	}
	if n < 8 {
		return 1
	}
	power := bits.Len64(n) - 4
	return min(1+8*power+int(n>>power)-8, waitBins-1)
}

// middle is the wait that stands for a bin.
func middle(bin int) time.Duration {
	if bin == 0 {
		return 0
	}
	power, eighth := (bin-1)/8, (bin-1)%8
	least := float64(leastWait) * math.Ldexp(1+float64(eighth)/8, power)
	return time.Duration(least + float64(leastWait)*math.Ldexp(1.0/16, power))
}

// A wait is how many requests had one of a bin.
type wait struct {
	Bin   uint8
	Count uint32
}

// waits are those of a bucket of the history: by bin, only those that are not
// empty, ascending.
type waits []wait

// histogram adds waits up.
type histogram [waitBins]uint32

func (h *histogram) add(w waits) {
	for _, b := range w {
		h[b.Bin] += b.Count
	}
}

// quantile is the wait that a share of the requests do not exceed; false where
// there are no requests.
func (h *histogram) quantile(share float64) (time.Duration, bool) {
	all := 0.0
	for _, n := range h {
		all += float64(n)
	}
	if all == 0 {
		return 0, false
	}
	rank := math.Ceil(share * all)
	for i, n := range h {
		if rank -= float64(n); rank <= 0 && n > 0 {
			return middle(i), true
		}
	}
	return middle(waitBins - 1), true
}

// list appends the bins that are not empty.
func (h *histogram) list(to waits) waits {
	for i, n := range h {
		if n > 0 {
			to = append(to, wait{uint8(i), n})
		}
	}
	return to
}
