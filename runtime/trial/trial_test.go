//go:build !race

package trial_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var (
	seeds = flag.Int("seeds", 300, "worlds of TestWorlds")
	one   = flag.Uint64("seed", 0, "the only world of TestWorlds; its trail is written with -v")
	steps = flag.Int("steps", 250, "steps of a world until it calms down")
)

// TestWorlds: in no world is a claim lost or an instance given twice, nothing
// leaks, tenants stay apart, and all comes to rest.
func TestWorlds(t *testing.T) {
	if *one != 0 {
		life(t, *one, *steps)
		return
	}
	most := *seeds
	if testing.Short() {
		most = min(most, 50)
	}
	const parts = 16
	for part := range parts {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			t.Parallel()
			for seed := 1 + part; seed <= most && !t.Failed(); seed += parts {
				life(t, uint64(seed), *steps)
			}
		})
	}
}

// TestSameAgain: a seed is the same world every time. Where goroutines meet at
// one instant their order is the machine's: on a busy one a world may differ
// once, and is looked at again.
func TestSameAgain(t *testing.T) {
	for seed := uint64(1); seed <= 20; seed++ {
		a, b := life(t, seed, *steps), life(t, seed, *steps)
		if a != b {
			t.Logf("seed %d: %x and %x", seed, a, b)
			if c := life(t, seed, *steps); c != a && c != b {
				t.Errorf("seed %d is another world every time: %x, %x, %x", seed, a, b, c)
			}
		}
	}
}

func show(trail []string) { fmt.Fprintln(os.Stderr, strings.Join(trail, "\n")) }
