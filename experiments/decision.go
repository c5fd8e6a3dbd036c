package experiments

import (
	"cmp"
	"fmt"
	"slices"

	"shadowpool/policy"
	"shadowpool/sim"
)

// DecideOptions say how a setting is chosen.
type DecideOptions struct {
	// Target is the service that a setting has to give; nil chooses none.
	Target *Target
	// Minimise is what is to be least at the target: waste or cost.
	Minimise string
	// Against is the baseline: a policy, of which the best setting counts, or a
	// policy with its parameters.
	Against string
	// Resamples of the days, and the Seed that they are drawn by.
	Resamples int
	Seed      uint64
}

// spent is the column that is to be least.
func (o *DecideOptions) spent() column {
	if o.Minimise == "cost" {
		return costOf
	}
	return wasteOf
}

// A Decision says which setting of a grid gives the target's service at the
// least expense, what it saves, and how sure that is. Figures a month are those of
// the measured span, in proportion.
type Decision struct {
	Grid
	Requests int64   `json:"requests"`
	SpanS    float64 `json:"span_s"` // measured
	Days     int     `json:"days"`
	// BlockDays are drawn together for the intervals, and Weekly says whether
	// they keep their days of the week. Without Intervals the days are too few.
	BlockDays int     `json:"block_days"`
	Weekly    bool    `json:"weekly"`
	Intervals bool    `json:"intervals"`
	Target    *Target `json:"target"`
	Minimise  string  `json:"minimise"`
	Against   string  `json:"against"`
	// Reaching are the settings that give the service and could be run.
	Reaching int `json:"reaching"`
	// Chosen is the cheapest of them. Sure is the cheapest that gives the service
	// by its interval as well. Baseline is what Chosen is held against; it need not
	// give the service. They are nil if there is none.
	Chosen   *Option `json:"chosen"`
	Sure     *Option `json:"sure"`
	Baseline *Option `json:"baseline"`
	// Saving is what Chosen saves a month over Baseline.
	Saving *Saving `json:"saving"`
	// Options are all settings: those that give the service by what they spend,
	// then the others, those that see the future last.
	Options []Option `json:"options"`
	// References see the future, and have no figures by day: oracle.
	References []Option      `json:"references"`
	Families   []FamilyPoint `json:"policies"`
	Crossed    *Crossed      `json:"chosen_on_other_days"`
	Front      []FrontPoint  `json:"front"`
	Effects    []Effect      `json:"effects"`
}

// An Option is one setting.
type Option struct {
	Policy        string `json:"policy"` // with its parameters
	Family        string `json:"family"`
	Implementable bool   `json:"implementable"`
	// Service is the target's measure, or without a target the hit rate.
	Service Estimate `json:"service"`
	// Reaches is by the figure, Surely by the whole interval.
	Reaches   bool     `json:"reaches"`
	Surely    bool     `json:"surely"`
	HitRate   float64  `json:"hit_rate"`
	WaitMeanS float64  `json:"wait_mean_s"`
	WaitP99S  float64  `json:"wait_p99_s"`
	CostUSD   Estimate `json:"cost_usd_a_month"`
	WasteH    Estimate `json:"waste_h_a_month"`
	// More is what it spends a month beyond the chosen one, paired by day and seed:
	// $ or instance-hours, whichever is to be least.
	More Estimate `json:"more_than_chosen_a_month"`
	// Tied says that it may as well be the best of those that reach the target:
	// the differences do not tell it apart, whatever their number.
	Tied bool `json:"tied"`

	trial *Trial
	tally *tally
}

// spends is what an option spends a month.
func (o *Option) spends(c column) Estimate {
	if c == costOf {
		return o.CostUSD
	}
	return o.WasteH
}

// A Saving is what one setting spends less than another, a month.
type Saving struct {
	CostUSD Estimate `json:"cost_usd_a_month"`
	WasteH  Estimate `json:"waste_h_a_month"`
	// CostShare is of the other's cost.
	CostShare Estimate `json:"cost_share"`
}

// Decide chooses among the settings of a grid.
func Decide(g Grid, opt DecideOptions) (*Decision, error) {
	references := g.undated()
	if err := g.check(); err != nil {
		return nil, err
	}
	s := g.newSamples(opt.Resamples, opt.Seed)
	first := g.Trials[0].Results[0]
	d := &Decision{
		Grid: g, Requests: first.Requests, SpanS: first.SpanS, Days: s.plan.N, BlockDays: s.plan.Block, Weekly: s.plan.Weekly,
		Intervals: s.plan.Known(), Target: opt.Target, Minimise: opt.Minimise, Against: opt.Against,
	}
	service := opt.Target
	if service == nil {
		service = &Target{Measure: "hit_rate"}
	}
	d.Options = make([]Option, len(g.Trials))
	eachOf(len(g.Trials), func(i int) { d.Options[i] = s.option(&g.Trials[i], service, opt.Target != nil) })
	spent := opt.spent()
	for i := range references {
		d.References = append(d.References, wholeSpan(&references[i], service))
	}
	slices.SortStableFunc(d.Options, func(a, b Option) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.spends(spent).Value, b.spends(spent).Value))
	})
	d.Front = front(d.Options, service)
	if opt.Target == nil {
		return d, nil
	}
	d.choose(s, spent)
	if err := d.against(s, opt.Against, spent); err != nil {
		return nil, err
	}
	d.Families = families(d, s, spent)
	d.Crossed = crossed(d, opt.Against, spent)
	d.Effects = effects(d, spent)
	return d, nil
}

// wholeSpan is a trial of which the whole span is known only.
func wholeSpan(t *Trial, service *Target) Option {
	o := Option{
		Policy: t.Spec.String(), Family: t.Spec.Name,
		HitRate: t.measure(&Target{Measure: "hit_rate"}), WaitMeanS: t.measure(&Target{Measure: "wait_mean"}), WaitP99S: t.measure(&Target{Measure: "wait_p99"}),
		Service: Estimate{Value: t.measure(service)}, trial: t,
	}
	perMonth := month / t.Results[0].SpanS
	o.CostUSD.Value = t.mean(func(r *sim.Result) float64 { return r.CostUSD.Total }) * perMonth
	o.WasteH.Value = t.mean(func(r *sim.Result) float64 { return r.InstanceS.Waste }) * perMonth / 3600
	return o
}

// option is a trial as a choice.
func (s *samples) option(t *Trial, service *Target, aimed bool) Option {
	y := t.tally()
	o := Option{
		Policy: t.Spec.String(), Family: t.Spec.Name, Implementable: t.implementable(),
		HitRate:   t.measure(&Target{Measure: "hit_rate"}),
		WaitMeanS: t.measure(&Target{Measure: "wait_mean"}),
		WaitP99S:  t.measure(&Target{Measure: "wait_p99"}),
		Service:   Estimate{Value: t.measure(service)},
		CostUSD:   s.estimate(func(d *sample) float64 { return y.monthly(costOf, d) }),
		WasteH:    s.estimate(func(d *sample) float64 { return y.monthly(wasteOf, d) }),
		trial:     t, tally: y,
	}
	if service.mixes() {
		o.Service = s.estimate(func(d *sample) float64 { return y.service(service, d) })
		if service.Measure == "hit_rate" {
			o.Service.within(0, 1)
		}
	}
	if aimed {
		o.Reaches = t.reaches(service)
		o.Surely = o.Reaches && o.Service.surely(service)
	}
	return o
}

// within keeps an interval to what is possible.
func (e *Estimate) within(least, most float64) {
	if e.Low != nil {
		*e.Low, *e.High = max(*e.Low, least), min(*e.High, most)
	}
}

// surely says whether the whole interval gives a target's service.
func (e Estimate) surely(t *Target) bool {
	if e.Low == nil {
		return false
	}
	return t.better(*e.Low) >= t.better(t.Value) && t.better(*e.High) >= t.better(t.Value)
}

// rank puts what may be chosen first.
func (o *Option) rank() int {
	switch {
	case o.Implementable && o.Reaches:
		return 0
	case o.Implementable:
		return 1
	default:
		return 2
	}
}

// choose finds the cheapest that reach the target, and what is not told apart
// from the best.
func (d *Decision) choose(s *samples, spent column) {
	d.Reaching = slices.IndexFunc(d.Options, func(o Option) bool { return o.rank() > 0 })
	if d.Reaching < 0 {
		d.Reaching = len(d.Options)
	}
	if d.Reaching == 0 {
		return
	}
	reaching := d.Options[:d.Reaching]
	d.Chosen = &reaching[0]
	own := d.Chosen.drawn(s, spent)
	eachOf(len(d.Options), func(i int) {
		o := &d.Options[i]
		o.More = Estimate{Value: o.spends(spent).Value - d.Chosen.spends(spent).Value}
		if len(own) == 0 {
			return
		}
		more := o.drawn(s, spent)
		for k := range more {
			more[k] -= own[k]
		}
		o.More = s.interval(o.More.Value, more)
	})
	tie(s, reaching, spent)
	if i := slices.IndexFunc(reaching, func(o Option) bool { return o.Surely }); i >= 0 {
		d.Sure = &reaching[i]
	}
}

// against finds the baseline and what is saved over it.
func (d *Decision) against(s *samples, name string, spent column) error {
	if name == "" || d.Chosen == nil {
		return nil
	}
	i := baseline(d.Options, name, d.Target)
	if i < 0 {
		return fmt.Errorf("%s: there is no %s among the settings to hold the choice against", d.Name(), name)
	}
	d.Baseline = &d.Options[i]
	a, b := d.Baseline.tally, d.Chosen.tally
	saved := func(c column) Estimate {
		return s.estimate(func(x *sample) float64 { return a.monthly(c, x) - b.monthly(c, x) })
	}
	d.Saving = &Saving{CostUSD: saved(costOf), WasteH: saved(wasteOf)}
	d.Saving.CostShare = s.estimate(func(x *sample) float64 {
		cost := a.total(costOf, x)
		if cost <= 0 {
			return 0
		}
		return 1 - b.total(costOf, x)/cost
	})
	return nil
}

// baseline is the place of a policy with its parameters, or of the best setting
// of a family: that of the least expense that reaches the target, or else of the
// best service; -1 without any. Options are sorted.
func baseline(options []Option, name string, target *Target) int {
	if i := slices.IndexFunc(options, func(o Option) bool { return o.Policy == name }); i >= 0 && !isFamily(name) {
		return i
	}
	best := -1
	for i, o := range options {
		switch {
		case o.Family != name:
		case o.Reaches:
			return i
		case best < 0 || target.better(o.Service.Value) > target.better(options[best].Service.Value):
			best = i
		}
	}
	if best < 0 {
		best = slices.IndexFunc(options, func(o Option) bool { return o.Policy == name })
	}
	return best
}

// isFamily says whether a name is of a policy without parameters.
func isFamily(name string) bool {
	specs, err := policy.ParseSpecs(name)
	return err == nil && len(specs) == 1 && len(specs[0].Params) == 0
}
