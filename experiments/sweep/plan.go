package sweep

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"shadowpool/experiments"
	"shadowpool/policy"
	"shadowpool/sim"
)

// MaxRuns bounds an experiment.
const MaxRuns = 1_000_000

// A Run is one policy with one setting, on one trace, fleet and seed: all that
// its result depends on.
type Run struct {
	Key         string `json:"key"` // hash of everything below
	Trace       string `json:"trace"`
	Fingerprint string `json:"trace_fingerprint"`
	MeasureFrom int64  `json:"measure_from_ns"` // since the epoch
	// Settings are what was changed of the configuration, as KEY=VALUE, and Config
	// is the hash of all of it.
	Settings  string `json:"settings"`
	Config    string `json:"config_hash"`
	Policy    string `json:"policy"` // with its parameters, as policy.ParseSpecs reads it
	Seed      uint64 `json:"seed"`
	StartWarm bool   `json:"start_warm,omitempty"`
	Hints     string `json:"hints,omitempty"`
	Version   string `json:"version"`
}

// A Plan is the list of an experiment's runs, and what they are compared by.
type Plan struct {
	Format   int    `json:"format"`
	Target   string `json:"target,omitempty"`
	Minimise string `json:"minimise"`
	Runs     []Run  `json:"runs"`
}

// planFormat is the form of what is kept: of plans and of runs.
const planFormat = 1

// A Sweep is an experiment with its traces and fleets, ready to be run.
type Sweep struct {
	Plan    Plan
	Target  *experiments.Target // nil if there is none
	grounds []*ground
	of      []int // by run: its ground
	specs   []policy.Spec
}

// Open reads what an experiment names, and finds fault with all of its runs
// before the first begins. The version is put into every result.
func (e *Experiment) Open(ctx context.Context, version string) (*Sweep, error) {
	variants, err := e.variants(ctx)
	if err != nil {
		return nil, err
	}
	sources, err := e.sources(ctx, variants[0].file.Location)
	if err != nil {
		return nil, err
	}
	s := &Sweep{Plan: Plan{Format: planFormat, Target: e.Target, Minimise: e.Minimise}}
	if e.Target != "" {
		if s.Target, err = experiments.ParseTarget(e.Target); err != nil {
			return nil, err
		}
	}
	hints, err := sim.ParseHints(e.Hints)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i := range sources {
		for j := range variants {
			specs, err := e.specs(&variants[j])
			if err != nil {
				return nil, err
			}
			for k, seed := range e.Seeds {
				opt := experiments.Options{
					Seed: seed, MeasureFrom: sources[i].measureFrom, StartWarm: e.StartWarm, Days: true, Hints: hints, Version: version,
				}
				g := &ground{source: &sources[i], variant: &variants[j], options: opt}
				if k == 0 {
					if err := g.check(specs); err != nil {
						return nil, fmt.Errorf("%s: %w", e.file, err)
					}
				}
				for _, spec := range specs {
					s.add(g, spec, seen)
				}
				s.grounds = append(s.grounds, g)
			}
		}
	}
	if len(s.Plan.Runs) > MaxRuns {
		return nil, fmt.Errorf("%s asks for %d runs, at most %d are allowed", e.file, len(s.Plan.Runs), MaxRuns)
	}
	return s, nil
}

// add adds a run, unless it is in the plan already.
func (s *Sweep) add(g *ground, spec policy.Spec, seen map[string]bool) {
	r := Run{
		Trace: g.source.trace.Name, Fingerprint: g.source.fingerprint, MeasureFrom: g.source.measureFrom,
		Settings: written(g.variant.settings), Config: g.variant.hash, Policy: spec.String(),
		Seed: g.options.Seed, StartWarm: g.options.StartWarm, Hints: g.options.Hints.String(), Version: g.options.Version,
	}
	body, err := json.Marshal([]any{planFormat, r})
	if err != nil {
		panic(err) // text and numbers
	}
	sum := sha256.Sum256(body)
	if r.Key = fmt.Sprintf("%x", sum[:16]); seen[r.Key] {
		return
	}
	seen[r.Key] = true
	s.Plan.Runs, s.of, s.specs = append(s.Plan.Runs, r), append(s.of, len(s.grounds)), append(s.specs, spec)
	g.runs++
}

// specs are the policies asked for, aimed at the target of the configuration
// where they can be and name none.
func (e *Experiment) specs(v *variant) ([]policy.Spec, error) {
	if len(e.Policies) == 0 {
		return []policy.Spec{v.file.PolicySpec()}, nil
	}
	var all []policy.Spec
	for i := range e.Policies {
		specs, err := e.Policies[i].specs(experiments.Named())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.file, err)
		}
		for _, s := range specs {
			all = append(all, v.file.Aim(s))
		}
	}
	return all, nil
}

// encode is how a plan is kept.
func (p *Plan) encode() ([]byte, error) {
	var b bytes.Buffer
	err := experiments.WriteJSON(&b, p)
	return b.Bytes(), err
}
