package config

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"shadowpool/policy"
)

// hitRate is the parameter by which a policy steers towards a hit rate.
const hitRate = "hit_rate"

// policySection is name and the parameters of that policy, flat.
type policySection struct {
	to    *policy.Spec
	fleet *Fleet
}

func (s policySection) keys(path string) []string {
	return []string{join(path, "name"), join(path, "PARAMETER"), join(path, "PARAMETER.CATEGORY")}
}

func (s policySection) read(p *parser, n *yaml.Node, path string) {
	given := p.mapping(n, path, func(*yaml.Node) bool { return true })
	if given == nil {
		return
	}
	named := given["name"]
	if named == nil {
		p.fail(n, path, "name is missing: one of %s", strings.Join(familyNames(), ", "))
		return
	}
	at := join(path, "name")
	p.at[at] = named
	before := len(p.errs)
	if name(&s.to.Name).read(p, named, at); len(p.errs) > before {
		return
	}
	family, err := policy.Find(s.to.Name)
	if err != nil {
		p.fail(named, at, "%v%s", err, nearest(s.to.Name, familyNames()))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i].Value, n.Content[i+1]
		if key == "name" || given[key] != value {
			continue
		}
		for _, each := range s.byZone(key) {
			if each == key || given[each] == nil { // what is said of one zone comes first
				s.parameter(p, family, each, n.Content[i], value, path)
			}
		}
	}
	if len(p.errs) > before {
		return
	}
	aimed := *s.to
	if declares(family, hitRate) && !slices.ContainsFunc(aimed.Params, func(q policy.Setting) bool { return q.Key == hitRate }) {
		aimed = aimed.With(hitRate, "0.5") // a service target may stand for it
	}
	if _, err := family.Parse(aimed, s.categories(aimed)); err != nil {
		p.fail(n, path, "%v", err)
	}
}

// parameter checks one parameter by itself, so that each error has its line.
func (s policySection) parameter(p *parser, family *policy.Family, key string, k, n *yaml.Node, path string) {
	at := join(path, key)
	bare, _, _ := strings.Cut(key, ".")
	var names []string
	for _, q := range family.Params {
		names = append(names, q.Name)
	}
	if !slices.Contains(names, bare) {
		known := "it takes none"
		if len(names) > 0 {
			known = "it takes " + strings.Join(names, ", ")
		}
		p.fail(k, path, "policy %s has no parameter %s%s; %s", family.Name, quote(key), nearest(bare, names), known)
		return
	}
	if n.Kind == yaml.MappingNode {
		p.fail(n, at, "want a value; for one category write %s.CATEGORY: VALUE beside it", key)
		return
	}
	var value string
	before := len(p.errs)
	if text(&value).read(p, n, at); len(p.errs) > before {
		return
	}
	// Alone and without the demand for others, every error is this one's.
	alone := *family
	alone.Params = slices.Clone(family.Params)
	for i := range alone.Params {
		alone.Params[i].Optional = true
	}
	spec := policy.Spec{Name: family.Name, Params: []policy.Setting{{Key: key, Value: value}}}
	if _, err := alone.Parse(spec, s.categories(spec)); err != nil {
		p.fail(n, at, "%v", err)
		return
	}
	p.at[at] = n
	s.to.Params = append(s.to.Params, spec.Params[0])
}

// byZone is a parameter of a category, or of what is reserved of it for a tenant,
// for each of its zones; any other as it is.
func (s policySection) byZone(key string) []string {
	bare, category, _ := strings.Cut(key, ".")
	of, _, _ := strings.Cut(category, tenantMark)
	var all []string
	for i := range s.fleet.Categories {
		k := &s.fleet.Categories[i]
		if category != k.Name && of != k.Name {
			continue
		}
		for _, p := range k.Pools() {
			if p.Zone != "" && p.Category+inPlace("", p.Tenant) == category {
				all = append(all, bare+"."+p.Terms.Name)
			}
		}
	}
	if all == nil {
		all = []string{key}
	}
	return all
}

// tryPolicy builds the policy for one category, because some parameters are
// read only then. A policy that is fitted gets a span to be fitted on, so that
// only what the file says can be wrong.
func tryPolicy(f *File) error {
	spec := f.PolicySpec()
	spec.Params = slices.DeleteFunc(slices.Clone(spec.Params), func(q policy.Setting) bool { return strings.Contains(q.Key, ".") })
	c := f.PolicyConfig()
	c.Categories = []policy.Category{{LeadTime: c.Categories[0].LeadTime, Reusable: c.Categories[0].Reusable}}
	_, err := policy.Build(spec, policy.Fleet{
		Config: c, Training: make([][]policy.Time, 1), TrainingTo: policy.Time(7 * 24 * time.Hour),
	})
	return err
}

// categories are those that a parameter may name: the listed ones, and where
// default admits others, any.
func (s policySection) categories(spec policy.Spec) []policy.Category {
	var all []policy.Category
	for i := range s.fleet.Categories {
		for _, p := range s.fleet.Categories[i].Pools() {
			all = append(all, policy.Category{Name: p.Terms.Name})
		}
	}
	for _, q := range spec.Params {
		if _, category, by := strings.Cut(q.Key, "."); by && s.fleet.Default != nil {
			all = append(all, policy.Category{Name: category})
		}
	}
	return all
}

func familyNames() []string {
	var names []string
	for _, f := range policy.Families() {
		names = append(names, f.Name)
	}
	return names
}

func declares(f *policy.Family, param string) bool {
	return slices.ContainsFunc(f.Params, func(q policy.Param) bool { return q.Name == param })
}

func formatNumber(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
