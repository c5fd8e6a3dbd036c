package sweep

import (
	"fmt"
	"slices"

	"shadowpool/experiments"
	"shadowpool/policy"
)

// Grids are the outcome by trace and fleet, in the order of the plan: what
// experiments.Decide chooses among. A grid has the seeds that all of its settings
// were to be run with; settings that lack a result of one are left out. Runs of
// different versions are in different grids.
func (o *Outcome) Grids() ([]experiments.Grid, error) {
	type place struct {
		ground Run // without what tells its runs apart
		specs  []string
		runs   map[string]map[uint64]int
	}
	var places []*place
	at := map[Run]*place{}
	for i, run := range o.Plan.Runs {
		ground := run
		ground.Key, ground.Policy, ground.Seed = "", "", 0
		p := at[ground]
		if p == nil {
			p = &place{ground: ground, runs: map[string]map[uint64]int{}}
			at[ground] = p
			places = append(places, p)
		}
		if p.runs[run.Policy] == nil {
			p.specs = append(p.specs, run.Policy)
			p.runs[run.Policy] = map[uint64]int{}
		}
		p.runs[run.Policy][run.Seed] = i
	}
	var grids []experiments.Grid
	for _, p := range places {
		g := experiments.Grid{
			Trace: p.ground.Trace, Fingerprint: p.ground.Fingerprint, MeasureFrom: p.ground.MeasureFrom,
			Fleet: p.ground.Settings, Config: p.ground.Config, StartWarm: p.ground.StartWarm,
			Hints: p.ground.Hints, Version: p.ground.Version,
		}
		for seed := range p.runs[p.specs[0]] {
			if !slices.ContainsFunc(p.specs, func(spec string) bool { _, ok := p.runs[spec][seed]; return !ok }) {
				g.Seeds = append(g.Seeds, seed)
			}
		}
		slices.Sort(g.Seeds)
		if len(g.Seeds) == 0 {
			return nil, fmt.Errorf("%s: no seed was planned for every setting", g.Name())
		}
		for _, text := range p.specs {
			specs, err := policy.ParseSpecs(text)
			if err != nil || len(specs) != 1 {
				return nil, fmt.Errorf("policy %q of the plan cannot be read: %w", text, err)
			}
			t := experiments.Trial{Spec: specs[0]}
			for _, seed := range g.Seeds {
				if r := o.Results[p.runs[text][seed]]; r != nil {
					t.Results = append(t.Results, r)
				}
			}
			if len(t.Results) < len(g.Seeds) {
				g.Incomplete++
				continue
			}
			g.Trials = append(g.Trials, t)
		}
		grids = append(grids, g)
	}
	return grids, nil
}
