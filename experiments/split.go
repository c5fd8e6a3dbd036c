package experiments

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"shadowpool/policy"
	"shadowpool/sim"
)

// split gives candidates their parts; none of no number. The error says of
// each that cannot be split what couples which categories.
func (b *Bench) split(candidates []*candidate, parts int) error {
	if parts == 0 {
		return nil
	}
	requests, err := b.requests()
	if err != nil {
		return err
	}
	var refused []error
	for _, c := range candidates {
		couplings, err := b.couplings(c)
		if err != nil {
			return fmt.Errorf("policy %s: %w", c.spec, err)
		}
		groups := sim.Groups(&b.fleet, couplings)
		if len(groups) == 1 && parts > 1 {
			refused = append(refused, fmt.Errorf("policy %s cannot be replayed in parts: %s", c.spec, b.coupled(couplings)))
		}
		c.parts = sim.Divide(groups, requests, parts)
	}
	return errors.Join(refused...)
}

// couplings are those of the fleet under a candidate.
func (b *Bench) couplings(c *candidate) ([]sim.Coupling, error) {
	if c.family == oracle {
		return nil, nil // it takes every category for itself
	}
	sizer, err := b.sizer(c)
	if err != nil {
		return nil, err
	}
	return sim.Couple(&b.fleet, sizer), nil
}

// mostCouplings is how many are named.
const mostCouplings = 5

// coupled says what couples the only group of categories.
func (b *Bench) coupled(couplings []sim.Coupling) string {
	if len(b.fleet.Categories) == 1 {
		return "the fleet has only one category"
	}
	for _, c := range couplings {
		if c.Pools == nil {
			return fmt.Sprintf("all %d categories are coupled by %s", len(b.fleet.Categories)-b.fleet.Layers, c.By)
		}
	}
	return "no category is independent: " + strings.Join(b.named(couplings), "; ")
}

// named says which categories couplings are of.
func (b *Bench) named(couplings []sim.Coupling) []string {
	var all []string
	for i, c := range couplings {
		if i == mostCouplings {
			all = append(all, fmt.Sprintf("and %d more couplings", len(couplings)-i))
			break
		}
		var names []string
		for _, p := range c.Pools {
			names = append(names, b.fleet.Categories[p].Name)
		}
		last := len(names) - 1
		all = append(all, fmt.Sprintf("%s and %s are coupled by %s", strings.Join(names[:last], ", "), names[last], c.By))
	}
	return all
}

// Together says which categories no part has without the others, whatever the
// policy; nothing if there are none.
func (b *Bench) Together() []string {
	return b.named(slices.DeleteFunc(sim.Couple(&b.fleet, policy.None{}), func(c sim.Coupling) bool { return c.Pools == nil }))
}

// runParts replays all parts of a candidate.
func (b *Bench) runParts(ctx context.Context, c *candidate) (*sim.Result, error) {
	tallies := make([]*sim.Tally, len(c.parts))
	group, ctx := errgroup.WithContext(ctx)
	for i := range c.parts {
		group.Go(func() (err error) {
			tallies[i], err = b.count(ctx, c, c.parts[i])
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	sum, err := sim.Merge(tallies)
	if err != nil {
		return nil, err
	}
	res := sum.Result()
	res.Trace = b.sum.Name
	return res, nil
}

// count replays one part of a candidate, when a seat is free.
func (b *Bench) count(ctx context.Context, c *candidate, pools []bool) (t *sim.Tally, err error) {
	err = b.seated(ctx, func() (err error) {
		opt := b.options(ctx, nil)
		opt.Pools = pools
		if c.family == oracle {
			t, err = sim.CountOracle(b.src, b.fleet, opt)
			return err
		}
		sizer, err := b.sizer(c)
		if err != nil {
			return err
		}
		t, err = sim.Count(b.src, b.fleet, sizer, opt)
		return err
	})
	return t, err
}
