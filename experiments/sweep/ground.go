package sweep

import (
	"context"
	"sync"

	"shadowpool/experiments"
	"shadowpool/policy"
	"shadowpool/sim"
)

// A ground is a trace on a fleet with a seed. Its bench is there while runs of
// it are.
type ground struct {
	source  *source
	variant *variant
	options experiments.Options
	runs    int // in the plan

	mu    sync.Mutex
	bench *experiments.Bench
	left  int // runs of this process that are not done
}

// open makes the bench, with the fleet that the configuration gives the trace.
func (g *ground) open() (*experiments.Bench, error) {
	fleet, err := sim.FleetFromConfig(g.variant.file, g.source.trace)
	if err != nil {
		return nil, err
	}
	return experiments.NewBench(g.source.trace, fleet, g.options)
}

// check finds fault with policies on the ground.
func (g *ground) check(specs []policy.Spec) error {
	b, err := g.open()
	if err != nil {
		return err
	}
	for _, s := range specs {
		if err := b.Check([]policy.Spec{s}); err != nil {
			return err
		}
	}
	return nil
}

// run replays the trace. The bench goes with the last run.
func (g *ground) run(ctx context.Context, spec policy.Spec) (*sim.Result, error) {
	g.mu.Lock()
	var err error
	if g.bench == nil {
		g.bench, err = g.open()
	}
	b := g.bench
	g.mu.Unlock()
	if err != nil {
		return nil, err
	}
	res, err := b.Run(ctx, spec, nil)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.left--; g.left == 0 {
		g.bench = nil
	}
	return res, err
}
