package sim

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"shadowpool/policy"
	"shadowpool/trace"
)

// A Fleet is what a trace is replayed on: the policy's view of it, and what
// only the cloud knows.
type Fleet struct {
	Categories []Category
	Binding    policy.Binding
	Isolation  policy.Isolation
	Tick       time.Duration // 0 is policy.DefaultTick
	Location   *time.Location
	// Layers is how many of the categories, the last ones, are the pools of
	// layers, which no request asks for.
	Layers int
	// Pooled treats all of the trace's categories as the only one of the
	// fleet.
	Pooled bool
	// Provider is what the cloud allows.
	Provider Provider
	Budget   float64 // see policy.Config; $/h
}

// A Category is policy.Category with the cloud's side of it. LeadTime of the
// embedded one is set to the distribution's mean.
type Category struct {
	policy.Category
	// Zone is where its instances live, empty where zones do not matter, and Tenant
	// whom they are reserved for, if anyone: the embedded one's ReservedFor is its
	// number in the trace. Of is the category whose requests they serve there; that
	// is its name where it is empty.
	Of, Zone, Tenant string
	Lead             LeadTime
	// StageTimes are the distributions of the embedded one's Stages, whose
	// expected times are set to their means.
	StageTimes []LeadTime
	// TimesBy are those for single keys, by stage; nil where there are none. Policies
	// expect their means.
	TimesBy []map[policy.Target]LeadTime
	// Expected is what policies are told that stages take, for any key, where that is
	// above 0; nil where they are told what is true.
	Expected []time.Duration
	Price    float64 // $/h of an on-demand instance
	Billing  Billing
	// Market is the cloud's side of the embedded Spot, where that is not nil.
	Market *Market
}

// Billing is how a provider rounds an instance's life. Zero values: to the
// nanosecond, no minimum.
type Billing struct {
	Granularity, Minimum time.Duration
}

// FleetOf makes the fleet that a run without a configuration has: every
// category that occurs in the trace, each like template.
func FleetOf(src trace.Source, template Category, pooled bool) (Fleet, error) {
	f := Fleet{Pooled: pooled}
	if pooled {
		template.Name = "all"
		f.Categories = []Category{template}
		return f, nil
	}
	names := src.Summary().Strings.Category
	seen := make([]bool, max(len(names), 1))
	for chunk, err := range src.Chunks() {
		if err != nil {
			return Fleet{}, err
		}
		if chunk.Category == nil {
			seen[0] = true
			break
		}
		for _, c := range chunk.Category {
			seen[c] = true
		}
	}
	for i, used := range seen {
		if used {
			k := template
			if i < len(names) {
				k.Name = names[i]
			}
			f.Categories = append(f.Categories, k)
		}
	}
	return f, nil
}

// PolicyConfig is the controller's view of the fleet.
func (f *Fleet) PolicyConfig() policy.Config {
	c := policy.Config{Binding: f.Binding, Isolation: f.Isolation, Tick: f.Tick, Location: f.Location, Budget: f.Budget}
	for _, k := range f.Categories {
		k.Category.LeadTime, k.Category.Price = k.Lead.Mean(), k.Price
		k.Stages = slices.Clone(k.Stages)
		for i := range k.Stages {
			s := &k.Stages[i]
			if k.Expected != nil && k.Expected[i] > 0 {
				s.Takes = k.Expected[i]
				continue
			}
			s.Takes, s.Times = k.StageTimes[i].Mean(), timesOf(k.StageTimes[i])
			if k.TimesBy != nil {
				s.By = takesBy(k.TimesBy[i])
			}
		}
		c.Categories = append(c.Categories, k.Category)
	}
	return c
}

// takesBy are the means of the times for single keys, in an order of their own.
func takesBy(laws map[policy.Target]LeadTime) []policy.TakesFor {
	var all []policy.TakesFor
	for key, law := range laws {
		all = append(all, policy.TakesFor{Key: key, Takes: law.Mean()})
	}
	slices.SortFunc(all, func(a, b policy.TakesFor) int {
		return cmp.Or(cmp.Compare(a.Key.Image, b.Key.Image), cmp.Compare(a.Key.TaskType, b.Key.TaskType),
			cmp.Compare(a.Key.Dataset, b.Key.Dataset), cmp.Compare(a.Key.Tenant, b.Key.Tenant))
	})
	return all
}

// stageTimes is how many times of a stage policies are told.
const stageTimes = 128

// timesOf are the times of a stage at evenly spread shares; none of one that
// never varies.
func timesOf(law LeadTime) []time.Duration {
	if _, constant := law.(Constant); constant {
		return nil
	}
	times := make([]time.Duration, stageTimes)
	for i := range times {
		times[i] = time.Duration(law.Quantile((float64(i) + 0.5) / stageTimes))
	}
	return times
}

func (f *Fleet) validate() error {
	if err := f.Provider.validate(); err != nil {
		return err
	}
	for _, k := range f.Categories {
		if k.Lead == nil {
			return fmt.Errorf("category %q has no lead time", k.Name)
		}
		if len(k.StageTimes) != len(k.Stages) {
			return fmt.Errorf("category %q has %d stages and %d distributions of their times", k.Name, len(k.Stages), len(k.StageTimes))
		}
		if k.TimesBy != nil && len(k.TimesBy) != len(k.Stages) || k.Expected != nil && len(k.Expected) != len(k.Stages) {
			return fmt.Errorf("category %q has %d stages, and times by key of %d or expected times of %d", k.Name, len(k.Stages), len(k.TimesBy), len(k.Expected))
		}
		if !(k.Price >= 0) {
			return fmt.Errorf("category %q: price %v is not a number of dollars per hour", k.Name, k.Price)
		}
		if k.Spot != nil {
			if err := k.Market.validate(); err != nil {
				return fmt.Errorf("category %q: %w", k.Name, err)
			}
		}
	}
	return nil
}
