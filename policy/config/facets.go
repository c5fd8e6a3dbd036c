package config

import (
	"fmt"
	"slices"

	"shadowpool/policy"
)

// facets are the names of what stages of warm-up go by.
var facets = []struct {
	name  string
	facet policy.Facet
}{
	{"image", policy.OfImage}, {"task_type", policy.OfTaskType}, {"dataset", policy.OfDataset}, {"tenant", policy.OfTenant},
}

// ParseFacets reads a set of facets, at least one.
func ParseFacets(names []string) (policy.Facet, error) {
	all := policy.Facet(0)
	if len(names) == 0 {
		return 0, fmt.Errorf("names no facet: want image, task_type, dataset or tenant")
	}
	for _, name := range names {
		i := slices.IndexFunc(facets, func(f struct {
			name  string
			facet policy.Facet
		}) bool {
			return f.name == name
		})
		if i < 0 {
			return 0, fmt.Errorf("%s is no facet of a request: want image, task_type, dataset or tenant", quote(name))
		}
		if all&facets[i].facet != 0 {
			return 0, fmt.Errorf("%s is named twice", name)
		}
		all |= facets[i].facet
	}
	return all, nil
}
