package experiments

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"shadowpool/policy"
	"shadowpool/sim"
)

// Compare runs every policy. The results are in the order asked, with what
// stands beside every comparison where it was not asked for: none before them,
// oracle after them.
func (b *Bench) Compare(ctx context.Context, specs []policy.Spec) ([]*sim.Result, error) {
	candidates, err := b.checkAll(WithBounds(specs))
	if err != nil {
		return nil, err
	}
	if err := b.split(candidates, b.opt.Parts); err != nil {
		return nil, err
	}
	b.expect(len(candidates) * max(b.opt.Parts, 1))
	return b.runAll(ctx, candidates)
}

// Run runs one policy and records its decisions in log, which may be nil.
func (b *Bench) Run(ctx context.Context, spec policy.Spec, log *policy.Log) (*sim.Result, error) {
	c, err := b.check(spec)
	if err != nil {
		return nil, err
	}
	if log != nil && c.family == oracle {
		return nil, fmt.Errorf("policy oracle takes no decisions that could be logged; it is computed from the trace")
	}
	if err := b.split([]*candidate{c}, b.opt.Parts); err != nil {
		return nil, err
	}
	if log != nil && c.parts != nil {
		return nil, errors.New("a run in parts has no log: instances have their numbers in the whole fleet")
	}
	b.expect(max(b.opt.Parts, 1))
	return b.run(ctx, c, log)
}

// Check finds fault with specs before anything is run.
func (b *Bench) Check(specs []policy.Spec) error {
	_, err := b.checkAll(specs)
	return err
}

func (b *Bench) checkAll(specs []policy.Spec) ([]*candidate, error) {
	var candidates []*candidate
	for i, spec := range specs {
		if asked(specs[:i], spec) {
			return nil, fmt.Errorf("policy %s is asked for twice", spec)
		}
		c, err := b.check(spec)
		if err != nil {
			return nil, err
		}
		candidates = append(candidates, c)
	}
	return candidates, nil
}

// WithBounds adds none before and oracle after specs, unless they are there.
func WithBounds(specs []policy.Spec) []policy.Spec {
	none, oracle := policy.Spec{Name: "none"}, policy.Spec{Name: "oracle"}
	all := slices.Clone(specs)
	if !asked(all, none) {
		all = slices.Insert(all, 0, none)
	}
	if !asked(all, oracle) {
		all = append(all, oracle)
	}
	return all
}

// asked says whether a spec is among others.
func asked(specs []policy.Spec, spec policy.Spec) bool {
	return slices.ContainsFunc(specs, func(s policy.Spec) bool { return s.String() == spec.String() })
}
