package experiments

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"shadowpool/sim"
)

// spentName is what is least, for heads of columns.
func (d *Decision) spentName() string {
	if d.Minimise == "cost" {
		return "$ a month"
	}
	return "waste h a month"
}

func (d *Decision) spentOf(o *Option) Estimate {
	return o.spends((&DecideOptions{Minimise: d.Minimise}).spent())
}

// interval shows a figure's bounds, or that there are none.
func bounded(e Estimate, text func(float64) string) string {
	switch {
	case e.Low == nil && e.High == nil:
		return "unknown"
	case e.Low == nil:
		return "up to " + text(*e.High)
	case e.High == nil:
		return "from " + text(*e.Low)
	default:
		return text(*e.Low) + " to " + text(*e.High)
	}
}

// service is the target's measure in the room of a column.
func (t *Target) short(x float64) string {
	if t.Measure == "hit_rate" {
		return strings.TrimSuffix(t.figure(x), " % hits")
	}
	return seconds(x)
}

// measured is what the service column shows.
func (d *Decision) measured() *Target {
	if d.Target != nil {
		return d.Target
	}
	return &Target{Measure: "hit_rate"}
}

func (t *Target) columnHead() string {
	if t.Measure == "hit_rate" {
		return "hits %"
	}
	return t.measureWords()
}

// optionSheet is a table of settings; most bounds their number.
func (d *Decision) optionSheet(most int) *sheet {
	t := d.measured()
	s := &sheet{Head: []string{"policy", t.columnHead(), "95 % interval", "mean wait", "p99 wait", "$ a month", "waste h a month"}}
	if d.Chosen != nil {
		s.Head = append(s.Head, "more than chosen", "95 % interval", "verdict")
	}
	for i := range d.Options {
		if i == most {
			break
		}
		o := &d.Options[i]
		row := []entry{
			words(o.label()), figureOf(o.Service.Value, t.short(o.Service.Value)), words(bounded(o.Service, t.short)),
			figureOf(o.WaitMeanS, seconds(o.WaitMeanS)), figureOf(o.WaitP99S, seconds(o.WaitP99S)),
			figureOf(o.CostUSD.Value, amount(o.CostUSD.Value)), figureOf(o.WasteH.Value, amount(o.WasteH.Value)),
		}
		if d.Chosen != nil {
			row = append(row, figureOf(o.More.Value, signed(o.More.Value)), words(d.moreBounds(o)), judged(d.verdict(o)))
		}
		s.add(row...)
	}
	for i := range d.References {
		o := &d.References[i]
		row := []entry{
			words(o.label()), figureOf(o.Service.Value, t.short(o.Service.Value)), words(""),
			figureOf(o.WaitMeanS, seconds(o.WaitMeanS)), figureOf(o.WaitP99S, seconds(o.WaitP99S)),
			figureOf(o.CostUSD.Value, amount(o.CostUSD.Value)), figureOf(o.WasteH.Value, amount(o.WasteH.Value)),
		}
		if d.Chosen != nil {
			row = append(row, words(""), words(""), judged("sees the future"))
		}
		s.add(row...)
	}
	return s
}

func (o *Option) label() string {
	if o.Implementable {
		return o.Policy
	}
	return o.Policy + " *"
}

// verdict is what the intervals say of an option.
func (d *Decision) verdict(o *Option) string {
	switch {
	case !o.Implementable:
		return "sees the future"
	case !o.Reaches && d.Target.mixes() && o.Service.mayReach(d.Target):
		return "may reach the target"
	case !o.Reaches:
		return "below the target"
	case o == d.Chosen:
		return "chosen"
	case o.Tied:
		return "not told apart"
	default:
		return "spends more"
	}
}

// moreBounds is the interval of what an option spends more than the chosen one,
// which has none.
func (d *Decision) moreBounds(o *Option) string {
	if o == d.Chosen {
		return ""
	}
	return bounded(o.More, signed)
}

// judged is a verdict with its looks.
func judged(verdict string) entry {
	e := words(verdict)
	switch verdict {
	case "chosen":
		e.Class = "chosen"
	case "below the target", "sees the future", "not reached":
		e.Class = "dim"
	}
	return e
}

// mayReach says whether an interval holds the target.
func (e Estimate) mayReach(t *Target) bool {
	if e.Low == nil {
		return false
	}
	return t.better(*e.Low) >= t.better(t.Value) || t.better(*e.High) >= t.better(t.Value)
}

// familySheet is a table of policies at exactly the target.
func (d *Decision) familySheet() *sheet {
	s := &sheet{Head: []string{"policy", "settings", "reach it", d.spentName(), "more than chosen", "95 % interval", "verdict", "best setting"}}
	for _, p := range d.Families {
		name := p.Policy
		if !p.Implementable {
			name += " *"
		}
		row := []entry{words(name), figureOf(float64(p.Settings), grouped(int64(p.Settings))), figureOf(float64(p.Reaching), grouped(int64(p.Reaching)))}
		switch {
		case p.Spends == nil:
			row = append(row, judged("not reached"), words(""), words(""), words(""))
		case p.More == nil:
			row = append(row, figureOf(*p.Spends, amount(*p.Spends)), words(""), words(""), words(""))
		default:
			row = append(row, figureOf(*p.Spends, amount(*p.Spends)), figureOf(p.More.Value, signed(p.More.Value)), words(""), judged(p.Verdict))
			if p.Verdict != "chosen" {
				row[5] = words(bounded(*p.More, signed))
			}
		}
		s.add(append(row, words(p.Best))...)
	}
	return s
}

// priceSheet is a table of the front's corners and what a step costs.
func (d *Decision) priceSheet() *sheet {
	t := d.measured()
	price := "$ a month for 0.1 % more hits"
	if t.Measure != "hit_rate" {
		price = "$ a month for a second less"
	}
	s := &sheet{Head: []string{"policy", t.columnHead(), "$ a month", "waste h a month", price}}
	for _, p := range d.Front {
		if !p.OnHull {
			continue
		}
		cell := words("")
		if p.PriceUSD != nil {
			cell = figureOf(*p.PriceUSD, amount(*p.PriceUSD))
		}
		s.add(words(p.Policy), figureOf(p.Service, t.short(p.Service)), figureOf(p.CostUSD, amount(p.CostUSD)), figureOf(p.WasteH, amount(p.WasteH)), cell)
	}
	return s
}

// effectSheet is a table of parameters.
func (d *Decision) effectSheet() *sheet {
	s := &sheet{Head: []string{"parameter", "of", "values", "worst over best at the target", "unreached values", "of the variance of service %", "of " + d.spentName() + " %"}}
	share := func(x *float64) entry {
		if x == nil {
			return words("")
		}
		return figureOf(*x, fixed(100**x, 1))
	}
	for _, e := range d.Effects {
		var values []string
		for _, v := range e.Values {
			text := v.Value
			if text == "" {
				text = "default"
			}
			values = append(values, text)
		}
		if n := len(values); n > 6 {
			values = append(append(values[:3:3], "…"), values[n-1])
		}
		s.add(words(e.Parameter), words(e.Policy), words(strings.Join(values, ", ")), figureOf(e.Matters, "+"+fixed(100*e.Matters, 1)+" %"),
			figureOf(float64(e.Unreached), fmt.Sprint(e.Unreached)), share(e.ServiceShare), share(e.SpendShare))
	}
	return s
}

// pairSheet puts the chosen setting beside the baseline, a figure a line.
func (d *Decision) pairSheet() *sheet {
	options := []*Option{d.Chosen}
	if d.Baseline != nil && d.Baseline != d.Chosen {
		options = append(options, d.Baseline)
	}
	s := &sheet{Head: []string{"a month"}, Fixed: true}
	for _, o := range options {
		s.Head = append(s.Head, o.Policy)
	}
	perMonth := month / d.SpanS
	for _, line := range []struct {
		name string
		text func(o *Option) string
		skip bool
	}{
		{name: "hits %", text: func(o *Option) string { return (&Target{Measure: "hit_rate"}).short(o.HitRate) }},
		{name: "mean wait", text: func(o *Option) string { return seconds(o.WaitMeanS) }},
		{name: "99th percentile of the wait", text: func(o *Option) string { return seconds(o.WaitP99S) }},
		{name: "longest wait", text: func(o *Option) string {
			return seconds(o.trial.mean(func(r *sim.Result) float64 { return r.WaitS.Max }))
		}},
		{name: "cost $", text: func(o *Option) string { return amount(o.CostUSD.Value) }},
		{name: "95 % interval", text: func(o *Option) string { return bounded(o.CostUSD, amount) }},
		{name: "on demand $", text: d.monthly(perMonth, func(r *sim.Result) float64 { return r.CostUSD.OnDemand })},
		{name: "spot $", text: d.monthly(perMonth, func(r *sim.Result) float64 { return r.CostUSD.Spot }), skip: d.none(options, func(r *sim.Result) float64 { return r.CostUSD.Spot })},
		{name: "stopped $", text: d.monthly(perMonth, func(r *sim.Result) float64 { return r.CostUSD.Stopped }), skip: d.none(options, func(r *sim.Result) float64 { return r.CostUSD.Stopped })},
		{name: "while serving $", text: d.monthly(perMonth, func(r *sim.Result) float64 { return r.CostUSD.Serving })},
		{name: "while idle $", text: d.monthly(perMonth, func(r *sim.Result) float64 { return r.CostUSD.Idle })},
		{name: "while launching $", text: d.monthly(perMonth, func(r *sim.Result) float64 { return r.CostUSD.Launching })},
		{name: "waste, instance-hours", text: func(o *Option) string { return amount(o.WasteH.Value) }},
		{name: "launches", text: d.monthly(perMonth, func(r *sim.Result) float64 { return float64(r.Launches) })},
		{name: "peak instances", text: func(o *Option) string {
			return tickLabel(math.Round(10*o.trial.mean(func(r *sim.Result) float64 { return float64(r.PeakInstances) })) / 10)
		}},
	} {
		if line.skip {
			continue
		}
		row := []entry{words(line.name)}
		for _, o := range options {
			row = append(row, entry{Text: line.text(o), Class: "n"})
		}
		s.add(row...)
	}
	return s
}

func (d *Decision) monthly(perMonth float64, of func(*sim.Result) float64) func(*Option) string {
	return func(o *Option) string { return amount(o.trial.mean(of) * perMonth) }
}

// none says that no option has anything of a figure.
func (d *Decision) none(options []*Option, of func(*sim.Result) float64) bool {
	return !slices.ContainsFunc(options, func(o *Option) bool { return o.trial.mean(of) > negligible })
}

// scoreSheet is a table of forecasters.
func scoreSheet(scores []ForecastScore) *sheet {
	s := &sheet{Head: []string{"forecaster", "pinball", "MASE", "bias %", "in 50 %", "in 90 %", "in 99 %"}}
	for _, x := range scores {
		s.add(words(x.Forecaster), figureOf(x.Pinball, fixed(x.Pinball, 4)), figureOf(x.MASE, fixed(x.MASE, 3)), figureOf(x.Bias, fixed(math.Round(1000*x.Bias)/10+0, 1)),
			figureOf(x.Coverage50, fixed(100*x.Coverage50, 1)), figureOf(x.Coverage90, fixed(100*x.Coverage90, 1)), figureOf(x.Coverage99, fixed(100*x.Coverage99, 1)))
	}
	return s
}
