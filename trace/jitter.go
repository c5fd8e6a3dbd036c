package trace

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Jitter moves every arrival later by a random span between nothing and
// width, exclusive, each independently, and puts the requests in order again:
// for traces whose instants were rounded down to a grid, on which hundreds of
// requests seem to come at once. The same seed gives the same trace.
func (t *Trace) Jitter(width time.Duration, seed uint64) error {
	if width < 0 {
		return fmt.Errorf("trace %s: a jitter of %v is negative", t.Name, width)
	}
	if width == 0 {
		return nil
	}
	r := rand.New(rand.NewPCG(seed, jitterStream))
	for row, at := range t.Arrival {
		if at > math.MaxInt64-int64(width) {
			return fmt.Errorf("trace %s: row %d: instant %d ns, moved by up to %v, is out of range (the year 2262)", t.Name, row, at, width)
		}
		t.Arrival[row] = at + r.Int64N(int64(width))
	}
	t.sortByArrival()
	return nil
}

// jitterStream keeps the draws apart from others of the same seed.
const jitterStream = 0x6a6974746572
