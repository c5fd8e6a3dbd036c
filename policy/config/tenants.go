package config

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"shadowpool/policy"
)

// tenants are those for which instances of a category are reserved, each of
// which starts from it as it is when they are read.
func tenants(k *Category) list[Category] {
	blank := func() Category {
		t := *k
		t.Name, t.Zones, t.CrossZone, t.Compatible, t.Tenants = "", nil, nil, nil, nil
		return t
	}
	return list[Category]{&k.Tenants, blank, func(t *Category) schema {
		named := name(&t.Name)
		return part{category(t, []field{{key: "name", required: "the tenant's, as requests name it", schema: named}}, true), named}
	}}
}

// readTenants reads those of the first of some places that has any. Only what is
// wrong in the first place, a category's own, is not reported yet.
func readTenants(p *parser, k *Category, places ...string) {
	k.Tenants = nil
	for i, at := range places {
		n := p.at[at]
		if n == nil {
			continue
		}
		if i > 0 && len(p.errs) > 0 {
			return
		}
		tenants(k).read(p, n, at)
		if n.Kind == yaml.SequenceNode && len(k.Tenants) == 0 {
			p.fail(n, at, "names no tenant; remove the key where nothing is reserved")
		}
		checkTwice(p, at, "tenant", k.Tenants)
		for j, t := range k.Tenants {
			if item := fmt.Sprintf("%s[%d]", at, j); strings.Contains(t.Name, tenantMark) {
				p.fail(p.at[item], item, "%s has a %s, which stands before the tenant in the names of pools", quote(t.Name), tenantMark)
			}
		}
		return
	}
}

// templateTenants is where a file has the tenants of its template.
const templateTenants = "fleet.default.tenants"

// tenantMark stands before the tenant in the name of a pool that is reserved.
const tenantMark = "~"

// checkTenants checks that instances are isolated where they are reserved, and
// that the names of pools are not another's.
func checkTenants(p *parser, path string, f *Fleet) {
	check := func(k *Category, at string) {
		of := join(at, "tenants")
		if n := p.at[of]; n != nil && f.Isolation != policy.ByTenant {
			p.fail(n, of, "reserves instances for tenants that isolation: none lets serve anyone; leave one of the two out")
		}
		if n := p.at[join(at, "name")]; n != nil && len(k.Tenants) > 0 && strings.Contains(k.Name, tenantMark) {
			p.fail(n, join(at, "name"), "%s has a %s, which stands before the tenant in the names of pools", quote(k.Name), tenantMark)
		}
	}
	each := func(k *Category, at string) {
		check(k, at)
		for i := range k.Zones {
			check(&k.Zones[i], fmt.Sprintf("%s.zones[%d]", at, i))
		}
	}
	if f.Default != nil {
		each(f.Default, join(path, "default"))
	}
	for i := range f.Categories {
		each(&f.Categories[i], fmt.Sprintf("%s.categories[%d]", path, i))
	}
}
