package experiments

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"
)

// An Effect is how much a parameter of a policy matters at the target.
type Effect struct {
	Policy    string        `json:"policy"`
	Parameter string        `json:"parameter"`
	Values    []EffectValue `json:"values"` // ascending
	// Matters is how much more is spent a month with the worst value that reaches
	// the target than with the best, as a share of the best; the other parameters
	// are free. Unreached are the values with which nothing reaches it.
	Matters   float64 `json:"matters"`
	Unreached int     `json:"unreached"`
	// ServiceShare and SpendShare are the shares of the variance over the whole
	// grid that the parameter has by itself; nil where it is the only one
	// that was varied, or the policy's settings are no full grid.
	ServiceShare *float64 `json:"share_of_service_variance"`
	SpendShare   *float64 `json:"share_of_spend_variance"`
}

// An EffectValue is what one value of a parameter makes possible.
type EffectValue struct {
	Value string `json:"value"`
	// Least is the least that is spent a month at the target with it, $ or
	// instance-hours, and Setting the setting that does; nil if none reaches it.
	Least   *float64 `json:"least_a_month"`
	Setting string   `json:"setting,omitempty"`
	// Service and Spends are the means of all settings that have it.
	Service float64 `json:"mean_service"`
	Spends  float64 `json:"mean_spend_a_month"`
}

// effects are of every parameter that was varied, those that matter most first.
func effects(d *Decision, spent column) []Effect {
	var order []string
	members := map[string][]*Option{}
	for i := range d.Options {
		o := &d.Options[i]
		if !o.Implementable {
			continue
		}
		if members[o.Family] == nil {
			order = append(order, o.Family)
		}
		members[o.Family] = append(members[o.Family], o)
	}
	var all []Effect
	for _, name := range order {
		options := members[name]
		combinations := 1
		var own []Effect
		for _, key := range keys(options) {
			e := effect(options, key, d.Target, spent)
			if len(e.Values) > 1 {
				combinations *= len(e.Values)
				e.Policy = name
				own = append(own, e)
			}
		}
		for i := range own {
			if len(own) > 1 && combinations == len(options) {
				own[i].share(options, spent)
			}
		}
		slices.SortStableFunc(own, func(a, b Effect) int { return cmp.Compare(b.Matters, a.Matters) })
		all = append(all, own...)
	}
	return all
}

// keys are the parameters that options set, in the order in which they come.
func keys(options []*Option) []string {
	var all []string
	for _, o := range options {
		for _, p := range o.trial.Spec.Params {
			if !slices.Contains(all, p.Key) {
				all = append(all, p.Key)
			}
		}
	}
	return all
}

// value is what an option sets a parameter to; empty is its default.
func (o *Option) value(key string) string {
	for _, p := range o.trial.Spec.Params {
		if p.Key == key {
			return p.Value
		}
	}
	return ""
}

// effect groups options by the value of a parameter.
func effect(options []*Option, key string, t *Target, spent column) Effect {
	e := Effect{Parameter: key}
	count := map[string]float64{}
	for _, o := range options { // the cheapest that reach the target first
		v := o.value(key)
		i := slices.IndexFunc(e.Values, func(x EffectValue) bool { return x.Value == v })
		if i < 0 {
			i = len(e.Values)
			e.Values = append(e.Values, EffectValue{Value: v})
		}
		x := &e.Values[i]
		spends := o.spends(spent).Value
		if o.Reaches && x.Least == nil {
			x.Least, x.Setting = &spends, o.Policy
		}
		count[v]++
		x.Service += o.Service.Value
		x.Spends += spends
	}
	best, worst := math.Inf(1), math.Inf(-1)
	for i := range e.Values {
		x := &e.Values[i]
		x.Service /= count[x.Value]
		x.Spends /= count[x.Value]
		if x.Least == nil {
			e.Unreached++
			continue
		}
		best, worst = min(best, *x.Least), max(worst, *x.Least)
	}
	if best > 0 && worst >= best {
		e.Matters = worst/best - 1
	}
	slices.SortStableFunc(e.Values, func(a, b EffectValue) int { return cmp.Compare(numberOf(a.Value), numberOf(b.Value)) })
	return e
}

// share finds what of the variance lies between the values of the parameter, on
// a full grid.
func (e *Effect) share(options []*Option, spent column) {
	each := float64(len(e.Values)) / float64(len(options))
	part := func(of func(*Option) float64, mean func(*EffectValue) float64) *float64 {
		middle, total, between := 0.0, 0.0, 0.0
		for _, o := range options {
			middle += of(o) / float64(len(options))
		}
		for _, o := range options {
			total += float64((of(o) - middle) * (of(o) - middle))
		}
		for i := range e.Values {
			off := mean(&e.Values[i]) - middle
			between += float64(off*off) / each
		}
		if total <= 0 {
			return nil
		}
		share := min(between/total, 1)
		return &share
	}
	e.ServiceShare = part(func(o *Option) float64 { return o.Service.Value }, func(v *EffectValue) float64 { return v.Service })
	e.SpendShare = part(func(o *Option) float64 { return o.spends(spent).Value }, func(v *EffectValue) float64 { return v.Spends })
}

// numberOf is a parameter's value as a number or a span, s; words come last, in
// the order that they have.
func numberOf(text string) float64 {
	if x, err := strconv.ParseFloat(text, 64); err == nil {
		return x
	}
	if d, err := time.ParseDuration(text); err == nil {
		return d.Seconds()
	}
	return math.MaxFloat64
}
