package sweep

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"shadowpool/experiments/space"
	"shadowpool/policy"
)

// Axes are names and the values that they take, in the file's order. A value
// is one, a list, or a range as space.Parse reads it.
type Axes []Axis

// An Axis is one of them.
type Axis struct {
	Name   string
	Values []string // as they are written: ranges are not spread out yet
	line   int
}

// UnmarshalYAML reads a mapping.
func (a *Axes) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("want a mapping of keys to values")
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		axis := Axis{Name: n.Content[i].Value, line: n.Content[i].Line}
		for _, other := range *a {
			if other.Name == axis.Name {
				return fmt.Errorf("line %d: %s is given twice, first on line %d", axis.line, axis.Name, other.line)
			}
		}
		values := []*yaml.Node{n.Content[i+1]}
		if values[0].Kind == yaml.SequenceNode {
			values = values[0].Content
		}
		for _, v := range values {
			if v.Kind != yaml.ScalarNode || v.Value == "" {
				return fmt.Errorf("line %d: %s wants a value, a list of values, or a range such as 0.9..0.99/10", v.Line, axis.Name)
			}
			axis.Values = append(axis.Values, v.Value)
		}
		if len(axis.Values) == 0 {
			return fmt.Errorf("line %d: %s has no value", axis.line, axis.Name)
		}
		*a = append(*a, axis)
	}
	return nil
}

// spread are the values with ranges spread out into their points, as the first
// of some kinds that they can be read as.
func (a *Axis) spread(kinds ...policy.Kind) ([]string, error) {
	var all []string
	for _, text := range a.Values {
		if !space.IsRange(text) {
			all = append(all, text)
			continue
		}
		d, err := space.Parse(a.Name, text, kinds[0])
		for _, kind := range kinds[1:] {
			if err != nil {
				d, err = space.Parse(a.Name, text, kind)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", a.line, err)
		}
		all = append(all, d.Grid()...)
	}
	return all, nil
}

// A Policy is a family with the values of its parameters, flat beside its
// name, as in pool.yaml.
type Policy struct {
	Name string
	Axes Axes
}

// UnmarshalYAML reads a mapping, or NAME alone.
func (p *Policy) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		p.Name = n.Value
		return nil
	}
	var all Axes
	if err := all.UnmarshalYAML(n); err != nil {
		return err
	}
	for _, a := range all {
		if a.Name != "name" {
			p.Axes = append(p.Axes, a)
			continue
		}
		if len(a.Values) != 1 {
			return fmt.Errorf("line %d: name is one policy; write an item for each", a.line)
		}
		p.Name = a.Values[0]
	}
	if p.Name == "" {
		return fmt.Errorf("line %d: a policy needs its name", n.Line)
	}
	return nil
}

// specs are all combinations of the parameters, the last turning fastest.
func (p *Policy) specs(known []*policy.Family) ([]policy.Spec, error) {
	family, err := policy.Find(p.Name, known...)
	if err != nil {
		return nil, err
	}
	specs := []policy.Spec{{Name: p.Name}}
	for i := range p.Axes {
		a := &p.Axes[i]
		values, err := a.spread(kindOf(family, a.Name))
		if err != nil {
			return nil, err
		}
		if len(specs)*len(values) > MaxRuns {
			return nil, fmt.Errorf("policy %s has more than %d settings", p.Name, MaxRuns)
		}
		var all []policy.Spec
		for _, s := range specs {
			for _, v := range values {
				all = append(all, s.With(a.Name, v))
			}
		}
		specs = all
	}
	return specs, nil
}

// kindOf is what a parameter is; text where the family has none of the name,
// which Parse will tell.
func kindOf(family *policy.Family, name string) policy.Kind {
	name, _, _ = strings.Cut(name, ".")
	for _, p := range family.Params {
		if p.Name == name {
			return p.Kind
		}
	}
	return policy.Text
}
