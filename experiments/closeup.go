package experiments

import (
	"context"
	"slices"
	"time"

	"shadowpool/forecast"
	"shadowpool/sim"
)

// A Closeup is the chosen setting and the baseline, replayed to be looked at.
type Closeup struct {
	// Same says that the replays' figures are those of the sweep: they are not if
	// the code has changed since.
	Same     bool
	Forecast []ForecastScore
	Horizon  time.Duration

	pictures []picture
	fan      []picture
}

// foretold are the forecasters that a closeup judges: two that anyone would
// use, and what policy adaptive sizes by.
var foretold = []string{"seasonal-naive-day", "ewma-1h", "adaptive"}

// Closeup replays what a decision chose, and its baseline, on a bench with a
// timeline, and judges forecasts of demand over the fleet's lead time.
func (b *Bench) Closeup(ctx context.Context, d *Decision) (*Closeup, error) {
	var candidates []*candidate
	for _, o := range []*Option{d.Chosen, d.Baseline} {
		if o == nil || o == d.Chosen && len(candidates) > 0 {
			continue
		}
		c, err := b.check(o.trial.Spec)
		if err != nil {
			return nil, err
		}
		candidates = append(candidates, c)
	}
	results, err := b.runAll(ctx, candidates)
	if err != nil {
		return nil, err
	}
	seed := slices.Index(d.Seeds, b.opt.Seed)
	c := &Closeup{Same: sameFigures(results[0], d.Chosen.trial.Results[seed])}
	zone := b.fleet.Location
	if zone == nil {
		zone = time.UTC
	}
	w, err := busiestDay(b.src, b.opt.MeasureFrom, zone)
	if err != nil {
		return nil, err
	}
	levels, err := drawLevels(b.src, results, w)
	if err != nil {
		return nil, err
	}
	waits, err := drawWaits(results)
	if err != nil {
		return nil, err
	}
	c.pictures = append(levels, waits)
	return c, b.foretell(ctx, c, zone)
}

// sameFigures says whether two runs did the same.
func sameFigures(a, b *sim.Result) bool {
	return a.Hits == b.Hits && a.Launches == b.Launches && a.InstanceS == b.InstanceS && a.WaitS == b.WaitS
}

// foretell judges forecasters over the fleet's lead time, unless the trace is
// too short for it.
func (b *Bench) foretell(ctx context.Context, c *Closeup, zone *time.Location) error {
	const tick = 30 * time.Second
	lead := b.leadTime()
	c.Horizon = max(lead.Round(tick), tick)
	counts, err := CountTrace(b.src, tick, "")
	if err != nil {
		return err
	}
	back, err := NewBacktester(counts, BacktestOptions{Horizons: []time.Duration{c.Horizon}, From: float64(max(b.opt.MeasureFrom, b.sum.First)) / 1e9, Zone: zone})
	if err != nil {
		return nil // there is nothing to judge
	}
	var families []forecast.Family
	for _, name := range foretold {
		family, err := forecast.Find(name)
		if err != nil {
			return err
		}
		families = append(families, family)
	}
	if c.Forecast, err = back.Run(ctx, families); err != nil {
		return err
	}
	fan, err := back.drawFan(ctx, families[len(families)-1], c.Horizon)
	c.fan = []picture{fan}
	return err
}

// leadTime is the fleet's mean lead time: the middle one of its categories.
func (b *Bench) leadTime() time.Duration {
	var all []time.Duration
	for _, k := range b.fleet.Categories {
		all = append(all, k.Lead.Mean())
	}
	slices.Sort(all)
	return all[len(all)/2]
}
