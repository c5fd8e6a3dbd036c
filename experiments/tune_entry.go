package experiments

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"shadowpool/experiments/space"
	"shadowpool/policy"
	"shadowpool/policy/config"
)

// Entries reads policies whose parameters may be ranges or lists, as in
// adaptive:hit_rate=0.8..0.999. A policy without any gets ranges by the kinds
// of its parameters; adaptive competes twice, with what it aims at and with a
// price. The fleet's keys vary in all alike.
func Entries(specs []policy.Spec, fleet []space.Dimension, target *Target) ([]Entry, error) {
	var all []Entry
	for _, s := range specs {
		for _, s := range withRanges(s, target) {
			e, err := entryOf(s, fleet)
			if err != nil {
				return nil, err
			}
			if slices.ContainsFunc(all, func(o Entry) bool { return o.String() == e.String() }) {
				return nil, fmt.Errorf("policy %s is asked for twice", e.String())
			}
			all = append(all, e)
		}
	}
	return all, nil
}

// Aim gives the entry the target of a configuration, where the policy steers by
// one and the entry names none, as the configuration does for its own policy.
func (e *Entry) Aim(file *config.File) {
	all := e.Spec
	for _, d := range e.Ranges {
		all = all.With(d.Name, "")
	}
	if aimed := file.Aim(all); len(aimed.Params) > len(all.Params) {
		last := aimed.Params[len(aimed.Params)-1]
		e.Spec = e.Spec.With(last.Key, last.Value)
	}
}

// entryOf splits a spec into what holds and what varies.
func entryOf(s policy.Spec, fleet []space.Dimension) (Entry, error) {
	family, err := policy.Find(s.Name)
	if err != nil {
		return Entry{}, err
	}
	if family.Training && !slices.ContainsFunc(s.Params, func(p policy.Setting) bool { return p.Key == "timetable" }) {
		return Entry{}, fmt.Errorf("policy %s is fitted on a past that a live pool does not have", s.Name)
	}
	e := Entry{Spec: policy.Spec{Name: s.Name}, Fleet: fleet}
	for _, p := range s.Params {
		if !space.IsRange(p.Value) {
			e.Spec.Params = append(e.Spec.Params, p)
			continue
		}
		name, _, _ := strings.Cut(p.Key, ".")
		i := slices.IndexFunc(family.Params, func(q policy.Param) bool { return q.Name == name })
		if i < 0 {
			return Entry{}, fmt.Errorf("policy %s has no parameter %q", s.Name, p.Key)
		}
		d, err := space.Parse(p.Key, p.Value, family.Params[i].Kind)
		if err != nil {
			return Entry{}, fmt.Errorf("policy %s: %w", s.Name, err)
		}
		e.Ranges = append(e.Ranges, d)
	}
	return e, nil
}

// FleetRanges reads what is to be varied of the fleet, as in
// tick=5s..60s,binding=late|early.
func FleetRanges(text string) ([]space.Dimension, error) {
	var all []space.Dimension
	for part := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(part, "=")
		i := slices.IndexFunc(FleetKeys, func(p policy.Param) bool { return p.Name == key })
		if i < 0 {
			return nil, fmt.Errorf("%q is none of tick=SPANS and binding=late|early", part)
		}
		if slices.ContainsFunc(all, func(d space.Dimension) bool { return d.Name == key }) {
			return nil, fmt.Errorf("%s is there twice", key)
		}
		d, err := space.Parse(key, value, FleetKeys[i].Kind)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// withRanges is a spec as it is if it names a range, or if it has nothing to
// vary, and else with default ones.
func withRanges(s policy.Spec, target *Target) []policy.Spec {
	family, err := policy.Find(s.Name)
	if err != nil || slices.ContainsFunc(s.Params, func(p policy.Setting) bool { return space.IsRange(p.Value) }) {
		return []policy.Spec{s}
	}
	given := func(name string) bool {
		return slices.ContainsFunc(s.Params, func(p policy.Setting) bool { return p.Key == name })
	}
	if family.WaitKnob != "" { // one aim in place of another
		aim, price := "hit_rate", family.Knob
		if target == nil || target.Measure != "hit_rate" {
			aim, price = "wait_mean", family.WaitKnob
			if target != nil {
				aim = target.Measure
			}
		}
		if slices.ContainsFunc(family.Params, func(p policy.Param) bool { return given(p.Name) }) {
			return []policy.Spec{s}
		}
		return []policy.Spec{s.With(aim, aimRange(aim, target)), s.With(price, "log:0.3..1000")}
	}
	for _, p := range family.Params {
		if text, ok := defaultRange(p, p.Name == family.Knob); ok && !given(p.Name) {
			s = s.With(p.Name, text)
		}
	}
	return []policy.Spec{s}
}

// aimRange is what to tell a policy that aims, around the target.
func aimRange(aim string, target *Target) string {
	switch {
	case aim == "hit_rate":
		return "log:0.5..0.9999"
	case target != nil && target.Value > 0:
		write := func(s float64) string { return time.Duration(s * float64(time.Second)).String() }
		return "log:" + write(target.Value/10) + ".." + write(target.Value*10)
	default:
		return "log:100ms..5m"
	}
}

// defaultRange lies around a parameter's default, the knob's wider; false for
// texts, for what may be left out, and for bounds that do not bind.
func defaultRange(p policy.Param, knob bool) (string, bool) {
	reach := 10.0
	if knob {
		reach = 100
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	v, _ := strconv.ParseFloat(p.Default, 64) // of spans read below
	switch {
	case !knob && (p.Optional || v == 0 && p.Kind != policy.Span || p.Kind == policy.Count && v >= 1e5):
		return "", false
	case p.Kind == policy.Share:
		return "log:0.5..0.9999", true
	case p.Kind == policy.Number:
		return "log:" + number(max(v, 0.1)/reach) + ".." + number(max(v, 0.1)*reach), true
	case p.Kind == policy.Count:
		from, to := max(math.Round(v/reach), 1), max(v*reach, 10)
		if knob {
			to = max(to, 1000)
		}
		return fmt.Sprintf("log:%.0f..%.0f", from, to), true
	case p.Kind == policy.Span:
		d, err := time.ParseDuration(p.Default)
		if err != nil || d <= 0 {
			return "", false
		}
		from := max(time.Duration(float64(d)/reach), time.Second)
		return "log:" + from.String() + ".." + time.Duration(float64(d)*reach).String(), true
	default:
		return "", false
	}
}
