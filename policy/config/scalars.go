package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// A scalar is one value, read by parse. Its errors say what is wanted; the
// reader puts the value before them.
type scalar[T any] struct {
	to    *T
	parse func(n *yaml.Node) (T, error)
}

func (s scalar[T]) read(p *parser, n *yaml.Node, path string) {
	if !p.want(n, yaml.ScalarNode, path, "a value") {
		return
	}
	v, err := s.parse(n)
	if err != nil {
		p.fail(n, path, "%s: %v", quote(n.Value), err)
		return
	}
	*s.to = v
}

func (s scalar[T]) keys(path string) []string { return []string{path} }

// maxText bounds names and the like, in bytes.
const maxText = 4096

// text is any value as it is written; whether YAML would take it for a number
// makes no difference.
func text(to *string) schema {
	return scalar[string]{to, func(n *yaml.Node) (string, error) {
		if len(n.Value) > maxText {
			return "", fmt.Errorf("is longer than %d bytes", maxText)
		}
		if strings.ContainsRune(n.Value, 0) {
			return "", errors.New("contains a zero byte")
		}
		return n.Value, nil
	}}
}

// name is a text of one line that is not empty.
func name(to *string) schema {
	return scalar[string]{to, func(n *yaml.Node) (string, error) {
		switch s := n.Value; {
		case s == "" || strings.TrimSpace(s) != s:
			return "", errors.New("want a name without spaces around it")
		case len(s) > 256:
			return "", errors.New("want a name of at most 256 bytes")
		case strings.ContainsFunc(s, unicode.IsControl):
			return "", errors.New("want a name of one line")
		default:
			return s, nil
		}
	}}
}

// span is a time.Duration from least to most.
func span(to *time.Duration, least, most time.Duration) schema {
	return scalar[time.Duration]{to, func(n *yaml.Node) (time.Duration, error) {
		d, err := parseSpan(n.Value)
		if err == nil && (d < least || d > most) {
			err = fmt.Errorf("want a span from %s to %s", short(least), short(most))
		}
		return d, err
	}}
}

// parseSpan is time.ParseDuration with a way out for the usual slips.
func parseSpan(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err == nil {
		return d, nil
	}
	hint := ""
	joined := strings.ReplaceAll(text, " ", "")
	days, inDays := strings.CutSuffix(joined, "d")
	if f, err := strconv.ParseFloat(days, 64); err == nil && inDays && f == f && f >= 0 && f < 1e5 {
		joined = strconv.FormatFloat(f*24, 'f', -1, 64) + "h"
	} else if _, err := strconv.ParseFloat(joined, 64); err == nil {
		joined += "s"
	}
	if _, err := time.ParseDuration(joined); err == nil {
		hint = "; write " + joined
	}
	return 0, fmt.Errorf("want a span with a unit (ns, us, ms, s, m, h), such as 90s or 1h30m%s", hint)
}

// short is a span without its zero parts: 1h, not 1h0m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// number is a number from least to most, in unit.
func number(to *float64, least, most float64, unit string) schema {
	return scalar[float64]{to, func(n *yaml.Node) (float64, error) {
		f, err := parseNumber(n)
		if err != nil || !(f >= least && f <= most) {
			return 0, fmt.Errorf("want %s: a number from %s to %s, without quotes or unit", unit, formatNumber(least), formatNumber(most))
		}
		return f, nil
	}}
}

// share is a number between 0 and 1, both exclusive.
func share(to *float64) schema {
	return scalar[float64]{to, func(n *yaml.Node) (float64, error) {
		f, err := parseNumber(n)
		if err == nil && f > 0 && f < 1 {
			return f, nil
		}
		hint := ""
		if p, err := strconv.ParseFloat(strings.TrimSuffix(n.Value, "%"), 64); err == nil && p > 1 && p < 100 {
			hint = "; write " + strconv.FormatFloat(p/100, 'g', 6, 64)
		}
		return 0, fmt.Errorf("want a share between 0 and 1, such as 0.99%s", hint)
	}}
}

func parseNumber(n *yaml.Node) (float64, error) {
	if n.Tag != "!!int" && n.Tag != "!!float" {
		return 0, errors.New("not a number")
	}
	return strconv.ParseFloat(n.Value, 64)
}

// count is a whole number from 1 to most.
func count(to *int, most int) schema {
	return scalar[int]{to, func(n *yaml.Node) (int, error) {
		i, err := strconv.Atoi(n.Value)
		if err != nil || n.Tag != "!!int" || i < 1 || i > most || strconv.Itoa(i) != n.Value {
			return 0, fmt.Errorf("want a whole number from 1 to %d", most)
		}
		return i, nil
	}}
}

// A choice is one word of a choice's and what it stands for.
type choice[T any] struct {
	word  string
	value T
}

func oneOf[T any](to *T, choices ...choice[T]) schema {
	return scalar[T]{to, func(n *yaml.Node) (T, error) {
		var words []string
		for _, c := range choices {
			if c.word == n.Value {
				return c.value, nil
			}
			words = append(words, c.word)
		}
		var none T
		return none, fmt.Errorf("want %s%s", strings.Join(words, " or "), nearest(n.Value, words))
	}}
}

// address is a host:port to listen on.
func address(to *string) schema {
	return scalar[string]{to, func(n *yaml.Node) (string, error) {
		_, port, err := net.SplitHostPort(n.Value)
		if err == nil {
			_, err = strconv.ParseUint(port, 10, 16)
		}
		if err != nil {
			return "", errors.New("want HOST:PORT, such as localhost:8080")
		}
		return n.Value, nil
	}}
}

// webPath is a path that can be asked for over HTTP.
func webPath(to *string) schema {
	return scalar[string]{to, func(n *yaml.Node) (string, error) {
		if _, err := url.ParseRequestURI(n.Value); err != nil || n.Value[0] != '/' || len(n.Value) > maxText {
			return "", errors.New("want a path on the process's own port, such as /healthz")
		}
		return n.Value, nil
	}}
}

// pattern is a regular expression.
func pattern(to *string) schema {
	return scalar[string]{to, func(n *yaml.Node) (string, error) {
		if n.Value == "" || len(n.Value) > maxText {
			return "", errors.New("want a regular expression that a line matches, such as listening")
		}
		_, err := regexp.Compile(n.Value)
		return n.Value, err
	}}
}
