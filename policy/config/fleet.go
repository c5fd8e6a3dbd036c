package config

import (
	"fmt"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"shadowpool/policy"
)

const (
	maxPrice     = 1e6       // $/h
	maxInstances = 1_000_000 // of a category
	maxTick      = 24 * time.Hour
)

func fleet(to *Fleet) schema {
	*to = Fleet{Isolation: policy.ByTenant, Binding: policy.Late, Tick: policy.DefaultTick}
	template := func() Category { return Category{Price: DefaultPrice} }
	listed := func() Category {
		if to.Default != nil {
			return *to.Default
		}
		return template()
	}
	return object{
		fields: []field{
			{key: "isolation", schema: oneOf(&to.Isolation, choice[policy.Isolation]{"tenant", policy.ByTenant}, choice[policy.Isolation]{"none", policy.NoIsolation})},
			{key: "binding", schema: oneOf(&to.Binding, choice[policy.Binding]{"late", policy.Late}, choice[policy.Binding]{"early", policy.Early})},
			{key: "tick", schema: span(&to.Tick, time.Millisecond, maxTick)},
			{key: "pooled", schema: oneOf(&to.Pooled, choice[bool]{"true", true}, choice[bool]{"false", false})},
			{key: "provider", schema: providerLimits(&to.Provider)},
			{key: "default", schema: optional[Category]{&to.Default, template, func(k *Category) schema { return zoned(k, nil, false) }}},
			{key: "categories", schema: list[Category]{&to.Categories, listed, func(k *Category) schema {
				return zoned(k, []field{
					{key: "name", required: "requests ask for a category by its name", schema: name(&k.Name)},
					{key: "compatible", schema: list[Compatible]{&k.Compatible, nil, compatible}},
				}, to.Default != nil)
			}}},
		},
		check: func(p *parser, n *yaml.Node, path string, given map[string]*yaml.Node) {
			if given["default"] == nil && len(to.Categories) == 0 {
				p.fail(n, path, "has no category: list them under categories, or give default, which admits every one")
			}
			if to.Pooled && (to.Default != nil || len(to.Categories) != 1) {
				p.fail(given["pooled"], join(path, "pooled"), "one pool for all requests has one category, listed under categories, and no default")
			}
			checkNames(p, path, to.Categories)
			checkTenants(p, path, to)
			if len(p.errs) == 0 {
				checkLifecycles(p, n, path, to)
				checkLayers(p, n, path, to)
			}
		},
	}
}

// category reads what a category and the template share, and more.
func category(k *Category, more []field, inherits bool) object {
	return object{
		fields: append(append(more, []field{
			{key: "lead_time", schema: leadTime(&k.LeadTime)},
			{key: "stages", schema: list[Stage]{&k.Stages, nil, stage}},
			{key: "prices", schema: object{fields: []field{
				{key: "on_demand", schema: number(&k.Price, 0, maxPrice, "$/h")},
				{key: "spot", schema: number(&k.Spot.Price, leastPrice, maxPrice, "$/h")},
				{key: "stopped", schema: number(&k.Stopped.Price, leastPrice, maxPrice, "$/h")},
			}}},
			{key: "billing", schema: object{fields: []field{
				{key: "granularity", schema: span(&k.Billing.Granularity, 0, MaxLeadTime)},
				{key: "minimum", schema: span(&k.Billing.Minimum, 0, MaxLeadTime)},
			}}},
			{key: "reuse", schema: oneOf(&k.Reusable, choice[bool]{"single-use", false}, choice[bool]{"reusable", true})},
			{key: "promotion_delay", schema: span(&k.PromotionDelay, 0, MaxLeadTime)},
			{key: "scrub", schema: span(&k.Scrub, 0, MaxLeadTime)},
			{key: "layers", schema: list[policy.Layer]{&k.Layers, nil, layer}},
			{key: "limits", schema: object{fields: []field{
				{key: "max_instances", schema: count(&k.Limits.MaxInstances, maxInstances)},
				{key: "max_launching", schema: count(&k.Limits.MaxLaunching, maxInstances)},
			}}},
			{key: "lifecycle", schema: lifecycle(&k.Lifecycle)},
		}...), capacityFields(k)...),
		check: func(p *parser, n *yaml.Node, path string, given map[string]*yaml.Node) {
			checkCapacity(p, n, path, k, given)
			whole, stages := given["lead_time"], given["stages"]
			switch {
			case whole != nil && stages != nil:
				p.fail(stages, join(path, "stages"), "lead_time is given too; keep one of them")
			case whole != nil:
				k.Stages = nil // what default says of stages no longer holds
			case stages != nil:
				addStages(p, stages, path, k)
			case !inherits:
				p.fail(n, path, "lead_time is missing: how long an instance takes from order to warm, such as 45s")
			}
		},
	}
}

func stage(s *Stage) schema {
	return object{fields: []field{
		{key: "name", required: "such as boot, pull or prefetch", schema: name(&s.Name)},
		{key: "lead_time", required: "how long the stage takes, such as 20s", schema: leadTime(&s.LeadTime)},
		{key: "of", schema: words{func(names []string) error {
			var err error
			s.Of, err = ParseFacets(names)
			return err
		}}},
		{key: "cached", schema: share(&s.LeadTime.Cached)},
		{key: "keeps", schema: count(&s.Keeps, policy.MaxKeeps)},
		{key: "by", schema: byKey{&s.By}},
		{key: "expected", schema: span(&s.Expected, time.Millisecond, MaxLeadTime)},
	}, check: checkStage(s)}
}

// addStages makes the lead time of k the sum of the stages that serve every
// request.
func addStages(p *parser, n *yaml.Node, path string, k *Category) {
	if n.Kind != yaml.SequenceNode {
		return // reported already
	}
	path = join(path, "stages")
	if len(k.Stages) == 0 {
		p.fail(n, path, "has no stage; give lead_time instead")
	}
	k.LeadTime = LeadTime{}
	constant, total := true, time.Duration(0)
	seen := make(map[string]bool, len(k.Stages))
	for i, s := range k.Stages {
		at := fmt.Sprintf("%s[%d]", path, i)
		if s.Name != "" && seen[s.Name] {
			p.fail(p.at[at], at, "stage %s is given twice", quote(s.Name))
		}
		seen[s.Name] = true
		total += s.LeadTime.Span
		if total > MaxLeadTime {
			p.fail(n, path, "add up to more than %s", short(MaxLeadTime))
			return
		}
		if s.Of == 0 {
			constant = constant && s.LeadTime.Law == Constant && s.LeadTime.Cached == 0
			k.LeadTime.Span += s.LeadTime.Span
			k.LeadTime.Parts = append(k.LeadTime.Parts, s.LeadTime)
		}
	}
	if constant {
		k.LeadTime.Parts = nil
	} else {
		k.LeadTime.Law, k.LeadTime.Span = Sum, 0
	}
	if _, err := policyStages(k); err != nil {
		p.fail(n, path, "%v", err)
	}
}

// policyStages are the stages that only some requests need.
func policyStages(k *Category) ([]policy.Stage, error) {
	var stages []policy.Stage
	for _, s := range k.Stages {
		if s.Of != 0 {
			takes := s.LeadTime.Mean()
			if s.Expected > 0 {
				takes = s.Expected
			}
			stages = append(stages, policy.Stage{Name: s.Name, Of: s.Of, Takes: takes, Keeps: s.Keeps})
		}
	}
	if len(stages) > policy.MaxStages {
		return nil, fmt.Errorf("has %d stages that only some requests need (of), at most %d are allowed", len(stages), policy.MaxStages)
	}
	return stages, nil
}

func compatible(c *Compatible) schema {
	return object{fields: []field{
		{key: "category", required: "the name of a listed category", schema: name(&c.Category)},
		{key: "adapt", schema: span(&c.Adapt, 0, MaxLeadTime)},
	}}
}

// checkNames checks what categories say of each other.
func checkNames(p *parser, path string, all []Category) {
	line := make(map[string]int, len(all))
	names := make([]string, 0, len(all))
	for i, k := range all {
		at := fmt.Sprintf("%s.categories[%d].name", path, i)
		n := p.at[at]
		if n == nil || k.Name == "" {
			continue // reported already
		}
		if first, twice := line[k.Name]; twice {
			p.fail(n, at, "category %s is listed twice, first on line %d", quote(k.Name), first)
			continue
		}
		line[k.Name] = n.Line
		names = append(names, k.Name)
	}
	for i, k := range all {
		for j, c := range k.Compatible {
			at := fmt.Sprintf("%s.categories[%d].compatible[%d].category", path, i, j)
			n := p.at[at]
			_, listed := line[c.Category]
			switch {
			case n == nil || c.Category == "":
			case !listed:
				p.fail(n, at, "%s is not listed under fleet.categories%s", quote(c.Category), nearest(c.Category, names))
			case c.Category == k.Name:
				p.fail(n, at, "%s is the category itself", quote(c.Category))
			case slices.ContainsFunc(k.Compatible[:j], func(o Compatible) bool { return o.Category == c.Category }):
				p.fail(n, at, "%s is given twice", quote(c.Category))
			}
		}
	}
}

func layer(l *policy.Layer) schema {
	return object{fields: []field{
		{key: "name", required: "categories that name the same layer share it", schema: name(&l.Name)},
		{key: "adapt", required: "the warm-up that is missing, such as 20s", schema: span(&l.Adapt, 0, MaxLeadTime)},
		{key: "memory", required: "the share of a whole instance's memory that it takes, such as 0.2", schema: share(&l.Memory)},
	}}
}

// checkLayers checks that categories mean the same by the layers that they
// share, those of the template with them.
func checkLayers(p *parser, n *yaml.Node, path string, f *Fleet) {
	pools := f.Pools()
	if f.Default != nil && len(f.Categories) > 0 {
		pools = append(pools, f.Template("default")...)
	}
	categories := make([]policy.Category, len(pools))
	for i, k := range pools {
		categories[i].Name = k.Terms.Name
	}
	all, err := policy.AddLayers(categories, layersOf(pools))
	if err != nil {
		p.fail(n, path, "%v", err)
		return
	}
	for _, l := range all[len(categories):] {
		if slices.ContainsFunc(pools, func(k Pool) bool { return k.Terms.Name == l.Name }) {
			p.fail(n, path, "layer %s has the name of a category", quote(l.Name))
		}
	}
}
