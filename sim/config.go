package sim

import (
	"fmt"
	"slices"
	"strconv"

	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/trace"
)

// FleetFromConfig makes the fleet that a configuration gives a trace: the
// listed categories in the file's order, then, where the file has a default,
// the trace's others as that. A trace that names no categories is served by
// the file's only one. A category of the trace that the file does not admit
// is an error, and so is a zone that its category is not in. Lead times need a
// file from config.Load, which reads samples.
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
	pools, pooled, err := poolsFor(f, src)
	if err != nil {
		return Fleet{}, err
	}
	fleet.Pooled = pooled
	if err := fleet.addPools(f, pools, src.Summary().Strings); err != nil {
		return Fleet{}, err
	}
	if err := fleet.admits(src); err != nil {
		return Fleet{}, fmt.Errorf("%s: %w", f.Name, err)
	}
	return fleet, nil
}

// poolsFor are the pools that a file gives a trace, and whether the only
// category serves all of it.
func poolsFor(f *config.File, src trace.Source) (pools []config.Pool, pooled bool, err error) {
	listed := make(map[string]bool, len(f.Fleet.Categories))
	for _, k := range f.Fleet.Categories {
		listed[k.Name] = true
	}
	if len(listed) > 0 {
		pools = f.Fleet.Pools()
	}
	if f.Fleet.Pooled {
		return pools, true, nil
	}
	used, err := usedCategories(src)
	if err != nil {
		return nil, false, err
	}
	if len(used) == 1 && used[0].unnamed && len(listed) == 1 && f.Fleet.Default == nil {
		return pools, true, nil
	}
	var foreign []usedCategory
	for _, u := range used {
		switch {
		case listed[u.name]:
		case f.Fleet.Default == nil:
			foreign = append(foreign, u)
		default:
			pools = append(pools, f.Fleet.Template(u.name)...)
		}
	}
	if len(foreign) > 0 {
		return nil, false, notAdmitted(f.Name, src.Summary().Name, foreign)
	}
	return pools, false, nil
}

// admits is an error if a category is asked for in a zone that it is not in.
func (f *Fleet) admits(src trace.Source) error {
	sum := src.Summary()
	routes := f.routes(sum.Strings)
	if !slices.ContainsFunc(routes.shared, func(to route) bool { return to.zones != nil }) {
		return nil
	}
	var first error
	rows := int64(0)
	for chunk, err := range src.Chunks() {
		if err != nil {
			return err
		}
		for i := range chunk.Arrival {
			if routes.of(&chunk.Columns, i) != noPool {
				continue
			}
			if rows++; first == nil {
				first = routes.unserved(chunk, i)
			}
		}
	}
	if first != nil {
		return fmt.Errorf("trace %s has %d requests in a zone that their category is not in, the first of them in %w", sum.Name, rows, first)
	}
	return nil
}

// addPools makes the categories of an empty fleet; keys of stages have the names
// of a trace.
func (f *Fleet) addPools(file *config.File, pools []config.Pool, names trace.Strings) error {
	layers := make([][]policy.Layer, len(pools))
	var reserved []string
	for i := range pools {
		if t := pools[i].Tenant; t != "" {
			reserved = append(reserved, t)
		}
	}
	numbers := tenantNumbers(reserved, names.Tenant)
	for i, as := range config.PolicyCategories(pools) {
		as.ReservedFor = numbers[pools[i].Tenant]
		k, err := categoryFromConfig(file, &pools[i], as, names)
		if err != nil {
			return err
		}
		f.Categories = append(f.Categories, k)
		layers[i] = pools[i].Terms.Layers
	}
	return f.AddLayers(layers)
}

// categoryFromConfig is a pool that the controller sees as it is given.
func categoryFromConfig(f *config.File, p *config.Pool, as policy.Category, names trace.Strings) (Category, error) {
	k := &p.Terms
	lead, err := leadFromConfig(k.LeadTime)
	if err != nil {
		return Category{}, fmt.Errorf("%s: category %q: %w", f.Name, k.Name, err)
	}
	c := Category{
		Category: as,
		Lead:     lead, Price: k.Price,
		Billing: Billing{Granularity: k.Billing.Granularity, Minimum: k.Billing.Minimum},
	}
	if p.Zone != "" || p.Tenant != "" {
		c.Of, c.Zone, c.Tenant = p.Category, p.Zone, p.Tenant
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
		by, err := timesBy(&s, names)
		if err != nil {
			return Category{}, fmt.Errorf("%s: category %q: stage %q: %w", f.Name, k.Name, s.Name, err)
		}
		c.TimesBy, c.Expected = append(c.TimesBy, by), append(c.Expected, s.Expected)
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

// timesBy are the times that a stage takes for single keys; nil if it has none.
// What a trace does not name is never asked for.
func timesBy(s *config.Stage, names trace.Strings) (map[policy.Target]LeadTime, error) {
	if len(s.By) == 0 {
		return nil, nil
	}
	ids := map[policy.Facet][]string{
		policy.OfImage: names.Image, policy.OfTaskType: names.TaskType, policy.OfDataset: names.Dataset, policy.OfTenant: names.Tenant,
	}[s.Of]
	all := map[policy.Target]LeadTime{}
	for _, by := range s.By {
		law, err := leadFromConfig(by.LeadTime)
		if err != nil {
			return nil, fmt.Errorf("by %q: %w", by.Key, err)
		}
		if i := slices.Index(ids, by.Key); i > 0 {
			id := uint32(i)
			all[policy.Target{}.With(s.Of, policy.Target{Image: id, TaskType: id, Dataset: id, Tenant: id})] = law
		}
	}
	return all, nil
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
