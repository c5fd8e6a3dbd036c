package sim

import (
	"fmt"
	"strconv"

	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/trace"
)

// FleetFromConfig makes the fleet that a configuration gives a trace: the
// listed categories in the file's order, then, where the file has a default,
// the trace's others as that. A trace that names no categories is served by
// the file's only one. A category of the trace that the file does not admit
// is an error. Lead times need a file from config.Load, which reads samples.
func FleetFromConfig(f *config.File, src trace.Source) (Fleet, error) {
	fleet := Fleet{
		Binding: f.Fleet.Binding, Isolation: f.Fleet.Isolation,
		Tick: f.Fleet.Tick, Location: f.Location, Budget: f.Service.Budget,
		Provider: Provider{
			LaunchesPerSecond: f.Fleet.Provider.LaunchesPerSecond, Burst: f.Fleet.Provider.Burst,
			Quota:      Quota{OnDemand: f.Fleet.Provider.OnDemand, Spot: f.Fleet.Provider.Spot},
			Stragglers: f.Fleet.Provider.Stragglers, Slowdown: f.Fleet.Provider.Slowdown,
		},
	}
	listed := make(map[string]bool, len(f.Fleet.Categories))
	for i := range f.Fleet.Categories {
		k, err := categoryFromConfig(f, &f.Fleet.Categories[i])
		if err != nil {
			return Fleet{}, err
		}
		fleet.Categories = append(fleet.Categories, k)
		listed[k.Name] = true
	}
	var layers [][]policy.Layer
	for _, k := range f.Fleet.Categories {
		layers = append(layers, k.Layers)
	}
	if f.Fleet.Pooled {
		fleet.Pooled = true
		return fleet, fleet.AddLayers(layers)
	}
	used, err := usedCategories(src)
	if err != nil {
		return Fleet{}, err
	}
	if len(used) == 1 && used[0].unnamed && len(listed) == 1 && f.Fleet.Default == nil {
		fleet.Pooled = true
		return fleet, fleet.AddLayers(layers)
	}
	var foreign []usedCategory
	for _, u := range used {
		switch {
		case listed[u.name]:
		case f.Fleet.Default == nil:
			foreign = append(foreign, u)
		default:
			k, err := categoryFromConfig(f, f.Fleet.Default)
			if err != nil {
				return Fleet{}, err
			}
			k.Name = u.name
			fleet.Categories = append(fleet.Categories, k)
			layers = append(layers, f.Fleet.Default.Layers)
		}
	}
	if len(foreign) > 0 {
		return Fleet{}, notAdmitted(f.Name, src.Summary().Name, foreign)
	}
	return fleet, fleet.AddLayers(layers)
}

func categoryFromConfig(f *config.File, k *config.Category) (Category, error) {
	lead, err := leadFromConfig(k.LeadTime)
	if err != nil {
		return Category{}, fmt.Errorf("%s: category %q: %w", f.Name, k.Name, err)
	}
	c := Category{
		Category: f.PolicyCategory(k),
		Lead:     lead, Price: k.Price,
		Billing: Billing{Granularity: k.Billing.Granularity, Minimum: k.Billing.Minimum},
	}
	for _, s := range k.Stages {
		if s.Of == 0 {
			continue
		}
		took, err := leadFromConfig(s.LeadTime)
		if err != nil {
			return Category{}, fmt.Errorf("%s: category %q: stage %q: %w", f.Name, k.Name, s.Name, err)
		}
		c.StageTimes = append(c.StageTimes, took)
	}
	if k.Spot.Price > 0 {
		c.Market = &Market{Interruptions: k.Spot.Interruptions, Refused: k.Spot.Refused, Notice: k.Spot.Notice}
	}
	if len(k.Spot.Prices.Times) > 0 {
		if c.Market.Prices, err = NewPrices(k.Spot.Prices.Times, k.Spot.Prices.Price); err != nil {
			return Category{}, fmt.Errorf("%s: category %q: %w", f.Name, k.Name, err)
		}
	}
	return c, nil
}

func leadFromConfig(l config.LeadTime) (LeadTime, error) {
	if share := l.Cached; share > 0 {
		l.Cached = 0
		law, err := leadFromConfig(l)
		return Cached{law, share}, err
	}
	switch l.Law {
	case config.Sum:
		parts := make([]LeadTime, len(l.Parts))
		for i, part := range l.Parts {
			var err error
			if parts[i], err = leadFromConfig(part); err != nil {
				return nil, err
			}
		}
		return NewSum(parts), nil
	case config.Lognormal:
		return Lognormal{Median: l.Median, P99: l.P99, Common: l.Common, Fail: l.Fail}, nil
	case config.Empirical:
		return NewEmpirical(l.File, l.Samples)
	default:
		return Constant(l.Span), nil
	}
}

// A usedCategory is a category that requests of a trace ask for.
type usedCategory struct {
	name    string
	unnamed bool  // the trace has no column of categories
	rows    int64 // requests
	first   int64 // the first one's row
}

// usedCategories are those of a trace's requests, in the order of the trace's
// dictionary.
func usedCategories(src trace.Source) ([]usedCategory, error) {
	names := src.Summary().Strings.Category
	all := make([]usedCategory, max(len(names), 1))
	for i := range names {
		all[i].name = names[i]
	}
	for chunk, err := range src.Chunks() {
		if err != nil {
			return nil, err
		}
		if chunk.Category == nil {
			all[0] = usedCategory{unnamed: true, rows: src.Summary().Rows}
			break
		}
		for i, c := range chunk.Category {
			if all[c].rows == 0 {
				all[c].first = chunk.First + int64(i)
			}
			all[c].rows++
		}
	}
	used := all[:0]
	for _, u := range all {
		if u.rows > 0 {
			used = append(used, u)
		}
	}
	return used, nil
}

// notAdmitted reports the earliest of the categories that a file has no place
// for.
func notAdmitted(file, name string, foreign []usedCategory) error {
	u := foreign[0]
	for _, o := range foreign {
		if o.first < u.first {
			u = o
		}
	}
	others := ""
	if n := len(foreign) - 1; n > 0 {
		others = fmt.Sprintf(", and %d more such categories", n)
	}
	if u.name == "" {
		return fmt.Errorf("%s: trace %s has %d requests without a category, the first in row %d%s: give fleet.default, which serves them", file, name, u.rows, u.first, others)
	}
	return fmt.Errorf("%s: trace %s has %d requests of category %s, the first in row %d%s: list it under fleet.categories, or give fleet.default, which admits every category",
		file, name, u.rows, strconv.Quote(u.name), u.first, others)
}
