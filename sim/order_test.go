package sim

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shadowpool/policy"
	"shadowpool/trace"
)

// requests makes a trace of (arrival, duration) in seconds.
func requests(pairs ...[2]int64) *trace.Trace {
	t := &trace.Trace{Name: "by hand"}
	for _, p := range pairs {
		t.Arrival = append(t.Arrival, p[0]*1e9)
		t.Duration = append(t.Duration, p[1]*1e9)
	}
	return t
}

// Simultaneous events, worked by hand: [hits, partial hits, misses].
func TestTies(t *testing.T) {
	keep := func() policy.Sizer { return policy.NewKeepAlive(10 * time.Second) }
	hold := func(s int32) func() policy.Sizer {
		return func() policy.Sizer { return policy.NewStatic([]int32{s}) }
	}
	for _, c := range []struct {
		why   string
		trace *trace.Trace
		lead  time.Duration
		fleet func(*Fleet)
		sizer func() policy.Sizer
		warm  bool
		want  [3]int64
	}{
		{"an instance freed at 5 with keep-alive 10 is gone at 15", requests([2]int64{0, 5}, [2]int64{15, 1}), 0, reusable, keep, false, [3]int64{0, 0, 2}},
		{"a nanosecond earlier it is there", requests([2]int64{0, 5}, [2]int64{14, 1}), 0, reusable, keep, false, [3]int64{1, 0, 1}},
		{"a release precedes the arrival of its instant", requests([2]int64{0, 5}, [2]int64{5, 1}), 0, reusable, keep, false, [3]int64{1, 0, 1}},
		{"the release of a zero-duration request precedes the next arrival of that instant", requests([2]int64{0, 0}, [2]int64{0, 0}, [2]int64{0, 0}), 0, reusable, keep, false, [3]int64{2, 0, 1}},
		{"warm precedes the arrival of its instant", requests([2]int64{0, 1}, [2]int64{10, 1}), 10 * time.Second, singleUse, hold(1), true, [3]int64{2, 0, 0}},
		{"first launches are ordered before the first arrival, and serve it when warm", requests([2]int64{0, 1}), 10 * time.Second, singleUse, hold(1), false, [3]int64{0, 0, 1}},
		{"what was ordered before makes a partial hit", requests([2]int64{0, 1}, [2]int64{4, 1}), 10 * time.Second, singleUse, hold(1), false, [3]int64{0, 1, 1}},
		{"late binding: the released instance serves the head of the queue", requests([2]int64{0, 3}, [2]int64{11, 1}), 10 * time.Second, reusable, keep, false, [3]int64{0, 1, 1}},
		{"early binding: it waits for its own launch", requests([2]int64{0, 3}, [2]int64{11, 1}), 10 * time.Second, func(f *Fleet) { reusable(f); f.Binding = policy.Early }, keep, false, [3]int64{0, 0, 2}},
	} {
		fleet := oneCategory(false, Constant(c.lead))
		c.fleet(&fleet)
		r, err := Run(c.trace, fleet, c.sizer(), Options{StartWarm: c.warm})
		if err != nil {
			t.Fatal(err)
		}
		if got := [3]int64{r.Hits, r.PartialHits, r.Misses}; got != c.want {
			t.Errorf("%s: got %v, want %v", c.why, got, c.want)
		}
	}
}

func reusable(f *Fleet)  { f.Categories[0].Reusable = true }
func singleUse(f *Fleet) { f.Categories[0].Reusable = false }

// A small run worked by hand, every figure: level 1, lead 10 s, arrivals at
// 0, 4 and 30, durations 5, 5 and 5.
//
// Launches: A at 0 for the level, B at 0 (arrival), C at 4 (arrival), D at 30.
// A warm at 10 serves the first (wait 10), B warm at 10 the second (wait 6);
// C is warm at 14 and idles till 30, where it serves the third. The span ends
// at 30.
func TestFiguresByHand(t *testing.T) {
	fleet := oneCategory(false, Constant(10*time.Second))
	fleet.Categories[0].Price = 36
	r, err := Run(requests([2]int64{0, 5}, [2]int64{4, 5}, [2]int64{30, 5}), fleet, policy.NewStatic([]int32{1}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := &Result{
		Trace: "by hand", Requests: 3, Hits: 1, PartialHits: 1, Misses: 1, HitRate: 1.0 / 3,
		WaitS:     Waits{Mean: 16.0 / 3, P50: 6, P90: 10, P95: 10, P99: 10, P999: 10, Max: 10},
		InstanceS: InstanceS{Launching: 30, Idle: 16, Serving: 10, Waste: 16},
		Launches:  4, LaunchesPerReq: 4.0 / 3, Terminations: 2,
		CostUSD:       Cost{Total: 0.56, Idle: 0.16, Launching: 0.3, Serving: 0.1, OnDemand: 0.56},
		PeakInstances: 3, SpanS: 30, Implementable: true,
	}
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 0.01*math.Abs(b)+1e-12 })
	if diff := cmp.Diff(want, r, near); diff != "" {
		t.Error(diff)
	}
}

// Measuring from 10 s on: the first two requests do not count, and
// instance-seconds are clipped.
func TestMeasuredSpan(t *testing.T) {
	fleet := oneCategory(false, Constant(10*time.Second))
	r, err := Run(requests([2]int64{0, 5}, [2]int64{4, 5}, [2]int64{30, 5}), fleet, policy.NewStatic([]int32{1}), Options{MeasureFrom: 10e9})
	if err != nil {
		t.Fatal(err)
	}
	want := InstanceS{Launching: 4, Idle: 16, Serving: 10, Waste: 16}
	if diff := cmp.Diff(want, r.InstanceS); diff != "" || r.Requests != 1 || r.Hits != 1 || r.Launches != 1 || r.SpanS != 20 {
		t.Errorf("%s\n%+v", diff, r)
	}
}

// Billing rounds each life up: 18 s to the minute, and to two hours at least.
func TestBilling(t *testing.T) {
	for _, c := range []struct {
		billing Billing
		want    float64
	}{{Billing{}, 15}, {Billing{Granularity: time.Minute}, 60}, {Billing{Minimum: 2 * time.Hour}, 7200}, {Billing{Granularity: 7 * time.Second, Minimum: 15 * time.Second}, 21}} {
		fleet := oneCategory(false, Constant(10*time.Second))
		fleet.Categories[0].Price, fleet.Categories[0].Billing = 3600, c.billing
		// The second request only stretches the span; its instance is alive at
		// the end and not rounded.
		r, err := Run(requests([2]int64{0, 5}, [2]int64{100, 5}), fleet, policy.None{}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.CostUSD.Total; math.Abs(got-c.want) > 1e-6 {
			t.Errorf("%+v: $%.3f, want $%.3f", c.billing, got, c.want)
		}
	}
}

// Little's law holds exactly on finished stages, and the same seed gives the
// same bytes; another seed does not.
func TestStagesAndSeeds(t *testing.T) {
	src := poissonArrivals(3, 5000, 0.2, exponential(time.Minute))
	fleet := oneCategory(false, Lognormal{Median: 20 * time.Second, P99: time.Minute})
	run := func(seed uint64, level int32) (*Result, []policy.Record) {
		var records []policy.Record
		log := policy.NewLog(func(batch []policy.Record) error {
			records = append(records, batch...)
			return nil
		})
		r, err := Run(src, fleet, policy.NewStatic([]int32{level}), Options{Seed: seed, Log: log})
		if err != nil {
			t.Fatal(err)
		}
		return r, records
	}
	r, a := run(1, 5)
	_, b := run(1, 5)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error("the same seed gave other actions")
	}
	if _, c := run(2, 5); cmp.Equal(a, c) {
		t.Error("another seed gave the same actions")
	}
	served := 0.0
	for _, d := range src.Duration {
		served += float64(d) / 1e9
	}
	// All but what is in service at the last arrival.
	if r.InstanceS.Serving > served || r.InstanceS.Serving < served*0.99 {
		t.Errorf("serving %.1f s, durations sum to %.1f s", r.InstanceS.Serving, served)
	}
	// The j-th launch takes as long under every policy.
	lead := func(records []policy.Record, n int) (spans []int64) {
		// With level 5 and 6 the first launches are ordered at the same instant.
		for _, rec := range records[:n] {
			if rec.Action == policy.Launched {
				spans = append(spans, rec.Time)
			}
		}
		return spans
	}
	_, six := run(1, 6)
	if len(lead(a, 5)) != 5 || len(lead(six, 6)) != 6 {
		t.Error("first launches are missing")
	}
}

func TestCommonRandomNumbers(t *testing.T) {
	s := newStream(7, "lead", "small")
	first := s.uniform(3)
	for j := range uint64(100) {
		_ = s.uniform(j)
	}
	if s.uniform(3) != first {
		t.Error("draw 3 depends on what was drawn before")
	}
	if newStream(7, "lead", "large").uniform(3) == first || newStream(8, "lead", "small").uniform(3) == first {
		t.Error("streams of other names or seeds are the same")
	}
	mean := 0.0
	for j := range uint64(100000) {
		u := s.uniform(j)
		if u <= 0 || u >= 1 {
			t.Fatalf("draw %d = %v", j, u)
		}
		mean += u / 100000
	}
	if math.Abs(mean-0.5) > 0.004 {
		t.Errorf("mean of the draws %.4f", mean)
	}
}

// Instants and spans that cannot be are refused, not run into the controller.
func TestImpossibleInstants(t *testing.T) {
	year := int64(365 * 24 * time.Hour)
	for name, src := range map[string]*trace.Trace{
		"before 1970":     {Columns: trace.Columns{Arrival: []int64{-1}, Duration: []int64{0}}},
		"after 2100":      {Columns: trace.Columns{Arrival: []int64{200 * year}, Duration: []int64{0}}},
		"endless":         {Columns: trace.Columns{Arrival: []int64{0}, Duration: []int64{100 * year}}},
		"negative":        {Columns: trace.Columns{Arrival: []int64{0}, Duration: []int64{-1}}},
		"not sorted":      {Columns: trace.Columns{Arrival: []int64{2, 1}, Duration: []int64{0, 0}}},
		"not one request": {},
	} {
		if _, err := Run(src, oneCategory(false, Constant(time.Second)), policy.None{}, Options{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	// The longest durations, one after the other on one instance, end with
	// time itself.
	late := &trace.Trace{Columns: trace.Columns{Arrival: make([]int64, 10), Duration: make([]int64, 10)}}
	for i := range late.Arrival {
		late.Arrival[i], late.Duration[i] = 129*year, 15*year
	}
	fleet := oneCategory(true, Constant(time.Second))
	fleet.Categories[0].MaxInstances = 1
	if r, err := Run(late, fleet, policy.NewKeepAlive(time.Hour), Options{}); err != nil || r.Requests != 10 {
		t.Errorf("%+v, %v", r, err)
	}
}
