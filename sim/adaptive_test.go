package sim

import (
	"testing"
	"time"

	"shadowpool/policy"
)

// adaptive keeps its target by itself on a steady stream, whether the lead time
// is much longer or much shorter than a tick, and wastes little more than the
// best constant level, which is what hindsight would choose there.
func TestAdaptiveHoldsItsTarget(t *testing.T) {
	for _, c := range []struct {
		n        int
		rate     float64
		lead     LeadTime
		reusable bool
		most     float64 // of the best static's waste
	}{
		{30000, 0.05, Constant(100 * time.Second), false, 1.25},
		{30000, 0.2, Lognormal{Median: 60 * time.Second, P99: 3 * time.Minute}, false, 1.25},
		{150000, 200, Constant(50 * time.Millisecond), false, 1.4},
		{150000, 20, Constant(2 * time.Second), false, 1.4},
	} {
		src := poissonArrivals(4, c.n, c.rate, exponential(30*time.Second))
		fleet := oneCategory(c.reusable, c.lead)
		from := src.Arrival[0] + (src.Arrival[c.n-1]-src.Arrival[0])/3
		run := func(spec string) *Result {
			return runSpec(t, src, fleet, spec, Options{MeasureFrom: from})
		}
		var best *Result
		for level := int32(0); best == nil; level++ {
			r, err := Run(src, fleet, policy.NewStatic([]int32{level}), Options{MeasureFrom: from})
			if err != nil {
				t.Fatal(err)
			}
			if r.HitRate >= 0.95 {
				best = r
			}
		}
		r := run("adaptive:hit_rate=0.95")
		if r.HitRate < 0.94 || r.HitRate > 0.985 {
			t.Errorf("rate %g, lead %v: hit rate %.4f for a target of 0.95", c.rate, c.lead, r.HitRate)
		}
		if share := r.InstanceS.Waste / best.InstanceS.Waste; share > c.most {
			t.Errorf("rate %g, lead %v: %.2f of static's waste, at %.4f hits", c.rate, c.lead, share, r.HitRate)
		}
		t.Logf("rate %g, lead %v: hit rate %.4f, %.2f of static's waste", c.rate, c.lead, r.HitRate, r.InstanceS.Waste/best.InstanceS.Waste)
	}
}

// In its first seconds it knows next to nothing; it must not launch several
// hundred for a demand of some dozens, how variable it is being unknown.
func TestAdaptiveStartsGently(t *testing.T) {
	src := poissonArrivals(6, 400, 33, exponential(100*time.Millisecond))
	fleet := oneCategory(false, Constant(time.Second))
	fleet.Tick = time.Second
	sizer, err := policy.Build(policy.Spec{Name: "adaptive"}, policy.Fleet{Config: fleet.PolicyConfig()})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(src, fleet, sizer, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.PeakInstances > 300 {
		t.Errorf("%d instances at once for a demand of 36 over the lead time and in use", r.PeakInstances)
	}
}

// On a steady stream for reusable instances it wastes less than the keep-alive
// that misses as often, whether services are longer or shorter than lead times,
// and instances rare or many.
func TestAdaptiveReuses(t *testing.T) {
	for _, c := range []struct {
		n    int
		rate float64
		lead LeadTime
	}{
		{8000, 0.02, Constant(13 * time.Second)},
		{20000, 0.5, Constant(13 * time.Second)},
		{12000, 0.05, Constant(100 * time.Second)},
		{40000, 10, Constant(2 * time.Second)},
	} {
		src := poissonArrivals(4, c.n, c.rate, exponential(30*time.Second))
		fleet := oneCategory(true, c.lead)
		from := src.Arrival[0] + (src.Arrival[c.n-1]-src.Arrival[0])/3
		run := func(sizer policy.Sizer) *Result {
			r, err := Run(src, fleet, sizer, Options{MeasureFrom: from})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		sizer := build(t, "adaptive:hit_rate=0.95", fleet)
		r := run(sizer)
		if r.HitRate < 0.94 || r.HitRate > 0.97 {
			t.Errorf("rate %g, lead %v: hit rate %.4f for a target of 0.95", c.rate, c.lead, r.HitRate)
		}
		short, long := time.Second, 2*time.Hour // bracket the keep-alive of as many hits
		for long > short+short/16 {
			middle := (short + long) / 2
			if run(policy.NewKeepAlive(middle)).HitRate < r.HitRate {
				short = middle
			} else {
				long = middle
			}
		}
		best := run(policy.NewKeepAlive(short)) // it misses a little more often
		share := r.InstanceS.Waste / best.InstanceS.Waste
		if share > 0.95 {
			t.Errorf("rate %g, lead %v: %.2f of the waste of a keep-alive of %v", c.rate, c.lead, share, short)
		}
		t.Logf("rate %g, lead %v: hit rate %.4f, %.2f of the waste of a keep-alive of %v", c.rate, c.lead, r.HitRate, share, short)
	}
}

// Waits are targets too: of a percentile, of a mean, and by a price.
func TestAdaptiveKeepsWaits(t *testing.T) {
	src := poissonArrivals(7, 40000, 0.3, exponential(30*time.Second))
	fleet := oneCategory(false, Constant(100*time.Second))
	from := src.Arrival[0] + (src.Arrival[len(src.Arrival)-1]-src.Arrival[0])/3
	run := func(spec string) *Result {
		return runSpec(t, src, fleet, spec, Options{MeasureFrom: from, Timeline: 1})
	}
	if late := waitsAbove(run("adaptive:wait_p99=20s"), 20); late < 0.004 || late > 0.02 {
		t.Errorf("%.4f wait more than what 0.01 may", late)
	}
	if mean := run("adaptive:wait_mean=2s").WaitS.Mean; mean < 1.4 || mean > 2.6 {
		t.Errorf("the mean wait is %.2f s, for a target of 2 s", mean)
	}
	// At a price w per second of waiting the cost of idling and waiting is near
	// that of the best constant level.
	const w = 8
	cost := func(r *Result) float64 { return r.InstanceS.Waste + w*r.WaitS.Mean*float64(r.Requests) }
	best := 0.0
	for level := int32(25); level < 60; level++ {
		r, err := Run(src, fleet, policy.NewStatic([]int32{level}), Options{MeasureFrom: from})
		if err != nil {
			t.Fatal(err)
		}
		if c := cost(r); best == 0 || c < best {
			best = c
		}
	}
	if got := cost(run("adaptive:wait_price=8")); got > 1.1*best {
		t.Errorf("idling and waiting cost %.3f of the best constant level's", got/best)
	}
}
