package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shadowpool/experiments"
	"shadowpool/policy/config"
)

// crowds writes a trace of two days: a crowd of ten requests every half hour or
// so, of 45 s each and of two categories, and returns its path.
func crowds(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("arrival_s,duration_s,category\n")
	random := rand.New(rand.NewPCG(1, 2))
	at := 1_780_000_000
	for i := range 1500 {
		at += random.IntN(30)
		if i%10 == 0 {
			at += random.IntN(2000)
		}
		fmt.Fprintf(&b, "%d,45,%s\n", at, []string{"small", "large"}[random.IntN(2)])
	}
	path := filepath.Join(t.TempDir(), "crowds.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// What is chosen is a pool.yaml whose run on the last span does what was
// reported; its comment tells how to find it again.
func TestTune(t *testing.T) {
	dir := t.TempDir()
	trace := crowds(t)
	out := filepath.Join(dir, "tuned")
	args := []string{"tune", "--trace", trace, "--reusable", "--lead-time", "20s", "--at", "hit_rate=0.8", "--policies", "keepalive:ttl=log:10s..1h",
		"--vary", "binding=late|early", "--budget", "25", "--out", out}
	text, log, status := simulate(t, append(args, "--format", "json")...)
	if status != 0 {
		t.Fatalf("status %d: %s", status, log)
	}
	if !strings.Contains(log, "runs") || !strings.Contains(log, "live serve --config") {
		t.Errorf("said %s", log)
	}
	var d experiments.Tuned
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	chosen := d.Finalists[d.Chosen]
	if chosen.Fit.HitRate < 0.8 || len(d.Sensitivity) != 1 || len(d.Sensitivity[0].Parameters) != 2 {
		t.Errorf("%s", text)
	}
	pool := filepath.Join(out, "pool.yaml")
	file, err := config.Load(pool)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(chosen.Setting, file.PolicySpec().String()+" binding="+file.Fleet.Binding.String()) || file.Service.HitRate != 0.8 {
		t.Errorf("pool.yaml has %s of %s", file.PolicySpec(), chosen.Setting)
	}
	again, log, status := simulate(t, "run", "--config", pool, "--trace", trace, "--measure-from", d.Spans[2].From, "--format", "json", "--quiet")
	if status != 0 {
		t.Fatal(log)
	}
	var c experiments.Comparison
	if err := json.Unmarshal([]byte(again), &c); err != nil {
		t.Fatal(err)
	}
	if r := c.Results[0]; r.Hits != chosen.Report.Hits || r.InstanceS != chosen.Report.InstanceS {
		t.Errorf("pool.yaml gives %d hits and %v, reported are %d and %v", r.Hits, r.InstanceS, chosen.Report.Hits, chosen.Report.InstanceS)
	}
	comment, err := os.ReadFile(pool)
	if err != nil {
		t.Fatal(err)
	}
	if want := "# simulate tune --trace " + trace + " --reusable"; !strings.Contains(string(comment), want) || !strings.Contains(string(comment), "--vary 'binding=late|early'") {
		t.Errorf("without %q:\n%s", want, comment)
	}

	// From there on, with its service for a target and its policy to beat.
	table, log, status := simulate(t, "tune", "--config", pool, "--trace", trace, "--policies", "keepalive", "--minimise", "cost", "--budget", "25", "--quiet")
	if status != 0 || log != "" || !strings.Contains(table, "least cost at hit_rate=0.8") || !strings.Contains(table, "(now)") {
		t.Errorf("status %d: %s%s", status, log, table)
	}
	// A target that is out of reach is a failure that says what was reached.
	table, log, status = simulate(t, "tune", "--trace", trace, "--policies", "keepalive:ttl=1s..2s", "--at", "hit_rate=0.9", "--budget", "20", "--quiet")
	if status != 1 || !strings.Contains(log, "no setting") || !strings.Contains(table, "the best has") {
		t.Errorf("status %d: %s%s", status, log, table)
	}
	front, log, status := simulate(t, "tune", "--trace", trace, "--reusable", "--policies", "keepalive", "--pareto", "--time", "2s", "--quiet")
	if status != 0 || !strings.Contains(front, "the front of waste against wait_p99") {
		t.Errorf("status %d: %s%s", status, log, front)
	}
}

func TestTuneUsage(t *testing.T) {
	trace := requests(t)
	for want, args := range map[string]string{
		"--at is missing":          "",
		"--at":                     "--at hits=1",
		"no pool keeps":            "--at hit_rate=1",
		"none of the others can":   "--at hit_rate=0.9 --pareto",
		"neither waste nor cost":   "--at hit_rate=0.9 --minimise money",
		"--vary":                   "--at hit_rate=0.9 --vary tock=1s",
		"needs 100":                "--at hit_rate=0.9",
		"fitted on a past":         "--at hit_rate=0.9 --policies schedule",
		"--policies: policy":       "--at hit_rate=0.9 --policies static:level=9..1",
		"--time":                   "--at hit_rate=0.9 --time -1s",
		"[budget time]":            "--at hit_rate=0.9 --time 1s --budget 10",
		"none of table":            "--at hit_rate=0.9 --format xml",
		"such file or directory":   "--at hit_rate=0.9 --config nothing.yaml",
		"cannot stand beside":      "--at hit_rate=0.9 --config nothing.yaml --price 3",
		"there is no policy \"x\"": "--at hit_rate=0.9 --policies x",
	} {
		if _, log, status := simulate(t, append([]string{"tune", "--trace", trace}, strings.Fields(args)...)...); status != 2 || !strings.Contains(log, want) {
			t.Errorf("%s: status %d, %q, want one with %q", args, status, log, want)
		}
	}
}
