//go:build unix

package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"shadowpool/experiments"
	"shadowpool/policy"
	"shadowpool/sim"
	"shadowpool/trace"
)

// What simulate tune chooses is served as it is.
func TestServesWhatWasTuned(t *testing.T) {
	b := trace.NewBuilder()
	for i := range 3000 {
		r := trace.Record{Arrival: int64(i) * int64(50*time.Second), Duration: int64(90 * time.Second), Category: []string{"small", "large"}[i%2], Announced: trace.NoTime, Wait: trace.NoTime}
		if err := b.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	src, err := b.Build("even", false)
	if err != nil {
		t.Fatal(err)
	}
	fleet, err := sim.FleetOf(src, sim.Category{Lead: sim.Constant(2 * time.Minute), Price: 0.5}, false)
	if err != nil {
		t.Fatal(err)
	}
	bench, err := experiments.NewBench(src, fleet, experiments.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	target := &experiments.Target{Measure: "hit_rate", Value: 0.9}
	specs, err := policy.ParseSpecs("static:level=1..10")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := experiments.FleetRanges("tick=5s|15s")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := experiments.Entries(specs, keys, target)
	if err != nil {
		t.Fatal(err)
	}
	tuning := &experiments.Tuning{Bench: bench, Entries: entries, Target: target, Cost: "waste", Budget: 25}
	found, err := tuning.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	base, err := experiments.FleetFile(&fleet)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text, err := found.PoolFile(base, ".", dir, "simulate tune")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "pool.yaml")
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	f := &serveFlags{}
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	f.add(flags)
	if err := flags.Parse([]string{"--config", path}); err != nil {
		t.Fatal(err)
	}
	s, err := f.settings(flags)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	// Of each category one comes every 100 s, and one ordered as it came is warm
	// after 120 s: two are enough, and one is not.
	if got := s.options.Policy.String(); got != "static:level=2" || len(s.options.Fleet.Categories) != 2 {
		t.Errorf("%s and %+v of\n%s", got, s.options.Fleet.Categories, text)
	}
}
