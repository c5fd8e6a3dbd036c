package config

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"shadowpool/policy"
)

// A Draft is a configuration that is being changed. Keys stay in their order,
// with their comments; whether it is valid is for Parse to say.
//
// A path is keys joined by dots, and items of lists by their number:
// fleet.categories[2].reuse.
type Draft struct{ doc yaml.Node }

// NewDraft begins with a file's content.
func NewDraft(data []byte) (*Draft, error) {
	d := &Draft{}
	if err := yaml.Load(data, &d.doc); err != nil {
		return nil, err
	}
	if len(d.doc.Content) != 1 || d.doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("a configuration is a mapping (key: value)")
	}
	return d, nil
}

// Set gives what is at a path a value, which is YAML. Mappings that lack on the
// way are made.
func (d *Draft) Set(path, value string) error {
	var v yaml.Node
	if err := yaml.Load([]byte(value), &v); err != nil || len(v.Content) != 1 {
		return fmt.Errorf("%s: %q is no value", path, value)
	}
	return d.put(path, v.Content[0])
}

// SetAll makes what is at a path a mapping of these, in their order.
func (d *Draft) SetAll(path string, settings []policy.Setting) error {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, s := range settings {
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: s.Key}, &yaml.Node{Kind: yaml.ScalarNode, Value: s.Value})
	}
	return d.put(path, n)
}

// Remove removes a key of a section, if it is there.
func (d *Draft) Remove(section, key string) {
	if i := find(d.doc.Content[0], section); i >= 0 {
		n := d.doc.Content[0].Content[i+1]
		if i := find(n, key); i >= 0 {
			n.Content = slices.Delete(n.Content, i, i+2)
		}
	}
}

// Rename gives the files of lead times and of spot prices other names.
func (d *Draft) Rename(name func(file string) (string, error)) error {
	return rename(&d.doc, name)
}

// Bytes are the file's content now.
func (d *Draft) Bytes() ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(&d.doc); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}

var draftStep = regexp.MustCompile(`^([^\[\]]+)((?:\[\d+\])*)$`)

// put replaces the node at a path.
func (d *Draft) put(path string, value *yaml.Node) error {
	n := d.doc.Content[0]
	var key *yaml.Node
	for part := range strings.SplitSeq(path, ".") {
		m := draftStep.FindStringSubmatch(part)
		if m == nil {
			return fmt.Errorf("%s: %q is neither a key nor KEY[NUMBER]", path, part)
		}
		if n.Kind == 0 {
			n.Kind = yaml.MappingNode
		}
		if n.Kind != yaml.MappingNode {
			return fmt.Errorf("%s: line %d has no keys, so no %s", path, n.Line, m[1])
		}
		i := find(n, m[1])
		if i < 0 {
			i = len(n.Content)
			n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: m[1]}, &yaml.Node{})
		}
		key, n = n.Content[i], n.Content[i+1]
		for index := range strings.SplitSeq(strings.Trim(m[2], "[]"), "][") {
			if index == "" {
				continue
			}
			i, err := strconv.Atoi(index)
			if err != nil || n.Kind != yaml.SequenceNode || i >= len(n.Content) {
				return fmt.Errorf("%s: there is no item %s of %s", path, index, m[1])
			}
			n = n.Content[i]
		}
	}
	key.LineComment = "" // what is said of the value goes with it
	*n = *value
	return nil
}

// find is the place of a key in a mapping; negative if it is not there.
func find(n *yaml.Node, key string) int {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return i
		}
	}
	return -1
}

func rename(n *yaml.Node, name func(string) (string, error)) (err error) {
	if file, ok := strings.CutPrefix(n.Value, "empirical:"); ok && n.Kind == yaml.ScalarNode {
		file, err = name(file)
		n.Value = "empirical:" + file
		return err
	}
	if i := find(n, "spot"); i >= 0 {
		spot := n.Content[i+1]
		if i := find(spot, "prices"); i >= 0 {
			prices := spot.Content[i+1]
			if prices.Value, err = name(prices.Value); err != nil {
				return err
			}
		}
	}
	for _, c := range n.Content {
		if err := rename(c, name); err != nil {
			return err
		}
	}
	return nil
}
