package config

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v4"
)

// zoned reads a category, the zones that it is in, and whom it is reserved for.
func zoned(k *Category, more []field, inherits bool) schema {
	o := category(k, more, inherits)
	o.fields = append(o.fields,
		field{key: "tenants", schema: afterwards{tenants(k)}},
		field{key: "zones", schema: afterwards{zones(k)}},
		field{key: "cross_zone", schema: optional[time.Duration]{&k.CrossZone, func() time.Duration { return 0 }, func(d *time.Duration) schema {
			return span(d, 0, MaxLeadTime)
		}}},
	)
	check := o.check
	o.check = func(p *parser, n *yaml.Node, path string, given map[string]*yaml.Node) {
		check(p, n, path, given)
		own := []string{join(path, "tenants")}
		if inherits {
			own = append(own, templateTenants)
		}
		readTenants(p, k, own...)
		readZones(p, path, k, inherits, given)
	}
	return o
}

// An afterwards is read by the check of its object, when all else is known.
type afterwards struct{ schema }

func (afterwards) read(*parser, *yaml.Node, string) {}

// zones are a category's, each of which starts from it as it is when they are
// read.
func zones(k *Category) list[Category] {
	blank := func() Category {
		z := *k
		z.Name, z.Zones, z.CrossZone, z.Compatible, z.Tenants = "", nil, nil, nil, nil
		return z
	}
	return list[Category]{&k.Zones, blank, func(z *Category) schema {
		named := name(&z.Name)
		o := category(z, []field{{key: "name", required: "the zone's, as requests name it", schema: named}}, true)
		o.fields = append(o.fields, field{key: "tenants", schema: afterwards{tenants(z)}})
		return part{o, named}
	}}
}

// A part of a category, a zone or a tenant's, is its name, or a mapping that also
// says what is different there.
type part struct {
	object
	name schema
}

func (z part) read(p *parser, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		z.name.read(p, n, path)
		return
	}
	z.object.read(p, n, path)
}

// readZones reads the zones that a category is given, or else those of the
// template, which then start from this category.
func readZones(p *parser, path string, k *Category, inherits bool, given map[string]*yaml.Node) {
	k.Zones = nil
	at := join(path, "zones")
	n := given["zones"]
	if n == nil && inherits {
		at = templateZones
		n = p.at[at]
		if len(p.errs) > 0 {
			return // those of the template are reported already
		}
	}
	if n == nil {
		if c := given["cross_zone"]; c != nil {
			p.fail(c, join(path, "cross_zone"), "is given without zones; list them, or remove it")
		}
		return
	}
	zones(k).read(p, n, at)
	if n.Kind == yaml.SequenceNode && len(k.Zones) == 0 {
		p.fail(n, at, "names no zone; remove the key where zones do not matter")
	}
	checkTwice(p, at, "zone", k.Zones)
	for i := range k.Zones {
		own := []string{fmt.Sprintf("%s[%d].tenants", at, i), join(path, "tenants")}
		if inherits {
			own = append(own, templateTenants)
		}
		readTenants(p, &k.Zones[i], own...)
	}
}

// checkTwice checks that no part of a category is given twice.
func checkTwice(p *parser, at, what string, parts []Category) {
	seen := make(map[string]bool, len(parts))
	for i, z := range parts {
		if z.Name != "" && seen[z.Name] {
			item := fmt.Sprintf("%s[%d]", at, i)
			p.fail(p.at[item], item, "%s %s is given twice", what, quote(z.Name))
		}
		seen[z.Name] = true
	}
}

// templateZones is where a file has the zones of its template.
const templateZones = "fleet.default.zones"
