package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A study of a small generated trace, from the flags to the files: two lead
// times, two groupings, two targets.
func TestStudy(t *testing.T) {
	dir := t.TempDir()
	var b strings.Builder
	b.WriteString("arrival_s,duration_s,category\n")
	for i := range 600 { // three days, five at a time
		fmt.Fprintf(&b, "%d,45,%s\n", 432*(i-i%5), []string{"small", "large"}[i/11%2])
	}
	file := filepath.Join(dir, "requests.csv")
	if err := os.WriteFile(file, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "study")
	args := []string{"study", "--trace", file + ",name=few,jitter=1m", "--lead-time", "30s", "--lead-time", "lognormal:median=45s,p99=120s",
		"--targets", "0.5,0.8", "--policies", "static,ewma,static-rolling,hindsight-rate", "--of", "ewma", "--points", "6", "--resamples", "100", "--out", out}
	table, notes, status := simulate(t, args...)
	if status != 0 || !strings.Contains(table, "ewma wastes less than the best other policy in") || !strings.Contains(notes, "4 of 4: few, ") {
		t.Fatalf("status %d; said\n%s%s", status, table, notes)
	}
	for _, name := range []string{"report.html", "study.json", "study.csv", "against-best.svg", "spread.svg", "calibration-0.5.svg", "calibration-0.8.svg"} {
		if info, err := os.Stat(filepath.Join(out, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	body, _, _ := simulate(t, append(args, "--format", "json", "--quiet")...)
	var found struct {
		Cells []struct {
			Trace    string
			LeadTime string `json:"lead_time"`
			Grouping string
			Target   float64
		}
	}
	if err := json.Unmarshal([]byte(body), &found); err != nil {
		t.Fatal(err)
	}
	seen := map[any]bool{}
	for _, c := range found.Cells {
		seen[c] = true
	}
	if len(seen) != 8 {
		t.Errorf("%d different cells, want 2 lead times, 2 groupings and 2 targets: %v", len(seen), found.Cells)
	}
	lines, notes, _ := simulate(t, append(args, "--format", "csv", "--quiet")...)
	rows, err := csv.NewReader(strings.NewReader(lines)).ReadAll()
	if err != nil || len(rows) != 1+8*4 || notes != "" {
		t.Errorf("%d rows of CSV, want 8 cells of 4 policies (%v); said %q", len(rows), err, notes)
	}
	again, _, _ := simulate(t, append(args, "--quiet", "--fresh", "all")...)
	if again != table {
		t.Errorf("run again, it says\n%s\nnot\n%s", again, table)
	}
}

// Without --policies everything that has a knob is studied.
func TestStudyTakesAllPolicies(t *testing.T) {
	f := &gridFlags{of: "adaptive"}
	specs, err := f.specs()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, s := range specs {
		all = append(all, s.Name)
	}
	for _, name := range []string{"adaptive", "static", "ewma", "keepalive", "static-by-category", "hindsight-rate", "oracle"} {
		if !slices.Contains(all, name) {
			t.Errorf("%s is not among %v", name, all)
		}
	}
	if slices.Contains(all, "none") {
		t.Error("none, which has nothing to sweep, is studied")
	}
}
