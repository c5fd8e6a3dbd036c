package experiments

import (
	"time"

	"shadowpool/trace"
)

// TimelineSamples is how many samples of the pool's state pictures need: one
// a minute, within bounds.
func TimelineSamples(sum trace.Summary, from int64) int {
	span := sum.Last - max(from, sum.First)
	return int(min(max(span/int64(time.Minute), 500), 60_000))
}
