package sim

import (
	"math/rand/v2"
	"testing"
)

// Lives at random instants, split over three fleets: the peak of all is the most
// that live at one instant, an end at it not counted, whatever the order within it.
func TestPeakOfSeveral(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 200 {
		const from, to = 20, 60
		var at [3][100]int64 // by instant: begins less ends
		for range 2 + round {
			c, begins := r.IntN(3), r.IntN(90)
			at[c][begins]++
			at[c][begins+r.IntN(99-begins)+1]--
		}
		var changes []Changes
		sums, want := [100]int64{}, int64(0)
		for c := range at {
			census := census{keeps: true}
			for i, n := range at[c] {
				switch i {
				case from:
					census.begin(from)
				case to + 1:
					census.end()
				}
				for range 3 { // in pieces, out of balance in between
					census.change(int64(i), 7)
				}
				census.change(int64(i), n-21)
				sums[i] += n
			}
			changes = append(changes, census.changes)
		}
		count := int64(0)
		for i, n := range sums {
			if count += n; i >= from && i <= to {
				want = max(want, count)
			}
		}
		if got, err := peakOf(changes); err != nil || got != want {
			t.Fatalf("round %d: a peak of %d, want %d: %v", round, got, want, err)
		}
	}
	cut := Changes{Steps: []byte{0x80}}
	if _, err := peakOf([]Changes{cut}); err == nil {
		t.Error("a step that is cut off is no error")
	}
}
