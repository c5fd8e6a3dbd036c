package policy

import "math"

// savings are what instances save that are prepared for the best targets: of
// each stage as if those were chosen by themselves.
type savings []saving

// A saving is what those instances save that save about the same: the ones
// beyond those of the saving before it, up to the upTo-th. The last is of those
// that save nothing.
type saving struct {
	upTo   int32
	each   float64 // seconds of stages in a lead time
	before float64 // that those before them save together
}

// sum makes the savings of stages that take so many seconds.
func (s savings) sum(stages []stageDemand, takes []float64) savings {
	var (
		next [MaxStages]int     // bin
		left [MaxStages]int32   // in the bin before it
		each [MaxStages]float64 // of those
	)
	s = s[:0]
	upTo, before := int32(0), 0.0
	for {
		n, all := int32(math.MaxInt32), 0.0
		for j := range stages {
			for g := &stages[j].marginals; left[j] == 0 && next[j] < len(g); next[j]++ {
				if m := &g[next[j]]; m.N > 0 {
					left[j], each[j] = m.N, float64(takes[j]*m.mean())
				}
			}
			if left[j] > 0 {
				n = min(n, left[j])
				all += each[j]
			}
		}
		if n == math.MaxInt32 {
			return append(s, saving{upTo: n, before: before})
		}
		upTo += n
		s = append(s, saving{upTo, all, before})
		before += float64(all * float64(n))
		for j := range stages {
			left[j] = max(left[j]-n, 0)
		}
	}
}

// first is the first of the instances of the i-th saving.
func (s savings) first(i int) int32 {
	if i == 0 {
		return 1
	}
	return s[i-1].upTo + 1
}

// best is what the best k save together.
func (s savings) best(k int32) float64 {
	i, to := 0, len(s)-1
	for i < to {
		if mid := (i + to) / 2; s[mid].upTo < k {
			i = mid + 1
		} else {
			to = mid
		}
	}
	return s[i].before + float64(s[i].each*float64(k+1-s.first(i)))
}
