package policy

import "slices"

// recentTimes are the last ones of a stage.
type recentTimes struct {
	Times []float64
	Next  int // the place of the next
}

// mostRecent times are kept. Places are taken at a stride that is prime to their
// number, so that those of one configured distribution are replaced evenly.
const mostRecent, recentStride = 512, 197

// fill begins with the configured times of a stage, in a unit, ns.
func (r *recentTimes) fill(k *Stage, unit float64) {
	r.Times = make([]float64, mostRecent)
	for i := range r.Times {
		takes := float64(k.Takes)
		if n := len(k.Times); n > 0 {
			takes = float64(k.Times[i*n/mostRecent])
		}
		r.Times[i] = takes
		if unit != 1 {
			r.Times[i] = ratio(takes, unit)
		}
	}
}

func (r *recentTimes) add(took float64) {
	r.Times[r.Next] = took
	r.Next = (r.Next + recentStride) % mostRecent
}

// points are as many as stand for a distribution.
func (r *recentTimes) points(scratch []float64) (points, sorted []float64) {
	sorted = append(scratch[:0], r.Times...)
	slices.Sort(sorted)
	points = make([]float64, latePoints)
	for i := range points {
		points[i] = sorted[(2*i+1)*len(sorted)/(2*latePoints)]
	}
	return points, sorted
}
