package policy

import (
	"math"
	"math/rand/v2"
	"testing"
)

// schedule costs: what lazy capacity pays, and the least of all schedules whose
// capacities do not exceed most, by exhaustive dynamic programming.
func lazyCost(demands []int32, up, over, under float64) (paid, best float64) {
	slot := func(x, d int32) float64 {
		return float64(max(x-d, 0))*over + float64(max(d-x, 0))*under
	}
	var w workFunction
	var x, most int32
	for _, d := range demands {
		low, high := w.add(d, up, over, under)
		next := min(max(x, low), high)
		paid += slot(next, d) + up*float64(max(next-x, 0))
		x, most = next, max(most, d)
	}
	costs := make([]float64, most+1)
	for x := range costs {
		costs[x] = up * float64(x)
	}
	for _, d := range demands {
		next := make([]float64, len(costs))
		for x := range next {
			next[x] = math.Inf(1)
			for from, c := range costs {
				next[x] = min(next[x], c+up*float64(max(x-from, 0)))
			}
			next[x] += slot(int32(x), d)
		}
		costs = next
	}
	best = math.Inf(1)
	for _, c := range costs {
		best = min(best, c)
	}
	return paid, best
}

// Lazy capacity pays at most three times the optimum on any demand.
func TestLazyCapacityIsThreeCompetitive(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 1))
	worst := 0.0
	for range 1000 {
		up := math.Exp(rng.Float64()*4 - 1)
		under := math.Exp(rng.Float64()*4 - 1)
		demands := make([]int32, 40)
		for i := range demands {
			if rng.IntN(3) == 0 {
				demands[i] = rng.Int32N(8)
			} else if i > 0 {
				demands[i] = demands[i-1]
			}
		}
		paid, best := lazyCost(demands, up, 1, under)
		if paid > 3*best+1e-6 {
			t.Errorf("up %.2f, under %.2f, demands %v: %.3f, the optimum %.3f", up, under, demands, paid, best)
		}
		worst = max(worst, paid/best)
	}
	if worst < 1.5 {
		t.Errorf("the worst ratio is %.2f: the instances are too easy", worst)
	}
}

// The bounds are those of the truncated problems, found by going through all
// schedules.
func TestWorkFunctionBounds(t *testing.T) {
	const most, up, over, under = 3, 2.5, 1.0, 2.0
	rng := rand.New(rand.NewPCG(10, 1))
	for range 20 {
		var w workFunction
		var demands []int32
		for range 5 {
			demands = append(demands, rng.Int32N(most+1))
			low, high := w.add(demands[len(demands)-1], up, over, under)
			var bestUp, bestDown [most + 1]float64 // by the last capacity
			for x := range bestUp {
				bestUp[x], bestDown[x] = math.Inf(1), math.Inf(1)
			}
			n := 1
			for range demands {
				n *= most + 1
			}
			for code := range n {
				x, ups, downs, cost := int32(0), 0.0, 0.0, 0.0
				for _, d := range demands {
					next := int32(code % (most + 1))
					code /= most + 1
					ups += up * float64(max(next-x, 0))
					downs += up * float64(max(x-next, 0))
					cost += over*float64(max(next-d, 0)) + under*float64(max(d-next, 0))
					x = next
				}
				bestUp[x] = min(bestUp[x], cost+ups)
				bestDown[x] = min(bestDown[x], cost+downs)
			}
			var wantLow, wantHigh int32
			for x := range int32(most + 1) {
				if bestUp[x] < bestUp[wantLow]-1e-9 {
					wantLow = x
				}
				if bestDown[x] <= bestDown[wantHigh]+1e-9 {
					wantHigh = x
				}
			}
			if low != wantLow || high != wantHigh {
				t.Fatalf("after %v: bounds %d and %d, want %d and %d", demands, low, high, wantLow, wantHigh)
			}
		}
	}
}

// A launch costs 2.5 slots of idling. A demand of 1 is worth a launch after two
// slots of shortage at a price of 2, as 2 < 2.5 <= 4. Without demand the
// instance stays for 2 slots, and goes in the third, as 3 > 2.5.
func TestLazyCapacityByHand(t *testing.T) {
	var w workFunction
	x := int32(0)
	for i, step := range []struct{ demand, want int32 }{{0, 0}, {1, 0}, {1, 1}, {1, 1}, {0, 1}, {0, 1}, {0, 0}, {0, 0}} {
		low, high := w.add(step.demand, 2.5, 1, 2)
		if x = min(max(x, low), high); x != step.want {
			t.Errorf("slot %d: capacity %d, want %d", i, x, step.want)
		}
	}
	for range 3 {
		w.add(0, 2.5, 1, 2)
	}
	if !w.settled() {
		t.Errorf("after slots without demand %v is left", w.Costs)
	}
}
