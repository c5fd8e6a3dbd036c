package experiments

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/sim"
)

// tuning is a search on the small trace.
func tuning(t *testing.T, reusable bool, policies, fleet string, target *Target, workers int) *Tuning {
	t.Helper()
	src := small(t)
	sum := src.Summary()
	bench, err := NewBench(src, fleetOf(t, src, reusable, false), Options{Seed: 1, MeasureFrom: sum.First + (sum.Last-sum.First)/4, Workers: workers, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	x := &Tuning{Bench: bench, Target: target, Cost: "waste", Budget: 40}
	ranges, err := FleetRanges("tick=15s")
	if fleet != "" {
		ranges, err = FleetRanges(fleet)
	}
	if err != nil {
		t.Fatal(err)
	}
	if x.Entries, err = Entries(specsOf(t, policies), ranges, target); err != nil {
		t.Fatal(err)
	}
	return x
}

func tuned(t *testing.T, x *Tuning) *Tuned {
	t.Helper()
	d, err := x.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Of so few levels the best is found by looking at all of them.
func TestTuneFindsTheBestLevel(t *testing.T) {
	target := &Target{"hit_rate", 0.9}
	x := tuning(t, false, "static:level=1..60", "binding=late|early", target, 0)
	d := tuned(t, x)
	ground := &proving{src: small(t), fleet: x.Bench.fleet, options: sim.Options{Seed: 1}}
	least := math.Inf(1)
	for level := 1; level <= 60; level++ {
		for _, binding := range []string{"late", "early"} {
			s := Setting{specsOf(t, fmt.Sprintf("static:level=%d", level))[0], []policy.Setting{{Key: "binding", Value: binding}}}
			r, err := ground.run(context.Background(), heat{s, x.Bench.tuneSpans()[0], 1})
			if err != nil {
				t.Fatal(err)
			}
			if target.reachedBy(r) {
				least = min(least, r.InstanceS.Waste)
			}
		}
	}
	if got := d.Finalists[0].Fit; !target.reachedBy(got) || got.InstanceS.Waste != least {
		t.Errorf("%s wastes %v, the least is %v", d.Finalists[0].Setting, got.InstanceS.Waste, least)
	}
	if d.Spent > x.Budget {
		t.Errorf("spent %v of %v", d.Spent, x.Budget)
	}
}

// The same bytes come from any number of workers; what is reported is what a
// run of the setting on the last span does, of which nothing was seen before.
func TestTuneIsReproducible(t *testing.T) {
	target := &Target{"hit_rate", 0.9}
	var texts [][]byte
	for _, workers := range []int{1, 4} {
		x := tuning(t, false, "static,adaptive,ewma", "", target, workers)
		base := Setting{Spec: specsOf(t, "static:level=9")[0]}
		x.Base = &base
		d := tuned(t, x)
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
		if workers == 1 {
			continue
		}
		if len(d.Policies) != 4 || d.Base == nil || d.Base.Report == nil {
			t.Errorf("policies %v, base %+v", d.Policies, d.Base)
		}
		c := d.Finalists[d.Chosen]
		bench, err := NewBench(small(t), x.Bench.fleet, Options{Seed: 1, MeasureFrom: x.Bench.tuneSpans()[2].From})
		if err != nil {
			t.Fatal(err)
		}
		r, err := bench.Run(context.Background(), c.setting.Spec, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Hits != c.Report.Hits || r.InstanceS != c.Report.InstanceS || r.Requests != d.Spans[2].Requests {
			t.Errorf("%s: report has %d hits and %v, a run %d and %v", c.Setting, c.Report.Hits, c.Report.InstanceS, r.Hits, r.InstanceS)
		}
	}
	if diff := cmp.Diff(string(texts[0]), string(texts[1])); diff != "" {
		t.Errorf("one worker and four differ: %s", diff)
	}
}

// The choice falls on the cheapest that reaches the target on the second span,
// or on what comes closest.
func TestChoose(t *testing.T) {
	x := &Tuning{Target: &Target{"hit_rate", 0.9}, Cost: "waste"}
	made := func(hits, waste float64) Finalist {
		return Finalist{Choose: &sim.Result{HitRate: hits, SpanS: 3600, InstanceS: sim.InstanceS{Waste: waste}}}
	}
	for _, c := range []struct {
		all  []Finalist
		want int
	}{
		{nil, -1},
		{[]Finalist{made(0.89, 1), made(0.91, 3), made(0.95, 2)}, 2},
		{[]Finalist{made(0.85, 1), made(0.89, 3), made(0.88, 2)}, 1},
	} {
		if got := x.choose(c.all); got != c.want {
			t.Errorf("%d of %d, want %d", got, len(c.all), c.want)
		}
	}
}

func TestTuneFront(t *testing.T) {
	d := tuned(t, tuning(t, true, "keepalive,adaptive:wait_price=log:1..1000", "", nil, 0))
	if len(d.Finalists) < 3 {
		t.Fatalf("a front of %d", len(d.Finalists))
	}
	for i, f := range d.Finalists {
		if f.Report == nil {
			t.Errorf("%s was not measured on the last span", f.Setting)
		}
		if i > 0 && (f.Fit.WaitS.P99 >= d.Finalists[i-1].Fit.WaitS.P99 || f.Fit.InstanceS.Waste <= d.Finalists[i-1].Fit.InstanceS.Waste) {
			t.Errorf("%s is no step from %s", f.Setting, d.Finalists[i-1].Setting)
		}
	}
	for i := 1; i < len(d.Front); i++ {
		a, b := d.Trials[d.Front[i-1]], d.Trials[d.Front[i]]
		if b.WaitP99S > a.WaitP99S || b.WasteHPerDay < a.WasteHPerDay {
			t.Errorf("on the front %+v comes before %+v", a, b)
		}
	}
}

// On a curve of waste = hits^2 in hours the price of a step is its slope; what
// lies above the hull counts for nothing.
func TestPrices(t *testing.T) {
	var results []*sim.Result
	for _, p := range [][2]float64{{0.5, 25}, {0.6, 36}, {0.6, 50}, {0.7, 80}, {0.8, 64}, {0.75, 70}} {
		results = append(results, &sim.Result{HitRate: p[0], SpanS: 86400, InstanceS: sim.InstanceS{Waste: 3600 * p[1]}})
	}
	want := []Price{{0.5, 0.6, 0.11}, {0.6, 0.8, 0.14}}
	if diff := cmp.Diff(want, pricesOf(results, "waste"), cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-9 })); diff != "" {
		t.Error(diff)
	}
}

func TestEntries(t *testing.T) {
	hits, wait := &Target{"hit_rate", 0.9}, &Target{"wait_mean", 2}
	for _, c := range []struct {
		policies string
		target   *Target
		want     string
	}{
		{"adaptive", hits, "adaptive:hit_rate adaptive:miss_price"},
		{"adaptive", wait, "adaptive:wait_mean adaptive:wait_price"},
		{"adaptive:hit_rate=0.99", hits, "adaptive:hit_rate=0.99"},
		{"adaptive:hit_rate=0.9|0.99", hits, "adaptive:hit_rate"},
		{"headroom,headroom:share=0.1..2", hits, "headroom:spare,cooldown headroom:share"},
		{"ssa-saa:block=15s|1m|5m", hits, "ssa-saa:block"},
		{"none,openwhisk-reactive", hits, "none openwhisk-reactive:ttl,interval,threshold,increment"},
	} {
		all, err := Entries(specsOf(t, c.policies), nil, c.target)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range all {
			names = append(names, e.String())
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s: %s, want %s", c.policies, got, c.want)
		}
	}
	// The defaults of all that can run live are good at both ends.
	for _, f := range policy.Families() {
		if f.Training {
			continue
		}
		x := tuning(t, true, f.Name, "tick=log:1s..1m,binding=late|early", hits, 1)
		if err := x.Check(); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	for policies, want := range map[string]string{
		"schedule": "fitted on a past", "dynamic": "no policy", "static:size=1..2": "no parameter", "static:level=2..1": "rise", "oracle": "no policy",
		"static,static": "twice",
	} {
		if _, err := Entries(specsOf(t, policies), nil, hits); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", policies, err, want)
		}
	}
	for text, want := range map[string]string{"tock=1s": "none of", "tick=1s..2": "unit", "tick=1s,tick=2s": "twice"} {
		if _, err := FleetRanges(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestTuneChecks(t *testing.T) {
	target := &Target{"hit_rate", 0.9}
	for want, change := range map[string]func(*Tuning){
		"too small":    func(x *Tuning) { x.Budget = 5 },
		"no policy":    func(x *Tuning) { x.Entries = nil },
		"neither":      func(x *Tuning) { x.Cost = "time" },
		"needs 100":    func(x *Tuning) { x.Bench.opt.MeasureFrom = x.Bench.sum.Last - 3600e9 },
		"early":        func(x *Tuning) { x.Entries[0].Fleet, _ = FleetRanges("binding=late|never") },
		"no parameter": func(x *Tuning) { x.Entries[0].Spec.Params = []policy.Setting{{Key: "size", Value: "3"}} },
	} {
		x := tuning(t, false, "static", "", target, 0)
		change(x)
		if _, err := x.Run(context.Background()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// A configuration keeps all that was not chosen, its comments too, and files
// are found from its new place.
func TestPoolFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "leads.txt"), []byte("30\n40\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	const text = `# ours
timezone: Europe/Berlin
service: {wait_price: 0.01, budget: 40} # what we pay
fleet:
  categories:
    - name: a # the first
      lead_time: empirical:leads.txt
policy: {name: static, level: 3} # a guess
api: {listen: "127.0.0.1:9090"}
`
	out := filepath.Join(dir, "out")
	if err := os.Mkdir(out, 0o777); err != nil {
		t.Fatal(err)
	}
	s := Setting{specsOf(t, "static:level.a=5,level=7")[0], []policy.Setting{{Key: "tick", Value: "5s"}, {Key: "binding", Value: "early"}}}
	made, err := poolFile([]byte(text), dir, out, s, &Target{"wait_p99", 30}, "from a search\n\nof ours")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(out, "pool.yaml")
	if err := os.WriteFile(path, made, 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := config.Load(path)
	if err != nil {
		t.Fatalf("%v in\n%s", err, made)
	}
	if got := f.PolicySpec().String(); got != "static:level.a=5,level=7" || f.Fleet.Binding != policy.Early || f.Fleet.Tick.Seconds() != 5 {
		t.Errorf("%s, %v, %v", got, f.Fleet.Binding, f.Fleet.Tick)
	}
	if f.Service.WaitP99.Seconds() != 30 || f.Service.Budget != 40 || f.Service.WaitPrice != 0 || f.API.Listen != "127.0.0.1:9090" {
		t.Errorf("%+v, %+v", f.Service, f.API)
	}
	for _, want := range []string{"# from a search\n#\n# of ours\n", "# ours", "# the first", "Europe/Berlin"} {
		if !strings.Contains(string(made), want) {
			t.Errorf("without %q:\n%s", want, made)
		}
	}
}

// Every example can be tuned, and says the same of its fleet afterwards.
func TestPoolFileOfExamples(t *testing.T) {
	examples, err := filepath.Glob(filepath.Join("..", "docs", "examples", "*.yaml"))
	if err != nil || len(examples) < 5 {
		t.Fatalf("%v, %v", examples, err)
	}
	for _, path := range examples {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		before, err := config.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		made, err := poolFile(text, filepath.Dir(path), filepath.Dir(path), Setting{Spec: specsOf(t, "ewma:quantile=0.97")[0]}, &Target{"hit_rate", 0.93}, "x")
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		after, err := config.Parse(path, made)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if after.Service.HitRate != 0.93 || after.Policy.String() != "ewma:quantile=0.97" {
			t.Errorf("%s: %+v, %s", path, after.Service, after.Policy)
		}
		if diff := cmp.Diff(before.Fleet, after.Fleet, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

// A fleet given by flags, in a file, is the same fleet.
func TestFleetFile(t *testing.T) {
	src := small(t)
	for _, pooled := range []bool{false, true} {
		fleet := fleetOf(t, src, true, pooled)
		text, err := FleetFile(&fleet)
		if err != nil {
			t.Fatal(err)
		}
		f, err := config.Parse("pool.yaml", text)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		again, err := sim.FleetFromConfig(f, src)
		if err != nil {
			t.Fatal(err)
		}
		if again.Pooled != pooled || len(again.Categories) != len(fleet.Categories) || again.Isolation != fleet.Isolation {
			t.Errorf("%+v of\n%s", again, text)
		}
		for i, k := range again.Categories {
			o := fleet.Categories[i]
			if (k.Name != o.Name && !pooled) || k.Lead.String() != o.Lead.String() || k.Price != o.Price || k.Reusable != o.Reusable {
				t.Errorf("%+v, want %+v", k, o)
			}
		}
	}
	layered := fleetOf(t, src, true, false)
	layered.Layers = 1
	if _, err := FleetFile(&layered); err == nil {
		t.Error("layers are lost without a word")
	}
}

// The directory has the page, the figures and the pictures, and the table
// keeps its width.
func TestTunedReport(t *testing.T) {
	x := tuning(t, true, "keepalive,adaptive", "binding=late|early", &Target{"wait_mean", 5}, 0)
	d := tuned(t, x)
	dir := filepath.Join(t.TempDir(), "out")
	if err := x.Bench.WriteTuned(t.Context(), dir, d); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	want := []string{"report.html", "results.csv", "results.json", "tune-price.svg", "tune-profiles.svg", "tune-sensitivity.svg", "tune-trials.svg"}
	if !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
	csv, err := os.ReadFile(filepath.Join(dir, "results.csv"))
	if err != nil || strings.Count(string(csv), "\n") != len(d.Trials)+1 {
		t.Errorf("%d trials, %v:\n%s", len(d.Trials), err, csv)
	}
	var table strings.Builder
	if err := WriteTuned(&table, d); err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(table.String(), "\n") {
		if len([]rune(line)) > mostColumns {
			t.Errorf("%d columns: %s", len([]rune(line)), line)
		}
	}
	text, err := d.PoolFile([]byte("fleet: {default: {lead_time: 45s}}\npolicy: {name: none}\n"), ".", dir, "simulate tune")
	if err != nil || !strings.Contains(string(text), "# Found by simulate tune, version test") || !strings.Contains(string(text), "report") {
		t.Errorf("%v:\n%s", err, text)
	}
}
