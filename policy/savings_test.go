package policy

import (
	"math/rand/v2"
	"slices"
	"testing"

	"shadowpool/forecast"
)

// What the best instances save is their chances by stage, the highest first,
// but that chances which are nearly equal count as equal.
func TestSavingsAreOfTheBestChances(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for range 20 {
		m := randomAssortment(r, 1+r.IntN(60), 1+r.IntN(3))
		want := make([]float64, 300)
		for j := range m.Stages {
			var chances []float64
			for i := range m.Stages[j].Keys {
				chances = append(chances, m.Stages[j].Keys[i].sized...)
			}
			slices.Sort(chances)
			slices.Reverse(chances)
			sum := 0.0
			for k := range want {
				want[k] += sum * m.weighs[j]
				if k < len(chances) {
					sum += chances[k]
				}
			}
		}
		for k := range want {
			if got := m.savings.best(int32(k)); got > want[k]+1e-6 || got < 0.98*want[k] {
				t.Errorf("the best %d save %v s, want %v", k, got, want[k])
			}
		}
	}
}

// However forecasts came and went, marginals are those of the present ones.
func TestMarginalsForgetWhatHasGone(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	m := randomAssortment(r, 20, 2)
	for j := range m.Stages {
		s := &m.Stages[j]
		for range 1000 {
			k := &s.Keys[r.IntN(len(s.Keys))]
			s.size(k, forecast.NegBinomial{Mean: 50 * r.Float64() * r.Float64(), Dispersion: r.Float64()})
		}
		var want marginals
		for i := range s.Keys {
			want.add(s.Keys[i].sized, 1, 1)
		}
		if s.marginals != want {
			t.Errorf("stage %d: the marginals are not those of the keys", j)
		}
	}
}
