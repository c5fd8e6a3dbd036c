package policy

import (
	"math/rand/v2"
	"testing"
	"time"
)

// With a lead time of 10 s and room for two, a after three uses has priority
// 30 and b after one 10. c ends b and moves the clock to 10, so it has 20
// itself; b ends c, moves the clock to 20, and has 30: as much as a, which is
// older and goes next, for c with 40. A second use gives b 50, so that a ends c.
func TestGreedyDualByHand(t *testing.T) {
	v := newVisitor(t, "greedy-dual:memory=2", 10*time.Second, 3)
	const a, b, c = PoolID(0), PoolID(1), PoolID(2)
	for i, step := range []struct {
		pool  PoolID
		hit   bool
		clock float64
	}{{a, false, 0}, {a, true, 0}, {a, true, 0}, {b, false, 0}, {c, false, 10}, {b, false, 20}, {c, false, 30}, {b, true, 30}, {a, false, 40}} {
		hit := v.visit(v.now+1, step.pool, time.Second)
		if clock := v.ctrl.sizer.(*GreedyDual).Clock; hit != step.hit || clock != step.clock {
			t.Errorf("step %d: hit %v, clock %v, want %v and %v", i, hit, clock, step.hit, step.clock)
		}
	}
}

// The controller ends what a search through all idle instances would.
func TestGreedyDualAgainstExhaustion(t *testing.T) {
	const memory, pools, lead = 12, 40, 5.0
	v := newVisitor(t, "greedy-dual:memory=12", 5*time.Second, pools)
	rng := rand.New(rand.NewPCG(6, 1))
	type entry struct {
		priority float64
		since    int
	}
	kept := map[PoolID]entry{}
	var uses [pools]int
	clock, hits := 0.0, 0
	for n := range 20000 {
		p := PoolID(min(rng.ExpFloat64()*8, pools-1))
		_, want := kept[p]
		if !want && len(kept) == memory {
			var out PoolID
			least := entry{1e18, 0}
			for q, e := range kept {
				if e.priority < least.priority || e.priority == least.priority && e.since < least.since {
					out, least = q, e
				}
			}
			delete(kept, out)
			clock, uses[out] = least.priority, 0
		}
		uses[p]++
		kept[p] = entry{clock + float64(uses[p])*lead, n}
		if got := v.visit(v.now+1, p, time.Second); got != want {
			t.Fatalf("visit %d, in pool %d: hit %v, want %v", n, p, got, want)
		}
		if want {
			hits++
		}
	}
	if hits < 5000 || hits > 19000 {
		t.Errorf("%d hits of 20000 tell nothing", hits)
	}
	if n := len(v.ctrl.ranks.heap); n > fewestRanks {
		t.Errorf("%d ranks for %d instances", n, memory)
	}
}
