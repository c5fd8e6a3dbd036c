package sweep

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// run executes a shard of a sweep into a directory of its own, and reads it.
func run(t *testing.T, s *Sweep, shard Shard) *Outcome {
	t.Helper()
	dir := folder(t)
	if err := s.Execute(context.Background(), dir, Options{Shard: shard}); err != nil {
		t.Fatal(err)
	}
	o, err := Read(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestMergeOfShards(t *testing.T) {
	s := open(t, fmt.Sprintf(grid, requests(t)))
	one, two := run(t, s, Shard{0, 3}), run(t, s, Shard{2, 3})
	m, err := Merge(one, two)
	if err != nil {
		t.Fatal(err)
	}
	third := (len(s.Plan.Runs) + 1) / 3
	if got := m.MissingOf(&s.Plan, 3); !slices.Equal(got, []int{0, third, 0}) || len(m.Missing()) != third || !slices.Equal(m.Plan.Runs, s.Plan.Runs) {
		t.Errorf("%v are missing by shard, want %d of the second", got, third)
	}
	grids, err := m.Grids()
	if err != nil {
		t.Fatal(err)
	}
	complete, incomplete := 0, 0
	for _, g := range grids {
		complete += len(g.Trials)
		incomplete += g.Incomplete
		for _, trial := range g.Trials {
			if len(trial.Results) != 2 || trial.Results[0].Seed != 7 || trial.Results[1].Seed != 8 || trial.Results[0].Policy != trial.Spec.Name {
				t.Errorf("%s: seeds %d and %d", trial.Spec, trial.Results[0].Seed, trial.Results[1].Seed)
			}
		}
	}
	if len(grids) != 4 || complete+incomplete != 4*7 || incomplete == 0 {
		t.Errorf("%d grids of %d complete settings and %d incomplete", len(grids), complete, incomplete)
	}
}

// Two experiments on one trace and fleet make one grid, with the seeds that both
// have; runs that both have are there once.
func TestMergeOfExperiments(t *testing.T) {
	trace := requests(t)
	text := "traces: [%q]\ntarget: hit_rate=0.9\npolicies: [{name: static, level: [%s]}]\nseeds: [%s]\n"
	one := run(t, open(t, fmt.Sprintf(text, trace, "1, 2", "1, 2")), Shard{})
	two := run(t, open(t, fmt.Sprintf(text, trace, "2, 3", "2, 3")), Shard{})
	m, err := Merge(one, two)
	if err != nil {
		t.Fatal(err)
	}
	grids, err := m.Grids()
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Plan.Runs) != 7 || len(grids) != 1 || len(grids[0].Trials) != 3 || !slices.Equal(grids[0].Seeds, []uint64{2}) || m.Plan.Target != "hit_rate=0.9" {
		t.Errorf("%d runs, %d grids, the first of %d settings with seeds %v, at %s", len(m.Plan.Runs), len(grids), len(grids[0].Trials), grids[0].Seeds, m.Plan.Target)
	}
	two.Plan.Target = "hit_rate=0.95"
	if m, err = Merge(one, two); err != nil || m.Plan.Target != "" {
		t.Errorf("targets that differ merge to %q (%v)", m.Plan.Target, err)
	}
	two.Plan.Minimise = "cost"
	if _, err := Merge(one, two); err == nil {
		t.Error("cost and waste are minimised at once")
	}
	apart := run(t, open(t, fmt.Sprintf(text, trace, "3", "4")), Shard{})
	if m, err = Merge(one, apart); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Grids(); err == nil || !strings.Contains(err.Error(), "no seed was planned for every setting") {
		t.Errorf("settings without a seed in common are compared: %v", err)
	}
}

// A bench replays what the sweep ran, to the same figures; that of another
// experiment does not.
func TestBenchOfAGrid(t *testing.T) {
	trace := requests(t)
	s := open(t, fmt.Sprintf(grid, trace))
	grids, err := run(t, s, Shard{}).Grids()
	if err != nil {
		t.Fatal(err)
	}
	g := &grids[3]
	b, err := s.Bench(g, 8)
	if err != nil {
		t.Fatal(err)
	}
	for _, trial := range g.Trials {
		again, err := b.Run(context.Background(), trial.Spec, nil)
		if err != nil {
			t.Fatal(err)
		}
		if want := trial.Results[1]; again.Hits != want.Hits || again.CostUSD != want.CostUSD || len(again.Timeline) == 0 {
			t.Errorf("%s: replayed %d hits, $%v and %d samples, swept %d and $%v", trial.Spec, again.Hits, again.CostUSD.Total, len(again.Timeline), want.Hits, want.CostUSD.Total)
		}
	}
	other := open(t, fmt.Sprintf("traces: [%q]\npolicies: [{name: static, level: 1}]\n", trace))
	if _, err := other.Bench(g, 1); err == nil {
		t.Error("another fleet is taken for that of the sweep")
	}
}
