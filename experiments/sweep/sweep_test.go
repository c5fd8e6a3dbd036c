package sweep

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"shadowpool/experiments"
	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/trace/bucket"
)

// requests writes a trace of three days: a request every 10 min of 5 min each,
// of two categories in turn, twice as many in daytime.
func requests(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("arrival,duration_s,category\n")
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for i := 0; at.Day() < 4; i++ {
		fmt.Fprintf(&b, "%s,300,%s\n", at.Format(time.RFC3339), []string{"small", "large"}[i%2])
		if at = at.Add(10 * time.Minute); at.Hour() >= 8 && at.Hour() < 18 {
			at = at.Add(-5 * time.Minute)
		}
	}
	path := filepath.Join(t.TempDir(), "requests.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// open parses an experiment whose traces and configuration are given with
// whole paths, and opens it.
func open(t *testing.T, text string) *Sweep {
	t.Helper()
	e, err := Parse(filepath.Join(t.TempDir(), "experiment.yaml"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(t.Context(), "v1")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const grid = `
traces: [%q]
measure_from: 25%%
vary: {fleet.default.lead_time: [60s, 300s], fleet.default.prices.on_demand: 1..3/2}
policies:
  - {name: static, level: [0, 1, 3]}
  - {name: ewma, quantile: 0.9..0.99/3}
  - none
seeds: [7, 8]
`

func TestPlanHasEveryCombinationOnce(t *testing.T) {
	s := open(t, fmt.Sprintf(grid, requests(t)))
	got := map[string]bool{}
	for _, r := range s.Plan.Runs {
		got[fmt.Sprint(r.Settings, " ", r.Policy, " ", r.Seed)] = true
	}
	if n := 2 * 2 * (3 + 3 + 1) * 2; len(s.Plan.Runs) != n || len(got) != n {
		t.Fatalf("%d runs, %d of them different, want %d", len(s.Plan.Runs), len(got), n)
	}
	for _, want := range []string{
		"fleet.default.lead_time=60s,fleet.default.prices.on_demand=1 static:level=0 7",
		"fleet.default.lead_time=300s,fleet.default.prices.on_demand=3 ewma:quantile=0.945 8",
		"fleet.default.lead_time=300s,fleet.default.prices.on_demand=1 none 7",
	} {
		if !got[want] {
			t.Errorf("no run %q", want)
		}
	}
	first := s.Plan.Runs[0].Config
	for _, r := range s.Plan.Runs {
		if (r.Config == first) != (r.Settings == s.Plan.Runs[0].Settings) {
			t.Fatalf("%s has the hash %s, %s has %s", r.Settings, r.Config, s.Plan.Runs[0].Settings, first)
		}
	}
}

// What is found must be what compare finds with the same fleet, and no matter
// how many workers or shards found it, and in what order.
func TestResultsAreThoseOfCompare(t *testing.T) {
	ctx := t.Context()
	text := fmt.Sprintf(grid, requests(t))
	s := open(t, text)
	table := func(dir Store) []byte {
		o, err := Read(ctx, dir)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(o.Missing()); n > 0 {
			t.Fatalf("%d runs are missing", n)
		}
		var b bytes.Buffer
		if err := o.WriteParquet(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	alone, shared := folder(t), folder(t)
	if err := s.Execute(ctx, alone, Options{Workers: 1}); err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{2, 0, 1} {
		if err := open(t, text).Execute(ctx, shared, Options{Shard: Shard{i, 3}, Workers: 4}); err != nil {
			t.Fatal(err)
		}
	}
	want := table(alone)
	if !bytes.Equal(want, table(shared)) {
		t.Error("three shards of four workers make another table than one worker")
	}
	rows, err := parquet.Read[Row](bytes.NewReader(want), int64(len(want)))
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, r := range rows {
		if r.Settings != "fleet.default.lead_time=300s,fleet.default.prices.on_demand=3" || r.Seed != 8 {
			continue
		}
		file, err := config.Parse("pool.yaml", []byte("fleet: {isolation: none, default: {lead_time: 300s, prices: {on_demand: 3}}}\npolicy: {name: none}\n"))
		if err != nil {
			t.Fatal(err)
		}
		compared++
		specs, err := policy.ParseSpecs(r.Policy)
		if err != nil {
			t.Fatal(err)
		}
		g := &ground{source: s.grounds[0].source, variant: &variant{file: file}, left: 1}
		g.options = experiments.Options{Seed: 8, MeasureFrom: s.grounds[0].source.measureFrom}
		res, err := g.run(ctx, specs[0])
		if err != nil {
			t.Fatal(err)
		}
		if got, want := []any{r.Requests, r.Hits, r.WaitMean, r.Waste, r.Cost, r.Launches}, []any{res.Requests, res.Hits, res.WaitS.Mean, res.InstanceS.Waste, res.CostUSD.Total, res.Launches}; !cmp.Equal(got, want) {
			t.Errorf("%s: the table has %v, a run of its own %v", r.Policy, got, want)
		}
		var hits int64
		for _, n := range r.DayHits {
			hits += n
		}
		if hits != r.Hits || len(r.DayHits) != 3 {
			t.Errorf("%s: %d days with %d hits, want 3 with %d", r.Policy, len(r.DayHits), hits, r.Hits)
		}
	}
	if compared != 7 {
		t.Errorf("%d rows of one fleet and seed, want 7", compared)
	}
}

// flaky is a store that fails after some writes, as a process that is killed.
type flaky struct {
	Store
	left *atomic.Int64
}

func failing(in Store, after int64) flaky {
	f := flaky{in, new(atomic.Int64)}
	f.left.Store(after)
	return f
}

func (f flaky) Write(ctx context.Context, name string, content func(io.Writer) error) error {
	if f.left.Add(-1) < 0 {
		return fs.ErrPermission
	}
	return f.Store.Write(ctx, name, content)
}

// folder is where a sweep is kept.
func folder(t *testing.T) *bucket.Folder {
	t.Helper()
	f, err := bucket.OpenFolder(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestResumeRepeatsNothing(t *testing.T) {
	ctx := t.Context()
	text := fmt.Sprintf(grid, requests(t))
	dir := folder(t)
	if err := open(t, text).Execute(ctx, failing(dir, 1+20), Options{Workers: 1}); err == nil {
		t.Fatal("a sweep that cannot keep its results says nothing")
	}
	if err := open(t, text).Execute(ctx, dir, Options{}); err == nil || !strings.Contains(err.Error(), "20 of 56 runs are kept there already: add --resume") {
		t.Errorf("going on without being asked to: %v", err)
	}
	var done, total int64
	again := failing(dir, 36)
	err := open(t, text).Execute(ctx, again, Options{Workers: 2, Resume: true, Progress: func(d, n int64) { done, total = d, n }})
	if err != nil || again.left.Load() != 0 {
		t.Errorf("%d of the 36 missing runs were not made, error %v", again.left.Load(), err)
	}
	s := open(t, text)
	if want := int64(36 * s.grounds[0].source.trace.Len()); done != want || total != want {
		t.Errorf("progress ended at %d of %d, want %d", done, total, want)
	}
	other := strings.Replace(text, "level: [0, 1, 3]", "level: [0, 1, 2]", 1)
	if err := open(t, other).Execute(ctx, dir, Options{Resume: true}); err == nil || !strings.Contains(err.Error(), "another experiment") {
		t.Errorf("another experiment in the same directory: %v", err)
	}
}

// A key stands for all that a result depends on.
func TestKeysTellRunsApart(t *testing.T) {
	trace := requests(t)
	of := func(text string) string {
		t.Helper()
		return open(t, text).Plan.Runs[0].Key
	}
	base := fmt.Sprintf("traces: [%q]\npolicies: [{name: static, level: 1}]\n", trace)
	keys := map[string]string{of(base): "itself"}
	if of(base+"target: hit_rate=0.9\n") != of(base) {
		t.Error("the target, by which results are judged, changes a key")
	}
	for _, change := range []string{
		"seeds: [2]", "measure_from: 30%", "start_warm: true", `hints: "share=0.1,notice=10m"`, "vary: {fleet.default.lead_time: 60s}",
		"vary: {fleet.isolation: tenant}",
	} {
		key := of(base + change + "\n")
		if other := keys[key]; other != "" {
			t.Errorf("%s has the key of %s", change, other)
		}
		keys[key] = change
	}
	for _, entry := range []string{"{file: %q, to: 50%%}", "{file: %q, from: 1h}", "{file: %q, jitter: 1s}", "{file: %q, name: other}"} {
		key := of(strings.Replace(base, fmt.Sprintf("[%q]", trace), "["+fmt.Sprintf(entry, trace)+"]", 1))
		if other := keys[key]; other != "" {
			t.Errorf("%s has the key of %s", entry, other)
		}
		keys[key] = entry
	}
}

func TestErrorsOfExperiments(t *testing.T) {
	trace := requests(t)
	for _, c := range []struct{ text, want string }{
		{"polices: [none]", "line 1: unknown key polices"},
		{"policies:\n  - {level: 1}", "line 2: a policy needs its name"},
		{"policies:\n  - {name: static, level: [1, [2]]}", "line 2: level wants a value"},
		{"policies:\n  - {name: static, level: 1, level: 2}", "level is given twice"},
		{"policies: [{name: static, level: x}]", "want a whole number"},
		{"policies: [{name: stati}]", `there is no policy "stati"`},
		{"policies: [{name: static, size: 1}]", `no parameter "size"`},
		{"policies: [{name: static, level: 1..x/3}]", "line 1: level"},
		{"minimise: pain", "neither waste nor cost"},
		{"target: hits=0.9", "want hit_rate"},
		{"hints: maybe", "hints"},
		{"seeds: [-1]", "line 1: `-1` is no value for this key"},
		{"config: nowhere.yaml", "nowhere.yaml"},
		{"vary: {fleet.default.lead_tim: 60s}", "lead_tim"},
		{"vary: {fleet.default.lead_time: 60}", "with fleet.default.lead_time=60"},
		{"vary: {\"fleet.categories[3].reuse\": single_use}", "no item 3 of categories"},
		{"traces: [{name: x}]", "a trace needs a file"},
		{fmt.Sprintf("traces: [%q, %q]", trace, trace), "two traces are called requests"},
		{fmt.Sprintf("traces: [{file: %q, from: 50%%, to: 40%%}]", trace), "no requests lie between"},
		{fmt.Sprintf("traces: [{file: %q, timezone: Mars}]", trace), "no IANA time zone"},
		{"a: [", "experiment.yaml: "},
	} {
		e, err := Parse("experiment.yaml", []byte(c.text))
		if err == nil {
			_, err = e.Open(t.Context(), "v1")
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", c.text, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(fmt.Sprintf(grid, "x.csv")))
	f.Add([]byte("traces: [{file: a, jitter: 1s}]\npolicies: [none, {name: static, level: 1..9/3}]"))
	f.Fuzz(func(_ *testing.T, body []byte) {
		_, _ = Parse("experiment.yaml", body) // must not panic
	})
}
