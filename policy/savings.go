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
	each   float64 // in weights of stages a lead time
	before float64 // that those before them save together
}

// sum makes the savings of stages that weigh so much. Of a stage that keeps
// several keys an instance has the next best of them, but it serves one request
// only: served, which is empty where no stage does so, is the share of the
// requests in a lead time that the best k instances serve, by k.
func (s savings) sum(demand []stageDemand, stages []Stage, weighs, served []float64) savings {
	var (
		at   [MaxStages]binWalk
		have [MaxStages]float64 // requests for the keys that instances so far have
		meet [MaxStages]float64 // those of them that they serve
	)
	s = s[:0]
	before := 0.0
	for k := 1; k < len(served); k++ {
		all := 0.0
		for j := range demand {
			have[j] += at[j].take(&demand[j].marginals, max(stages[j].Keeps, 1))
			now := have[j]
			if stages[j].Keeps > 1 {
				now = min(now, float64(served[k]*demand[j].weighed))
			}
			all += float64(weighs[j] * (now - meet[j]))
			meet[j] = now
		}
		s = append(s, saving{int32(k), all, before})
		before += all
	}
	upTo := int32(max(len(served)-1, 0))
	for {
		n, all := math.MaxInt32, 0.0
		for j := range demand {
			if at[j].find(&demand[j].marginals) {
				n = min(n, max(int(at[j].left)/max(stages[j].Keeps, 1), 1))
			}
		}
		if n == math.MaxInt32 {
			return append(s, saving{upTo: math.MaxInt32, before: before})
		}
		for j := range demand {
			all += float64(weighs[j] * at[j].take(&demand[j].marginals, n*max(stages[j].Keeps, 1)))
		}
		upTo += int32(n)
		s = append(s, saving{upTo, all / float64(n), before})
		before += all
	}
}

// binWalk walks down the bins of marginals.
type binWalk struct {
	next int     // bin
	left int32   // in the bin before it
	each float64 // mean of those
}

// find finds the next bin in which some are left, if there is one.
func (w *binWalk) find(g *marginals) bool {
	for ; w.left == 0 && w.next < len(g); w.next++ {
		if m := &g[w.next]; m.N > 0 {
			w.left, w.each = m.N, m.mean()
		}
	}
	return w.left > 0
}

// take is the sum of the next so many chances.
func (w *binWalk) take(g *marginals, n int) (sum float64) {
	for n > 0 && w.find(g) {
		some := min(int32(n), w.left)
		sum += float64(w.each * float64(some))
		w.left -= some
		n -= int(some)
	}
	return sum
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
