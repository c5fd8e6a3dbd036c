package experiments

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"shadowpool/policy"
	"shadowpool/sim"
	"shadowpool/trace"
)

// A Cuttable is a trace of which parts can be replayed.
type Cuttable interface {
	trace.Source
	Between(from, to int64) *trace.Trace
}

// A Span is a part of a trace on which a setting is measured. The pool has run
// from the trace's first arrival on by then.
type Span struct{ From, To policy.Time }

// A proving replays settings on parts of a trace.
type proving struct {
	src     Cuttable
	fleet   sim.Fleet
	options sim.Options
	workers int

	replayed atomic.Int64 // requests
}

// A heat is one setting on a span, or on the end of it.
type heat struct {
	setting Setting
	span    Span
	// fidelity is the share of the span that is measured, at its end, after as
	// large a share of what lies before it.
	fidelity float64
}

// cut is the part of the trace that a heat replays, and where it is measured
// from.
func (p *proving) cut(h heat) (*trace.Trace, policy.Time) {
	first := p.src.Summary().First
	back := func(from policy.Time) policy.Time {
		return h.span.To - policy.Time(h.fidelity*float64(h.span.To-from))
	}
	return p.src.Between(back(first), h.span.To), back(h.span.From)
}

// run replays one heat.
func (p *proving) run(ctx context.Context, h heat) (*sim.Result, error) {
	part, from := p.cut(h)
	if part.Len() == 0 || part.Arrival[part.Len()-1] < from {
		return nil, fmt.Errorf("trace %s: a span without requests", part.Name)
	}
	fleet, err := h.setting.applied(p.fleet)
	if err != nil {
		return nil, err
	}
	opt := p.options
	opt.MeasureFrom, opt.Interrupt = from, ctx.Err
	family, err := policy.Find(h.setting.Spec.Name)
	if err != nil {
		return nil, err
	}
	config := fleet.PolicyConfig()
	sizer, err := family.Sizer(h.setting.Spec, policy.Fleet{Config: config})
	if err != nil {
		return nil, err
	}
	res, err := sim.Run(part, fleet, sizer, opt)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", h.setting, err)
	}
	p.replayed.Add(int64(part.Len()))
	values, err := family.Parse(h.setting.Spec, config.Categories)
	if err != nil {
		return nil, err
	}
	res.Policy, res.Params, res.Implementable, res.Seed = family.Name, values.Map(), true, opt.Seed
	return res, nil
}

// runAll replays heats in parallel; results are in their order.
func (p *proving) runAll(ctx context.Context, heats []heat) ([]*sim.Result, error) {
	results := make([]*sim.Result, len(heats))
	group, ctx := errgroup.WithContext(ctx)
	workers := p.workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	group.SetLimit(workers)
	for i, h := range heats {
		group.Go(func() (err error) {
			results[i], err = p.run(ctx, h)
			return err
		})
	}
	return results, group.Wait()
}
