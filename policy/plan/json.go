package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"go.yaml.in/yaml/v4"
)

// ParseJSON reads a plan. Errors name the line, the key and what to write
// instead. Keys count as they are written; encoding/json alone would take
// another case for the same key, and the last of two.
func ParseJSON(data []byte) (Plan, error) {
	if err := unreadable(data); err != nil {
		return Plan{}, err
	}
	t := tokens{json.NewDecoder(bytes.NewReader(data)), data}
	t.UseNumber()
	root, err := t.node(0)
	if err != nil {
		return Plan{}, err
	}
	if len(bytes.Trim(data[t.InputOffset():], " \t\r\n")) > 0 {
		return Plan{}, problem(t.line(), "", "goes on after the plan; remove the rest")
	}
	return read(root)
}

// tokens makes nodes of JSON, as the YAML reader makes them of YAML.
type tokens struct {
	*json.Decoder
	data []byte
}

func (t *tokens) line() int {
	return 1 + bytes.Count(t.data[:min(t.InputOffset(), int64(len(t.data)))], []byte("\n"))
}

func (t *tokens) node(depth int) (*yaml.Node, error) {
	token, err := t.Token()
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		line := 1 + bytes.Count(t.data[:min(syntax.Offset, int64(len(t.data)))], []byte("\n"))
		return nil, problem(line, "", "is not JSON: %v", err)
	case err != nil: // the end
		return nil, problem(t.line(), "", "is not JSON: it ends too early")
	case depth > maxDepth:
		return nil, problem(t.line(), "", "is nested deeper than %d; this is no plan", maxDepth)
	}
	n := &yaml.Node{Kind: yaml.ScalarNode, Line: t.line()}
	switch v := token.(type) {
	case json.Delim:
		n.Kind = yaml.MappingNode
		if v == '[' {
			n.Kind = yaml.SequenceNode
		}
		for t.More() {
			c, err := t.node(depth + 1)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, c)
		}
		if _, err := t.Token(); err != nil {
			return nil, problem(t.line(), "", "is not JSON: it ends too early, or in the wrong way")
		}
	case string:
		n.Tag, n.Value = "!!str", v
	case json.Number:
		n.Tag, n.Value = "!!int", v.String()
		if strings.ContainsAny(n.Value, ".eE") {
			n.Tag = "!!float"
		}
	case bool:
		n.Tag = "!!bool"
	default:
		n.Tag = "!!null"
	}
	return n, nil
}
