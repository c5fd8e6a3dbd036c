package forecast

import (
	"slices"

	"shadowpool/forecast/portable"
)

// intensityFit finds the log intensity r of Poisson counts q, relative to
// their mean c, that minimises
//
//	sum of (c exp(r_i) - q_i r_i) + roughness ||D2 r||_1 + tie/2 ||DP r||^2
//
// where D2 takes second differences and DP differences over a period P, by the
// alternating direction method of multipliers: r has a copy x that sees the
// likelihood, a copy z that sees the period, and y = D2 r sees the absolute
// values. Each has a closed step of linear cost (x: one step of Newton's; y:
// soft threshold; z: tridiagonal systems, one a phase; r: one system of five
// diagonals), whereas D2 and DP in one system have a band as wide as the
// period. Buffers are kept from fit to fit.
type intensityFit struct {
	mean          float64
	rho           float64 // the penalty of the method
	q             []float32
	r, x, y, z    []float64
	ux, uy, uz    []float64 // scaled multipliers
	right         []float64
	diagonal      []float64 // of L D L' of 2 I + D2'D2
	first, second []float64 // below it
	pivot         []float64 // of z's systems
}

const (
	roughness = 8.0
	tie       = 4.0
	// leastLog bounds r below: a seven hundredth of what is usual is as good as
	// nothing.
	leastLog, mostLog = -6.5, 6.5
	rounds            = 30
)

// run fits the counts.
func (f *intensityFit) run(counts []float32, period int) {
	n := len(counts)
	f.q = counts
	f.mean = 0
	for _, c := range counts {
		f.mean += float64(c)
	}
	f.mean /= float64(n)
	f.rho = max(f.mean, 0.1)
	for _, v := range []*[]float64{&f.r, &f.x, &f.y, &f.z, &f.ux, &f.uy, &f.uz, &f.right, &f.diagonal, &f.first, &f.second, &f.pivot} {
		*v = slices.Grow((*v)[:0], n)[:n]
		clear(*v)
	}
	f.factor()
	for range rounds {
		f.likelihood()
		f.rough()
		f.periodic(period)
		f.join()
	}
}

// ahead appends the coming period: the last one's intensity, in arrivals a
// slot.
func (f *intensityFit) ahead(slots []float32, period int) []float32 {
	for _, r := range f.r[len(f.r)-period:] {
		slots = append(slots, float32(f.mean*portable.Exp(r)))
	}
	return slots
}

// likelihood moves x towards the least of c exp(x) - q x + rho/2 (x - r - u)^2.
func (f *intensityFit) likelihood() {
	for i, x := range f.x {
		rate := f.mean * portable.Exp(x)
		slope := rate - float64(f.q[i]) + float64(f.rho*(x-f.r[i]-f.ux[i]))
		x -= min(max(slope/(rate+f.rho), -2), 2)
		f.x[i] = min(max(x, leastLog), mostLog)
		f.ux[i] += f.r[i] - f.x[i]
	}
}

// rough is the soft threshold of the second differences.
func (f *intensityFit) rough() {
	most := roughness / f.rho
	for i := range len(f.r) - 2 {
		v := secondDifference(f.r, i) + f.uy[i]
		f.y[i] = max(v-most, 0) + min(v+most, 0)
		f.uy[i] = v - f.y[i]
	}
}

// periodic solves, for the slots of one phase, (rho + tie D'D) z = rho (r + u).
func (f *intensityFit) periodic(period int) {
	n := len(f.r)
	for phase := range min(period, n) {
		last := phase + (n-1-phase)/period*period
		for i := phase; i <= last; i += period {
			pivot := f.rho
			v := f.rho * (f.r[i] + f.uz[i])
			if i > phase {
				before := tie / f.pivot[i-period]
				pivot += tie - float64(before*tie)
				v += float64(before * f.z[i-period])
			}
			if i < last {
				pivot += tie
			}
			f.pivot[i], f.z[i] = pivot, v
		}
		for i := last; i >= phase; i -= period {
			v := f.z[i]
			if i < last {
				v += float64(tie * f.z[i+period])
			}
			f.z[i] = v / f.pivot[i]
			f.uz[i] += f.r[i] - f.z[i]
		}
	}
}

// factor takes L D L' of 2 I + D2'D2, whose rows are 1 -4 6 -4 1 but for the
// first and last two.
func (f *intensityFit) factor() {
	n := len(f.r)
	for i := range n {
		// Row i of D2'D2: products of the second differences that i is in.
		var d, e, g float64 // with i, i-1 and i-2
		for k := max(i-2, 0); k <= min(i, n-3); k++ {
			c := [3]float64{1, -2, 1}
			d += float64(c[i-k] * c[i-k])
			if i-1 >= k {
				e += float64(c[i-k] * c[i-1-k])
			}
			if i-2 >= k {
				g += float64(c[i-k] * c[i-2-k])
			}
		}
		d += 2
		if i >= 2 {
			f.second[i] = g / f.diagonal[i-2]
			e -= float64(g * f.first[i-1])
		}
		if i >= 1 {
			f.first[i] = e / f.diagonal[i-1]
			d -= float64(e * f.first[i])
		}
		if i >= 2 {
			d -= float64(g * f.second[i])
		}
		f.diagonal[i] = d
	}
}

// join solves (2 I + D2'D2) r = (x - ux) + (z - uz) + D2'(y - uy).
func (f *intensityFit) join() {
	n := len(f.r)
	for i := range n {
		f.right[i] = f.x[i] - f.ux[i] + f.z[i] - f.uz[i]
	}
	for i := range n - 2 {
		v := f.y[i] - f.uy[i]
		f.right[i] += v
		f.right[i+1] -= v + v
		f.right[i+2] += v
	}
	for i := range n {
		v := f.right[i]
		if i >= 1 {
			v -= float64(f.first[i] * f.right[i-1])
		}
		if i >= 2 {
			v -= float64(f.second[i] * f.right[i-2])
		}
		f.right[i] = v
	}
	for i := n - 1; i >= 0; i-- {
		v := f.right[i] / f.diagonal[i]
		if i+1 < n {
			v -= float64(f.first[i+1] * f.r[i+1])
		}
		if i+2 < n {
			v -= float64(f.second[i+2] * f.r[i+2])
		}
		f.r[i] = v
	}
}

func secondDifference(r []float64, i int) float64 { return r[i] - float64(2*r[i+1]) + r[i+2] }
