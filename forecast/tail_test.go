package forecast

import (
	"math"
	"testing"
)

// Bins partition the counts.
func TestTailBins(t *testing.T) {
	last := -1
	for n := range mostTail {
		bin := tailBin(n)
		from, to := tailSpan(bin)
		if n < from || n >= to || bin != last && bin != last+1 {
			t.Fatalf("count %d is in bin %d of [%d, %d), after bin %d", n, bin, from, to, last)
		}
		last = bin
	}
	if tailBin(10*mostTail) != last {
		t.Errorf("counts beyond the last are in bin %d, want %d", tailBin(10*mostTail), last)
	}
}

// A blend is a distribution whose parts have the shares asked for, and recent
// counts weigh more.
func TestTailBlend(t *testing.T) {
	var tail Tail
	p := NegBinomial{Mean: 2}.Probabilities(nil, 1000)
	p = tail.Blend(p, 0.1)
	if math.Abs(p[0]-math.Exp(-2)) > 1e-9 {
		t.Errorf("a tail that knows nothing changed P(0) to %g", p[0])
	}
	for range 200 { // as many fades of a half as 1e12 would overflow at
		tail.Learn(5, 0.5)
	}
	tail.Learn(500, 0.5)
	p = tail.Blend(p, 0.1)
	sum, far := 0.0, 0.0
	for k, v := range p {
		sum += v
		if k > 400 {
			far += v
		}
	}
	if math.Abs(sum-1) > 1e-9 || math.Abs(far-0.05) > 1e-9 {
		t.Errorf("sums to %g, of which %g lies about 500, want 1 and 0.05", sum, far)
	}
}
