package policy

import (
	"fmt"
	"slices"
	"strings"
)

// A Spec names a policy and sets its parameters, as on the command line
// (NAME or NAME:key=value,...) or in the policy section of pool.yaml. A
// parameter that may differ by category is written KEY.CATEGORY.
type Spec struct {
	Name   string
	Params []Setting // in the order in which they were given
}

// A Setting is one parameter's value, not yet parsed.
type Setting struct {
	Key, Value string
}

// String is the form that ParseSpecs reads.
func (s Spec) String() string {
	var b strings.Builder
	b.WriteString(s.Name)
	for i, p := range s.Params {
		b.WriteByte(":,"[min(i, 1)])
		b.WriteString(p.Key + "=" + p.Value)
	}
	return b.String()
}

// With returns s with one parameter set anew.
func (s Spec) With(key, value string) Spec {
	params := slices.DeleteFunc(slices.Clone(s.Params), func(p Setting) bool { return p.Key == key })
	return Spec{s.Name, append(params, Setting{key, value})}
}

// ParseSpecs reads a list of policies such as
// "static:level=20,keepalive:ttl=600s,adaptive": a comma before a new name
// separates policies, one before key=value goes on with the parameters. It
// does not know which policies exist; Build does.
func ParseSpecs(list string) ([]Spec, error) {
	var specs []Spec
	for part := range strings.SplitSeq(list, ",") {
		part = strings.TrimSpace(part)
		name, params, hasParams := strings.Cut(part, ":")
		if equals := strings.IndexByte(part, '='); equals >= 0 && (!hasParams || equals < len(name)) {
			name, params, hasParams = "", part, true // key=value, perhaps with a colon in the value
		}
		switch {
		case part == "":
			return nil, fmt.Errorf("policies %q: an empty name", list)
		case name != "":
			specs = append(specs, Spec{Name: name})
		case len(specs) == 0:
			return nil, fmt.Errorf("policies %q: parameter %q comes before any policy; write NAME:key=value", list, part)
		}
		if !hasParams {
			continue
		}
		key, value, ok := strings.Cut(params, "=")
		last := &specs[len(specs)-1]
		if !ok || key == "" || value == "" {
			return nil, fmt.Errorf("policies %q: %q is not key=value", list, params)
		}
		for _, p := range last.Params {
			if p.Key == key {
				return nil, fmt.Errorf("policies %q: %s sets %s twice", list, last.Name, key)
			}
		}
		last.Params = append(last.Params, Setting{key, value})
	}
	return specs, nil
}
