package forecast

// trend is a polynomial of degree 0 to 2 in the number of a slot, by least
// squares: coefficients of the discrete Legendre polynomials of n points,
// which are orthogonal, so that each is found by itself.
type trend struct {
	n           float64
	coefficient [3]float64
}

// basis are the values at slot i of 1, x and x^2 - (n^2-1)/12, with x counted
// from the middle.
func (p *trend) basis(i int) [3]float64 {
	x := float64(i) - (p.n-1)/2
	return [3]float64{1, x, float64(x*x) - (float64(p.n*p.n)-1)/12}
}

func (p *trend) fit(counts []float32, degree int) {
	*p = trend{n: float64(len(counts))}
	var square [3]float64
	for i, c := range counts {
		for d, v := range p.basis(i) {
			p.coefficient[d] += float64(v * float64(c))
			square[d] += float64(v * v)
		}
	}
	for d := range p.coefficient {
		if d > degree || square[d] == 0 {
			p.coefficient[d] = 0
			continue
		}
		p.coefficient[d] /= square[d]
	}
}

func (p *trend) at(i int) float64 {
	sum := 0.0
	for d, v := range p.basis(i) {
		sum += float64(v * p.coefficient[d])
	}
	return sum
}
