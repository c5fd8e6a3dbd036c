package sweep

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"shadowpool/policy"
	"shadowpool/policy/config"
)

// plainConfig is the configuration of an experiment that names none.
const plainConfig = `fleet: {isolation: none, default: {lead_time: 120s}}
policy: {name: none}
`

// A variant is the configuration with one value of every key that varies.
type variant struct {
	settings []policy.Setting
	file     *config.File
	hash     string
}

// variants are all combinations of the values, the last key turning fastest.
func (e *Experiment) variants() ([]variant, error) {
	name, body := "the plain configuration", []byte(plainConfig)
	if e.Config != "" {
		name = e.path(e.Config)
		var err error
		if body, err = os.ReadFile(name); err != nil {
			return nil, err
		}
	}
	all := [][]policy.Setting{nil}
	for i := range e.Vary {
		a := &e.Vary[i]
		values, err := a.spread(policy.Number, policy.Span)
		if err != nil {
			return nil, fmt.Errorf("%s: vary: %w", e.file, err)
		}
		if len(all)*len(values) > MaxRuns {
			return nil, fmt.Errorf("%s: vary: more than %d configurations", e.file, MaxRuns)
		}
		var more [][]policy.Setting
		for _, have := range all {
			for _, v := range values {
				more = append(more, append(have[:len(have):len(have)], policy.Setting{Key: a.Name, Value: v}))
			}
		}
		all = more
	}
	variants := make([]variant, len(all))
	for i, settings := range all {
		v, err := newVariant(name, body, settings)
		if err != nil {
			return nil, err
		}
		variants[i] = v
	}
	return variants, nil
}

func newVariant(name string, body []byte, settings []policy.Setting) (variant, error) {
	v := variant{settings: settings}
	var err error
	if len(settings) > 0 {
		if body, err = with(body, settings); err != nil {
			return v, fmt.Errorf("%s: vary: %w", name, err)
		}
	}
	if v.file, err = config.Read(name, body); err != nil {
		if len(settings) > 0 {
			err = fmt.Errorf("with %s: %w", written(settings), err)
		}
		return v, err
	}
	// The samples of lead times are in files of their own.
	samples, err := json.Marshal(&v.file.Fleet)
	if err != nil {
		return v, err
	}
	sum := sha256.New()
	for _, part := range [][]byte{body, {0}, samples} {
		sum.Write(part)
	}
	v.hash = fmt.Sprintf("%x", sum.Sum(nil)[:8])
	return v, nil
}

// written are settings as KEY=VALUE, separated by commas.
func written(settings []policy.Setting) string {
	parts := make([]string, len(settings))
	for i, s := range settings {
		parts[i] = s.Key + "=" + s.Value
	}
	return strings.Join(parts, ",")
}

// with sets keys of a YAML text: fleet.default.lead_time, or
// fleet.categories[2].price.
func with(body []byte, settings []policy.Setting) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Load(body, &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) != 1 {
		return nil, fmt.Errorf("the file is empty")
	}
	for _, s := range settings {
		var value yaml.Node
		if err := yaml.Load([]byte(s.Value), &value); err != nil || len(value.Content) != 1 {
			return nil, fmt.Errorf("%s: %q is no value", s.Key, s.Value)
		}
		if err := set(doc.Content[0], s.Key, value.Content[0]); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Key, err)
		}
	}
	return yaml.Dump(&doc)
}

var step = regexp.MustCompile(`^([^\[\]]+)((?:\[\d+\])*)$`)

// set puts a value where a path leads, and makes what mappings lack on the
// way.
func set(n *yaml.Node, path string, value *yaml.Node) error {
	for part := range strings.SplitSeq(path, ".") {
		m := step.FindStringSubmatch(part)
		if m == nil {
			return fmt.Errorf("%q is neither a key nor KEY[NUMBER]", part)
		}
		if n.Kind == 0 {
			n.Kind = yaml.MappingNode
		}
		if n.Kind != yaml.MappingNode {
			return fmt.Errorf("line %d has no keys, so no %s", n.Line, m[1])
		}
		n = child(n, m[1])
		for index := range strings.SplitSeq(strings.Trim(m[2], "[]"), "][") {
			if index == "" {
				continue
			}
			i, err := strconv.Atoi(index)
			if err != nil || n.Kind != yaml.SequenceNode || i >= len(n.Content) {
				return fmt.Errorf("there is no item %s of %s", index, m[1])
			}
			n = n.Content[i]
		}
	}
	*n = *value
	return nil
}

// child is the value of a mapping's key, an empty one if it has none.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	value := &yaml.Node{}
	n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, value)
	return value
}
