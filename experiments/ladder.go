package experiments

import (
	"context"
	"fmt"
	"math"
	"slices"

	"shadowpool/policy"
	"shadowpool/sim"
)

// A Step is one rung of a ladder: a fleet and a policy, whose knob is swept
// unless it is given.
type Step struct {
	Name  string
	Bench *Bench
	Spec  policy.Spec
}

// A Ladder holds fleets and policies against each other on one trace, at the
// same service: what each step adds, by what it costs above bare serving, that is,
// above what policy none costs on the first step's fleet. The service is what the first
// step gives at HitRate.
type Ladder struct {
	Steps   []Step
	HitRate float64
	Points  int // evaluations of each step
	// Resamples of the days.
	Resamples int
	Seed      uint64
}

// A LadderResult is what a ladder found, as its JSON holds it.
type LadderResult struct {
	Trace     TraceInfo `json:"trace"`
	Days      int       `json:"days"`
	Points    int       `json:"points_per_step"`
	Resamples int       `json:"resamples"`
	BareUSD   float64   `json:"bare_usd"`
	// WaitMeanS and WaitP99S are the first step's, at which all are read.
	HitRate   float64 `json:"hit_rate"`
	WaitMeanS float64 `json:"wait_mean_s"`
	WaitP99S  float64 `json:"wait_p99_s"`
	Rungs     []Rung  `json:"steps"`
}

// A Rung is what a step needs for the first one's service.
type Rung struct {
	Name   string  `json:"name"`
	Policy string  `json:"policy"`
	AtMean Reading `json:"at_wait_mean"`
	AtP99  Reading `json:"at_wait_p99"`
	Curve  Curve   `json:"curve"`
}

// A Reading is a step at one service. Share is its cost above bare serving
// over the first step's, with a 95 % interval of the resampled days (paired);
// nil where the service is not reached.
type Reading struct {
	Reached   bool     `json:"reached"`
	AboveUSD  float64  `json:"above_bare_usd"`
	Share     *float64 `json:"share_of_first"`
	ShareLow  *float64 `json:"share_low"`
	ShareHigh *float64 `json:"share_high"`
	HitRate   float64  `json:"hit_rate"`
	WaitMeanS float64  `json:"wait_mean_s"`
	WaitP99S  float64  `json:"wait_p99_s"`
	WasteS    float64  `json:"waste_s"`
	Settings  []string `json:"settings"`
}

// Check finds fault with a ladder before anything runs.
func (l *Ladder) Check() error {
	if len(l.Steps) < 2 {
		return fmt.Errorf("a ladder has two steps or more, not %d", len(l.Steps))
	}
	for i, s := range l.Steps {
		if slices.ContainsFunc(l.Steps[:i], func(o Step) bool { return o.Name == s.Name }) {
			return fmt.Errorf("two steps are called %q; name them", s.Name)
		}
		if _, err := s.Bench.check(s.Spec); err != nil {
			return fmt.Errorf("step %s: %w", s.Name, err)
		}
	}
	return nil
}

// Run sweeps every step, the first before all others, as they aim at its
// service. done, if not nil, is called after each.
func (l *Ladder) Run(ctx context.Context, done func(step string)) (*LadderResult, error) {
	first := l.Steps[0]
	bare, err := first.Bench.check(policy.Spec{Name: "none"})
	if err != nil {
		return nil, err
	}
	bareRun, err := first.Bench.run(ctx, bare, nil)
	if err != nil {
		return nil, err
	}
	res := &LadderResult{
		Trace: first.Bench.TraceInfo(), Days: len(bareRun.Days), Points: l.Points, Resamples: l.Resamples,
		HitRate: l.HitRate, BareUSD: bareRun.CostUSD.Total,
	}
	firstPoint := -1
	curves := make([]Curve, len(l.Steps))
	for i, s := range l.Steps {
		targets := []Target{{"hit_rate", l.HitRate}}
		if i > 0 {
			targets = []Target{{"wait_mean", res.WaitMeanS}, {"wait_p99", res.WaitP99S}}
		}
		if curves[i], err = l.curve(ctx, s, targets); err != nil {
			return nil, fmt.Errorf("step %s: %w", s.Name, err)
		}
		if i == 0 {
			if firstPoint = closest(curves[0], l.HitRate); firstPoint < 0 {
				return nil, fmt.Errorf("step %s, the first, reaches no hit rate of %v, at whose service the others are read; give another", s.Name, l.HitRate)
			}
			p := curves[0].Points[firstPoint]
			res.WaitMeanS, res.WaitP99S = p.WaitS.Mean, p.WaitS.P99
			if p.CostUSD.Total <= res.BareUSD {
				return nil, fmt.Errorf("step %s, the first, costs no more than bare serving ($%.0f), in whose excess the others are told; give one that holds a pool", s.Name, res.BareUSD)
			}
		}
		if done != nil {
			done(s.Name)
		}
	}
	res.read(curves, firstPoint, bareRun, l)
	return res, nil
}

// curve sweeps a step with its points shared among the targets.
func (l *Ladder) curve(ctx context.Context, s Step, targets []Target) (Curve, error) {
	given, err := s.Bench.check(s.Spec)
	if err != nil {
		return Curve{}, err
	}
	if slices.ContainsFunc(s.Spec.Params, func(p policy.Setting) bool {
		return p.Key == given.family.Knob || p.Key == given.family.WaitKnob
	}) {
		run, err := s.Bench.run(ctx, given, nil)
		return Curve{Policy: s.Spec.Name, Label: s.Spec.String(), Implementable: given.runs, Points: []*sim.Result{run}}, err
	}
	var all Curve
	for _, t := range targets {
		aim := Aim{Targets: []Target{t}}
		if t.Measure == "wait_mean" { // on other days the service may take more
			aim.Reach = &Target{t.Measure, t.Value / 2}
		}
		c, err := s.Bench.Curve(ctx, s.Spec, max(l.Points/len(targets), FewestPoints), aim)
		if err != nil {
			return Curve{}, err
		}
		points := append(all.Points, c.Points...)
		all = c
		all.Points = points
	}
	return all, nil
}

// read reads all curves at the service of the first one's point first.
func (r *LadderResult) read(curves []Curve, first int, bare *sim.Result, l *Ladder) {
	days := r.Days
	daily := make([]dailyCurve, len(curves))
	for i, c := range curves {
		daily[i] = byDay(c, waitsForCost)
	}
	free := make([]float64, days)
	for d := range free {
		free[d] = bare.Days[d].CostUSD
	}
	// The setting of each curve that is cheapest at the percentile on the days as they were.
	fixed := make([]int, len(curves))
	for i, c := range curves {
		fixed[i] = cheapest(c, func(p *sim.Result) bool { return p.WaitS.P99 <= r.WaitP99S*(1+1e-9) })
	}
	fixed[0] = first
	times := once(days)
	atMean := func(i int) float64 {
		above := daily[0].spends(first, times) - weighted(times, free)
		if i == 0 {
			return 1
		}
		return (daily[i].least(times, daily[0].serves(first, times)) - weighted(times, free)) / above
	}
	atP99 := func(i int) float64 {
		if fixed[i] < 0 {
			return math.Inf(1)
		}
		above := daily[0].spends(first, times) - weighted(times, free)
		return (daily[i].spends(fixed[i], times) - weighted(times, free)) / above
	}
	whole := daily[0].spends(first, times) - weighted(times, free)
	for i, c := range curves {
		rung := Rung{Name: l.Steps[i].Name, Policy: c.Label, Curve: c}
		mean := Target{"wait_mean", r.WaitMeanS}
		rung.AtMean = reading(c, mixAt(c, mean), atMean(i), whole)
		if i == 0 {
			rung.AtMean = reading(c, mixture{first, first, 1, 0}, 1, whole)
		}
		rung.AtP99 = reading(c, mixture{fixed[i], fixed[i], 1, 0}, atP99(i), whole)
		r.Rungs = append(r.Rungs, rung)
	}
	drawn := make([][2][]float64, len(curves))
	for times = range redrawn(days, l.Resamples, l.Seed) {
		for i := range curves {
			drawn[i][0] = append(drawn[i][0], atMean(i))
			drawn[i][1] = append(drawn[i][1], atP99(i))
		}
	}
	for i := range r.Rungs {
		r.Rungs[i].AtMean.bound(drawn[i][0])
		r.Rungs[i].AtP99.bound(drawn[i][1])
	}
}

// closest is the point of a curve that reaches a hit rate at the least cost.
func closest(c Curve, hitRate float64) int {
	return cheapest(c, func(p *sim.Result) bool { return p.HitRate >= hitRate-1e-9 })
}

// cheapest is the cheapest point that will do, -1 if none does.
func cheapest(c Curve, will func(*sim.Result) bool) int {
	best := -1
	for i, p := range c.Points {
		if will(p) && (best < 0 || p.CostUSD.Total < c.Points[best].CostUSD.Total) {
			best = i
		}
	}
	return best
}

// mixAt is the cheapest mixture of two points at a target.
func mixAt(c Curve, t Target) mixture {
	service, cost := make([]float64, len(c.Points)), make([]float64, len(c.Points))
	for i, p := range c.Points {
		service[i], cost[i] = t.better(t.measure(p)), p.CostUSD.Total
	}
	mix, ok := leastMixture(service, cost, t.better(t.Value), t.mixes())
	if !ok {
		return mixture{-1, -1, 0, math.Inf(1)}
	}
	return mix
}

// reading is what a mixture of points shows.
func reading(c Curve, m mixture, share, whole float64) Reading {
	r := Reading{Settings: []string{}, Share: finite(share)}
	if m.above < 0 || math.IsInf(share, 1) {
		return r
	}
	r.Reached, r.AboveUSD = true, float64(share*whole)
	parts := []int{m.above, m.below}
	weights := []float64{m.share, 1 - m.share}
	if m.above == m.below {
		parts, weights = parts[:1], []float64{1}
	}
	for k, i := range parts {
		p := c.Points[i]
		r.HitRate += float64(weights[k] * p.HitRate)
		r.WaitMeanS += float64(weights[k] * p.WaitS.Mean)
		r.WaitP99S = max(r.WaitP99S, p.WaitS.P99)
		r.WasteS += float64(weights[k] * p.InstanceS.Waste)
		r.Settings = append(r.Settings, knobOf(c, p))
	}
	return r
}

// bound gives a reading its interval.
func (r *Reading) bound(shares []float64) {
	if !r.Reached || len(shares) == 0 {
		return
	}
	low, high := interval95(shares)
	r.ShareLow, r.ShareHigh = finite(low), finite(high)
}
