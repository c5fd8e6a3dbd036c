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
	check := func(k *Category, path string) {
		err := k.Lifecycle.Validate(k.LeadTime.Mean(), f.Tick)
		if at := p.at[join(path, "lifecycle")]; err != nil && at != nil {
			p.fail(at, join(path, "lifecycle"), "%v", err)
		} else if err != nil {
			p.fail(n, "fleet", "category %s: lifecycle: %v", quote(k.Name), err)
		}
	}
	if f.Default != nil {
		check(f.Default, join(path, "default"))
	}
	for i := range f.Categories {
		check(&f.Categories[i], fmt.Sprintf("%s.categories[%d]", path, i))
	}
}
