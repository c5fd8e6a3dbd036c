package portable

import (
	"math"
	"testing"
)

func TestAgainstMath(t *testing.T) {
	close := func(name string, x, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-15*math.Abs(want)+1e-320 {
			t.Errorf("%s(%g) = %.17g, want %.17g", name, x, got, want)
		}
	}
	for i := -70000; i <= 70000; i++ {
		x := float64(i) / 99.7
		if math.Abs(x) < 708 {
			close("Exp", x, Exp(x), math.Exp(x))
		}
	}
	for i := 1; i <= 100000; i++ {
		for _, x := range []float64{float64(i) / 1000.3, float64(i) * 1e11, 1 / float64(i*i)} {
			if got, want := Log(x), math.Log(x); math.Abs(got-want) > 2e-15*math.Abs(want)+1e-16 {
				t.Fatalf("Log(%g) = %.17g, want %.17g", x, got, want)
			}
		}
	}
}

// Of small arguments the series is shorter, and has the same bits.
func TestSmallExp(t *testing.T) {
	long := func(x float64) float64 {
		sum := 1.0
		for i := 14; i >= 1; i-- {
			sum = 1 + float64(float64(x*sum)*inverse[i])
		}
		return sum
	}
	for i := range 1_000_000 {
		x := math.Ldexp(1+float64(i)/1_000_000, -11-i%40)
		for _, x := range []float64{x, -x} {
			if got, want := Exp(x), long(x); got != want {
				t.Fatalf("Exp(%g) = %.17g, want %.17g", x, got, want)
			}
		}
	}
}

// Logs has the bits of Log, however many there are.
func TestLogs(t *testing.T) {
	for n := range 12 {
		x, want := make([]float64, n), make([]float64, n)
		for i := range x {
			x[i] = math.Pow(10, 40*float64(i)-200) * (1 + 0.37*float64(n))
			want[i] = Log(x[i])
		}
		Logs(x)
		for i := range x {
			if math.Float64bits(x[i]) != math.Float64bits(want[i]) {
				t.Errorf("the logarithm %d of %d is %v, want %v", i, n, x[i], want[i])
			}
		}
	}
}

func TestEdges(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct{ got, want float64 }{
		{Exp(0), 1}, {Exp(-inf), 0}, {Exp(inf), inf}, {Exp(-800), 0}, {Exp(800), inf},
		{Log(1), 0}, {Log(0), -inf}, {Log(inf), inf}, {Decay(3, 1), 0.125}, {Decay(0, 5), 1},
	} {
		if c.got != c.want && math.Abs(c.got-c.want) > 1e-16 {
			t.Errorf("got %g, want %g", c.got, c.want)
		}
	}
	if !math.IsNaN(Log(-1)) || !math.IsNaN(Exp(math.NaN())) {
		t.Error("want NaN")
	}
}

// Golden bits: they must not change between machines or compiler versions.
func TestBits(t *testing.T) {
	h := uint64(0)
	for i := 1; i < 5000; i++ {
		x := float64(i) * 0.137
		h = h*1099511628211 ^ math.Float64bits(Exp(-x)) ^ math.Float64bits(Log(x))<<1
	}
	if want := uint64(0x8e8a4b16f4a15d60); h != want {
		t.Errorf("checksum of bits is %#x, want %#x", h, want)
	}
}
