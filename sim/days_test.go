package sim

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shadowpool/policy"
)

// Two days worked by hand: level 1, lead 10 s, arrivals at 0, 12 h, 24 h and
// 100,000 s. A and B are launched at 0 and warm at 10; A serves the first
// request, B idles until 12 h; C, launched then, until 24 h, where the second
// day begins with its request; D until 100,000 s, where E is launched.
func TestDaysByHand(t *testing.T) {
	fleet := oneCategory(false, Constant(10*time.Second))
	src := requests([2]int64{0, 5}, [2]int64{43_200, 5}, [2]int64{86_400, 5}, [2]int64{100_000, 5})
	r, err := Run(src, fleet, policy.NewStatic([]int32{1}), Options{Days: true})
	if err != nil {
		t.Fatal(err)
	}
	first, second := InstanceTime{Seconds: 43_190 + 43_190}, InstanceTime{Seconds: 13_590}
	want := []Day{
		// Three launches and two services of 5 s; then one, as E's begins at the end.
		{Requests: 2, Hits: 1, Launches: 3, Idle: first, Waste: first, Wait: InstanceTime{Seconds: 10}, CostUSD: (86_380 + 30 + 10) / 3600.0},
		{Requests: 2, Hits: 2, Launches: 2, Idle: second, Waste: second, CostUSD: (13_590 + 10 + 5) / 3600.0},
	}
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-9 })
	if diff := cmp.Diff(want, r.Days, near); diff != "" {
		t.Error(diff)
	}
}

// The days of every policy add up to its figures, to the last bit, and
// gathering them changes nothing else.
func TestDaysAddUp(t *testing.T) {
	src := poissonArrivals(3, 4000, 0.01, exponential(40*time.Second))
	src.Strings.Category = []string{"", "a", "b"}
	for i := range src.Arrival {
		src.Category = append(src.Category, uint32(1+i/100%5/4))
	}
	fleet := burstyFleet(t, src, false)
	fleet.Categories[1].Price = 3
	fleet.Categories[0].Lead = Lognormal{Median: 30 * time.Second, P99: 80 * time.Second, Fail: 0.05}
	wasted := false
	for _, spec := range []string{"none", "static:level=2", "ewma:quantile=0.999", "adaptive:hit_rate=0.9", "static-rolling", "headroom:spare=2"} {
		for _, after := range []time.Duration{0, 30 * time.Hour} {
			opt := Options{Seed: 5, MeasureFrom: src.Arrival[0] + int64(after)}
			var runs [2]*Result
			for i := range runs {
				opt.Days = i == 1
				runs[i] = runSpec(t, src, fleet, spec, opt)
			}
			plain, r := runs[0], runs[1]
			var sum Day
			for _, d := range r.Days {
				sum.Requests += d.Requests
				sum.Hits += d.Hits
				sum.Launches += d.Launches
				sum.Idle, sum.Waste = sum.Idle.Plus(d.Idle), sum.Waste.Plus(d.Waste)
				sum.Wait = sum.Wait.Plus(d.Wait)
				sum.CostUSD += d.CostUSD
			}
			if sum.Requests != r.Requests || sum.Hits != r.Hits || sum.Launches != r.Launches ||
				sum.Idle.Float() != r.InstanceS.Idle || sum.Waste.Float() != r.InstanceS.Waste ||
				math.Abs(sum.CostUSD-r.CostUSD.Total) > 1e-9*r.CostUSD.Total {
				t.Errorf("%s after %v: the days add up to %+v, the result is %+v", spec, after, sum, r)
			}
			if want := int((r.SpanS + 86_399) / 86_400); len(r.Days) != want {
				t.Errorf("%s after %v: %d days, want %d", spec, after, len(r.Days), want)
			}
			wasted = wasted || sum.Waste != sum.Idle
			body, err := json.Marshal(r.Days)
			if err != nil {
				t.Fatal(err)
			}
			var read []Day
			if err := json.Unmarshal(body, &read); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(r.Days, read); diff != "" {
				t.Errorf("%s: days are not what their JSON says:\n%s", spec, diff)
			}
			r.Days = nil
			if diff := cmp.Diff(plain, r); diff != "" {
				t.Errorf("%s after %v: gathering days changes the result:\n%s", spec, after, diff)
			}
		}
	}
	if !wasted {
		t.Error("no run launched for nothing, so waste was tested as idle only")
	}
}
