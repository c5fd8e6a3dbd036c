package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shadowpool/policy"
	"shadowpool/trace"
)

// counted is the tally of the part of a run in some pools, nil for all, by way of
// its JSON.
func counted(t *testing.T, src trace.Source, fleet Fleet, spec string, opt Options) *Tally {
	t.Helper()
	var tally *Tally
	var err error
	if spec == "oracle" {
		tally, err = CountOracle(src, fleet, opt)
	} else {
		tally, err = Count(src, fleet, build(t, spec, fleet), opt)
	}
	if err != nil {
		t.Fatal(err)
	}
	var back Tally
	if err := json.Unmarshal(marshalled(t, tally), &back); err != nil {
		t.Fatal(err)
	}
	return &back
}

func marshalled(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// splits runs a policy whole and in n parts, whose sum must be the whole to the
// byte, and says into how many groups the pools fall.
func splits(t *testing.T, src trace.Source, fleet Fleet, spec string, n int, opt Options) int {
	t.Helper()
	var groups [][]policy.PoolID
	if spec == "oracle" {
		groups = Groups(&fleet, nil)
	} else {
		groups = Groups(&fleet, Couple(&fleet, build(t, spec, fleet)))
	}
	requests, err := RequestsByPool(src, &fleet)
	if err != nil {
		t.Fatal(err)
	}
	whole := counted(t, src, fleet, spec, opt)
	var parts []*Tally
	for _, pools := range Divide(groups, requests, n) {
		opt.Pools = pools
		parts = append(parts, counted(t, src, fleet, spec, opt))
	}
	sum, err := Merge(parts)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Arrived != src.Summary().Rows {
		t.Errorf("%s: the parts replayed %d of %d requests", spec, sum.Arrived, src.Summary().Rows)
	}
	want, got := marshalled(t, whole.Result()), marshalled(t, sum.Result())
	if !bytes.Equal(want, got) {
		t.Errorf("%s in %d parts:\n%s\nwhole:\n%s", spec, n, got, want)
	}
	return len(groups)
}

// chance draws fleets and traces.
type chance struct{ *rand.Rand }

func (r chance) oneIn(n int) bool { return r.IntN(n) == 0 }

func (r chance) trace() *trace.Trace {
	src := &trace.Trace{Name: "random"}
	src.Strings.Category, src.Strings.Tenant, src.Strings.Dataset = []string{""}, []string{""}, []string{"", "x", "y"}
	for i := range 3 + r.IntN(6) {
		src.Strings.Category = append(src.Strings.Category, fmt.Sprintf("c%d", i))
	}
	for i := range 30 {
		src.Strings.Tenant = append(src.Strings.Tenant, fmt.Sprintf("t%d", i))
	}
	// Coarse instants, so that many events fall on one, ticks among them.
	grid := []int64{1, 1e9, 15e9}[r.IntN(3)]
	at := int64(1_700_000_000e9)
	for range 200 + r.IntN(1500) {
		if !r.oneIn(4) {
			at += int64(r.ExpFloat64() * 2e10)
		}
		if r.oneIn(100) {
			at += int64(3 * time.Hour)
		}
		src.Arrival = append(src.Arrival, at/grid*grid)
		src.Duration = append(src.Duration, int64(r.ExpFloat64()*6e10)/grid*grid)
		src.Category = append(src.Category, 1+uint32(r.IntN(len(src.Strings.Category)-1)))
		src.Tenant = append(src.Tenant, uint32(r.IntN(len(src.Strings.Tenant))))
		src.Dataset = append(src.Dataset, uint32(r.IntN(len(src.Strings.Dataset))))
	}
	return src
}

func (r chance) fleet(src *trace.Trace) Fleet {
	f := Fleet{
		Binding: policy.Binding(r.IntN(2)), Isolation: policy.Isolation(r.IntN(2)), Tick: []time.Duration{0, time.Second, time.Minute}[r.IntN(3)],
	}
	if r.oneIn(3) {
		f.Provider = Provider{Stragglers: 0.1, Slowdown: 3}
	}
	fixed := r.oneIn(3)
	reusable := r.oneIn(2)
	for _, name := range src.Strings.Category[1:] {
		k := Category{Category: policy.Category{Name: name, Reusable: reusable}, Lead: Constant(time.Minute), Price: 0.3 * float64(1+r.IntN(3))}
		if !fixed {
			k.Lead = []LeadTime{
				Constant(0), Constant(20 * time.Second),
				Lognormal{Median: 20 * time.Second, P99: time.Minute, Common: 0.5, Fail: 0.05},
				Lognormal{Median: 40 * time.Second, P99: 3 * time.Minute},
			}[r.IntN(4)]
		}
		if r.oneIn(3) {
			k.Billing = Billing{Granularity: time.Minute, Minimum: 90 * time.Second}
		}
		if r.oneIn(3) {
			k.PromotionDelay = 1500 * time.Millisecond
		}
		if r.oneIn(4) {
			k.MaxInstances = 1 + r.IntN(5)
		}
		if r.oneIn(4) {
			k.IdleTimeout = 5 * time.Minute
		}
		if r.oneIn(3) {
			k.Stopped = &policy.StoppedTerms{Price: 0.01, Resume: 5e9}
		}
		if r.oneIn(3) {
			k.Spot = &policy.SpotTerms{Price: 0.1, Interruptions: 2, Refused: 0.2, Replace: r.oneIn(2)}
			k.Market = &Market{Notice: 30 * time.Second}
			for h := range 24 {
				k.Market.Interruptions[h], k.Market.Refused[h] = 2, 0.2
			}
		}
		if r.oneIn(4) {
			k.Stages = []policy.Stage{{Name: "data", Of: policy.OfDataset}}
			k.StageTimes = []LeadTime{Lognormal{Median: 10 * time.Second, P99: 20 * time.Second}}
		}
		f.Categories = append(f.Categories, k)
	}
	if r.oneIn(3) {
		f.Categories[0].Compatible = []policy.Compatible{{Pool: policy.PoolID(len(f.Categories) - 1), Adapt: time.Duration(r.IntN(2)) * time.Second}}
	}
	return f
}

// The parts of a run add up to it, to the byte: random fleets and traces, every
// policy, two to five parts.
func TestPartsAddUp(t *testing.T) {
	rounds := 40
	if testing.Short() {
		rounds = 8
	}
	split := map[string]bool{}
	for round := range rounds {
		r := chance{rand.New(rand.NewPCG(7, uint64(round)))}
		src := r.trace()
		fleet := r.fleet(src)
		opt := Options{Seed: uint64(round), StartWarm: r.oneIn(3), Shortfall: true}
		if r.oneIn(2) {
			sum := src.Summary()
			opt.MeasureFrom = sum.First + r.Int64N(sum.Last-sum.First+1)
		}
		specs := append(slices.Clone(families), "oracle", "static:level=1,stopped=2")
		if round%8 == 0 { // these take long
			specs = append(specs, "nhpp:target=0.9", "aws-predictive", "ssa-saa", "fourier")
		}
		for _, spec := range specs {
			if splits(t, src, fleet, spec, 2+round%4, opt) > 1 {
				split[spec] = true
			}
			if t.Failed() {
				t.Fatalf("round %d", round)
			}
		}
	}
	for _, spec := range families {
		if whole := spec == "adaptive:hit_rate=0.9" || spec == "greedy-dual:memory=5"; split[spec] == whole {
			t.Errorf("%s was split: %t", spec, split[spec])
		}
	}
}

// What is over at the instant of the last arrival counts if it was delivered
// before that arrival, whosever it is.
func TestPartsAtTheEnd(t *testing.T) {
	for _, categories := range [][]uint32{{1, 1, 2}, {1, 2, 1}, {2, 1, 1}} {
		src := requests([2]int64{0, 0}, [2]int64{10, 0}, [2]int64{10, 0})
		src.Strings.Category, src.Category = []string{"", "a", "b"}, categories
		fleet, err := FleetOf(src, Category{Lead: Constant(0), Price: 1}, false)
		if err != nil {
			t.Fatal(err)
		}
		splits(t, src, fleet, "none", 2, Options{})
	}
}

// A public trace, by category: the parts add up to the whole.
func TestPartsOfTrace(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	src := sharedTrace(t, "genai.csv.gz")
	fleet, err := FleetOf(src, Category{Lead: Lognormal{Median: 60 * time.Second, P99: 200 * time.Second, Fail: 0.01}, Price: 1, Category: policy.Category{Reusable: true}}, false)
	if err != nil {
		t.Fatal(err)
	}
	for n, spec := range []string{"static:level=2", "keepalive:ttl=600s", "ewma:quantile=0.99", "oracle"} {
		if groups := splits(t, src, fleet, spec, n+2, Options{Shortfall: true}); groups != len(fleet.Categories) {
			t.Errorf("%s: %d groups of %d categories", spec, groups, len(fleet.Categories))
		}
	}
}

// The zones of a category stay together, as requests that name none are served in
// any of them.
func TestPartsOfZones(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, anywhere := range []bool{false, true} {
		var all []zonedRow
		for at := int64(0); at < 20_000; at += r.Int64N(30) {
			row := zonedRow{at: at, lasts: r.Int64N(100), category: []string{"near", "far"}[r.IntN(2)], zone: []string{"a", "b"}[r.IntN(2)]}
			if anywhere && row.category == "near" && r.IntN(3) == 0 {
				row.zone = ""
			}
			all = append(all, row)
		}
		src := zonedTrace(t, all)
		fleet, err := FleetFromConfig(parseConfig(t, `
fleet:
  default: {lead_time: "lognormal:median=20s,p99=60s", prices: {on_demand: 1}, zones: [a, b]}
  categories: [{name: near}, {name: far, cross_zone: 3s}]
policy: {name: static}
`), src)
		if err != nil {
			t.Fatal(err)
		}
		if got := splits(t, src, fleet, "static:level=1", 2, Options{Seed: 1}); got != 2 {
			t.Errorf("requests for anywhere: %t: %d groups, want one a category", anywhere, got)
		}
	}
}

// Parts are of about as many requests, and a group is in one of them.
func TestDivide(t *testing.T) {
	groups := [][]policy.PoolID{{0, 3}, {1}, {2}, {4}, {5}}
	parts := Divide(groups, []int64{5, 40, 20, 40, 30, 0}, 3)
	want := [][]bool{{true, false, false, true, false, false}, {false, true, false, false, false, true}, {false, false, true, false, true, false}}
	if d := cmp.Diff(want, parts); d != "" {
		t.Error(d)
	}
	if empty := Divide(groups[:1], make([]int64, 6), 2)[1]; slices.Contains(empty, true) {
		t.Errorf("one group is in two parts: %v", empty)
	}
}
