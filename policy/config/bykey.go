package config

import (
	"strings"

	"go.yaml.in/yaml/v4"

	"shadowpool/policy"
)

// A KeyTime is how long a stage takes for one key, by its name.
type KeyTime struct {
	Key      string
	LeadTime LeadTime
}

// byKey is a mapping of keys, which the user names, to lead times.
type byKey struct{ to *[]KeyTime }

func (b byKey) read(p *parser, n *yaml.Node, path string) {
	given := p.mapping(n, path, func(key *yaml.Node) bool {
		if key.Value == "" || len(key.Value) > maxText || strings.ContainsRune(key.Value, 0) {
			p.fail(key, path, "%s is not a name", quote(key.Value))
			return false
		}
		return true
	})
	if given == nil {
		return
	}
	if len(given) > policy.MaxTimesBy {
		p.fail(n, path, "has %d keys, at most %d are allowed; give the others' time as lead_time", len(given), policy.MaxTimesBy)
		return
	}
	all := make([]KeyTime, 0, len(given))
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i].Value
		if given[name] != n.Content[i+1] {
			continue // reported already
		}
		k := KeyTime{Key: name}
		leadTime(&k.LeadTime).read(p, n.Content[i+1], join(path, name))
		if k.LeadTime.Law == Empirical {
			p.fail(n.Content[i+1], join(path, name), "want a span such as 90s, or lognormal:median=45s,p99=120s")
		}
		all = append(all, k)
	}
	*b.to = all
}

func (b byKey) keys(path string) []string { return []string{path} }

// checkStage checks what goes by key.
func checkStage(s *Stage) func(*parser, *yaml.Node, string, map[string]*yaml.Node) {
	return func(p *parser, n *yaml.Node, path string, given map[string]*yaml.Node) {
		if by := given["by"]; by != nil && !s.oneFacet() {
			p.fail(by, join(path, "by"), "the stage goes by %s: times by key are for a stage that goes by one facet, such as of: [dataset]", facetNames(s.Of))
		}
		if e := given["expected"]; e != nil && s.Of == 0 {
			p.fail(e, join(path, "expected"), "serves every request: it is part of the lead time, which is given as it is")
		}
	}
}

func (s *Stage) oneFacet() bool { return s.Of != 0 && s.Of&(s.Of-1) == 0 }

func facetNames(of policy.Facet) string {
	var names []string
	for _, f := range facets {
		if of&f.facet != 0 {
			names = append(names, f.name)
		}
	}
	if len(names) == 0 {
		return "no facet"
	}
	return strings.Join(names, " and ")
}
