package policy

import "testing"

// Patience grows by a rung at every look while most launches are for nothing,
// stays where about two are needed, and shrinks again, within bounds.
func TestPatience(t *testing.T) {
	p := patience{Rungs: leastPatience}
	look := func(launchesPerArrival int32) int {
		for range patienceEvery {
			p.Launched += launchesPerArrival
			p.arrive()
		}
		return p.Rungs
	}
	if got := look(3); got != leastPatience+1 {
		t.Errorf("after a look at 3 launches an arrival %d rungs", got)
	}
	if got := look(2); got != leastPatience+1 {
		t.Errorf("after a look at 2 launches an arrival %d rungs", got)
	}
	for range 20 {
		look(5)
	}
	if p.Rungs != mostPatience {
		t.Errorf("after many looks at 5 launches an arrival %d rungs", p.Rungs)
	}
	for range 20 {
		look(1)
	}
	if p.Rungs != leastPatience {
		t.Errorf("after many looks at 1 launch an arrival %d rungs", p.Rungs)
	}
}
