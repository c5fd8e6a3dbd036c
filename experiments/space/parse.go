package space

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"shadowpool/policy"
)

// IsRange says whether a value names several: a range or a list.
func IsRange(text string) bool { return strings.Contains(text, "..") || strings.Contains(text, "|") }

// Parse reads the values that a parameter of a kind may take: FROM..TO, in
// equal ratios log:FROM..TO, with a number of grid points FROM..TO/POINTS, a
// list a|b|c, or a single value, which is a list of one. Spans may be in days,
// as in 7d. Whether the policy takes them is for the policy to say.
func Parse(name, text string, kind policy.Kind) (Dimension, error) {
	d := Dimension{Name: name, Kind: kind}
	fail := func(format string, a ...any) (Dimension, error) {
		return Dimension{}, fmt.Errorf("%s=%s: %s", name, text, fmt.Sprintf(format, a...))
	}
	if !strings.Contains(text, "..") {
		for value := range strings.SplitSeq(text, "|") {
			if value == "" || slices.Contains(d.Values, value) {
				return fail("a value is empty or there twice")
			}
			if _, err := number(value, kind); err != nil {
				return fail("%s: %v", value, err)
			}
			if kind == policy.Span {
				value = inHours(value)
			}
			d.Values = append(d.Values, value)
		}
		return d, nil
	}
	if kind == policy.Text {
		return fail("a text has no range; list values as in a|b|c")
	}
	rest, isLog := strings.CutPrefix(text, "log:")
	d.Log = isLog
	rest, points, counted := strings.Cut(rest, "/")
	if counted {
		n, err := strconv.Atoi(points)
		if err != nil || n < 2 || n > MostPoints {
			return fail("/%s is no number of points from 2 to %d", points, MostPoints)
		}
		d.Points = n
	}
	from, to, _ := strings.Cut(rest, "..")
	var err error
	if d.From, err = number(from, kind); err != nil {
		return fail("%q: %v", from, err)
	}
	if d.To, err = number(to, kind); err != nil {
		return fail("%q: %v", to, err)
	}
	switch {
	case d.From >= d.To:
		return fail("the range does not rise")
	case d.Log && d.From <= 0:
		return fail("a range in equal ratios begins above 0")
	}
	return d, nil
}

// number is a value as a position is reckoned from it: spans in seconds, texts
// nothing.
func number(text string, kind policy.Kind) (float64, error) {
	switch kind {
	case policy.Text:
		return 0, nil
	case policy.Count:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return 0, fmt.Errorf("want a whole number")
		}
		return float64(n), nil
	case policy.Span:
		d, err := time.ParseDuration(inHours(text))
		if err != nil || d < 0 {
			return 0, fmt.Errorf("want a span with a unit, such as 90s, 10m or 7d")
		}
		return d.Seconds(), nil
	default:
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || !(v >= 0 && v <= 1e9) || kind == policy.Share && !(v > 0 && v < 1) {
			return 0, fmt.Errorf("want %s", map[bool]string{true: "a share between 0 and 1", false: "a number"}[kind == policy.Share])
		}
		return v, nil
	}
}

// inHours writes days, which configurations do not take, in hours.
func inHours(text string) string {
	days, ok := strings.CutSuffix(text, "d")
	if n, err := strconv.ParseFloat(days, 64); ok && err == nil {
		return strconv.FormatFloat(24*n, 'f', -1, 64) + "h"
	}
	return text
}
