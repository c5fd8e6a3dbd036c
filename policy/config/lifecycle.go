package config

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v4"

	"shadowpool/policy"
)

// maxLife bounds the spans of a lifecycle: ten years.
const maxLife = 10 * 366 * 24 * time.Hour

func lifecycle(l *policy.Lifecycle) schema {
	return object{fields: []field{
		{key: "max_age", schema: span(&l.MaxAge, time.Second, maxLife)},
		{key: "min_remaining", schema: span(&l.MinRemaining, 0, maxLife)},
		{key: "idle_timeout", schema: span(&l.IdleTimeout, time.Second, maxLife)},
		{key: "generation", schema: name(&l.Generation)},
		{key: "stale", schema: oneOf(&l.Stale, choice[policy.Staleness]{"serve", policy.ServeStale}, choice[policy.Staleness]{"forbid", policy.ForbidStale})},
		{key: "surge", schema: count(&l.Surge, maxInstances)},
		{key: "rollout_deadline", schema: span(&l.RolloutDeadline, time.Second, maxLife)},
	}}
}

// checkLifecycles checks that instances live long enough to be replaced in
// time; what a category takes from the template counts.
func checkLifecycles(p *parser, n *yaml.Node, path string, f *Fleet) {
	var check func(k *Category, name, path string)
	check = func(k *Category, name, path string) {
		at := join(path, "lifecycle")
		switch err := k.Lifecycle.Validate(k.LeadTime.Mean(), f.Tick); {
		case err != nil && p.at[at] != nil:
			p.fail(p.at[at], at, "%v", err)
		case err != nil:
			p.fail(n, "fleet", "category %s: lifecycle: %v", quote(name), err)
		default:
			for i := range k.Zones {
				check(&k.Zones[i], name+inPlace(k.Zones[i].Name, ""), fmt.Sprintf("%s.zones[%d]", path, i))
			}
			for i := range k.Tenants {
				check(&k.Tenants[i], name+inPlace("", k.Tenants[i].Name), fmt.Sprintf("%s.tenants[%d]", path, i))
			}
		}
	}
	if f.Default != nil {
		check(f.Default, "default", join(path, "default"))
	}
	for i := range f.Categories {
		k := &f.Categories[i]
		check(k, k.Name, fmt.Sprintf("%s.categories[%d]", path, i))
	}
}
