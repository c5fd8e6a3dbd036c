package experiments

import (
	"cmp"
	"context"
	"slices"

	"shadowpool/experiments/search"
	"shadowpool/sim"
)

// A Finalist is a setting with what it did on each span.
type Finalist struct {
	Setting string      `json:"setting"`
	Fit     *sim.Result `json:"fit"`
	Choose  *sim.Result `json:"choose"`
	Report  *sim.Result `json:"report"` // nil if it was not chosen

	setting Setting
}

// finalists are the trials to compare on the next span: the cheapest ones that
// reach the target, or more than it, as what is fitted falls a little short
// elsewhere; and the cheapest of the other policies.
func (t *Tuning) finalists(h *hunt, res *search.Result) []int {
	m := t.measure()
	if t.Target == nil {
		var all []int
		for _, need := range t.graded(t.needs()) {
			if i := res.Cheapest(need); i >= 0 && !slices.Contains(all, i) {
				all = append(all, i)
			}
		}
		return all
	}
	var all []int
	for _, step := range []float64{1, 0.9, 0.75, 0.5} {
		next := m.less(step)
		if i := res.Cheapest(m.graded(next.Value)); i >= 0 && !slices.Contains(all, i) {
			all = append(all, i)
		}
	}
	need := m.graded(m.Value)
	var others []int // of each policy, the cheapest
	for f := range h.entries {
		best := -1
		for i, x := range res.Trials {
			if x.Family == f && x.Fidelity == 1 && x.Service >= need && (best < 0 || x.Cost < res.Trials[best].Cost) {
				best = i
			}
		}
		if best >= 0 && !slices.Contains(all, best) {
			others = append(others, best)
		}
	}
	slices.SortStableFunc(others, func(a, b int) int { return cmp.Compare(res.Trials[a].Cost, res.Trials[b].Cost) })
	return append(all, others[:min(len(others), mostFinalists-len(all))]...)
}

// prove compares the finalists on the second span, and reports the chosen one
// and the base on the third; of a front, all of it.
func (t *Tuning) prove(ctx context.Context, ground *proving, d *Tuned) error {
	run := func(s Setting, span TunedSpan) heat { return heat{s, span.span, 1} }
	if t.Target == nil {
		var heats []heat
		for _, f := range d.Finalists {
			heats = append(heats, run(f.setting, d.Spans[2]))
		}
		results, err := ground.runAll(ctx, heats)
		for i, r := range results {
			d.Finalists[i].Report = r
		}
		return err
	}
	var heats []heat
	for _, f := range d.Finalists {
		heats = append(heats, run(f.setting, d.Spans[1]))
	}
	if t.Base != nil {
		d.Base = &Finalist{Setting: t.Base.String(), setting: *t.Base}
		for _, s := range d.Spans[:2] {
			heats = append(heats, run(*t.Base, s))
		}
	}
	results, err := ground.runAll(ctx, heats)
	if err != nil {
		return err
	}
	for i := range d.Finalists {
		d.Finalists[i].Choose = results[i]
	}
	if t.Base != nil {
		last := results[len(d.Finalists):]
		d.Base.Fit, d.Base.Choose = last[0], last[1]
	}
	return t.report(ctx, ground, d)
}

// report runs the chosen one and the base on the third span, by day, so that it can be
// said how far the gain hangs on them.
func (t *Tuning) report(ctx context.Context, ground *proving, d *Tuned) error {
	var last []*Finalist
	if d.Chosen = t.choose(d.Finalists); d.Chosen >= 0 {
		last = append(last, &d.Finalists[d.Chosen])
	}
	if d.Base != nil {
		last = append(last, d.Base)
	}
	daily := &proving{src: ground.src, fleet: ground.fleet, options: ground.options, workers: ground.workers}
	daily.options.Days = true
	var heats []heat
	for _, f := range last {
		heats = append(heats, heat{f.setting, d.Spans[2].span, 1})
	}
	results, err := daily.runAll(ctx, heats)
	if err != nil {
		return err
	}
	ground.replayed.Add(daily.replayed.Load())
	if len(last) == 2 {
		d.Gain = gain(results[1], results[0], d.Minimised, d.Config.Seed)
	}
	for i, f := range last {
		f.Report = results[i]
		f.Report.Days = nil // they are in the gain
	}
	return nil
}

// choose is the finalist of least cost among those that reach the target on the
// second span, or the one that comes closest to it; negative if there is none.
func (t *Tuning) choose(all []Finalist) int {
	best := -1
	for i, f := range all {
		if best < 0 {
			best = i
			continue
		}
		o := all[best]
		reaches, before := t.Target.reachedBy(f.Choose), t.Target.reachedBy(o.Choose)
		switch {
		case reaches != before:
			if reaches {
				best = i
			}
		case reaches && hourly(f.Choose, t.Cost) < hourly(o.Choose, t.Cost),
			!reaches && t.Target.better(t.Target.measure(f.Choose)) > t.Target.better(t.Target.measure(o.Choose)):
			best = i
		}
	}
	return best
}
