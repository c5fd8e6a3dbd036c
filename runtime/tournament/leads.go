package tournament

import (
	"hash/fnv"
	"slices"

	"shadowpool/policy"
)

// mostRecent is how many of a pool's latest launches are drawn from.
const mostRecent = 500

// leads are the lead times of a pool that were learned so far.
type leads struct {
	expected int64 // ns, until one is known
	took     []took
	next     int     // the oldest, once there are mostRecent
	sorted   []int64 // of those that became warm
	failed   int
	draws    stream
	fails    stream
}

// took is how long a launch took until it was warm, or failed.
type took struct {
	span   int64
	failed bool
}

func newLeads(k *policy.Category, seed uint64) leads {
	return leads{expected: int64(k.LeadTime), draws: newStream(seed, "lead", k.Name), fails: newStream(seed, "fail", k.Name)}
}

// learn takes what a real launch took.
func (l *leads) learn(n took) {
	if len(l.took) < mostRecent {
		l.took = append(l.took, n)
	} else {
		old := l.took[l.next]
		l.took[l.next] = n
		l.next = (l.next + 1) % mostRecent
		if old.failed {
			l.failed--
		} else if at, found := slices.BinarySearch(l.sorted, old.span); found {
			l.sorted = slices.Delete(l.sorted, at, at+1)
		}
	}
	if n.failed {
		l.failed++
		return
	}
	at, _ := slices.BinarySearch(l.sorted, n.span)
	l.sorted = slices.Insert(l.sorted, at, n.span)
}

// launch draws the lead time of launch j, and whether it then fails.
func (l *leads) launch(j uint64) took {
	t := took{span: l.expected}
	if n := len(l.sorted); n > 0 {
		t.span = l.sorted[min(int(l.draws.uniform(j)*float64(n)), n-1)]
	}
	t.failed = l.failed > 0 && l.fails.uniform(j)*float64(len(l.took)) < float64(l.failed)
	return t
}

// A stream is a named source of draws that are found by their number, as in the
// simulator.
type stream uint64

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
	return (float64(mix(uint64(s)+j*0x9e3779b97f4a7c15)>>11) + 0.5) / (1 << 53)
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
