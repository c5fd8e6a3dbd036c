package runtime

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestRecent: the quantiles are those of the latest spans.
func TestRecent(t *testing.T) {
	r, draw := recent{}, rand.New(rand.NewPCG(1, 2))
	if r.tell() != nil {
		t.Error("nothing came, and it has quantiles")
	}
	var all []time.Duration
	for n := 1; n <= 3*mostRecent+7; n++ {
		d := time.Duration(draw.IntN(200)) * time.Second // many are equal
		r.add(d)
		all = append(all, d)
		last := slices.Clone(all[max(0, n-mostRecent):])
		slices.Sort(last)
		median, p99 := last[(len(last)+1)/2-1], last[(99*len(last)+99)/100-1]
		if got, want := *r.tell(), (Spans{len(last), median.Seconds(), p99.Seconds()}); got != want {
			t.Fatalf("after %d: %+v, want %+v", n, got, want)
		}
	}
}
