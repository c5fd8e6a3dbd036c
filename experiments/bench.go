package experiments

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"shadowpool/policy"
	"shadowpool/sim"
	"shadowpool/trace"
)

// Options are what all runs of an experiment have in common.
type Options struct {
	// Seed, MeasureFrom, StartWarm, Timeline, Days, Shortfall and Hints are as
	// in sim.Options.
	Seed        uint64
	MeasureFrom policy.Time
	StartWarm   bool
	Timeline    int
	Days        bool
	Shortfall   bool
	Hints       sim.Hints
	// Version is put into every result.
	Version string
	// Parts is into how many every run is split, which go on at once; 0 does not
	// split.
	Parts int
	// Workers is how many runs go on at once; 0 is one a core.
	Workers int
	// Progress is called now and then, from any goroutine, with the number of
	// requests replayed by all runs so far and the number known to be ahead
	// in total; nil is not.
	Progress func(done, total int64)
}

// A Bench is a trace and a fleet on which policies are run.
type Bench struct {
	src   trace.Source
	sum   trace.Summary
	fleet sim.Fleet
	opt   Options
	known []*policy.Family // beyond those of package policy
	seers []*policy.Family // those of known that no one could run

	training func() (policy.Fleet, error)
	requests func() ([]int64, error) // by pool
	seats    chan struct{}           // one a run at a time
	done     atomic.Int64
	total    atomic.Int64
}

// NewBench prepares runs on a trace. The trace is read by several runs at
// once.
func NewBench(src trace.Source, fleet sim.Fleet, opt Options) (*Bench, error) {
	b := &Bench{src: src, sum: src.Summary(), fleet: fleet, opt: opt}
	if b.sum.Rows == 0 {
		return nil, fmt.Errorf("trace %s has no requests", b.sum.Name)
	}
	if opt.MeasureFrom > b.sum.Last {
		return nil, fmt.Errorf("trace %s: the measured span begins after the last arrival", b.sum.Name)
	}
	workers := opt.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	b.seats = make(chan struct{}, workers)
	b.seers = append(sim.References(src, fleet), oracle)
	b.known = append(slices.Clone(b.seers), sim.StaticByCategory(src, fleet, sim.Options{Seed: opt.Seed, MeasureFrom: opt.MeasureFrom}))
	b.training = sync.OnceValues(func() (policy.Fleet, error) { return sim.Training(src, fleet, opt.MeasureFrom) })
	b.requests = sync.OnceValues(func() ([]int64, error) { return sim.RequestsByPool(src, &b.fleet) })
	return b, nil
}

// oracle stands for sim.Oracle in the list of names; it has no sizer.
var oracle = &policy.Family{
	Name:    "oracle",
	Summary: "sees every arrival and every lead time: the bound",
}

// Named are the families that a bench knows beyond those of package policy,
// for lists of names.
func Named() []*policy.Family {
	return append(sim.References(nil, sim.Fleet{}), oracle, sim.StaticByCategory(nil, sim.Fleet{}, sim.Options{}))
}

// A candidate is a policy whose name and parameters were found good.
type candidate struct {
	spec   policy.Spec
	family *policy.Family
	values policy.Values
	runs   bool     // live too
	parts  [][]bool // the pools of each part, if it is to be split
}

// check looks a spec up and parses its parameters.
func (b *Bench) check(spec policy.Spec) (*candidate, error) {
	family, err := policy.Find(spec.Name, b.known...)
	if err != nil {
		return nil, err
	}
	values, err := family.Parse(spec, b.fleet.PolicyConfig().Categories)
	if err != nil {
		return nil, err
	}
	return &candidate{spec: spec, family: family, values: values, runs: !slices.Contains(b.seers, family)}, nil
}

// expect adds runs to the total of which progress is a part.
func (b *Bench) expect(runs int) { b.total.Add(int64(runs) * b.sum.Rows) }

// run replays the trace against one candidate.
func (b *Bench) run(ctx context.Context, c *candidate, log *policy.Log) (res *sim.Result, err error) {
	if c.parts != nil {
		res, err = b.runParts(ctx, c)
	} else {
		err = b.seated(ctx, func() (err error) {
			res, err = b.replay(c, b.options(ctx, log))
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", c.spec, err)
	}
	res.Policy, res.Params = c.spec.Name, c.values.Map()
	res.Implementable = c.runs
	res.Seed, res.Version = b.opt.Seed, b.opt.Version
	return res, nil
}

// seated works when a seat is free.
func (b *Bench) seated(ctx context.Context, work func() error) error {
	select {
	case b.seats <- struct{}{}:
		defer func() { <-b.seats }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil { // a seat and the end may come at once
		return err
	}
	return work()
}

// options are those of the simulation.
func (b *Bench) options(ctx context.Context, log *policy.Log) sim.Options {
	opt := sim.Options{
		Seed: b.opt.Seed, MeasureFrom: b.opt.MeasureFrom, StartWarm: b.opt.StartWarm,
		Timeline: b.opt.Timeline, Days: b.opt.Days, Shortfall: b.opt.Shortfall, Hints: b.opt.Hints, Log: log, Interrupt: ctx.Err,
	}
	if b.opt.Progress != nil {
		last := int64(0)
		opt.Progress = func(n int64) {
			b.opt.Progress(b.done.Add(n-last), b.total.Load())
			last = n
		}
	}
	return opt
}

func (b *Bench) replay(c *candidate, opt sim.Options) (*sim.Result, error) {
	if c.family == oracle {
		return sim.Oracle(b.src, b.fleet, opt)
	}
	sizer, err := b.sizer(c)
	if err != nil {
		return nil, err
	}
	return sim.Run(b.src, b.fleet, sizer, opt)
}

// sizer makes one of a candidate, which is not oracle.
func (b *Bench) sizer(c *candidate) (policy.Sizer, error) {
	fleet := policy.Fleet{Config: b.fleet.PolicyConfig()}
	if c.family.Training {
		var err error
		if fleet, err = b.training(); err != nil {
			return nil, err
		}
	}
	return c.family.Sizer(c.spec, fleet)
}

// runAll runs candidates in parallel; results are in their order.
func (b *Bench) runAll(ctx context.Context, candidates []*candidate) ([]*sim.Result, error) {
	results := make([]*sim.Result, len(candidates))
	group, ctx := errgroup.WithContext(ctx)
	for i, c := range candidates {
		group.Go(func() (err error) {
			results[i], err = b.run(ctx, c, nil)
			return err
		})
	}
	return results, group.Wait()
}
