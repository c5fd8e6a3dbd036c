package sweep

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"shadowpool/experiments"
	"shadowpool/sim"
	"shadowpool/trace/bucket"
)

// MaxSize bounds an experiment's file, in bytes.
const MaxSize = 1 << 20

// An Experiment is what its file says. Paths in it are relative to the file's
// folder; URLs are those of package bucket.
type Experiment struct {
	// Traces are the requests; none is the built-in workload.
	Traces []Trace `yaml:"traces"`
	// Config is the pool.yaml that all runs start from. Without one, every
	// category of the trace has single-use instances and a lead time of 120 s.
	Config string `yaml:"config"`
	// Vary are keys of the configuration and the values that they take.
	Vary Axes `yaml:"vary"`
	// Policies are families with ranges of their parameters; none is the
	// configuration's policy.
	Policies []Policy `yaml:"policies"`
	Seeds    []uint64 `yaml:"seeds"` // none is 1

	// MeasureFrom is where the measured span of each trace begins, if the trace
	// does not say so: a share, a span from the first arrival or an instant.
	MeasureFrom string `yaml:"measure_from"`
	StartWarm   bool   `yaml:"start_warm"`
	Hints       string `yaml:"hints"` // as sim.ParseHints reads it

	// Target is the service at which settings are compared, and Minimise what is
	// to be least there: waste (instance-hours) or cost ($).
	Target   string `yaml:"target"`
	Minimise string `yaml:"minimise"`

	file string
}

// A Trace is a file of requests and the span of it that is replayed.
type Trace struct {
	File     string        `yaml:"file"`
	Name     string        `yaml:"name"`
	Start    string        `yaml:"start"`
	Timezone string        `yaml:"timezone"` // of the configuration, if not given
	Columns  string        `yaml:"columns"`
	Jitter   time.Duration `yaml:"jitter"`
	// From, To and MeasureFrom are points in the trace.
	From        string `yaml:"from"`
	To          string `yaml:"to"`
	MeasureFrom string `yaml:"measure_from"`
}

// UnmarshalYAML reads a path, or a mapping.
func (t *Trace) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		t.File = n.Value
		return nil
	}
	type plain Trace
	if err := n.Load((*plain)(t), yaml.WithKnownFields()); err != nil {
		return err
	}
	if t.File == "" {
		return errors.New("a trace needs a file")
	}
	return nil
}

// Load reads the experiment at a path or URL. Errors name the file and the
// line.
func Load(ctx context.Context, name string) (*Experiment, error) {
	body, err := bucket.Read(ctx, name)
	if err != nil {
		return nil, err
	}
	return Parse(name, body)
}

// Parse reads an experiment; the name is for messages, and its folder is
// where the files that it names are.
func Parse(name string, body []byte) (*Experiment, error) {
	e := &Experiment{file: name}
	if len(body) > MaxSize {
		return nil, fmt.Errorf("%s is larger than %d bytes; this is no experiment", name, MaxSize)
	}
	if err := yaml.Load(body, e, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("%s: %s", name, readable(err))
	}
	if err := e.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return e, nil
}

// check finds fault with what needs neither traces nor configuration.
func (e *Experiment) check() error {
	if len(e.Seeds) == 0 {
		e.Seeds = []uint64{1}
	}
	if _, err := sim.ParseHints(e.Hints); err != nil {
		return err
	}
	switch e.Minimise {
	case "":
		e.Minimise = "waste"
	case "waste", "cost":
	default:
		return fmt.Errorf("minimise: %q is neither waste nor cost", e.Minimise)
	}
	if e.Target != "" {
		if _, err := experiments.ParseTarget(e.Target); err != nil {
			return fmt.Errorf("target: %w", err)
		}
	}
	return nil
}

// path is a file that the experiment names.
func (e *Experiment) path(name string) string {
	if filepath.IsAbs(name) || bucket.IsURL(name) {
		return name
	}
	return bucket.Join(e.file, "..", name)
}

var (
	unknownField = regexp.MustCompile(`field (\S+) not found in type \S+`)
	wrongValue   = regexp.MustCompile("cannot construct !!\\w+ (`[^`]*`) into \\S+")
)

// readable puts the reader's words into the user's.
func readable(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: construct errors: ")
	text = strings.TrimPrefix(text, "go-yaml load error in ")
	text = wrongValue.ReplaceAllString(text, "$1 is no value for this key")
	return unknownField.ReplaceAllString(text, "unknown key $1; docs/from-trace-to-pool.md lists what there is")
}
