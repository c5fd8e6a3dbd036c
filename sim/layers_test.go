package sim

import (
	"math"
	"testing"
	"time"

	"shadowpool/policy"
)

// An instance of a lead time of 100 s serves until 110 s, idles whole until 190
// s, with its language at half the memory until 323.3 s, and bare at a fifth of
// it until 423.3 s: see policy's TestLayeredByHand. Waste and cost count the
// shares; the price is 3600 $/h, a dollar a second.
func TestLayersWeighByMemory(t *testing.T) {
	for _, c := range []struct {
		second   int64 // arrival
		outcomes [3]int64
		idle     float64
		wait     float64 // of the second
		serving  float64
	}{
		{1000, [3]int64{0, 0, 2}, 80 + 0.5*400/3 + 0.2*100, 100, 10},
		{300, [3]int64{0, 1, 1}, 80 + 0.5*110, 40, 10},
		{400, [3]int64{0, 1, 1}, 80 + 0.5*400/3 + 0.2*(400-190-400./3), 80, 10},
		{150, [3]int64{1, 0, 1}, 40, 0, 10},
	} {
		fleet := oneCategory(true, Constant(100*time.Second))
		fleet.Categories[0].Price = 3600
		if err := fleet.AddLayers([][]policy.Layer{{
			{Name: "bare", Adapt: 80 * time.Second, Memory: 0.2}, {Name: "language", Adapt: 40 * time.Second, Memory: 0.5},
		}}); err != nil {
			t.Fatal(err)
		}
		r := runSpec(t, requests([2]int64{0, 10}, [2]int64{c.second, 10}), fleet, "layered:price=1", Options{})
		if got := [3]int64{r.Hits, r.PartialHits, r.Misses}; got != c.outcomes {
			t.Errorf("second request at %d s: %v, want %v", c.second, got, c.outcomes)
		}
		near := func(got, want float64) bool { return math.Abs(got-want) < 1e-6 }
		if !near(r.InstanceS.Idle, c.idle) || !near(r.InstanceS.Waste, c.idle) || !near(r.CostUSD.Idle, c.idle) || !near(r.CostUSD.Total, c.idle+100+10) {
			t.Errorf("second request at %d s: idle %.3f s, waste %.3f s, cost %+v; want %.3f", c.second, r.InstanceS.Idle, r.InstanceS.Waste, r.CostUSD, c.idle)
		}
		if !near(r.WaitS.Mean, (100+c.wait)/2) || !near(r.InstanceS.Serving, c.serving) {
			t.Errorf("second request at %d s: mean wait %.3f s, serving %.3f s", c.second, r.WaitS.Mean, r.InstanceS.Serving)
		}
	}
}
