package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v4"
)

// A parser collects what is wrong while schemas read the tree.
type parser struct {
	name string
	errs []*Error
	at   map[string]*yaml.Node // what was read, by path
}

// fail reports a problem with the node n at path.
func (p *parser) fail(n *yaml.Node, path, format string, args ...any) {
	p.errs = append(p.errs, &Error{File: p.name, Line: max(n.Line, 1), Key: path, Problem: fmt.Sprintf(format, args...)})
}

// err is what was reported, by line.
func (p *parser) err() error {
	if len(p.errs) == 0 {
		return nil
	}
	slices.SortStableFunc(p.errs, func(a, b *Error) int { return cmp.Compare(a.Line, b.Line) })
	n := min(len(p.errs), maxErrors)
	return &Errors{List: p.errs[:n], More: len(p.errs) - n}
}

// plain refuses what would let a small file stand for a large one, or text
// for something else: anchors, aliases, merge keys and tags. It descends no
// deeper than the loader let the file go.
func (p *parser) plain(n *yaml.Node) {
	const spare = "write the value out, or put what categories share under fleet.default"
	switch {
	case n.Kind == yaml.AliasNode:
		p.fail(n, "", "alias *%s: aliases are not read; %s", n.Value, spare)
	case n.Anchor != "":
		p.fail(n, "", "anchor &%s: anchors are not read; %s", n.Anchor, spare)
	case n.Style&yaml.TaggedStyle != 0:
		p.fail(n, "", "tag %s: tags are not read; remove it", n.Tag)
	}
	for _, c := range n.Content {
		p.plain(c)
	}
}

// want reports a node of another kind than it should be.
func (p *parser) want(n *yaml.Node, kind yaml.Kind, path, what string) bool {
	switch {
	case n.Kind == kind && n.Tag != "!!null":
		return true
	case n.Kind == yaml.AliasNode: // reported by plain
	case n.Tag == "!!null":
		p.fail(n, path, "is empty: want %s, or remove the key", what)
	default:
		is := map[yaml.Kind]string{yaml.MappingNode: "a mapping", yaml.SequenceNode: "a list", yaml.ScalarNode: quote(n.Value)}[n.Kind]
		p.fail(n, path, "want %s, not %s", what, is)
	}
	return false
}

// mapping is a mapping's values by key, of those keys that known accepts. Nil
// if n is no mapping.
func (p *parser) mapping(n *yaml.Node, path string, known func(key *yaml.Node) bool) map[string]*yaml.Node {
	if !p.want(n, yaml.MappingNode, path, "a mapping (key: value)") {
		return nil
	}
	given := make(map[string]*yaml.Node, len(n.Content)/2)
	first := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		line, twice := first[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode:
			p.fail(key, path, "a key is plain text, not a list or a mapping")
		case key.Tag == "!!merge":
			p.fail(key, path, "merge keys (<<) are not read; put what categories share under fleet.default")
		case twice:
			p.fail(key, join(path, key.Value), "is given twice, first on line %d; remove one", line)
		case known(key):
			given[key.Value] = n.Content[i+1]
			fallthrough
		default:
			first[key.Value] = key.Line
		}
	}
	return given
}

// quote shows a value of the file, shortened if long.
func quote(text string) string {
	const most = 60
	if r := []rune(text); len(r) > most {
		return strconv.Quote(string(r[:most])) + "..."
	}
	return strconv.Quote(text)
}
