package search

import "math/rand/v2"

// stream is the source of random numbers for one purpose.
func stream(seed uint64, family int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(family)+1))
}

// spread draws n points of a cube such that every variable takes n evenly
// spread values (McKay, Beckman and Conover, "A comparison of three methods for
// selecting values of input variables", Technometrics 21, 1979).
func (f *Family) spread(n int, r *rand.Rand) [][]float64 {
	all := make([][]float64, n)
	for i := range all {
		all[i] = make([]float64, len(f.Variables))
	}
	for v := range f.Variables {
		for i, at := range r.Perm(n) {
			all[i][v] = (float64(at) + r.Float64()) / float64(n)
		}
	}
	for i := range all {
		all[i] = f.snapped(all[i])
	}
	return all
}

// anywhere is a point of a cube.
func (f *Family) anywhere(r *rand.Rand) []float64 {
	at := make([]float64, len(f.Variables))
	for i := range at {
		at[i] = r.Float64()
	}
	return f.snapped(at)
}

// near is a point some way from another, in some of its variables.
func (f *Family) near(at []float64, way float64, r *rand.Rand) []float64 {
	moved := make([]float64, len(at))
	copy(moved, at)
	if len(at) == 0 {
		return moved
	}
	sure := r.IntN(len(at))
	for i, v := range f.Variables {
		if i != sure && r.Float64() < 0.5 {
			continue
		}
		if v.Levels > 0 {
			moved[i] = r.Float64()
		} else {
			moved[i] += way * r.NormFloat64()
		}
	}
	return f.snapped(moved)
}
