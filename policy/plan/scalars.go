package plan

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// fields is a mapping's values by key, all of which are known and given once.
func fields(n *yaml.Node, at string, known ...string) (map[string]*yaml.Node, error) {
	if n.Kind != yaml.MappingNode {
		return nil, problem(n.Line, at, "want a mapping (key: value) of %s", strings.Join(known, ", "))
	}
	given := make(map[string]*yaml.Node, len(known))
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Kind != yaml.ScalarNode || !slices.Contains(known, key.Value):
			return nil, problem(key.Line, at, "unknown key %q; known here: %s", shortened(key.Value), strings.Join(known, ", "))
		case given[key.Value] != nil:
			return nil, problem(key.Line, at, "%s is given twice; remove one", key.Value)
		}
		given[key.Value] = n.Content[i+1]
	}
	return given, nil
}

// shortened is a value as messages show it.
func shortened(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "..."
	}
	return s
}

// scalar checks that n is there and a plain value of one of the given tags; in
// is what it should be in.
func scalar(n, in *yaml.Node, at, want string, tags ...string) error {
	switch {
	case n == nil:
		return problem(in.Line, at, "is missing: want %s", want)
	case n.Kind != yaml.ScalarNode:
		return problem(n.Line, at, "want %s", want)
	case !slices.Contains(tags, n.Tag):
		return problem(n.Line, at, "%q: want %s", shortened(n.Value), want)
	}
	return nil
}

func text(n, in *yaml.Node, at string) (string, error) {
	if err := scalar(n, in, at, "a text, in quotes if it looks like a number", "!!str"); err != nil {
		return "", err
	}
	return n.Value, nil
}

func number(n, in *yaml.Node, at string) (float64, error) {
	const want = "a decimal number"
	if err := scalar(n, in, at, want, "!!int", "!!float"); err != nil {
		return 0, err
	}
	f, err := strconv.ParseFloat(n.Value, 64)
	if err != nil || strings.Trim(n.Value, "0123456789+-.eE") != "" {
		return 0, problem(n.Line, at, "%q: want %s", shortened(n.Value), want)
	}
	return f, nil
}

func whole(n, in *yaml.Node, at string) (int64, error) {
	const want = "a whole number"
	if err := scalar(n, in, at, want, "!!int", "!!float"); err != nil {
		return 0, err
	}
	i, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil || strconv.FormatInt(i, 10) != n.Value {
		return 0, problem(n.Line, at, "%q: want %s", shortened(n.Value), want)
	}
	return i, nil
}

// span reads seconds, to the nanosecond.
func span(n, in *yaml.Node, at string) (time.Duration, error) {
	f, err := number(n, in, at)
	if err != nil {
		return 0, err
	}
	if f < 0 || f > seconds(maxTakes) {
		return 0, problem(n.Line, at, "%q: want seconds from 0 to %v", shortened(n.Value), seconds(maxTakes))
	}
	return time.Duration(math.Round(f * 1e9)), nil
}
