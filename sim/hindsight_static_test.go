package sim

import (
	"math"
	"testing"
	"time"

	"shadowpool/policy"
	"shadowpool/trace"
)

// mixedBursts has two categories, one of which asks twice as often.
func mixedBursts() *trace.Trace {
	src := poissonArrivals(11, 4000, 0.03, exponential(20*time.Second))
	src.Strings.Category = []string{"", "a", "b"}
	for i := range src.Arrival {
		src.Category = append(src.Category, uint32(1+i/5%3/2))
	}
	return src
}

// replayed is what constant levels give on a trace after its first hour.
func replayed(t *testing.T, src *trace.Trace, fleet Fleet, levels []int32) *Result {
	t.Helper()
	r, err := Run(src, fleet, policy.NewStatic(levels), Options{Seed: 1, MeasureFrom: src.Arrival[0] + int64(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Counting launches in flight gives what the replay of every level gives:
// exactly so for constant lead times, closely for others, whose draws shift.
func TestFlightsAreTheCurveOfStatic(t *testing.T) {
	src := mixedBursts()
	for _, c := range []struct {
		lead LeadTime
		near float64
	}{
		{Constant(time.Minute), 1e-9},
		{Lognormal{Median: 45 * time.Second, P99: 2 * time.Minute}, 0.05},
	} {
		fleet, err := FleetOf(src, Category{Lead: c.lead, Price: 1}, true)
		if err != nil {
			t.Fatal(err)
		}
		arrivals, err := arrivalsByPool(src, &fleet, policy.Never)
		if err != nil {
			t.Fatal(err)
		}
		from := src.Arrival[0] + int64(time.Hour)
		f := flightsOf(arrivals[0], newLeads(fleet.Categories[0], Provider{}, 1), from, src.Arrival[len(src.Arrival)-1])
		hits, waste, below := int64(0), 0.0, 0.0
		for n := range min(len(f.time), 7) {
			hits += f.arrivals[n]
			below += f.time[n]
			waste += below / 1e9
			r := replayed(t, src, fleet, []int32{int32(n + 1)})
			if math.Abs(float64(hits-r.Hits)) > c.near*float64(r.Hits) || math.Abs(waste-r.InstanceS.Waste) > c.near*r.InstanceS.Waste {
				t.Errorf("lead time %v, level %d: counted %d hits and %.1f s of waste, replayed %d and %.1f", c.lead, n+1, hits, waste, r.Hits, r.InstanceS.Waste)
			}
		}
	}
}

// No other levels waste less at as many hits: tried are all there are.
func TestStaticByCategoryIsTheBestOfAll(t *testing.T) {
	src := mixedBursts()
	fleet, err := FleetOf(src, Category{Lead: Constant(time.Minute), Price: 1}, false)
	if err != nil {
		t.Fatal(err)
	}
	const most = 7
	var all [most * most]*Result
	for a := range int32(most) {
		for b := range int32(most) {
			all[a*most+b] = replayed(t, src, fleet, []int32{a, b})
		}
	}
	family := StaticByCategory(src, fleet, Options{Seed: 1, MeasureFrom: src.Arrival[0] + int64(time.Hour)})
	for _, rate := range []string{"0.5", "0.8", "0.9", "0.95"} {
		sizer, err := family.Sizer(policy.Spec{Name: family.Name}.With("hit_rate", rate), policy.Fleet{Config: fleet.PolicyConfig()})
		if err != nil {
			t.Fatal(err)
		}
		levels := []int32{sizer.Start(0, 0).Stock, sizer.Start(0, 1).Stock}
		chosen := all[levels[0]*most+levels[1]]
		if want := map[string]float64{"0.5": 0.5, "0.8": 0.8, "0.9": 0.9, "0.95": 0.95}[rate]; chosen.HitRate < want {
			t.Errorf("at %s the levels %v give %v hits", rate, levels, chosen.HitRate)
		}
		for i, r := range all {
			if r.Hits >= chosen.Hits && r.InstanceS.Waste < chosen.InstanceS.Waste-1e-6 {
				t.Errorf("at %s the levels %v waste %.0f s for %d hits; %d and %d waste %.0f s for %d", rate, levels,
					chosen.InstanceS.Waste, chosen.Hits, i/most, i%most, r.InstanceS.Waste, r.Hits)
			}
		}
	}
}

func TestStaticByCategoryRefusesReusable(t *testing.T) {
	src := mixedBursts()
	fleet, err := FleetOf(src, Category{Category: policy.Category{Reusable: true}, Lead: Constant(time.Minute), Price: 1}, false)
	if err != nil {
		t.Fatal(err)
	}
	family := StaticByCategory(src, fleet, Options{})
	if _, err := family.Sizer(policy.Spec{Name: family.Name}, policy.Fleet{Config: fleet.PolicyConfig()}); err == nil {
		t.Error("levels were found for reusable instances, for which they are not the best")
	}
}
