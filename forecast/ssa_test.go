package forecast

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// A sum of two cycles about a level obeys a linear recurrence, so that singular
// spectrum analysis continues it exactly.
func TestSSAContinuesCycles(t *testing.T) {
	cycles := func(s float64) float64 {
		day := 2 * math.Pi * s / secondsPerDay
		return 0.2 + 0.1*math.Cos(day-1) + 0.04*math.Sin(2*day)
	}
	f := NewSSAModel(1800, 1800).New()
	const days = 8
	for i := 1; i <= days*ssaLag; i++ {
		f.Observe(float64(i)*1800, integral(cycles, float64(i-1)*1800, float64(i)*1800))
	}
	if len(f.Kept) < 2 || len(f.Kept) > 4 {
		t.Errorf("%d components are kept of two cycles", len(f.Kept))
	}
	for h := range 20 {
		from := float64(days*secondsPerDay + h*3600)
		got, want := f.expected(from, from+3600), integral(cycles, from, from+3600)
		if math.Abs(got-want) > 0.15*want {
			t.Errorf("%d h ahead: %.1f arrivals in an hour, want %.1f", h, got, want)
		}
	}
}

// The recursive lag-covariance is the trajectory matrix times its transpose.
func TestSSACovariance(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	m := NewSSAModel(1800, 1800)
	f := m.New()
	for i := 1; i <= 3*ssaLag; i++ {
		f.Observe(float64(i)*1800, float64(rng.IntN(50)))
	}
	f.fit()
	columns := len(m.centred) - ssaLag + 1
	trajectory := mat.NewDense(ssaLag, columns, nil)
	for i := range ssaLag {
		for j := range columns {
			trajectory.Set(i, j, m.centred[i+j])
		}
	}
	var want mat.Dense
	want.Mul(trajectory, trajectory.T())
	for i := range ssaLag {
		for j := range ssaLag {
			if math.Abs(m.covariance.At(i, j)-want.At(i, j)) > 1e-8*want.At(0, 0) {
				t.Fatalf("[%d, %d] is %g, want %g", i, j, m.covariance.At(i, j), want.At(i, j))
			}
		}
	}
}
