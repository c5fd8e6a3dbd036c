package sim

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"shadowpool/policy"
	"shadowpool/policy/referee"
	"shadowpool/trace"
)

var watchAll = flag.Bool("referee", false, "let a referee watch every run of these tests")

func TestMain(m *testing.M) {
	flag.Parse()
	if *watchAll {
		referees = func() *referee.Referee { return &referee.Referee{} }
	}
	os.Exit(m.Run())
}

// watched runs a policy under a referee, whose counts must be the result's.
func watched(t *testing.T, src trace.Source, fleet Fleet, spec string, seed uint64) {
	t.Helper()
	sizer := build(t, spec, fleet)
	ref := &referee.Referee{}
	r, err := Run(src, fleet, sizer, Options{Seed: seed, Referee: ref, Hints: Hints{None: true}})
	if err != nil {
		t.Fatalf("%s: %v", spec, err)
	}
	var sum referee.Ledger
	for p := range fleet.Categories {
		l := ref.Ledger(policy.PoolID(p))
		sum.Launched += l.Launched
		for o, n := range l.Outcomes {
			sum.Outcomes[o] += n
		}
	}
	for o, got := range [3]int64{r.Hits, r.PartialHits, r.Misses} {
		if n := sum.Outcomes[o]; n < got || n > got && r.Interruptions == 0 { // who was interrupted is served again
			t.Errorf("%s: of %d requests the result has %d of outcome %v, the referee %d", spec, r.Requests, got, policy.Outcome(o), n)
		}
	}
	if sum := r.Hits + r.PartialHits + r.Misses; sum != r.Requests {
		t.Errorf("%s: %d of %d requests are served", spec, sum, r.Requests)
	}
	if r.Launches > sum.Launched { // those after the last arrival do not count
		t.Errorf("%s: the result has %d launches, the referee %d", spec, r.Launches, sum.Launched)
	}
}

// withLayers gives each of a fleet's categories the same two layers.
func withLayers(t *testing.T, fleet Fleet) Fleet {
	t.Helper()
	lead := fleet.Categories[0].Lead.Mean()
	stacks := make([][]policy.Layer, len(fleet.Categories))
	for i := range stacks {
		stacks[i] = []policy.Layer{
			{Name: "bare", Adapt: lead * 3 / 4, Memory: 0.2}, {Name: "language", Adapt: lead / 4, Memory: 0.5},
		}
	}
	if err := fleet.AddLayers(stacks); err != nil {
		t.Fatal(err)
	}
	return fleet
}

// No law is broken on the public traces.
func TestWatchedTraces(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	for _, name := range []string{"genai", "nasa_ipsc"} {
		src := sharedTrace(t, name+".csv.gz")
		for _, reusable := range []bool{false, true} {
			fleet, err := FleetOf(src, Category{
				Category: policy.Category{Reusable: reusable}, Price: 1,
				Lead: Lognormal{Median: 60 * time.Second, P99: 200 * time.Second, Fail: 0.01},
			}, false)
			if err != nil {
				t.Fatal(err)
			}
			fleet.Isolation = policy.ByTenant
			t.Run(fmt.Sprintf("%s,reusable=%t", name, reusable), func(t *testing.T) {
				t.Parallel()
				watched(t, src, fleet, "static:level=2", 1)
				watched(t, src, fleet, "keepalive:ttl=600s", 1)
				if reusable {
					watched(t, src, fleet, "adaptive:hit_rate=0.95", 1)
					watched(t, src, withLayers(t, fleet), "layered", 1)
				}
			})
		}
	}
}

// Nor on the generated workloads.
func TestWatchedPresets(t *testing.T) {
	for _, w := range trace.Presets() {
		t.Run(w.Name, func(t *testing.T) {
			if testing.Short() {
				t.Skip("takes a while")
			}
			t.Parallel()
			w.Span = min(w.Span, 2*24*time.Hour)
			src, err := w.Generate(3)
			if err != nil {
				t.Fatal(err)
			}
			fleet, err := FleetOf(src, Category{Price: 1, Lead: Constant(2 * time.Minute)}, false)
			if err != nil {
				t.Fatal(err)
			}
			for i := range fleet.Categories {
				fleet.Categories[i].Reusable = i%2 != 0
			}
			watched(t, src, fleet, "static:level=2", 1)
			watched(t, src, fleet, "keepalive:ttl=600s", 1)
			if len(fleet.Categories) < 100 { // else it takes too long
				watched(t, src, fleet, "adaptive:hit_rate=0.95", 1)
			}
			fleet.Isolation, fleet.Binding = policy.ByTenant, policy.Early
			watched(t, src, withLayers(t, fleet), "layered", 1)
		})
	}
}

// Nor in a fleet on spot, with stopped instances, a budget, a maximum age and a
// provider that refuses.
func TestWatchedCloud(t *testing.T) {
	src := poissonArrivals(7, 4000, 0.02, exponential(3*time.Minute))
	for _, reusable := range []bool{false, true} {
		fleet := onSpot(Lognormal{Median: 60 * time.Second, P99: 200 * time.Second, Fail: 0.02}, func(k *Category) {
			k.Reusable, k.Spot.Replace = reusable, true
			for h := range 24 {
				k.Market.Interruptions[h], k.Market.Refused[h] = 2, 0.2
			}
			k.Stopped = &policy.StoppedTerms{Price: 0.05, Resume: 10e9}
			k.Lifecycle = policy.Lifecycle{MaxAge: 40 * time.Minute, MinRemaining: time.Minute, IdleTimeout: 5 * time.Minute}
		})
		fleet.Budget, fleet.Isolation = 18, policy.ByTenant
		fleet.Provider = Provider{LaunchesPerSecond: 0.5, Burst: 4, Quota: Quota{OnDemand: 12, Spot: 8}}
		for _, spec := range []string{"static:level=4,stopped=3", "keepalive:ttl=600s", "adaptive:hit_rate=0.9", "headroom:spare=3"} {
			watched(t, src, fleet, spec, 1)
		}
	}
}
