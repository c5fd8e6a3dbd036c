package plan

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// MaxSize bounds a written plan, in bytes.
const MaxSize = 1 << 20

// maxDepth bounds nesting, of which this form needs four.
const maxDepth = 16

// ParseYAML reads a plan. Errors name the line, the key and what to write
// instead.
func ParseYAML(data []byte) (Plan, error) {
	if err := unreadable(data); err != nil {
		return Plan{}, err
	}
	var doc yaml.Node
	err := yaml.Load(data, &doc, yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth))))
	var one *yaml.LoadError
	switch {
	case errors.As(err, &one) && strings.Contains(one.Message, "no documents"):
		return Plan{}, problem(1, "", "is empty; want version and steps")
	case errors.As(err, &one):
		return Plan{}, problem(one.Mark.Line, "", "is not YAML: %s", one.Message)
	case err != nil:
		return Plan{}, problem(1, "", "is not YAML: %v", err)
	case doc.Kind != yaml.DocumentNode || len(doc.Content) != 1:
		return Plan{}, problem(1, "", "is empty; want version and steps")
	}
	if err := plain(&doc); err != nil {
		return Plan{}, err
	}
	return read(doc.Content[0])
}

// unreadable finds what readers would report without a line, or not at all.
func unreadable(data []byte) error {
	if len(data) > MaxSize {
		return problem(1, "", "is larger than %d bytes; this is no plan", MaxSize)
	}
	line := 1
	for i, r := range string(data) {
		switch {
		case r == '\n':
			line++
		case r == utf8.RuneError && !bytes.HasPrefix(data[i:], []byte("\uFFFD")):
			return problem(line, "", "is not UTF-8 text")
		case r < ' ' && r != '\t' && r != '\r' || r == 0x7f:
			return problem(line, "", "has a control character (%U)", r)
		}
	}
	return nil
}

// plain refuses what would let a small text stand for a large one, or for
// something else.
func plain(n *yaml.Node) error {
	switch {
	case n.Kind == yaml.AliasNode:
		return problem(n.Line, "", "alias *%s: aliases are not read; write the value out", n.Value)
	case n.Anchor != "":
		return problem(n.Line, "", "anchor &%s: anchors are not read; remove it", n.Anchor)
	case n.Style&yaml.TaggedStyle != 0:
		return problem(n.Line, "", "tag %s: tags are not read; remove it", n.Tag)
	}
	for _, c := range n.Content {
		if err := plain(c); err != nil {
			return err
		}
	}
	return nil
}

// problem is an error in line, 1 being the first, about a key.
func problem(line int, key, format string, args ...any) error {
	if key != "" {
		key += ": "
	}
	return fmt.Errorf("plan: line %d: %s%s", max(line, 1), key, fmt.Sprintf(format, args...))
}

// read reads the root of a plan.
func read(root *yaml.Node) (Plan, error) {
	var p Plan
	given, err := fields(root, "", "version", "tenant", "steps")
	if err != nil {
		return Plan{}, err
	}
	version, err := whole(given["version"], root, "version")
	if err != nil {
		return Plan{}, err
	}
	if version != Version {
		return Plan{}, problem(given["version"].Line, "version", "this program reads version %d, not %d", Version, version)
	}
	if n := given["tenant"]; n != nil {
		if p.Tenant, err = text(n, root, "tenant"); err != nil {
			return Plan{}, err
		}
		if bad := badName(p.Tenant); bad != "" {
			return Plan{}, problem(n.Line, "tenant", "%s", bad)
		}
	}
	steps := given["steps"]
	switch {
	case steps == nil:
		return Plan{}, problem(root.Line, "steps", "is missing; a plan that does nothing has steps: []")
	case steps.Kind != yaml.SequenceNode:
		return Plan{}, problem(steps.Line, "steps", "want a list")
	case len(steps.Content) > MaxSteps:
		return Plan{}, problem(steps.Line, "steps", "%d steps, at most %d are allowed", len(steps.Content), MaxSteps)
	}
	for i, n := range steps.Content {
		at := fmt.Sprintf("steps[%d]", i)
		s, given, err := readStep(n, at)
		if err != nil {
			return Plan{}, err
		}
		if key, bad := s.problem(p.Steps); bad != "" {
			line := n.Line
			if given[key] != nil {
				line = given[key].Line
			}
			return Plan{}, problem(line, at+"."+key, "%s", bad)
		}
		p.Steps = append(p.Steps, s)
	}
	return p, nil
}

func readStep(n *yaml.Node, at string) (s Step, given map[string]*yaml.Node, err error) {
	given, err = fields(n, at, "kind", "name", "fraction", "seconds", "bytes")
	if err != nil {
		return s, nil, err
	}
	kind, err := text(given["kind"], n, at+".kind")
	if err != nil {
		return s, nil, err
	}
	for int(s.Kind) < len(kinds) && kinds[s.Kind] != kind {
		s.Kind++
	}
	if int(s.Kind) == len(kinds) {
		return s, nil, problem(given["kind"].Line, at+".kind", "%q is none of %s", kind, strings.Join(kinds[:], ", "))
	}
	if s.Name, err = text(given["name"], n, at+".name"); err != nil {
		return s, nil, err
	}
	if f := given["fraction"]; f != nil {
		if s.Fraction, err = number(f, n, at+".fraction"); err != nil {
			return s, nil, err
		}
		if s.Kind != Prefetch {
			return s, nil, problem(f.Line, at+".fraction", "a step of kind %s has no fraction; remove it", s.Kind)
		}
	}
	if s.Takes, err = span(given["seconds"], n, at+".seconds"); err != nil {
		return s, nil, err
	}
	s.Bytes, err = whole(given["bytes"], n, at+".bytes")
	return s, given, err
}
