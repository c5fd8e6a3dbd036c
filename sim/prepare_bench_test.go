package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"shadowpool/policy"
	"shadowpool/trace"
)

// zipfTrace asks for a hundred datasets, the n-th in proportion to 1/n.
func zipfTrace(n int, busy float64) *trace.Trace {
	t := poissonTrace(n, busy, 1)
	rng := rand.New(rand.NewPCG(3, 4))
	t.Strings.Dataset = []string{""}
	sums := []float64{}
	sum := 0.0
	for i := range 100 {
		t.Strings.Dataset = append(t.Strings.Dataset, fmt.Sprint("d", i))
		sum += 1 / float64(i+1)
		sums = append(sums, sum)
	}
	t.Dataset = make([]uint32, n)
	for i := range t.Dataset {
		u := rng.Float64() * sum
		k := 0
		for sums[k] < u {
			k++
		}
		t.Dataset[i] = uint32(1 + k)
	}
	return t
}

// BenchmarkPrepared replays requests for many datasets, for which adaptive
// prepares instances.
func BenchmarkPrepared(b *testing.B) {
	for _, busy := range []float64{2, 2000} {
		t := zipfTrace(*benchRequests, busy)
		for _, reusable := range []bool{false, true} {
			b.Run(fmt.Sprintf("busy=%g/reusable=%v", busy, reusable), func(b *testing.B) {
				fleet := staged(time.Minute, 20*time.Second)
				fleet.Categories[0].Reusable = reusable
				b.ReportAllocs()
				var hits float64
				start := time.Now()
				for b.Loop() {
					sizer, err := policy.Build(policy.Spec{Name: "adaptive", Params: []policy.Setting{{Key: "wait_price", Value: "50"}}}, policy.Fleet{Config: fleet.PolicyConfig()})
					if err != nil {
						b.Fatal(err)
					}
					r, err := Run(t, fleet, sizer, Options{})
					if err != nil {
						b.Fatal(err)
					}
					hits = r.HitRate
				}
				perSecond := float64(t.Len()) * float64(b.N) / time.Since(start).Seconds()
				b.ReportMetric(math.Round(perSecond/1e4)/100, "Mreq/s")
				b.ReportMetric(hits, "hits")
			})
		}
	}
}
