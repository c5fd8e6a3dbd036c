package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A schema reads one node of the file into the place that it was made for.
// The schemas are also the list of what may be written: keys names it.
type schema interface {
	read(p *parser, n *yaml.Node, path string)
	keys(path string) []string
}

// A field is one key of an object.
type field struct {
	key      string
	required string // if not empty: why it cannot be left out
	schema
}

// An object is a mapping of known keys.
type object struct {
	fields []field
	// check, if any, is called after the fields were read, with those that
	// the file gives.
	check func(p *parser, n *yaml.Node, path string, given map[string]*yaml.Node)
}

func (o object) read(p *parser, n *yaml.Node, path string) {
	given := p.mapping(n, path, func(key *yaml.Node) bool {
		names := make([]string, len(o.fields))
		for i, f := range o.fields {
			names[i] = f.key
		}
		if slices.Contains(names, key.Value) {
			return true
		}
		p.fail(key, path, "unknown key %s%s; known here: %s", quote(key.Value), nearest(key.Value, names), strings.Join(names, ", "))
		return false
	})
	if given == nil {
		return
	}
	for _, f := range o.fields {
		switch value, ok := given[f.key]; {
		case ok:
			at := join(path, f.key)
			p.at[at] = value
			f.read(p, value, at)
		case f.required != "":
			p.fail(n, path, "%s is missing: %s", f.key, f.required)
		}
	}
	if o.check != nil {
		o.check(p, n, path, given)
	}
}

func (o object) keys(path string) []string {
	var all []string
	for _, f := range o.fields {
		all = append(all, f.keys(join(path, f.key))...)
	}
	return all
}

// A list is a sequence. Each item starts as blank makes it.
type list[T any] struct {
	to    *[]T
	blank func() T
	item  func(*T) schema
}

// maxItems bounds every list; decisions cost by category, not this reader.
const maxItems = 100_000

func (l list[T]) read(p *parser, n *yaml.Node, path string) {
	if !p.want(n, yaml.SequenceNode, path, "a list") {
		return
	}
	if len(n.Content) > maxItems {
		p.fail(n, path, "%d items, at most %d are allowed", len(n.Content), maxItems)
		return
	}
	items := make([]T, len(n.Content))
	for i, c := range n.Content {
		if l.blank != nil {
			items[i] = l.blank()
		}
		at := fmt.Sprintf("%s[%d]", path, i)
		p.at[at] = c
		l.item(&items[i]).read(p, c, at)
	}
	*l.to = items
}

func (l list[T]) keys(path string) []string {
	var blank T
	return l.item(&blank).keys(path + "[]")
}

// An optional is something that exists only if the file has it.
type optional[T any] struct {
	to    **T
	blank func() T
	item  func(*T) schema
}

func (o optional[T]) read(p *parser, n *yaml.Node, path string) {
	v := o.blank()
	o.item(&v).read(p, n, path)
	*o.to = &v
}

func (o optional[T]) keys(path string) []string {
	var blank T
	return o.item(&blank).keys(path)
}

// A table is a mapping whose keys the user chooses, as KEY=VALUE in the
// file's order.
type table struct {
	to *[]string
}

func (t table) read(p *parser, n *yaml.Node, path string) {
	var pairs []string
	given := p.mapping(n, path, func(key *yaml.Node) bool {
		if key.Value == "" || strings.ContainsAny(key.Value, "=\x00") {
			p.fail(key, path, "%s is not a name", quote(key.Value))
			return false
		}
		return true
	})
	for i := 0; given != nil && i+1 < len(n.Content); i += 2 {
		name := n.Content[i].Value
		if given[name] != n.Content[i+1] {
			continue // reported already
		}
		var value string
		text(&value).read(p, n.Content[i+1], join(path, name))
		pairs = append(pairs, name+"="+value)
	}
	*t.to = pairs
}

func (t table) keys(path string) []string { return []string{path} }

// words is a list of words that belong together.
type words struct {
	parse func([]string) error
}

func (w words) read(p *parser, n *yaml.Node, path string) {
	if !p.want(n, yaml.SequenceNode, path, "a list") {
		return
	}
	all := make([]string, len(n.Content))
	for i, c := range n.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		p.at[at] = c
		text(&all[i]).read(p, c, at)
	}
	if err := w.parse(all); err != nil {
		p.fail(n, path, "%v", err)
	}
}

func (w words) keys(path string) []string { return []string{path} }

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
