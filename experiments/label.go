package experiments

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"shadowpool/policy"
	"shadowpool/sim"
)

// Label names a result's policy in the form that --policies takes: with its
// knob, and with the other parameters that differ from their defaults.
func Label(r *sim.Result) string {
	family, err := policy.Find(r.Policy, Named()...)
	if err != nil {
		return r.Policy
	}
	defaults := map[string]any{}
	if v, err := family.Parse(policy.Spec{Name: r.Policy}, nil); err == nil {
		defaults = v.Map()
	}
	var settings []string
	for _, p := range family.Params {
		for _, key := range slices.Sorted(maps.Keys(r.Params)) {
			name, category, by := strings.Cut(key, ".")
			if by && p.Kind == policy.Span { // KEY.CATEGORY_s
				category = strings.TrimSuffix(category, "_s")
			}
			if name != keyOf(p) && !(by && name == p.Name) {
				continue
			}
			value := r.Params[key]
			if value == defaults[key] && p.Name != family.Knob {
				continue
			}
			text := p.Name + "="
			if by {
				text = p.Name + "." + category + "="
			}
			settings = append(settings, text+written(p.Kind, value))
		}
	}
	if len(settings) == 0 {
		return r.Policy
	}
	return r.Policy + ":" + strings.Join(settings, ",")
}

// keyOf is a parameter's key in a result's params.
func keyOf(p policy.Param) string {
	if p.Kind == policy.Span {
		return p.Name + "_s"
	}
	return p.Name
}

func written(kind policy.Kind, value any) string {
	f, ok := value.(float64)
	switch {
	case ok && kind == policy.Span:
		return spanText(f)
	case ok:
		return strconv.FormatFloat(f, 'g', -1, 64)
	default:
		return fmt.Sprint(value)
	}
}

// spanText is a span as flags take it: 90s, 2m, 1h.
func spanText(seconds float64) string {
	text := time.Duration(seconds * float64(time.Second)).Round(time.Millisecond).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// knobOf is the value of a curve's knob in one of its points.
func knobOf(c Curve, r *sim.Result) string {
	if value, ok := r.Params[c.Knob]; ok {
		return written(policy.Number, value)
	}
	if value, ok := r.Params[c.Knob+"_s"]; ok {
		return written(policy.Span, value)
	}
	return ""
}
