package experiments

import (
	"fmt"
	"strings"
	"time"

	"shadowpool/experiments/space"
	"shadowpool/policy"
	"shadowpool/sim"
)

// A Setting is what a search may choose: a policy with its parameters, and
// keys of the fleet.
type Setting struct {
	Spec  policy.Spec
	Fleet []policy.Setting // FleetKeys, each at most once
}

// String is the policy as --policies takes it, and the fleet's keys behind it.
func (s Setting) String() string {
	text := s.Spec.String()
	for _, k := range s.Fleet {
		text += " " + k.Key + "=" + k.Value
	}
	return text
}

// FleetKeys are the keys of the fleet that may be varied, with their kinds.
var FleetKeys = []policy.Param{
	{Name: "tick", Kind: policy.Span, Help: "how often policies look at their pools"},
	{Name: "binding", Kind: policy.Text, Help: "late or early"},
}

// applied is the fleet with the setting's keys.
func (s Setting) applied(fleet sim.Fleet) (sim.Fleet, error) {
	var err error
	for _, k := range s.Fleet {
		switch k.Key {
		case "tick":
			fleet.Tick, err = time.ParseDuration(k.Value)
		case "binding":
			fleet.Binding, err = policy.ParseBinding(k.Value)
		default:
			err = fmt.Errorf("no key of the fleet that may be varied")
		}
		if err != nil {
			return fleet, fmt.Errorf("%s: %w", k.Key, err)
		}
	}
	config := fleet.PolicyConfig()
	return fleet, config.Check()
}

// An Entry is a policy with the ranges of its parameters, one competitor of a
// search.
type Entry struct {
	Spec   policy.Spec       // with the parameters that hold throughout
	Ranges []space.Dimension // of the others
	Fleet  []space.Dimension // of keys of the fleet
}

// String names the entry: the policy with the parameters that vary.
func (e *Entry) String() string {
	var names []string
	for _, p := range e.Spec.Params {
		names = append(names, p.Key+"="+p.Value)
	}
	for _, d := range e.Ranges {
		names = append(names, d.Name)
	}
	if len(names) == 0 {
		return e.Spec.Name
	}
	return e.Spec.Name + ":" + strings.Join(names, ",")
}

// dimensions are all that vary.
func (e *Entry) dimensions() []space.Dimension {
	return append(e.Ranges[:len(e.Ranges):len(e.Ranges)], e.Fleet...)
}

// setting is the one at a point of the entry's cube.
func (e *Entry) setting(at []float64) Setting {
	s := Setting{Spec: e.Spec}
	for i, d := range e.Ranges {
		s.Spec = s.Spec.With(d.Name, d.At(at[i]))
	}
	for i, d := range e.Fleet {
		s.Fleet = append(s.Fleet, policy.Setting{Key: d.Name, Value: d.At(at[len(e.Ranges)+i])})
	}
	return s
}
