package trace

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"sort"
)

// stream is the random stream of that name: independent of every other name's
// under the same seed.
func stream(seed uint64, name string) *rand.Rand {
	key := binary.LittleEndian.AppendUint64(nil, seed)
	return rand.New(rand.NewChaCha8(sha256.Sum256(append(key, name...))))
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
