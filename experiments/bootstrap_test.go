package experiments

import (
	"math"
	"math/rand/v2"
	"testing"

	"shadowpool/sim"
)

// daysOf makes a point of a curve from its days' requests, hits and waste.
func daysOf(requests, hits []int64, waste []float64) *sim.Result {
	r := &sim.Result{Implementable: true}
	for i := range requests {
		w := sim.InstanceTime{Seconds: int64(waste[i]), Nanos: int64((waste[i] - math.Floor(waste[i])) * 1e9)}
		r.Days = append(r.Days, sim.Day{Requests: requests[i], Hits: hits[i], Idle: w, Waste: w})
		r.Requests += requests[i]
		r.Hits += hits[i]
		r.InstanceS.Waste += w.Float()
	}
	r.HitRate = float64(r.Hits) / float64(r.Requests)
	return r
}

// randomCurve has four settings over some days; each of a day's requests hits
// with the setting's chance, and waste has a heavy day now and then.
func randomCurve(r *rand.Rand, requests []int64, label string, scale float64) Curve {
	c := Curve{Policy: label, Label: label, Implementable: true}
	for _, rate := range []float64{0.5, 0.8, 0.93, 0.985} {
		hits, waste := make([]int64, len(requests)), make([]float64, len(requests))
		for d, n := range requests {
			for range n {
				if r.Float64() < rate {
					hits[d]++
				}
			}
			waste[d] = math.Round(scale * 1000 / (1 - rate) * math.Exp(0.6*r.NormFloat64()))
		}
		c.Points = append(c.Points, daysOf(requests, hits, waste))
	}
	return c
}

func busy(r *rand.Rand, days int) []int64 {
	requests := make([]int64, days)
	for d := range requests {
		requests[d] = 50 + r.Int64N(150)
	}
	return requests
}

func scaled(c Curve, by float64) Curve {
	out := Curve{Policy: "scaled", Label: "scaled", Implementable: true}
	for _, p := range c.Points {
		q := &sim.Result{Requests: p.Requests, Hits: p.Hits, HitRate: p.HitRate}
		for _, d := range p.Days {
			w := sim.InstanceTime{Seconds: int64(math.Round(by * d.Waste.Float()))}
			q.Days = append(q.Days, sim.Day{Requests: d.Requests, Hits: d.Hits, Idle: w, Waste: w})
			q.InstanceS.Waste += w.Float()
		}
		out.Points = append(out.Points, q)
	}
	return out
}

func TestResampleOfKnownRatios(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	c := randomCurve(r, busy(r, 30), "ours", 10)
	curves := []Curve{c, c, scaled(c, 0.8)}
	target := Target{"hit_rate", 0.9}
	s, err := Resample(curves, target, 1000, 3)
	if err != nil {
		t.Fatal(err)
	}
	if v := s.Versus(0, 1); *v.Ratio != 1 || *v.DifferenceLow != 0 || *v.DifferenceHigh != 0 || v.Less || v.More {
		t.Errorf("identical policies differ: %+v", v)
	}
	v := s.Versus(2, 0)
	for _, ratio := range []float64{*v.Ratio, *v.RatioLow, *v.RatioHigh} {
		if math.Abs(ratio-0.8) > 1e-4 {
			t.Errorf("a policy of 0.8 the waste has ratio %v", ratio)
		}
	}
	if back := s.Versus(0, 2); !v.Less || v.More || back.Less || !back.More || v.Days != 30 {
		t.Errorf("0.8 of the waste is %+v, and the other way round %+v", v, back)
	}
	// On the days as they were it is what Match reads.
	if m := matchCurve(c, target); math.Abs(m.WasteS-s.whole[0]) > 1e-9*m.WasteS {
		t.Errorf("matched %v, read by day %v", m.WasteS, s.whole[0])
	}
}

// One of two days hits always, the other never: a quarter of the resamples
// hold the good day only, a quarter the bad one only, where 90 % are out of
// reach.
func TestResamplesThatDoNotReachTheTarget(t *testing.T) {
	fickle := Curve{Label: "fickle", Points: []*sim.Result{daysOf([]int64{10, 10}, []int64{10, 0}, []float64{5, 5})}}
	steady := Curve{Label: "steady", Points: []*sim.Result{daysOf([]int64{10, 10}, []int64{10, 10}, []float64{90, 90})}}
	s, err := Resample([]Curve{fickle, steady}, Target{"hit_rate", 0.9}, 4000, 1)
	if err != nil {
		t.Fatal(err)
	}
	v := s.Versus(0, 1)
	if math.Abs(v.Unreached-0.75) > 0.03 || v.OtherUnreached != 0 {
		t.Errorf("unreached in %v and %v of the resamples, want 0.75 and 0", v.Unreached, v.OtherUnreached)
	}
	if v.Ratio != nil || v.RatioHigh != nil || v.Less || math.Abs(*v.RatioLow-5.0/90) > 1e-12 {
		t.Errorf("fickle against steady: %+v", v)
	}
	if both := s.Versus(0, 0); *both.Ratio != 1 || *both.RatioHigh != 1 || both.Unreached != v.Unreached {
		t.Errorf("fickle against itself: %+v", both)
	}
}

// The interval holds the true difference about as often as it says. The
// truth is the difference at the settings' expected hits and waste.
func TestCoverageOfTheInterval(t *testing.T) {
	const spans, days = 250, 60
	target := Target{"hit_rate", 0.9}
	const meanHeavy = 1.1972173631 // exp(0.6^2 / 2)
	// 0.9 lies 10/13 of the way from 0.8 to 0.93.
	truth := (2.0 - 3.0) * 1000 * days * meanHeavy * (3.0/13/0.2 + 10.0/13/0.07)
	held := 0
	r := rand.New(rand.NewPCG(8, 8))
	for span := range spans {
		requests := busy(r, days)
		s, err := Resample([]Curve{randomCurve(r, requests, "a", 2), randomCurve(r, requests, "b", 3)}, target, 300, uint64(span))
		if err != nil {
			t.Fatal(err)
		}
		if v := s.Versus(0, 1); *v.DifferenceLow <= truth && truth <= *v.DifferenceHigh {
			held++
		}
	}
	// Binomial(250, 0.95) lies in 0.90 to 0.98 but once in a thousand.
	if share := float64(held) / spans; share < 0.90 || share > 0.98 {
		t.Errorf("95 %% intervals hold the truth in %.1f %% of %d spans", 100*share, spans)
	}
}

func TestResampleRefuses(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	a, b := randomCurve(r, busy(r, 5), "a", 1), randomCurve(r, busy(r, 6), "b", 1)
	for _, curves := range [][]Curve{{a, b}, {byHand()}} {
		if _, err := Resample(curves, Target{"hit_rate", 0.9}, 10, 1); err == nil {
			t.Error("curves of different days are resampled together")
		}
	}
	if _, err := Resample([]Curve{a}, Target{"wait_p99", 5}, 10, 1); err == nil {
		t.Error("days of a percentile add up")
	}
}
