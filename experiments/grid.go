package experiments

import (
	"fmt"
	"slices"

	"shadowpool/policy"
	"shadowpool/sim"
)

// A Grid is what a sweep ran on one trace and fleet: settings of policies,
// all with the same seeds.
type Grid struct {
	Trace       string      `json:"trace"`
	Fingerprint string      `json:"trace_fingerprint"`
	MeasureFrom policy.Time `json:"measure_from_ns"`
	// Fleet is what was changed of the configuration, as KEY=VALUE, and Config the
	// hash of all of it.
	Fleet     string   `json:"settings"`
	Config    string   `json:"config_hash"`
	StartWarm bool     `json:"start_warm,omitempty"`
	Hints     string   `json:"hints,omitempty"`
	Version   string   `json:"version"`
	Seeds     []uint64 `json:"seeds"`
	Trials    []Trial  `json:"-"`
	// Incomplete counts settings that were left out, as not all seeds were run.
	Incomplete int `json:"incomplete"`
}

// A Trial is a policy with its parameters, and its results by seed.
type Trial struct {
	Spec    policy.Spec
	Results []*sim.Result
}

// Name tells a grid among others of one sweep.
func (g *Grid) Name() string {
	name := g.Trace
	if g.Fleet != "" {
		name += ", " + g.Fleet
	}
	if g.Hints != "" {
		name += ", hints " + g.Hints
	}
	return name
}

// mean is a figure of a trial over its seeds.
func (t *Trial) mean(of func(*sim.Result) float64) float64 {
	sum := 0.0
	for _, r := range t.Results {
		sum += of(r)
	}
	return sum / float64(len(t.Results))
}

func (t *Trial) implementable() bool { return t.Results[0].Implementable }

// measure is what a trial has of a target's measure, the mean of its seeds.
func (t *Trial) measure(target *Target) float64 { return t.mean(target.measure) }

// reaches says whether a trial gives the target's service.
func (t *Trial) reaches(target *Target) bool {
	return target.better(t.measure(target)) >= target.better(target.Value)
}

// undated takes out the trials that see the future and have no figures by day.
func (g *Grid) undated() []Trial {
	without := func(t Trial) bool { return !t.implementable() && len(t.Results[0].Days) == 0 }
	var all []Trial
	for _, t := range g.Trials {
		if without(t) {
			all = append(all, t)
		}
	}
	g.Trials = slices.DeleteFunc(slices.Clone(g.Trials), without)
	return all
}

// check finds fault with results that cannot be compared.
func (g *Grid) check() error {
	if len(g.Trials) == 0 {
		return fmt.Errorf("%s: there are no complete results", g.Name())
	}
	first := g.Trials[0].Results[0]
	if len(first.Days) == 0 {
		return fmt.Errorf("%s: the results have no figures by day", g.Name())
	}
	for _, t := range g.Trials {
		for _, r := range t.Results {
			same := r.SpanS == first.SpanS && slices.EqualFunc(r.Days, first.Days, func(a, b sim.Day) bool { return a.Requests == b.Requests })
			if !same {
				return fmt.Errorf("%s: %s was measured on other requests than %s", g.Name(), t.Spec, g.Trials[0].Spec)
			}
		}
	}
	return nil
}

// Has says whether a policy, or a policy with its parameters, is among the
// settings.
func (g *Grid) Has(name string) bool {
	return slices.ContainsFunc(g.Trials, func(t Trial) bool { return t.Spec.Name == name || t.Spec.String() == name })
}
