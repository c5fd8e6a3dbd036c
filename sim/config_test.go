package sim

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/trace"
)

// demand generates a small workload of one task type whose categories are
// called task-1, task-2, ...
func demand(t *testing.T, task string, categories int, reusable bool) *trace.Trace {
	t.Helper()
	long := 20 * time.Minute
	if reusable {
		long = time.Minute
	}
	w := trace.Workload{
		Name: task, Start: time.Date(2026, time.June, 1, 0, 0, 0, 0, time.UTC), Span: 36 * time.Hour, Tenants: 20,
		Tasks: []trace.Task{{
			Name: task, PerDay: 2000, Categories: categories, Skew: 1,
			Duration: trace.Lognormal{Mid: long / 4, P99: long},
			Bursts:   []trace.Burst{{PerWeek: 40, Size: 12, Spread: 20 * time.Second}},
		}},
	}
	tr, err := w.Generate(1)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// Every example of the documentation is loaded and replayed.
func TestExamples(t *testing.T) {
	for _, c := range []struct {
		file, task string
		categories int // of the trace
		pools      int // of the fleet
		least      float64
	}{
		{"notebooks", "notebook", 4, 4, 0.8},
		{"ci-runners", "build", 2, 2, 0.5},
		{"agent-sandboxes", "sandbox", 3, 3, 0.8},
		{"model-servers", "model", 3, 3, 0.5},
		{"spot-builders", "build", 1, 1, 0.5},
	} {
		t.Run(c.file, func(t *testing.T) {
			f, err := config.Load(filepath.Join("..", "docs", "examples", c.file+".yaml"))
			if err != nil {
				t.Fatal(err)
			}
			tr := demand(t, c.task, c.categories, f.Fleet.Default != nil && f.Fleet.Default.Reusable)
			fleet, err := FleetFromConfig(f, tr)
			if err != nil {
				t.Fatal(err)
			}
			if len(fleet.Categories) != c.pools {
				t.Errorf("%d categories in the fleet, want %d", len(fleet.Categories), c.pools)
			}
			sizer, err := policy.Build(f.PolicySpec(), policy.Fleet{Config: fleet.PolicyConfig()})
			if err != nil {
				t.Fatal(err)
			}
			r, err := Run(tr, fleet, sizer, Options{Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			if r.Requests != int64(tr.Len()) || r.Requests < 2000 {
				t.Errorf("%d requests served of %d", r.Requests, tr.Len())
			}
			if r.HitRate < c.least || r.HitRate > 0.9999 {
				t.Errorf("hit rate %.4f, want at least %v and some misses", r.HitRate, c.least)
			}
			if r.CostUSD.Total <= 0 {
				t.Errorf("cost %v $", r.CostUSD.Total)
			}
		})
	}
}

func TestEveryExampleIsReplayed(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "docs", "examples", "*.yaml"))
	if err != nil || len(files) != 5 {
		t.Fatalf("%v, %v: add new ones to TestExamples", files, err)
	}
}

const twoCategories = `
timezone: Asia/Shanghai
fleet:
  binding: early
  tick: 30s
  default:
    lead_time: empirical:leads.csv
    prices: {on_demand: 2}
    billing: {minimum: 1m}
  categories:
    - name: large
      reuse: reusable
    - name: small
      stages: [{name: boot, lead_time: 1s}, {name: pull, lead_time: 2s}]
      compatible: [{category: large, adapt: 1s}]
policy: {name: none}
`

func TestFleetFromConfig(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"pool.yaml": twoCategories, "leads.csv": "stage,latency_ms\nboot,2500\nboot,500\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := config.Load(filepath.Join(dir, "pool.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := FleetFromConfig(f, rows(t, "tiny", "small", "tiny", ""))
	if err != nil {
		t.Fatal(err)
	}
	leads, err := NewEmpirical("leads.csv", []int64{500e6, 2500e6})
	if err != nil {
		t.Fatal(err)
	}
	other := Category{Lead: leads, Price: 2, Billing: Billing{Minimum: time.Minute}, Category: policy.Category{LeadTime: 1500 * time.Millisecond, Price: 2}}
	large, small, tiny := other, other, other
	large.Name, small.Name, tiny.Name = "large", "small", "tiny"
	large.Reusable = true
	small.Lead, small.LeadTime = Constant(3*time.Second), 3*time.Second
	small.Compatible = []policy.Compatible{{Pool: 0, Adapt: time.Second}}
	// The listed ones first, though the trace asks for one of them only; then
	// the trace's others in its own order, which begins with the unnamed.
	want := Fleet{
		Categories: []Category{large, small, other, tiny}, Binding: policy.Early, Isolation: policy.ByTenant,
		Tick: 30 * time.Second, Location: f.Location,
	}
	opt := []cmp.Option{cmp.AllowUnexported(Empirical{}), cmp.Comparer(func(a, b *time.Location) bool { return a == b })}
	if d := cmp.Diff(want, got, opt...); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(f.PolicyConfig().Categories, got.PolicyConfig().Categories[:2]); d != "" {
		t.Errorf("the live server and the simulator see two fleets:\n%s", d)
	}
}

// A trace that names no categories is served by the file's only one.
func TestFleetFromConfigWithoutNames(t *testing.T) {
	f := parseConfig(t, "fleet: {categories: [{name: only, lead_time: 3s}]}\npolicy: {name: static}\n")
	fleet, err := FleetFromConfig(f, rows(t, "", "", ""))
	if err != nil || !fleet.Pooled || len(fleet.Categories) != 1 {
		t.Errorf("%+v, %v", fleet, err)
	}
}

func TestFleetFromConfigRefuses(t *testing.T) {
	one := "fleet: {categories: [{name: a, lead_time: 3s}]}\npolicy: {name: static}\n"
	two := "fleet: {categories: [{name: a, lead_time: 3s}, {name: b, lead_time: 3s}]}\npolicy: {name: static}\n"
	for _, c := range []struct {
		text, want string
		categories []string
	}{
		{one, `pool.yaml: trace t has 2 requests of category "c", the first in row 1, and 1 more such categories: list it under fleet.categories, or give fleet.default, which admits every category`, []string{"a", "c", "b", "c"}},
		{one, `pool.yaml: trace t has 1 requests without a category, the first in row 1: give fleet.default, which serves them`, []string{"a", ""}},
		{two, `pool.yaml: trace t has 2 requests without a category, the first in row 0: give fleet.default, which serves them`, []string{"", ""}},
		{strings.Replace(one, "3s", "empirical:x", 1), `pool.yaml: category "a": lead times x: no samples`, []string{"a"}},
	} {
		_, err := FleetFromConfig(parseConfig(t, c.text), rows(t, c.categories...))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s%v:\n%v\nwant\n%s", c.text, c.categories, err, c.want)
		}
	}
}

// Flags and files take the same lead times and mean the same by them.
func TestLeadTimesOfFlagsAndFiles(t *testing.T) {
	for _, spec := range []string{"0s", "90s", "1h30m", "lognormal:median=45s,p99=120s", "lognormal:p99=9m,median=1ms", "lognormal:median=3s,p99=3s", "lognormal:median=1ns,p99=744h"} {
		flag, err := ParseLeadTime(spec)
		if err != nil {
			t.Fatal(err)
		}
		f := parseConfig(t, "fleet: {default: {lead_time: \""+spec+"\"}}\npolicy: {name: none}\n")
		file, err := leadFromConfig(f.Fleet.Default.LeadTime)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(flag, file); d != "" {
			t.Errorf("%s: %s", spec, d)
		}
		if seen := f.PolicyConfig().Categories[0].LeadTime; seen != flag.Mean() {
			t.Errorf("%s: the live controller expects %d, the simulated one %d", spec, seen, flag.Mean())
		}
	}
	for _, spec := range []string{"", "45", "-1s", "745h", "normal:mean=3s", "empirical:", "lognormal:", "lognormal:median=3s", "lognormal:median=3s,p99=2s", "lognormal:median=0s,p99=1s", "lognormal:median=1s,p99=2s,p50=3s"} {
		if l, err := ParseLeadTime(spec); err == nil {
			t.Errorf("flag %q is read as %v", spec, l)
		}
		if _, err := config.Parse("pool.yaml", []byte("fleet: {default: {lead_time: \""+spec+"\"}}\npolicy: {name: none}\n")); err == nil {
			t.Errorf("file: %q is accepted", spec)
		}
	}
}

func parseConfig(t *testing.T, text string) *config.File {
	t.Helper()
	f, err := config.Parse("pool.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// rows is a trace t of one request a second, of these categories.
func rows(t *testing.T, categories ...string) *trace.Trace {
	t.Helper()
	b := trace.NewBuilder()
	for i, c := range categories {
		r := trace.Record{Arrival: int64(i) * 1e9, Duration: 1e9, Category: c, Announced: trace.NoTime, Wait: trace.NoTime}
		if err := b.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	tr, err := b.Build("t", false)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// What a law is written as is what it says of itself.
func TestParseLeadTime(t *testing.T) {
	for _, text := range []string{"2m0s", "lognormal:median=45s,p99=2m0s", "lognormal:median=45s,p99=2m0s,common=0.5", "lognormal:median=45s,p99=2m0s,common=0.5,fail=0.02"} {
		l, err := ParseLeadTime(text)
		if err != nil || l.String() != text {
			t.Errorf("%s is read as %v, %v", text, l, err)
		}
	}
	plain, _ := ParseLeadTime("lognormal:median=45s,p99=2m0s")
	common, err := ParseLeadTime("lognormal:median=45s,p99=2m0s,common=0.5")
	if err != nil || common.Mean() != plain.Mean() || common.Quantile(0.9) != plain.Quantile(0.9) {
		t.Errorf("what is common changes the mean %v to %v, %v", plain.Mean(), common.Mean(), err)
	}
}
