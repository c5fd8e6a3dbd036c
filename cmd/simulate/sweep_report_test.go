package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"shadowpool/cmd/browsertest"
	"shadowpool/experiments"
	"shadowpool/experiments/sweep"
)

// fortnights writes a trace of 22 days: a request every 20 minutes or, in the
// daytime of weekdays, every two, of two minutes each. A few come in bursts.
func fortnights(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("arrival,duration_s\n")
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for i := 0; at.Before(time.Date(2026, 6, 23, 0, 0, 0, 0, time.UTC)); i++ {
		gap := 20 * time.Minute
		if at.Hour() >= 8 && at.Hour() < 18 && at.Weekday() != time.Saturday && at.Weekday() != time.Sunday {
			gap = 2 * time.Minute
		}
		if i*7919%101 < 12 {
			gap /= 12
		}
		fmt.Fprintf(&b, "%s,120\n", at.Format(time.RFC3339))
		at = at.Add(gap)
	}
	path := filepath.Join(t.TempDir(), "fortnights.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

const reported = `traces: [%q]
config: pool.yaml
measure_from: 1d
target: hit_rate=0.9
minimise: cost
policies:
  - {name: adaptive, hit_rate: [0.85, 0.9, 0.95, 0.98]}
  - {name: static, level: [1, 2, 3]}
  - {name: ewma, quantile: [0.9, 0.95, 0.99]}
  - none
  - oracle
seeds: [1, 2]
`

const reportedPool = `fleet:
  isolation: none
  default: {lead_time: "lognormal:median=100s,p99=200s", prices: {on_demand: 2, spot: 0.7}, spot: {interruptions_per_hour: 0.02}}
policy: {name: none}
`

// swept runs an experiment of 24 runs into a directory.
func swept(t *testing.T) (file, dir string) {
	t.Helper()
	home := t.TempDir()
	file, dir = filepath.Join(home, "experiment.yaml"), filepath.Join(home, "sweep")
	for name, text := range map[string]string{file: fmt.Sprintf(reported, fortnights(t)), filepath.Join(home, "pool.yaml"): reportedPool} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if _, log, status := simulate(t, "sweep", file, "--out", dir, "--quiet"); status != 0 {
		t.Fatal(log)
	}
	return file, dir
}

func TestReport(t *testing.T) {
	file, dir := swept(t)
	table := contents(t, dir, sweep.TableName)
	out := filepath.Join(t.TempDir(), "page.html")
	for _, c := range []struct {
		args   string
		status int
		want   string
	}{
		{"report", 2, "requires at least 1 arg"},
		{"report " + dir + " --format xml", 2, "--format"},
		{"report " + dir + " --at hits=3", 2, "--at"},
		{"report " + dir + " --shards 0", 2, "--shards"},
		{"report " + dir + " --resamples 5", 2, "--resamples"},
		{"report " + dir + " --format html --out x", 2, "leave out --out"},
		{"report " + filepath.Dir(file), 2, "no result of simulate sweep"},
		{"report " + dir + " --against keepalive", 2, "there is no keepalive"},
		{"report " + dir, 0, "Run adaptive:hit_rate="},
		{"report " + dir, 0, "the page is " + dir + "/report.html"},
		{"report " + dir + " --against  --quiet", 0, "held against nothing"},
		{"report " + dir + " --against static:level=1 --out " + out, 0, "static:level=1, which itself does not reach the target"},
		{"report " + dir + " --at hit_rate=1 --out " + out, 0, "No setting reaches"},
		{"report " + dir + " --at wait_p99=30s --out " + out, 0, "a percentile has no interval"},
		{"report " + dir + " --format md --out " + out, 0, "### Run adaptive:hit_rate="},
	} {
		args := strings.Split(c.args, " ")
		stdout, stderr, status := simulate(t, args...)
		if status != c.status || !strings.Contains(strings.Join(strings.Fields(stdout+stderr), " "), c.want) {
			t.Errorf("simulate %s: status %d, want %d with %q; said\n%s%s", c.args, status, c.status, c.want, stdout, stderr)
		}
	}
	other := filepath.Join(t.TempDir(), "other.yaml")
	if err := os.WriteFile(other, []byte("traces: ["+requests(t)+"]\npolicies: [none]\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, said, status := simulate(t, "report", dir, "--experiment", other); status != 2 {
		t.Errorf("another experiment is taken for that of the sweep: status %d, %s", status, said)
	}
	if !bytes.Equal(contents(t, dir, sweep.TableName), table) {
		t.Error("the table of results is not that of the sweep")
	}
	for line := range strings.Lines(string(first(simulate(t, "report", dir, "--quiet")))) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	body := first(simulate(t, "report", dir, "--format", "json", "--quiet"))
	var r experiments.Decisions
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatal(err)
	}
	d := r.Grids[0]
	if d.Chosen == nil || !d.Intervals || d.Days != 21 || len(d.Options) != 11 || len(d.References) != 1 || *d.Saving.CostUSD.Low > *d.Saving.CostUSD.High {
		t.Errorf("the decision is %+v", d)
	}
	if again := first(simulate(t, "report", dir, "--format", "json", "--quiet")); again != body {
		t.Error("two reports of one sweep differ")
	}
	if page := first(simulate(t, "report", dir, "--format", "html")); page != string(contents(t, dir, pageName)) {
		t.Error("the page on standard output is not that beside the results")
	}
}

func first(stdout, _ string, _ int) string { return stdout }

// Shards in two directories make the same report as the whole in one, and what
// is missing is told by shard.
func TestReportOfShards(t *testing.T) {
	file, whole := swept(t)
	one, two := filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "two")
	sweepShard := func(shard, dir string) {
		if _, log, status := simulate(t, "sweep", file, "--shard", shard, "--out", dir, "--quiet"); status != 0 {
			t.Fatal(log)
		}
	}
	sweepShard("0/3", one)
	sweepShard("1/3", two)
	_, said, status := simulate(t, "report", one, two, "--shards", "3")
	if want := one + ": 8 runs of shard 2/3 are missing: simulate sweep EXPERIMENT --out " + one + " --resume --shard 2/3"; status != 1 || !strings.Contains(said, want) || strings.Contains(said, "shard 0/3") {
		t.Errorf("status %d, %s\nwant 1 and %s", status, said, want)
	}
	if _, err := os.Stat(filepath.Join(one, sweep.TableName)); err == nil {
		t.Error("there is a table of results although runs are missing")
	}
	partial, said, status := simulate(t, "report", one, two, "--partial")
	if status != 0 || !strings.Contains(partial, "Partial: 8 of 24 runs are missing") || !strings.Contains(said, "8 runs of the sweep are missing") {
		t.Errorf("status %d, %s%s", status, partial, said)
	}
	sweepShard("2/3", two+"x")
	got, _, status := simulate(t, "report", one, two, two+"x", "--quiet")
	if want := first(simulate(t, "report", whole, "--quiet")); status != 0 || got != want {
		t.Errorf("status %d: merged it says\n%s\nwhole\n%s", status, got, want)
	}
	if !bytes.Equal(contents(t, one, sweep.TableName), contents(t, whole, sweep.TableName)) {
		t.Error("the merged table is not that of the whole sweep")
	}
}

// The page in a real browser: it renders, asks for nothing, complains of
// nothing, is dark where that is preferred, fits a telephone, and its tables are
// sorted by mouse and by keyboard.
func TestReportInABrowser(t *testing.T) {
	b := browsertest.Open(t)
	file, dir := swept(t)
	if _, log, status := simulate(t, "report", dir, "--experiment", file, "--quiet"); status != 0 {
		t.Fatal(log)
	}
	path := filepath.Join(dir, pageName)
	for _, c := range []struct {
		width  int
		scheme string
	}{{1200, "light"}, {1200, "dark"}, {360, "light"}, {360, "dark"}} {
		name := fmt.Sprintf("report-%s-%d", c.scheme, c.width)
		if beyond := b.Look("file://"+path, c.width, c.scheme); len(beyond) > 0 {
			t.Errorf("%s: the page asks or complains: %v", name, beyond)
		}
		b.Picture(name)
		var wide float64
		if b.Eval("document.documentElement.scrollWidth", &wide); wide > float64(c.width) {
			t.Errorf("%s: the page is %v wide", name, wide)
		}
		if paper, ink := b.Brightness(); (c.scheme == "dark") != (paper < 60 && ink > 180) {
			t.Errorf("%s: paper %v, ink %v", name, paper, ink)
		}
		var svgs, flat, unlabelled int
		b.Eval(`document.querySelectorAll("figure svg").length`, &svgs)
		b.Eval(`[...document.querySelectorAll("figure svg")].filter(s => s.getBoundingClientRect().height < 60).length`, &flat)
		b.Eval(`document.querySelectorAll("figure svg:not([aria-label])").length`, &unlabelled)
		if svgs < 9 || flat > 0 || unlabelled > 0 {
			t.Errorf("%s: %d pictures, %d of them flat, %d without a label", name, svgs, flat, unlabelled)
		}
	}
	b.Look("file://"+path, 1200, "light")
	column := func() (values []float64) {
		b.Eval(`[...[...document.querySelectorAll("table.sort")].at(-1).tBodies[0].rows].map(r => Number(r.cells[5].dataset.v))`, &values)
		return values
	}
	const head = `[...document.querySelectorAll("table.sort")].at(-1).tHead.rows[0].cells[5]`
	sorted := func() (how string) { b.Eval(head+`.getAttribute("aria-sort")`, &how); return how }
	before := column()
	var done bool
	b.Eval(`(`+head+`.querySelector("button").click(), true)`, &done)
	if got := column(); !slices.IsSorted(got) || slices.Equal(got, before) || len(got) != len(before) || sorted() != "ascending" {
		t.Errorf("a click sorts %v to %v, which is called %s", before, got, sorted())
	}
	b.Eval(`(`+head+`.querySelector("button").focus(), true)`, &done)
	b.Press("Enter", 13, "\r")
	got := column()
	if slices.Reverse(got); !slices.IsSorted(got) || sorted() != "descending" {
		t.Errorf("the Enter key sorts %v the other way round, which is called %s", got, sorted())
	}
	// The page of a comparison has the same dress.
	plain := filepath.Join(t.TempDir(), "compare")
	if _, log, status := simulate(t, "--trace", requests(t), "--policies", "static", "--out", plain); status != 0 {
		t.Fatal(log)
	}
	if beyond := b.Look("file://"+filepath.Join(plain, pageName), 360, "dark"); len(beyond) > 0 {
		t.Errorf("the page of a comparison asks or complains: %v", beyond)
	}
	var wide float64
	if b.Eval("document.documentElement.scrollWidth", &wide); wide > 360 {
		t.Errorf("the page of a comparison is %v wide", wide)
	}
}
