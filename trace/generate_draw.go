package trace

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"time"
)

// stream is the random stream of that name: independent of every other name's
// under the same seed.
func stream(seed uint64, name string) *rand.Rand {
	key := binary.LittleEndian.AppendUint64(nil, seed)
	return rand.New(rand.NewChaCha8(sha256.Sum256(append(key, name...))))
}

// A Distribution is a law of positive spans of time.
type Distribution interface {
	// Draw returns one value in nanoseconds, in whole milliseconds.
	Draw(r *rand.Rand) int64
	// Median in nanoseconds.
	Median() int64
	// Check reports parameters that make no law.
	Check() error
}

// A Lognormal law by its median and 99th percentile. Values above Max, if
// given, become Max.
type Lognormal struct{ Mid, P99, Max time.Duration }

// z99 is the standard normal distribution's 99th percentile.
const z99 = 2.3263478740408408

// Draw implements Distribution.
func (l Lognormal) Draw(r *rand.Rand) int64 {
	sigma := math.Log(float64(l.P99)/float64(l.Mid)) / z99
	return whole(float64(l.Mid)*math.Exp(sigma*r.NormFloat64()), l.Max)
}

// Median implements Distribution.
func (l Lognormal) Median() int64 { return int64(l.Mid) }

// Check implements Distribution.
func (l Lognormal) Check() error {
	if l.Mid <= 0 || l.P99 < l.Mid || l.Max < 0 {
		return fmt.Errorf("a lognormal law needs 0 < median <= p99, not median %s and p99 %s", l.Mid, l.P99)
	}
	return nil
}

// A Pareto law: P[X > x] = (Min/x)^Shape for x >= Min. Values above Max, if
// given, become Max.
type Pareto struct {
	Min   time.Duration
	Shape float64
	Max   time.Duration
}

// Draw implements Distribution.
func (p Pareto) Draw(r *rand.Rand) int64 {
	return whole(float64(p.Min)*math.Exp(r.ExpFloat64()/p.Shape), p.Max)
}

// Median implements Distribution.
func (p Pareto) Median() int64 {
	return int64(float64(p.Min) * math.Exp(math.Ln2/p.Shape))
}

// Check implements Distribution.
func (p Pareto) Check() error {
	if p.Min <= 0 || !(p.Shape > 0) || p.Max < 0 {
		return fmt.Errorf("a Pareto law needs a minimum and a shape above 0, not %s and %v", p.Min, p.Shape)
	}
	return nil
}

// whole rounds to milliseconds: what real sources resolve, and coarse enough
// to hide that machines differ in the last bit of an exponential.
func whole(ns float64, most time.Duration) int64 {
	if most > 0 {
		ns = min(ns, float64(most))
	}
	ms := min(math.Round(ns/1e6), 1e12) // 1e12 ms is 31 years
	return int64(ms) * int64(time.Millisecond)
}

// zipf is Zipf's law on 0..n-1: cumulative shares, the last one is 1.
type zipf []float64

func newZipf(n int, skew float64) zipf {
	z := make(zipf, n)
	sum := 0.0
	for k := range z {
		sum += math.Pow(float64(k+1), -skew)
		z[k] = sum
	}
	for k := range z {
		z[k] /= sum
	}
	return z
}

func (z zipf) draw(r *rand.Rand) int {
	u := r.Float64()
	return min(sort.Search(len(z), func(k int) bool { return z[k] > u }), len(z)-1)
}

func (z zipf) share(k int) float64 {
	if k == 0 {
		return z[0]
	}
	return z[k] - z[k-1]
}
