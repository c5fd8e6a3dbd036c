package sim

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shadowpool/policy"
	"shadowpool/trace"
)

// families are settings of every policy that can run live, but schedule,
// which wants a timetable.
var families = []string{
	"none", "static:level=2", "keepalive:ttl=60s", "headroom:share=0.5,min=1", "static-rolling:hit_rate=0.9",
	"schedule:timetable=Mon-Fri 08:00-18:00 3", "ewma:quantile=0.9", "adaptive:hit_rate=0.9",
	"break-even:seed=1", "cidre:ttl=60s", "ec2-warm-pool:prepared=4", "greedy-dual:memory=5", "hybrid-histogram:range=5m",
	"layered:price=1", "lazy-capacity:scale=2", "openwhisk-reactive:ttl=60s", "spes",
}

// step is an action without the name of the instance, which may change.
type step struct {
	Time    policy.Time
	Pool    policy.PoolID
	Action  policy.Action
	Reason  policy.Reason
	Outcome policy.Outcome
	Request policy.RequestID
}

func actions(t *testing.T, src *trace.Trace, fleet Fleet, spec string) []step {
	t.Helper()
	sizer := build(t, spec, fleet)
	var steps []step
	log := policy.NewLog(func(batch []policy.Record) error {
		for _, r := range batch {
			steps = append(steps, step{r.Time, r.Pool, r.Action, r.Reason, r.Outcome, r.Request})
		}
		return nil
	})
	if _, err := Run(src, fleet, sizer, Options{Seed: 1, Log: log}); err != nil {
		t.Fatal(err)
	}
	return steps
}

// burstyTrace has two categories, of which the second only wakes now and then.
func burstyTrace() *trace.Trace {
	src := poissonArrivals(9, 3000, 0.05, exponential(40*time.Second))
	src.Strings.Category = []string{"", "a", "b"}
	for i := range src.Arrival {
		c := uint32(1)
		if i/100%5 == 4 {
			c = 2
		}
		src.Category = append(src.Category, c)
	}
	return src
}

func burstyFleet(t *testing.T, src trace.Source, reusable bool) Fleet {
	t.Helper()
	template := Category{Category: policy.Category{Reusable: reusable}, Lead: Lognormal{Median: 30 * time.Second, P99: 80 * time.Second}, Price: 1}
	fleet, err := FleetOf(src, template, false)
	if err != nil {
		t.Fatal(err)
	}
	return fleet
}

// The same requests some whole weeks later are decided alike, that much later.
func TestShiftByWeeks(t *testing.T) {
	const weeks = 5 * 7 * 24 * int64(time.Hour)
	for _, spec := range families {
		for _, reusable := range []bool{false, true} {
			src := burstyTrace()
			fleet := burstyFleet(t, src, reusable)
			before := actions(t, src, fleet, spec)
			if err := src.Shift(weeks); err != nil {
				t.Fatal(err)
			}
			after := actions(t, src, fleet, spec)
			for i := range after {
				after[i].Time -= weeks
			}
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("%s, reusable=%v:\n%.600s", spec, reusable, diff)
			}
		}
	}
}

// A category that nobody asks for changes nothing in the others.
func TestIdlePoolChangesNothing(t *testing.T) {
	for _, spec := range families {
		src := burstyTrace()
		fleet := burstyFleet(t, src, true)
		alone := actions(t, src, fleet, spec)
		idle := fleet.Categories[0]
		idle.Name = "idle"
		fleet.Categories = append(fleet.Categories, idle)
		var others []step
		for _, s := range actions(t, src, fleet, spec) {
			if s.Pool < 2 {
				others = append(others, s)
			}
		}
		if diff := cmp.Diff(alone, others); diff != "" {
			t.Errorf("%s:\n%.600s", spec, diff)
		}
	}
}
