package experiments

import (
	"context"
	"fmt"
	"math"
	"slices"

	"shadowpool/experiments/search"
	"shadowpool/policy"
	"shadowpool/sim"
)

// A Tuning is a search for the setting of least cost at a service, on spans of
// a trace: settings are fitted on one, the best of them are compared on the
// next, and what is chosen is reported on a third.
type Tuning struct {
	Bench   *Bench // its trace has to be Cuttable
	Entries []Entry
	// Base is the setting to hold the chosen one against; nil is none.
	Base *Setting
	// Target is the service; nil looks for the front of cost against the 99th
	// percentile of the wait.
	Target *Target
	Cost   string // one of Costs
	// Budget is the effort of all, in replays up to the end of the fitting
	// span.
	Budget float64
	// Elapsed is the share of the time there is that is over; nil: only the
	// budget ends the search.
	Elapsed func() float64
	// Tried is told how far the search is and of the best full run so far, if
	// one reaches the target; nil is not.
	Tried func(spent float64, best *Proved)
}

// A Proved is a setting with what it did on a span.
type Proved struct {
	Setting Setting
	Result  *sim.Result
}

// A TunedSpan is one of the three spans.
type TunedSpan struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Requests int64  `json:"requests"` // that are measured

	span Span
}

// A Tuned is what a search found.
type Tuned struct {
	Trace     TraceInfo   `json:"trace"`
	Config    Setup       `json:"config"`
	Target    *Target     `json:"target"` // nil: the front
	Minimised string      `json:"minimised"`
	Policies  []string    `json:"policies"`
	Spans     []TunedSpan `json:"spans"` // to fit, to choose, to report on
	Budget    float64     `json:"budget"`
	Spent     float64     `json:"spent"`    // of the budget, by the search
	Replayed  int64       `json:"replayed"` // requests, by all runs
	Trials    []TunedRun  `json:"trials"`
	Finalists []Finalist  `json:"finalists"`
	// Chosen is the one of Finalists; negative where none reaches the target
	// on the span that it was fitted to.
	Chosen int       `json:"chosen"`
	Base   *Finalist `json:"base,omitempty"`
	// Gain is what the chosen one gains over Base on the last span.
	Gain *Gain `json:"gain,omitempty"`
	// Front are the trials that no other beats in both cost and service,
	// by rising service, and Prices what more hits cost along it.
	Front  []int   `json:"front"`
	Prices []Price `json:"prices"`
	// Sensitivity is of the policies that got full runs.
	Sensitivity []Sensitivity `json:"sensitivity"`
}

// A TunedRun is one trial of the search.
type TunedRun struct {
	Policy    int     `json:"policy"` // index of Policies
	Setting   string  `json:"setting"`
	Fidelity  float64 `json:"fidelity"`
	HitRate   float64 `json:"hit_rate"`
	WaitMeanS float64 `json:"wait_mean_s"`
	WaitP99S  float64 `json:"wait_p99_s"`
	// WasteHPerDay and CostUSDPerDay are by the day of the measured span.
	WasteHPerDay  float64 `json:"waste_h_per_day"`
	CostUSDPerDay float64 `json:"cost_usd_per_day"`
}

// tuneSpans splits what is measured of a trace into three equal spans.
func (b *Bench) tuneSpans() [3]Span {
	from := max(b.opt.MeasureFrom, b.sum.First)
	third := (b.sum.Last + 1 - from) / 3
	return [3]Span{{from, from + third}, {from + third, from + 2*third}, {from + 2*third, b.sum.Last + 1}}
}

// Check finds fault with a tuning before anything runs.
func (t *Tuning) Check() error {
	src, ok := t.Bench.src.(Cuttable)
	if !ok {
		return fmt.Errorf("trace %s is streamed; tuning replays parts of it and needs it in memory", t.Bench.sum.Name)
	}
	if !slices.Contains(Costs, t.Cost) {
		return fmt.Errorf("%q is neither waste nor cost", t.Cost)
	}
	if len(t.Entries) == 0 {
		return fmt.Errorf("there is no policy to tune")
	}
	for i, s := range t.Bench.tuneSpans() {
		if n := src.Between(s.From, s.To).Len(); n < 100 {
			return fmt.Errorf("trace %s: %d requests in the span to %s; every span needs 100", t.Bench.sum.Name, n, []string{"fit on", "choose on", "report on"}[i])
		}
	}
	for _, e := range t.Entries {
		for _, end := range []float64{0, 1} {
			at := make([]float64, len(e.dimensions()))
			for i := range at {
				at[i] = end
			}
			s := e.setting(at)
			fleet, err := s.applied(t.Bench.fleet)
			if err != nil {
				return err
			}
			if _, err := policy.Build(s.Spec, policy.Fleet{Config: fleet.PolicyConfig()}); err != nil {
				return err
			}
		}
	}
	if least := t.leastBudget(); t.Budget < least {
		return fmt.Errorf("a budget of %g runs is too small: %s on these spans take %.0f", t.Budget, plural(len(t.Entries), "policy", "policies"), math.Ceil(least))
	}
	return nil
}

// leastBudget is what the tuning takes at least, what comes after the search
// included.
func (t *Tuning) leastBudget() float64 {
	return search.LeastBudget(len(t.Entries)) + float64(len(t.beside())) + t.after()
}

// mostFinalists bounds what is compared on the second span.
const mostFinalists = 5

// after is what the runs after the search take at most, in full ones of it.
func (t *Tuning) after() float64 {
	src := t.Bench.src.(Cuttable)
	spans := t.Bench.tuneSpans()
	rows := func(s Span) float64 { return float64(src.Between(t.Bench.sum.First, s.To).Len()) }
	fit := rows(spans[0])
	if t.Target == nil {
		return rows(spans[2]) / fit * float64(len(frontSteps))
	}
	runs := mostFinalists*rows(spans[1]) + rows(spans[2])
	if t.Base != nil {
		runs += fit + rows(spans[1]) + rows(spans[2])
	}
	return runs / fit
}

// Services beside the target: the shares of the misses, or of the wait, that
// are left.
var (
	besideSteps = []float64{0.4, 0.6, 0.8, 1.25, 1.6, 2.5}
	frontSteps  = []float64{0.9, 0.75, 0.5, 0.3, 0.2, 0.1, 0.05} // of a lead time
)

// less is the target with a share of its misses or of its wait.
func (t *Target) less(share float64) Target {
	if t.Measure == "hit_rate" {
		return Target{t.Measure, max(1-share*(1-t.Value), 0)}
	}
	return Target{t.Measure, share * t.Value}
}

// measure is the target, or the wait that the front is drawn against.
func (t *Tuning) measure() Target {
	if t.Target != nil {
		return *t.Target
	}
	longest := 0.0
	for _, k := range t.Bench.fleet.Categories {
		longest = max(longest, k.Lead.Mean().Seconds())
	}
	return Target{"wait_p99", longest}
}

// needs are the services that are searched for.
func (t *Tuning) needs() []Target {
	if t.Target != nil {
		return []Target{*t.Target}
	}
	m := t.measure()
	var all []Target
	for _, step := range frontSteps {
		all = append(all, m.less(step))
	}
	return all
}

func (t *Tuning) beside() []Target {
	if t.Target == nil {
		return nil
	}
	var all []Target
	for _, step := range besideSteps {
		if next := t.Target.less(step); t.Target.Measure != "hit_rate" || next.Value > 0 {
			all = append(all, next)
		}
	}
	return all
}

// graded are targets on the scale of a measure.
func (t *Tuning) graded(all []Target) []float64 {
	m := t.measure()
	var grades []float64
	for _, a := range all {
		grades = append(grades, m.graded(a.Value))
	}
	return grades
}

// Run searches, chooses and reports.
func (t *Tuning) Run(ctx context.Context) (*Tuned, error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	b := t.Bench
	spans := b.tuneSpans()
	ground := &proving{src: b.src.(Cuttable), fleet: b.fleet, workers: cap(b.seats), options: sim.Options{
		Seed: b.opt.Seed, StartWarm: b.opt.StartWarm, Hints: b.opt.Hints,
	}}
	h := &hunt{ground: ground, entries: t.Entries, span: spans[0], measure: t.measure(), cost: t.Cost}
	res, err := h.run(ctx, search.Options{
		Needs: t.graded(t.needs()), Beside: t.graded(t.beside()), Budget: t.Budget - t.after(),
		Seed: b.opt.Seed, Elapsed: t.Elapsed, Tried: h.tell(t),
	})
	if err != nil {
		return nil, err
	}
	d := &Tuned{
		Trace: b.TraceInfo(), Config: b.Setup(), Target: t.Target, Minimised: t.Cost,
		Budget: t.Budget, Spent: res.Spent, Trials: h.trials(res), Chosen: -1,
	}
	for _, e := range t.Entries {
		d.Policies = append(d.Policies, e.String())
	}
	for _, s := range spans {
		d.Spans = append(d.Spans, TunedSpan{instant(s.From), instant(s.To - 1), int64(ground.src.Between(s.From, s.To).Len()), s})
	}
	d.Front = h.front(res)
	d.Prices = h.prices(res)
	d.Sensitivity = t.sensitivity(h, res)
	for _, i := range t.finalists(h, res) {
		x := res.Trials[i]
		s := t.Entries[x.Family].setting(x.At)
		d.Finalists = append(d.Finalists, Finalist{Setting: s.String(), Fit: h.results[i], setting: s})
	}
	err = t.prove(ctx, ground, d)
	d.Replayed = ground.replayed.Load()
	return d, err
}

// tell passes on how far the search is.
func (h *hunt) tell(t *Tuning) func([]search.Trial, float64) {
	if t.Tried == nil {
		return nil
	}
	best, seen := -1, []search.Trial{}
	return func(batch []search.Trial, spent float64) {
		for _, x := range batch {
			seen = append(seen, x)
			enough := x.Fidelity == 1 && x.Service >= h.measure.graded(h.measure.Value)
			if i := len(seen) - 1; enough && (best < 0 || x.Cost < seen[best].Cost) {
				best = i
			}
		}
		if best < 0 {
			t.Tried(spent, nil)
			return
		}
		t.Tried(spent, &Proved{h.entries[seen[best].Family].setting(seen[best].At), h.results[best]})
	}
}

// trials are those of the search, as rows.
func (h *hunt) trials(res *search.Result) []TunedRun {
	var all []TunedRun
	for i, x := range res.Trials {
		r := h.results[i]
		all = append(all, TunedRun{
			x.Family, h.entries[x.Family].setting(x.At).String(), x.Fidelity, r.HitRate, r.WaitS.Mean, r.WaitS.P99,
			24 * hourly(r, "waste"), 24 * hourly(r, "cost"),
		})
	}
	return all
}
