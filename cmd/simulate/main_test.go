package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"shadowpool/experiments"
	"shadowpool/policy"
)

// simulate runs the command as from a shell.
func simulate(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	cmd := newRootCommand()
	var out, log bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&log)
	cmd.SetArgs(args)
	err := cmd.Execute()
	if err != nil {
		log.WriteString(err.Error())
	}
	return out.String(), log.String(), exitStatus(err)
}

// requests writes a trace of an hour: a request every 30 s of 45 s each, of
// two categories in turn, and returns its path.
func requests(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("arrival,duration_s,category\n")
	for i := range 120 {
		name := []string{"small", "large"}[i%2]
		b.WriteString("2026-06-01T" + clock(i*30) + "Z,45," + name + "\n")
	}
	path := filepath.Join(t.TempDir(), "requests.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func clock(s int) string {
	two := func(n int) string { return string([]byte{'0' + byte(n/10), '0' + byte(n%10)}) }
	return two(8+s/3600) + ":" + two(s/60%60) + ":" + two(s%60)
}

func TestExitStatus(t *testing.T) {
	trace := requests(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   string
		status int
		want   string // in what is said
	}{
		{"--help", 0, "Examples:"},
		{"--version", 0, "simulate version"},
		{"compare --policies static --trace " + trace, 0, "static"},
		{"--policies static --trace " + trace, 0, "oracle"},
		{"run static --trace " + trace, 0, "decisions"},
		{"run oracle --trace " + trace, 0, "oracle"},
		{"frontier --policies static --points 6 --at wait_p99=1s --trace " + trace, 0, "settings"},
		{"frontier --policies static --points 6 --trace " + trace, 0, "static:level=0"},
		{"study --points 2 --trace " + trace, 2, "--points"},
		{"study --resamples 2 --trace " + trace, 2, "--resamples"},
		{"study --targets 99 --trace " + trace, 2, "--targets"},
		{"study --grouping tenant --trace " + trace, 2, "--grouping"},
		{"study --lead-time soon --trace " + trace, 2, "--lead-time"},
		{"study --format xml --trace " + trace, 2, "--format"},
		{"study --of dynamic --trace " + trace, 2, "there is no policy"},
		{"study --fresh dynamic --trace " + trace, 2, "--fresh"},
		{"study --policies static:level=3 --trace " + trace, 2, "sweeps level"},
		{"study --measure-from 2h --trace " + trace, 2, "after the last arrival"},
		{"study --trace " + trace + " --trace " + trace, 2, "name="},
		{"study --trace " + trace + ",jitter=5", 2, "jitter"},
		{"study --trace " + trace + ",colour=red", 2, "jitter="},
		{"study --trace no/such/file.csv", 2, "no/such/file.csv"},
		{"reply", 2, "unknown command"},
		{"--tarce x", 2, "unknown flag"},
		{"--trace no/such/file.csv", 2, "no/such/file.csv"},
		{"--policies static --trace " + filepath.Dir(trace), 0, "static"}, // a folder of one file
		{"--trace " + filepath.Dir(file), 2, "has no file that ends in .parquet"},
		{"--config no/such/pool.yaml", 2, "pool.yaml"},
		{"--config pool.yaml --price 2", 2, "--price cannot stand beside --config"},
		{"--single-use --reusable", 2, "single-use"},
		{"--format xml", 2, "--format"},
		{"--timezone Mars/Olympus", 2, "--timezone"},
		{"--policies dynamic --trace " + trace, 2, "there is no policy"},
		{"--policies static:level=x --trace " + trace, 2, "whole number"},
		{"--policies level=3 --trace " + trace, 2, "before any policy"},
		{"--policies schedule --trace " + trace, 2, "--measure-from"},
		{"--lead-time soon --trace " + trace, 2, "--lead-time"},
		{"--layers bare:missing=2,memory=0.5 --trace " + trace, 2, "--layers: bare:missing=2"},
		{"--layers bare:missing=0.5 --trace " + trace, 2, "needs missing and memory"},
		{"--layers bare:missing=0.5,memory=0.5,language:missing=0.2,memory=0.3 --trace " + trace, 2, "above that of the layer below it"},
		{"--hints share=0.5,notice=1m --policies adaptive --trace " + trace, 0, "hints share=0.5,notice=1m0s"},
		{"--hints share=0.5 --trace " + trace, 2, "--hints: notice=0s"},
		{"--binding never --trace " + trace, 2, "--binding"},
		{"--price -1 --trace " + trace, 2, "--price"},
		{"--tick 1us --trace " + trace, 2, "--tick"},
		{"--measure-from 120% --trace " + trace, 2, "--measure-from"},
		{"--measure-from 2h --trace " + trace, 2, "after the last arrival"},
		{"run static,none --trace " + trace, 2, "one policy"},
		{"run static --policies none --trace " + trace, 2, "named twice"},
		{"run oracle --events " + file + "x --trace " + trace, 2, "no decisions"},
		{"frontier --at hits=3 --trace " + trace, 2, "--at"},
		{"frontier --points 2 --trace " + trace, 2, "--points"},
		{"frontier --policies static:level=3 --trace " + trace, 2, "sweeps level"},
		{"frontier --policies static:size=3 --trace " + trace, 2, "no parameter"},
		{"--policies static --out " + file + " --trace " + trace, 1, "--out"},
		{"run static --events " + filepath.Join(file, "x") + " --trace " + trace, 1, "--events"},
	} {
		stdout, stderr, status := simulate(t, strings.Fields(c.args)...)
		if status != c.status || !strings.Contains(stdout+stderr, c.want) {
			t.Errorf("simulate %s: status %d, want %d with %q; said\n%s%s", c.args, status, c.status, c.want, stdout, stderr)
		}
		if status == 2 && stdout != "" {
			t.Errorf("simulate %s: wrote results although its input was bad:\n%s", c.args, stdout)
		}
	}
}

func TestResultsAreTheSameBytesAndQuietIsQuiet(t *testing.T) {
	trace := requests(t)
	for _, format := range []string{"table", "json", "csv"} {
		args := []string{"--trace", trace, "--policies", "static:level=2,ewma", "--lead-time", "lognormal:median=45s,p99=120s", "--format", format}
		one, notes, _ := simulate(t, args...)
		two, silence, _ := simulate(t, append(args, "--quiet")...)
		if one != two || one == "" {
			t.Errorf("%s: two runs differ:\n%s\n%s", format, one, two)
		}
		if silence != "" {
			t.Errorf("%s: --quiet says %q", format, silence)
		}
		if told := strings.Contains(one+notes, "seed 1, version"); !told {
			t.Errorf("%s: seed and version are nowhere told:\n%s", format, notes)
		}
	}
}

func TestMeasureFromForms(t *testing.T) {
	trace := requests(t)
	for _, c := range []struct{ from, want string }{
		{"25%", "2026-06-01T08:14:52.5Z"},
		{"15m", "2026-06-01T08:15:00Z"},
		{"0.01d", "2026-06-01T08:14:24Z"},
		{"2026-06-01T08:15:00Z", "2026-06-01T08:15:00Z"},
		{"2026-06-01T10:15:00", "2026-06-01T08:15:00Z"}, // local to --timezone
		{"", "2026-06-01T08:00:00Z"},
	} {
		stdout, stderr, status := simulate(t, "--trace", trace, "--policies", "static", "--format", "json", "--timezone", "Europe/Berlin", "--measure-from", c.from)
		var got experiments.Comparison
		if err := json.Unmarshal([]byte(stdout), &got); err != nil {
			t.Fatalf("%s: status %d, %v: %s", c.from, status, err, stderr)
		}
		if got.Trace.MeasuredFrom != c.want {
			t.Errorf("--measure-from %s: from %s, want %s", c.from, got.Trace.MeasuredFrom, c.want)
		}
		if got.Config.Timezone != "Europe/Berlin" {
			t.Errorf("time zone %s", got.Config.Timezone)
		}
	}
	// Without named policies the first third trains.
	stdout, _, _ := simulate(t, "run", "--trace", trace, "--format", "json")
	var got single
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	if n := got.Results[0].Requests; n != 80 {
		t.Errorf("%d requests are measured after the first third of 120", n)
	}
	if s := got.Results[0].Shortfall; s == nil || s.Short != got.Results[0].PartialHits+got.Results[0].Misses {
		t.Errorf("where the requests fall that did not hit: %+v", s)
	}
}

func TestEventsReadBack(t *testing.T) {
	trace := requests(t)
	path := filepath.Join(t.TempDir(), "decisions.parquet")
	stdout, stderr, status := simulate(t, "run", "static:level=2", "--trace", trace, "--events", path, "--format", "json")
	if status != 0 {
		t.Fatal(stderr)
	}
	var answer single
	if err := json.Unmarshal([]byte(stdout), &answer); err != nil {
		t.Fatal(err)
	}
	res := answer.Results[0]
	events, err := parquet.ReadFile[event](path)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(events)) != answer.Decisions.Count {
		t.Errorf("%d events, %d decisions", len(events), answer.Decisions.Count)
	}
	counts := map[string]int64{}
	served := map[int64]bool{}
	last := int64(0)
	for _, e := range events {
		counts[e.Action]++
		if e.Time < last {
			t.Fatal("time goes back")
		}
		last = e.Time
		if (e.Request != nil) != (e.Action == "assign") || (e.Outcome != "") != (e.Action == "assign") {
			t.Fatalf("a request or an outcome out of place: %+v", e)
		}
		if e.Request != nil {
			counts[e.Outcome]++
			served[*e.Request] = true
			if want := []string{"small", "large"}[*e.Request%2]; e.Category != want {
				t.Errorf("request %d is of %s, want %s", *e.Request, e.Category, want)
			}
		}
	}
	got := []int64{counts["launch"], counts["assign"], counts["hit"], counts["partial_hit"], counts["miss"], int64(len(served))}
	want := []int64{res.Launches, res.Requests, res.Hits, res.PartialHits, res.Misses, 120}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts (-result +events):\n%s", diff)
	}
	if _, err := os.Stat(path + ".part"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the part file is left: %v", err)
	}
	other, _, _ := simulate(t, "run", "static:level=2", "--trace", trace, "--format", "json")
	if other != stdout {
		t.Error("writing events changes the answer")
	}
}

// A sink that fails stops the log, and leaves no file that looks complete.
func TestEventsThatCannotBeWritten(t *testing.T) {
	trace, dir := requests(t), t.TempDir()
	path := filepath.Join(dir, "decisions.parquet")
	if err := os.Mkdir(path, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, said, status := simulate(t, "run", "static", "--trace", trace, "--events", path); status != 1 {
		t.Errorf("status %d: %s", status, said)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*.part"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

// Figures of the hand check on a public trace, by the command line.
func TestHandCheck(t *testing.T) {
	path := filepath.Join("..", "..", "..", "shared", "traces", "genai.csv.gz")
	if _, err := os.Stat(path); err != nil {
		t.Skip("the public trace genai is not here: ", err)
	}
	for _, c := range []struct {
		args           string
		hits, launches int64
		idle, wait     float64
	}{
		{"--pooled --single-use --lead-time 120s static:level=20", 26219, 26810, 10164.87, 0.8638},
		{"--reusable --binding early keepalive:ttl=600s", 19439, 0, 1750.36, 0},
		{"--single-use static:level=1", 9662, 0, 0, 0},
	} {
		stdout, stderr, status := simulate(t, append(strings.Fields("run --format json --trace "+path), strings.Fields(c.args)...)...)
		var got single
		if err := json.Unmarshal([]byte(stdout), &got); err != nil {
			t.Fatalf("%s: status %d: %v: %s", c.args, status, err, stderr)
		}
		r := got.Results[0]
		near := func(x, want float64) bool { return want == 0 || x > want*0.99999 && x < want*1.0001 }
		if r.Hits != c.hits || c.launches > 0 && r.Launches != c.launches || !near(r.InstanceS.Idle/3600, c.idle) || !near(r.WaitS.Mean, c.wait) {
			t.Errorf("%s: %d hits, %d launches, %.2f idle hours, mean wait %.4f s", c.args, r.Hits, r.Launches, r.InstanceS.Idle/3600, r.WaitS.Mean)
		}
	}
}

func TestHelpFitsATerminal(t *testing.T) {
	for _, verb := range []string{"", "compare", "run", "frontier", "forecast"} {
		stdout, _, _ := simulate(t, append(strings.Fields(verb), "--help")...)
		for line := range strings.Lines(stdout) {
			if n := len([]rune(strings.TrimRight(line, "\n"))); n > 100 {
				t.Errorf("%s --help: %d columns: %s", verb, n, line)
			}
		}
	}
	for _, family := range policy.Families() {
		if stdout, _, _ := simulate(t, "--help"); !strings.Contains(stdout, family.Summary) {
			t.Errorf("--help does not tell of %s", family.Name)
		}
	}
}

func TestProgressIsSilentWithoutATerminal(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out, false)
	p.since = p.since.AddDate(-1, 0, 0)
	p.at(5, 10)
	p.end()
	if out.Len() > 0 {
		t.Errorf("wrote %q", out.String())
	}
	if newProgress(io.Discard, false).w != nil {
		t.Error("a writer that is no file is taken for a terminal")
	}
}
