package profile

import (
	"math"
	"time"

	"shadowpool/forecast/portable"
)

// DefaultHalfLife is how long it takes until an observation counts half.
const DefaultHalfLife = 7 * 24 * time.Hour

// Bounds of half-lives. An epoch of the longest one is 64 years.
const (
	leastHalfLife = time.Minute
	mostHalfLife  = 366 * 24 * time.Hour
)

// epoch is after how many half-lives weights are scaled down. Powers of two
// change no count's digits.
const epoch = 64

// Decay weighs observations so that of two the older counts less, by half for
// every half-life between them. A weight is 2^(half-lives since Landmark).
type Decay struct {
	HalfLife int64 // ns
	Landmark int64 // ns since the epoch
	Last     int64 // the newest instant, ns since the epoch
	Weight   float64
}

// advance goes to the instant t, unless it is there already, and returns what
// all counts have to be multiplied with: 1 but for once in 64 half-lives.
func (d *Decay) advance(t int64) (scale float64) {
	scale = 1
	if d.Weight == 0 {
		d.Landmark, d.Last, d.Weight = t, t, 1
		return scale
	}
	if t <= d.Last {
		return scale
	}
	d.Last = t
	// The difference of any two instants fits, taken without a sign.
	if epochs := uint64(t-d.Landmark) / uint64(epoch*d.HalfLife); epochs > 0 {
		d.Landmark += int64(epochs * uint64(epoch*d.HalfLife))
		scale = math.Ldexp(1, -epoch*int(min(epochs, 100)))
	}
	d.Weight = portable.Decay(-float64(t-d.Landmark), float64(d.HalfLife))
	return scale
}
