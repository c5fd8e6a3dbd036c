package dashboard

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Percentiles read from the bins are those of the waits, within 6 %.
func TestWaits(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var h, merged histogram
	var all []time.Duration
	var lists waits
	for range 5000 {
		wait := time.Duration(1e6 * math.Exp(rng.Float64()*15)) // 1 ms to 54 min
		all = append(all, wait)
		h[bin(wait)]++
		var one histogram
		one[bin(wait)]++
		lists = lists.with(one.list(nil))
	}
	slices.Sort(all)
	merged.add(lists)
	if h != merged {
		t.Error("lists that are merged are not the histogram of all")
	}
	for _, share := range []float64{0.01, 0.5, 0.9, 0.99, 1} {
		got, any := h.quantile(share)
		want := all[int(math.Ceil(share*float64(len(all))))-1]
		if !any || math.Abs(float64(got-want)) > 0.0626*float64(want) {
			t.Errorf("quantile %v is %v, want %v", share, got, want)
		}
	}
	for wait, want := range map[time.Duration]int{-1: 0, 0: 0, 1: 1, leastWait: 1, 2 * leastWait: 9, 1000 * time.Hour: waitBins - 1} {
		if got := bin(wait); got != want {
			t.Errorf("a wait of %v falls into bin %d, not %d", wait, got, want)
		}
	}
	var none histogram
	if _, any := none.quantile(0.5); any {
		t.Error("there are no requests")
	}
}
