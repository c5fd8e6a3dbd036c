// Package portable has the elementary functions that decide in packages
// policy and forecast. Go's math.Exp and math.Log are written in assembly on
// some architectures and may differ there in the last bit, and the compiler
// may fuse a product and a sum; here every operation is a rounded IEEE 754
// double operation, so results are the same bits on every machine.
//
// The relative error is below 1e-15, which the tests check against math.
package portable

import "math"

// ln2 in two parts; the first has 20 trailing zero bits, so that its product
// with a small whole number is exact.
const (
	ln2High = 0x1.62e42feep-1
	ln2Low  = 0x1.a39ef35793c76p-33
)

// inverse[i] is 1/i, rounded.
var inverse = [22]float64{
	0, 1, 1. / 2, 1. / 3, 1. / 4, 1. / 5, 1. / 6, 1. / 7, 1. / 8, 1. / 9, 1. / 10,
	1. / 11, 1. / 12, 1. / 13, 1. / 14, 1. / 15, 1. / 16, 1. / 17, 1. / 18, 1. / 19, 1. / 20, 1. / 21,
}

// Exp is e to the power of x.
func Exp(x float64) float64 {
	switch {
	case x == 0: // as of what is exactly as expected
		return 1
	case math.IsNaN(x):
		return x
	case x > 709.78:
		return math.Inf(1)
	case x < -745.2:
		return 0
	}
	k := math.Floor(float64(x*(1/math.Ln2)) + 0.5)
	r := x - float64(k*ln2High) - float64(k*ln2Low)
	// Taylor's series by Horner's rule: |r| <= ln2/2, so that the term of
	// degree 14 is below 1e-17; of what is as small as most decays, that of
	// degree 7.
	sum, degree := 1.0, 14
	if math.Abs(r) < 1.0/1024 {
		degree = 7
	}
	for i := degree; i >= 1; i-- {
		sum = 1 + float64(float64(r*sum)*inverse[i])
	}
	if x < -708 { // it may be too small for a full mantissa
		return math.Ldexp(sum, int(k))
	}
	return math.Float64frombits(math.Float64bits(sum) + uint64(int64(k))<<52)
}

// Log is the natural logarithm of x.
func Log(x float64) float64 {
	switch {
	case x == 1:
		return 0
	case math.IsNaN(x) || x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	case math.IsInf(x, 1):
		return x
	}
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m *= 2
		e--
	}
	// log m = 2 artanh s, |s| <= 0.172: the term of degree 21 is below 1e-17.
	s := (m - 1) / (m + 1)
	z := float64(s * s)
	sum := 0.0
	for i := 21; i >= 1; i -= 2 {
		sum = float64(sum*z) + inverse[i]
	}
	k := float64(e)
	return float64(k*ln2High) + (float64(2*s*sum) + float64(k*ln2Low))
}

// Decay is 2^(-span/halfLife), the share that is left after span.
func Decay(span, halfLife float64) float64 {
	return Exp(-float64(math.Ln2*span) / halfLife)
}

// Logs replaces numbers, which are positive and have a full mantissa, by their
// logarithms: the same bits as those of Log in half the time, as four are worked
// out at a time.
func Logs(x []float64) {
	for ; len(x) >= 4; x = x[4:] {
		k0, s0 := reduced(x[0])
		k1, s1 := reduced(x[1])
		k2, s2 := reduced(x[2])
		k3, s3 := reduced(x[3])
		z0, z1, z2, z3 := float64(s0*s0), float64(s1*s1), float64(s2*s2), float64(s3*s3)
		sum0, sum1, sum2, sum3 := 0.0, 0.0, 0.0, 0.0
		for i := 21; i >= 1; i -= 2 {
			v := inverse[i]
			sum0, sum1, sum2, sum3 = float64(sum0*z0)+v, float64(sum1*z1)+v, float64(sum2*z2)+v, float64(sum3*z3)+v
		}
		x[0] = float64(k0*ln2High) + (float64(2*s0*sum0) + float64(k0*ln2Low))
		x[1] = float64(k1*ln2High) + (float64(2*s1*sum1) + float64(k1*ln2Low))
		x[2] = float64(k2*ln2High) + (float64(2*s2*sum2) + float64(k2*ln2Low))
		x[3] = float64(k3*ln2High) + (float64(2*s3*sum3) + float64(k3*ln2Low))
	}
	for i := range x {
		x[i] = Log(x[i])
	}
}

// reduced gives x = 2^k m, of which log m = 2 artanh s, as in Log.
func reduced(x float64) (k, s float64) {
	bits := math.Float64bits(x)
	e := int(bits>>52) - 1022
	m := math.Float64frombits(bits&(1<<52-1) | 1022<<52)
	if m < math.Sqrt2/2 {
		m *= 2
		e--
	}
	return float64(e), (m - 1) / (m + 1)
}
