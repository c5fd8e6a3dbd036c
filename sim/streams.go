package sim

import "hash/fnv"

// A stream is a named source of random draws that are found by their number:
// draw j of a stream is the same whatever else is drawn, and in whatever order.
type stream uint64

// newStream derives a stream from the run's seed and its name.
func newStream(seed uint64, name ...string) stream {
	h := fnv.New64a()
	for _, n := range name {
		h.Write([]byte(n))
		h.Write([]byte{0})
	}
	return stream(mix(seed) ^ h.Sum64())
}

// uniform is draw j, in the open interval (0, 1).
func (s stream) uniform(j uint64) float64 {
	x := mix(uint64(s) + j*0x9e3779b97f4a7c15)
	return (float64(x>>11) + 0.5) / (1 << 53)
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
