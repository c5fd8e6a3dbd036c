package forecast

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// Reference: Poisson by gonum, and the negative binomial's closed form by
// lgamma.
func TestNegBinomialAgainstClosedForms(t *testing.T) {
	for _, m := range []float64{0.001, 0.3, 2, 17.5, 140, 499, 800, 5000} {
		for _, disp := range []float64{0, 0.01, 0.3, 2} {
			d := NegBinomial{m, disp}
			p := d.Probabilities(nil, 1<<20)
			sum, mean := 0.0, 0.0
			for k, v := range p {
				sum += v
				mean += v * float64(k)
				var want float64
				if disp == 0 {
					want = distuv.Poisson{Lambda: m}.Prob(float64(k))
				} else {
					r := 1 / disp
					a, _ := math.Lgamma(float64(k) + r)
					b, _ := math.Lgamma(r)
					c, _ := math.Lgamma(float64(k) + 1)
					want = math.Exp(a - b - c + r*math.Log(r/(r+m)) + float64(k)*math.Log(m/(r+m)))
				}
				if math.Abs(v-want) > 1e-6*want+1e-13 {
					t.Fatalf("%+v: P(%d) = %g, want %g", d, k, v, want)
				}
			}
			if math.Abs(sum-1) > 1e-9 || math.Abs(mean-m) > 1e-6*m {
				t.Errorf("%+v: sum %g, mean %g", d, sum, mean)
			}
			for _, n := range []int{0, 1, int(m), int(2 * m)} {
				if n < len(p) && p[n] > 1e-250 {
					if got, want := d.LogProbability(float64(n)), math.Log(p[n]); math.Abs(got-want) > 1e-5*math.Abs(want)+1e-6 {
						t.Errorf("%+v: log P(%d) = %g, want %g", d, n, got, want)
					}
				}
			}
		}
	}
}

func TestQuantile(t *testing.T) {
	var scratch []float64
	for _, m := range []float64{0.01, 1, 30, 900} {
		for _, q := range []float64{0.5, 0.9, 0.999} {
			var got int
			got, scratch = NegBinomial{m, 0}.Quantile(q, 100000, scratch)
			p := distuv.Poisson{Lambda: m}
			if p.CDF(float64(got)) < q-1e-9 || got > 0 && p.CDF(float64(got-1)) >= q+1e-9 {
				t.Errorf("mean %g, q %g: quantile %d", m, q, got)
			}
		}
	}
	if n, _ := (NegBinomial{}).Quantile(0.99, 10, nil); n != 0 {
		t.Errorf("mean 0: quantile %d", n)
	}
}
