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

// TestSameAgain: a seed is the same world every time.
func TestSameAgain(t *testing.T) {
	for seed := uint64(1); seed <= 20; seed++ {
		if a, b := life(t, seed, *steps), life(t, seed, *steps); a != b {
			t.Errorf("seed %d: %x and %x", seed, a, b)
		}
	}
}

func show(trail []string) { fmt.Fprintln(os.Stderr, strings.Join(trail, "\n")) }
