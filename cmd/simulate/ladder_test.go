package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shadowpool/experiments"
)

// fleetFile writes a pool.yaml of one pool with a price.
func fleetFile(t *testing.T, price string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fleet.yaml")
	text := "fleet:\n  isolation: none\n  pooled: true\n  categories: [{name: all, lead_time: 40s, prices: {on_demand: " + price + "}}]\npolicy: {name: static}\n"
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLadder(t *testing.T) {
	trace, one, half := requests(t), fleetFile(t, "1"), fleetFile(t, "0.5")
	out, log, status := simulate(t, "ladder", "one="+one, "half="+half, "none="+half+"@none", "--trace", trace,
		"--hit-rate", "0.8", "--points", "12", "--resamples", "10", "--quiet", "--format", "json", "--out", filepath.Join(t.TempDir(), "out"))
	if status != 0 || log != "" {
		t.Fatalf("status %d: %s", status, log)
	}
	var r experiments.LadderResult
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Rungs) != 3 || r.Rungs[0].Name != "one" || !r.Rungs[1].AtMean.Reached || r.Rungs[2].AtMean.Reached {
		t.Errorf("%s", out)
	}
	// Less is paid for bare serving too.
	if share := *r.Rungs[1].AtMean.Share; share > 0.5 {
		t.Errorf("at half the price it costs %v of what the first does above bare serving", share)
	}
	table, _, _ := simulate(t, "ladder", "one="+one, "half="+half, "--trace", trace, "--hit-rate", "0.8", "--points", "12", "--resamples", "10", "--quiet")
	if !strings.Contains(table, "at its mean wait") || !strings.Contains(table, "half") {
		t.Errorf("%s", table)
	}
	for want, args := range map[string][]string{
		"requires at least 2": {"ladder", one},
		"--points":            {"ladder", one, half, "--points", "3"},
		"--hit-rate":          {"ladder", one, half, "--hit-rate", "1"},
		"name them":           {"ladder", "a=" + one, "a=" + half, "--trace", trace},
		"no policy such as":   {"ladder", "a=" + one + "@static,none", "b=" + half, "--trace", trace},
		"no such file":        {"ladder", "a=nothing.yaml", "b=" + half, "--trace", trace},
		"share":               {"ladder", "a=" + one + "#often", "b=" + half, "--trace", trace},
	} {
		if _, log, status := simulate(t, args...); status != 2 || !strings.Contains(log, want) {
			t.Errorf("%v: status %d, %q, want one with %q", args, status, log, want)
		}
	}
}

func TestStageFlag(t *testing.T) {
	trace := requests(t)
	out, log, status := simulate(t, "compare", "--trace", trace, "--pooled", "--stage", "model=dataset=22s", "--stage", "adapter=dataset+task_type=lognormal:median=4s,p99=8s",
		"--policies", "static:level=3", "--format", "json", "--quiet")
	if status != 0 || !strings.Contains(out, "requests_needing") {
		t.Errorf("status %d: %s%s", status, log, out)
	}
	for want, stage := range map[string]string{
		"NAME=FACETS=TIME": "model=22s", "no facet": "model=size=22s", "named twice": "model=image+image=22s", "span": "model=image=soon",
	} {
		if _, log, status := simulate(t, "compare", "--trace", trace, "--stage", stage); status != 2 || !strings.Contains(log, want) {
			t.Errorf("--stage %s: status %d, %q, want one with %q", stage, status, log, want)
		}
	}
	if _, log, status := simulate(t, "compare", "--trace", trace, "--stage", "a=image=1s", "--stage", "a=image=1s"); status != 2 || !strings.Contains(log, "already") {
		t.Errorf("two stages of one name: status %d, %q", status, log)
	}
}
