package tournament

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"shadowpool/policy"
	"shadowpool/runtime"
	"shadowpool/sim"
	"shadowpool/trace"
)

const hour = int64(time.Hour)

// day is a trace of a day and its fleet: single-use and reusable instances, crowds and
// quiet hours, tenants. Its first and its last request come at full hours.
func day(t testing.TB, isolation policy.Isolation, binding policy.Binding, leads ...sim.LeadTime) (*trace.Trace, sim.Fleet) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	b := trace.NewBuilder()
	start := 490_000 * hour
	add := func(at int64) {
		err := b.Add(trace.Record{
			Arrival: at, Duration: int64(time.Minute) + int64(random.ExpFloat64()*float64(10*time.Minute))%(40*int64(time.Minute)),
			Category: []string{"small", "large"}[random.IntN(2)], Tenant: fmt.Sprint("t", random.IntN(3)),
			Announced: trace.NoTime, Wait: trace.NoTime,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	add(start)
	for at := start; ; {
		rate := 1 + 0.9*math.Sin(float64(at-start)/float64(24*hour)*2*math.Pi)
		at += int64(random.ExpFloat64() * float64(20*time.Second) / rate)
		if at >= start+24*hour {
			break
		}
		for range 1 + random.IntN(3)*random.IntN(2) { // some at one instant
			add(at)
		}
	}
	add(start + 24*hour)
	all, err := b.Build("day", false)
	if err != nil {
		t.Fatal(err)
	}
	return all, sim.Fleet{Isolation: isolation, Binding: binding, Categories: []sim.Category{
		{Category: policy.Category{Name: "small"}, Lead: leads[0], Price: 2},
		{Category: policy.Category{Name: "large", Reusable: true, MaxInstances: 60}, Lead: leads[len(leads)-1], Price: 2},
	}}
}

// A happening is an entry with its place among those of its instant.
type happening struct {
	runtime.Entry
	place int
}

func name(id policy.InstanceID) string { return fmt.Sprintf("%d-%d", id.Slot(), uint64(id)>>32) }

// happened is what a host would have told its observers of a simulated run.
func happened(t testing.TB, src *trace.Trace, fleet sim.Fleet, live policy.Spec) []happening {
	t.Helper()
	config := fleet.PolicyConfig()
	sizer, err := policy.Build(live, policy.Fleet{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	var all []happening
	log := policy.NewLog(func(batch []policy.Record) error {
		for _, r := range batch {
			h := happening{runtime.Entry{T: r.Time, Event: "timer", Actions: []runtime.Decision{{Record: r}}}, 4}
			switch r.Action {
			case policy.Launched:
				h.place = 3
				warm := r.Time + fleet.Categories[r.Pool].Lead.Quantile(0.5) // it is constant
				all = append(all, happening{runtime.Entry{T: warm, Event: "warm", Instance: name(r.Instance)}, 0})
			case policy.Assigned:
				end := r.Time + src.Duration[r.Request]
				all = append(all, happening{runtime.Entry{T: end, Event: "release", Instance: name(r.Instance)}, 1})
			}
			all = append(all, h)
		}
		return nil
	})
	if _, err := sim.Run(src, fleet, sizer, sim.Options{Log: log}); err != nil {
		t.Fatal(err)
	}
	for i := range src.Len() {
		id, pool := policy.RequestID(i), policy.PoolID(0)
		if src.Strings.Category[src.Category[i]] == "large" {
			pool = 1
			if len(fleet.Categories) > 2 && src.Tenant[i] == fleet.Categories[2].ReservedFor {
				pool = 2
			}
		}
		all = append(all, happening{runtime.Entry{T: src.Arrival[i], Event: "arrive", Request: &id, Pool: &pool, Tenant: src.Tenant[i]}, 2})
	}
	slices.SortStableFunc(all, func(a, b happening) int { return cmp.Or(cmp.Compare(a.T, b.T), a.place-b.place) })
	return append([]happening{{runtime.Entry{T: src.Arrival[0], Event: "start"}, 0}}, all...)
}

func specs(t testing.TB, list string) []policy.Spec {
	t.Helper()
	all, err := policy.ParseSpecs(list)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// hold lets a tournament observe what happened, to its end.
func hold(t testing.TB, opt Options, all []happening) *Tournament {
	t.Helper()
	opt.Buffer = 20 * len(all)
	held, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		held.Observe(&all[i].Entry)
	}
	held.Close()
	if s := held.Status(); s.Broken != "" || s.Dropped > 0 || s.Unknown > 0 || s.Forced > 0 {
		t.Fatalf("%+v", s)
	}
	return held
}

var candidates = "static:level=3,static:level=9,keepalive:ttl=7m,ewma,adaptive:hit_rate=0.9,headroom,greedy-dual:memory=12"

// TestWorldsAreTheSimulators: with lead times that never vary, what a tournament says
// of any policy is what a simulation of the same requests says, exactly, whatever the
// live one does: how many requests hit, what they wait, idle and wasted time.
func TestWorldsAreTheSimulators(t *testing.T) {
	for _, tt := range []struct {
		live      string
		isolation policy.Isolation
		binding   policy.Binding
		reserved  bool
	}{
		{"static:level=5", policy.NoIsolation, policy.Late, false},
		{"none", policy.NoIsolation, policy.Late, false}, // everything is sooner than in reality
		{"static:level=30", policy.ByTenant, policy.Early, false},
		{"static:level=4", policy.ByTenant, policy.Late, true},
	} {
		t.Run(fmt.Sprint(tt.live, tt.isolation, tt.binding, tt.reserved), func(t *testing.T) {
			t.Parallel()
			src, fleet := day(t, tt.isolation, tt.binding, sim.Constant(2*time.Minute), sim.Constant(30*time.Second))
			if tt.reserved {
				own := policy.PoolID(2)
				fleet.Categories = append(fleet.Categories, sim.Category{
					Category: policy.Category{
						Name: "large~t1", Reusable: true, ReservedFor: uint32(slices.Index(src.Strings.Tenant, "t1")),
						Compatible: []policy.Compatible{{Pool: 1, To: &own}},
					},
					Of: "large", Tenant: "t1", Lead: fleet.Categories[1].Lead, Price: 2,
				})
			}
			live := specs(t, tt.live)[0]
			held := hold(t, Options{Fleet: fleet.PolicyConfig(), Live: live, Contenders: specs(t, candidates)}, happened(t, src, fleet, live))
			if len(held.all) < 8 {
				t.Fatalf("%d contenders", len(held.all))
			}
			for i, c := range held.all {
				sizer, err := policy.Build(c.spec, policy.Fleet{Config: fleet.PolicyConfig()})
				if err != nil {
					t.Fatal(err)
				}
				want, err := sim.Run(src, fleet, sizer, sim.Options{})
				if err != nil {
					t.Fatal(err)
				}
				same(t, c.spec.String(), want, c.books)
				if i == held.live {
					same(t, "reality", want, held.real.books)
				}
			}
			if n := len(held.requests); n > 0 {
				t.Errorf("%d requests are kept", n)
			}
		})
	}
}

// same compares the books, whose blocks end with the last arrival, with a simulation.
func same(t *testing.T, what string, want *sim.Result, b *books) {
	t.Helper()
	until := b.next - b.block
	served := newCount(len(b.by)) // those that wait at the end are served in the open block
	served.add(&b.total)
	served.add(&b.open)
	got := served.figures(b.by)
	if got.Requests != want.Requests || got.Hits != want.Hits || got.PartialHits != want.PartialHits || got.Misses != want.Misses {
		t.Errorf("%s: %d requests, %d hits, %d partial, %d misses; simulated %d, %d, %d, %d", what,
			got.Requests, got.Hits, got.PartialHits, got.Misses, want.Requests, want.Hits, want.PartialHits, want.Misses)
	}
	if !near(got.WaitMeanS, want.WaitS.Mean, 1e-12) || !near(got.WaitP99S, want.WaitS.P99, 0.01) {
		t.Errorf("%s: waits %v mean, %v p99; simulated %v, %v", what, got.WaitMeanS, got.WaitP99S, want.WaitS.Mean, want.WaitS.P99)
	}
	in := b.total.figures(b.by)
	if !near(in.IdleS, want.InstanceS.Idle, 1e-12) || !near(in.WasteS, want.InstanceS.Waste, 1e-12) || !near(in.WasteUSD, want.InstanceS.Waste*2/3600, 1e-12) {
		t.Errorf("%s: idle %v s, waste %v s, %v $ until %d; simulated %v s, %v s", what, in.IdleS, in.WasteS, in.WasteUSD, until, want.InstanceS.Idle, want.InstanceS.Waste)
	}
}

func near(a, b, within float64) bool { return math.Abs(a-b) <= within*max(math.Abs(a), math.Abs(b)) }
