package forecast

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkForecast100k forecasts 100,000 categories once every 15 s, with
// 2,000 arrivals in between, most of them in few categories: seconds a round.
// The deadline is 15 s, the next round's beginning.
func BenchmarkForecast100k(b *testing.B) {
	const categories, arrivals = 100_000, 2000
	setup := Setup{Step: 15, Lead: 120}
	draw := func(rng *rand.Rand, counts []float64) (parts []PartCount) {
		clear(counts)
		for range arrivals {
			u := rng.Float64()
			counts[int(u*u*u*u*categories)]++
		}
		for i, n := range counts {
			if n > 0 {
				parts = append(parts, PartCount{i, n})
			}
		}
		return parts
	}
	rounds := func(b *testing.B, round func(t float64, parts []PartCount) float64) {
		rng := rand.New(rand.NewPCG(1, 1))
		counts := make([]float64, categories)
		var drawn [16][]PartCount
		for i := range drawn {
			drawn[i] = draw(rng, counts)
		}
		t := 0.0
		for range 200 { // 50 minutes of history
			t += setup.Step
			round(t, drawn[int(t/setup.Step)%len(drawn)])
		}
		b.ResetTimer()
		sum := 0.0
		for range b.N {
			t += setup.Step
			sum += round(t, drawn[int(t/setup.Step)%len(drawn)])
		}
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/round")
		if sum <= 0 {
			b.Fatal("nothing is forecast")
		}
	}
	b.Run("hierarchical", func(b *testing.B) {
		h := NewHierarchy(setup, NewAdaptive(setup), categories)
		rounds(b, func(t float64, parts []PartCount) float64 {
			h.Observe(t, parts)
			total, sum := h.Total(0, setup.Lead), 0.0
			for k := range categories {
				sum += h.Part(total, k).Mean
			}
			return sum
		})
	})
	// Only categories with arrivals are visited, as pools that sleep are.
	b.Run("adaptive, visiting arrivals", func(b *testing.B) {
		m := NewModel(setup.Step, setup.Lead, AdaptiveHalfLives, true, true)
		states := make([]*Arrivals, categories)
		rounds(b, func(t float64, parts []PartCount) float64 {
			step, sum := int64(t/setup.Step), 0.0
			c := Clock{Quarter: int64(t / quarterSeconds)}
			for _, p := range parts {
				if states[p.Part] == nil {
					states[p.Part] = m.New(step - 1)
				}
				sum += m.Update(states[p.Part], step, p.N, c, c).Mean
			}
			return sum
		})
	})
	b.Run("adaptive, visiting all", func(b *testing.B) {
		m := NewModel(setup.Step, setup.Lead, AdaptiveHalfLives, true, true)
		states := make([]*Arrivals, categories)
		for i := range states {
			states[i] = m.New(0)
		}
		rounds(b, func(t float64, parts []PartCount) float64 {
			step, sum := int64(t/setup.Step), 0.0
			c := Clock{Quarter: int64(t / quarterSeconds)}
			for i, s := range states {
				n := 0.0
				if len(parts) > 0 && parts[0].Part == i {
					n, parts = parts[0].N, parts[1:]
				}
				sum += m.Update(s, step, n, c, c).Mean
			}
			return sum
		})
	})
}

// BenchmarkSpread learns from counts of several sizes.
func BenchmarkSpread(b *testing.B) {
	for _, mean := range []float64{0.1, 3, 100, 10_000} {
		b.Run(fmt.Sprint("mean=", mean), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 1))
			var s Spread
			for b.Loop() {
				s.Learn(mean, float64(int(2*mean*rng.Float64()+0.5)), 0.999, 1, nil)
			}
		})
	}
}

// BenchmarkForecaster is one observation and one forecast over the lead time.
func BenchmarkForecaster(b *testing.B) {
	for _, family := range Families() {
		b.Run(family.Name, func(b *testing.B) {
			setup := Setup{Step: 15, Lead: 120}
			f := family.New(setup)
			t := 0.0
			rng := rand.New(rand.NewPCG(1, 1))
			for range b.N {
				t += setup.Step
				f.Observe(t, float64(rng.IntN(4)))
				f.Forecast(0, setup.Lead)
			}
		})
	}
}
