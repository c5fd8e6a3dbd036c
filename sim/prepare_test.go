package sim

import (
	"fmt"
	"math"
	"testing"
	"time"

	"shadowpool/policy"
	"shadowpool/trace"
)

// ahead prepares every instance for one dataset; it holds a level.
type ahead struct {
	level   int32
	dataset uint32
}

func (a ahead) Traits() policy.Traits                         { return policy.Traits{Idle: policy.RetireByWarm} }
func (a ahead) Start(policy.Time, policy.PoolID) policy.Level { return policy.Hold(a.level) }
func (a ahead) Arrive(policy.Time, policy.Request, policy.Stock) policy.Level {
	return policy.Hold(a.level)
}
func (a ahead) Tick(policy.Time, policy.PoolID, policy.Stock) (policy.Level, policy.Time) {
	return policy.Hold(a.level), policy.Never
}
func (a ahead) Aim(policy.Time, policy.PoolID) policy.Target {
	return policy.Target{Dataset: a.dataset}
}
func (a ahead) Reaim(policy.Time, policy.PoolID, policy.Target) (policy.Target, bool) {
	return policy.Target{}, false
}
func (a ahead) Promoted(policy.Time, policy.PoolID, policy.Target, uint8, bool) {}
func (a ahead) Holds(policy.PoolID, policy.Target, int32)                       {}
func (a ahead) Keeps(policy.PoolID, policy.KeptKey, int32)                      {}
func (a ahead) Further(policy.Time, policy.PoolID, policy.Target, []policy.KeptKey) (policy.KeptKey, bool) {
	return policy.KeptKey{}, false
}
func (a ahead) Worth(_ policy.Time, _ policy.PoolID, _ []policy.Target, worth []float64) {
	clear(worth)
}

// asks is a trace of requests for datasets at seconds after the hour.
func asks(t *testing.T, rows ...[2]int64) *trace.Trace {
	t.Helper()
	b := trace.Trace{Name: "asks", Strings: trace.Strings{Dataset: []string{"", "d1", "d2", "d3"}}}
	for _, r := range rows {
		b.Arrival = append(b.Arrival, 3600e9+r[0]*1e9)
		b.Duration = append(b.Duration, 10e9)
		b.Dataset = append(b.Dataset, uint32(r[1]))
	}
	return &b
}

func staged(lead, stage time.Duration) Fleet {
	return Fleet{Categories: []Category{{
		Category: policy.Category{Name: "", Stages: []policy.Stage{{Name: "load", Of: policy.OfDataset}}},
		Lead:     Constant(lead), StageTimes: []LeadTime{Constant(stage)}, Price: 1,
	}}, Pooled: true}
}

// One instance at a time: lead time 60 s, and 20 s to load a dataset; instances are
// prepared for dataset 1.
func TestRequestsWaitForWhatIsMissing(t *testing.T) {
	for _, c := range []struct {
		name string
		rows [][2]int64
		wait []float64
		hits int64
	}{
		{"nothing warm, then everything missing", [][2]int64{{0, 2}}, []float64{80}, 0},
		{"the second finds it prepared", [][2]int64{{0, 2}, {200, 1}}, []float64{80, 0}, 1},
		// The first takes the instance that is warm at 60, its successor is launched at 0.
		{"half prepared", [][2]int64{{0, 2}, {70, 1}}, []float64{80, 10}, 0},
		{"half prepared for another", [][2]int64{{0, 2}, {70, 3}}, []float64{80, 20}, 0},
		{"prepared for another", [][2]int64{{0, 2}, {200, 3}}, []float64{80, 20}, 0},
		{"needs none", [][2]int64{{0, 2}, {200, 0}}, []float64{80, 0}, 1},
	} {
		r, err := Run(asks(t, c.rows...), staged(time.Minute, 20*time.Second), ahead{1, 1}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, w := range c.wait {
			sum += w
		}
		if p := r.Prepared; p.Found > p.Needing || p.Needing > r.Requests || c.hits > 0 && c.rows[len(c.rows)-1][1] != 0 && p.Found != c.hits {
			t.Errorf("%s: prepared %+v", c.name, p)
		}
		if got := r.WaitS.Mean * float64(r.Requests); math.Abs(got-sum) > 1e-6 || r.Hits != c.hits {
			t.Errorf("%s: waits sum to %v s and %d hits, want %v s and %d", c.name, got, r.Hits, sum, c.hits)
		}
	}
}

// disk fetches one further dataset on every instance that is prepared.
type disk struct {
	ahead
	further uint32
}

func (d disk) Further(_ policy.Time, _ policy.PoolID, _ policy.Target, keeps []policy.KeptKey) (policy.KeptKey, bool) {
	return policy.KeptKey{Key: policy.Target{Dataset: d.further}}, len(keeps) == 0
}

// Lead time 60 s, 20 s to fetch a dataset to a disk that has room for two, 5 s to load it.
// Instances are prepared for dataset 1, and fetch dataset 2 too.
func TestRequestsFindWhatTheDiskKeeps(t *testing.T) {
	fleet := staged(time.Minute, 20*time.Second)
	k := &fleet.Categories[0]
	k.Stages[0].Keeps = 2
	k.Stages = append(k.Stages, policy.Stage{Name: "load", Of: policy.OfDataset})
	k.StageTimes = append(k.StageTimes, Constant(5*time.Second))
	for _, c := range []struct {
		name     string
		reusable bool
		rows     [][2]int64
		wait     []float64
	}{
		{"loaded", false, [][2]int64{{0, 3}, {200, 1}}, []float64{85, 0}},
		{"on the disk", false, [][2]int64{{0, 3}, {200, 2}}, []float64{85, 5}},
		{"neither", false, [][2]int64{{0, 3}, {200, 3}}, []float64{85, 25}},
		// The successor becomes warm at 60, prepared at 85, and has fetched dataset 2 at 105.
		{"half fetched", false, [][2]int64{{0, 3}, {100, 2}}, []float64{85, 10}},
		{"half fetched, but not wanted", false, [][2]int64{{0, 3}, {100, 1}}, []float64{85, 0}},
		// One instance: what is loaded anew leaves the former on the disk; of three the one that
		// was there longest goes.
		{"swapped", true, [][2]int64{{0, 1}, {200, 2}, {300, 1}, {400, 3}, {500, 1}, {600, 2}}, []float64{85, 5, 5, 25, 5, 25}},
	} {
		k.Reusable = c.reusable
		r, err := Run(asks(t, c.rows...), fleet, disk{ahead{1, 1}, 2}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, w := range c.wait {
			sum += w
		}
		if got := r.WaitS.Mean * float64(r.Requests); math.Abs(got-sum) > 1e-6 {
			t.Errorf("%s: waits sum to %v s, want %v s", c.name, got, sum)
		}
	}
}

// A request finds the same stage times whatever was prepared, so that policies
// are compared in pairs.
func TestStageTimesBelongToRequests(t *testing.T) {
	fleet := staged(0, 0)
	fleet.Categories[0].StageTimes = []LeadTime{Lognormal{Median: 20 * time.Second, P99: time.Minute}}
	var rows [][2]int64
	for i := range int64(50) {
		rows = append(rows, [2]int64{1000 * i, 1 + i%3})
	}
	max := func(level int32) float64 {
		r, err := Run(asks(t, rows...), fleet, ahead{level, 0}, Options{Seed: 4})
		if err != nil {
			t.Fatal(err)
		}
		return r.WaitS.Max
	}
	if a, b := max(1), max(5); a != b || a == 0 {
		t.Errorf("the longest wait is %v s and %v s", a, b)
	}
}

// Sums and shares that take nothing keep their mean, and what their
// distributions must be.
func TestSumsOfStages(t *testing.T) {
	one, two := Lognormal{Median: 10 * time.Second, P99: 40 * time.Second}, Constant(5*time.Second)
	s := NewSum([]LeadTime{one, two})
	for _, u := range []float64{0.01, 0.5, 0.9, 0.99} {
		want := float64(one.Quantile(u) + two.Quantile(u))
		if got := float64(s.Quantile(u)); math.Abs(got/want-1) > 0.03 {
			t.Errorf("quantile %v is %v, want %v", u, time.Duration(got), time.Duration(want))
		}
	}
	if s.Mean() != one.Mean()+two.Mean() {
		t.Errorf("mean %v", s.Mean())
	}
	both := NewSum([]LeadTime{one, one}) // independent: the variances add up
	variance := func(l LeadTime) float64 {
		sum, squares := 0.0, 0.0
		const n = 20000
		for i := range n {
			x := float64(l.Quantile((float64(i)+0.5)/n)) / 1e9
			sum += x
			squares += x * x
		}
		return squares/n - sum/n*sum/n
	}
	if ratio := variance(both) / variance(one); math.Abs(ratio-2) > 0.1 {
		t.Errorf("the variance of two is %v times that of one", ratio)
	}
	c := Cached{two, 0.25}
	if c.Quantile(0.2) != 0 || c.Quantile(0.3) != int64(two) || c.Mean() != 3750*time.Millisecond {
		t.Errorf("cached: %v, %v, %v", c.Quantile(0.2), c.Quantile(0.3), c.Mean())
	}
}

// An order that the provider refuses at once is prepared for nothing.
func TestRefusedOrdersAreNotPrepared(t *testing.T) {
	fleet := staged(time.Minute, 20*time.Second)
	fleet.Provider = Provider{Quota: Quota{OnDemand: 1}}
	r, err := Run(asks(t, [2]int64{0, 1}, [2]int64{10, 1}, [2]int64{500, 1}), fleet, ahead{2, 1}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.FailedLaunches == 0 || r.Requests != 3 {
		t.Errorf("%d launches failed, %d requests were served", r.FailedLaunches, r.Requests)
	}
}

// Long waits are a target where stages vary too: of those who lack one, some
// wait for too long.
func TestAdaptiveKeepsWaitsOfStages(t *testing.T) {
	src := zipfTrace(40000, 20)
	from := src.Arrival[0] + (src.Arrival[len(src.Arrival)-1]-src.Arrival[0])/2
	for _, keeps := range []int{1, 4} {
		fleet := staged(0, 0)
		k := &fleet.Categories[0]
		k.Lead = Lognormal{Median: 45 * time.Second, P99: 2 * time.Minute}
		k.Stages = []policy.Stage{{Name: "fetch", Of: policy.OfDataset, Keeps: keeps}, {Name: "load", Of: policy.OfDataset}}
		k.StageTimes = []LeadTime{Lognormal{Median: 15 * time.Second, P99: time.Minute}, Lognormal{Median: 5 * time.Second, P99: 20 * time.Second}}
		for _, target := range []float64{20, 80} {
			r := runSpec(t, src, fleet, fmt.Sprintf("adaptive:wait_p99=%vs", target), Options{MeasureFrom: from, Timeline: 1, Seed: 5})
			if late := waitsAbove(r, target); late < 0.005 || late > 0.015 {
				t.Errorf("%d datasets a disk: %.4f wait for more than the %v s that 0.01 may", keeps, late, target)
			} else {
				t.Logf("%d datasets a disk: %.4f wait for more than %v s, waste %.0f h", keeps, late, target, r.InstanceS.Waste/3600)
			}
		}
	}
}
