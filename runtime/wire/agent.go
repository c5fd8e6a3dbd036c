package wire

import (
	"fmt"
	"time"

	"shadowpool/policy/plan"
)

// States of an agent.
const (
	Warming = "warming" // not ready yet
	Ready   = "ready"
	Serving = "serving" // promoted
)

// A Registration is an agent's first word, and its first after the server has
// forgotten it.
type Registration struct {
	Version int    `json:"version"`
	Boot    string `json:"boot"` // random, of this process of the agent
	State   string `json:"state"`
	Address string `json:"address,omitempty"` // where the instance is reached, if it knows
	Claim   string `json:"claim,omitempty"`   // that it serves
	Done    []Step `json:"done,omitempty"`    // of the predictive workload
}

// A Step is a plan's, as it was done.
type Step struct {
	Kind     string  `json:"kind"`
	Name     string  `json:"name"`
	Fraction float64 `json:"fraction,omitempty"` // that was there afterwards
	Seconds  float64 `json:"seconds"`            // that it took
	Bytes    int64   `json:"bytes"`              // that it read
	// Whole is the size of the dataset, bytes; 0 is unknown.
	Whole int64 `json:"whole,omitempty"`
}

// An Ask is for orders after those that the agent has.
type Ask struct {
	Session string  `json:"session"`
	After   int64   `json:"after"`
	WaitS   float64 `json:"wait_s"`
}

// Stopped is the error of a step that was not done because the instance was
// promoted, or something better was to be done.
const Stopped = "stopped"

// Events of a Report.
const (
	EventReady    = "ready"    // for a request; after a claim, which it names, anew
	EventStep     = "step"     // one is done, or has failed
	EventPromoted = "promoted" // the configuration is applied, or could not be
	EventUsage    = "usage"    // what the claim's task used; it is over
	EventStopped  = "stopped"  // the agent ends
)

// A Report is what has happened, in order. First is the number of the first
// event among all of the agent's process, so that one that is told twice counts
// once.
type Report struct {
	Session string  `json:"session"`
	First   int64   `json:"first"`
	Events  []Event `json:"events"`
}

// An Event is one thing that has happened.
type Event struct {
	Kind    string `json:"kind"`
	Address string `json:"address,omitempty"` // of ready
	Step    *Step  `json:"step,omitempty"`
	Claim   string `json:"claim,omitempty"`
	// StoppedS is how long the predictive workload took to stop, s, AppliedS how
	// long it took from then until the configuration was applied.
	StoppedS float64 `json:"stopped_s,omitempty"`
	AppliedS float64 `json:"applied_s,omitempty"`
	Usage    *Usage  `json:"usage,omitempty"`
	Error    string  `json:"error,omitempty"`
}

// A Usage is what the task of a claim really used.
type Usage struct {
	Seconds  float64 `json:"seconds"` // from promotion until the end
	Datasets []Use   `json:"datasets,omitempty"`
	// CPUS is the CPU time, s, and MemoryBytes the largest resident size of a
	// process of a service that the agent has started and that has ended.
	CPUS        float64 `json:"cpu_s,omitempty"`
	MemoryBytes int64   `json:"memory_bytes,omitempty"`
}

// A Use is a dataset that was read through the agent.
type Use struct {
	Name  string  `json:"name"`
	Read  float64 `json:"read"`            // up to this share of it
	Size  int64   `json:"size,omitempty"`  // of all of it, bytes; 0 is unknown
	Sent  int64   `json:"sent"`            // to the task, bytes
	Near  int64   `json:"near,omitempty"`  // of those, that were prefetched
	Waits float64 `json:"waits,omitempty"` // for the origin's first bytes, s
}

// StepOf is a step of a plan that was done.
func StepOf(s plan.Step, fraction float64, took time.Duration, bytes, whole int64) Step {
	return Step{Kind: s.Kind.String(), Name: s.Name, Fraction: fraction, Seconds: took.Seconds(), Bytes: bytes, Whole: whole}
}

// Plan is the step as plans have it.
func (s Step) Plan() (plan.Step, error) {
	kind, ok := kindOf(s.Kind)
	if !ok {
		return plan.Step{}, fmt.Errorf("step %.100q is of no known kind", s.Kind)
	}
	return plan.Step{Kind: kind, Name: s.Name, Fraction: s.Fraction, Takes: time.Duration(s.Seconds * 1e9), Bytes: s.Bytes}, nil
}

// kindOf finds the kind of a name.
func kindOf(name string) (plan.Kind, bool) {
	for k := plan.Image; k <= plan.Task; k++ {
		if k.String() == name {
			return k, true
		}
	}
	return 0, false
}

// Validate implements Message.
func (s Step) Validate() error {
	if _, ok := kindOf(s.Kind); !ok {
		return fmt.Errorf("step %.100q is of no known kind", s.Kind)
	}
	if s.Name == "" {
		return fmt.Errorf("a step without a name")
	}
	return first(text("step", s.Name), between("fraction", s.Fraction, 0, 1), span("seconds", s.Seconds),
		between("bytes", float64(s.Bytes), 0, 1<<50), between("whole", float64(s.Whole), 0, 1<<50))
}

// Validate implements Message.
func (r Registration) Validate() error {
	if r.Version != Version {
		return fmt.Errorf("the agent speaks version %d, the server version %d; use the same program for both", r.Version, Version)
	}
	switch r.State {
	case Warming, Ready, Serving:
	default:
		return fmt.Errorf("state %.100q is none of %s, %s and %s", r.State, Warming, Ready, Serving)
	}
	if r.Boot == "" {
		return fmt.Errorf("boot is missing")
	}
	if err := first(text("boot", r.Boot), text("address", r.Address), text("claim", r.Claim), atMost("steps", len(r.Done))); err != nil {
		return err
	}
	for _, s := range r.Done {
		if err := s.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// Validate implements Message.
func (a Ask) Validate() error {
	return first(text("session", a.Session), between("after", float64(a.After), 0, 1<<53), between("wait_s", a.WaitS, 0, MaxWait))
}

// Validate implements Message.
func (r Report) Validate() error {
	if err := first(text("session", r.Session), between("first", float64(r.First), 0, 1<<53), atMost("events", len(r.Events))); err != nil {
		return err
	}
	for _, e := range r.Events {
		if err := e.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// Validate implements Message.
func (e Event) Validate() error {
	if len(e.Error) > maxText {
		return fmt.Errorf("an explanation of more than %d bytes", maxText)
	}
	if err := first(text("address", e.Address), text("claim", e.Claim), span("stopped_s", e.StoppedS), span("applied_s", e.AppliedS)); err != nil {
		return err
	}
	switch e.Kind {
	case EventReady, EventStopped:
	case EventStep:
		if e.Step == nil {
			return fmt.Errorf("an event without its step")
		}
		return e.Step.Validate()
	case EventPromoted:
		if e.Claim == "" {
			return fmt.Errorf("a promotion without its claim")
		}
	case EventUsage:
		if e.Claim == "" || e.Usage == nil {
			return fmt.Errorf("a usage without its claim, or without what was used")
		}
		return e.Usage.Validate()
	default:
		return fmt.Errorf("there is no event %.100q", e.Kind)
	}
	return nil
}

// Validate implements Message.
func (u Usage) Validate() error {
	if err := first(span("seconds", u.Seconds), between("cpu_s", u.CPUS, 0, 1e12), between("memory_bytes", float64(u.MemoryBytes), 0, 1<<60), atMost("datasets", len(u.Datasets))); err != nil {
		return err
	}
	for _, d := range u.Datasets {
		if d.Name == "" {
			return fmt.Errorf("a dataset without a name")
		}
		if err := first(text("dataset", d.Name), between("read", d.Read, 0, 1), between("size", float64(d.Size), 0, 1<<60),
			between("sent", float64(d.Sent), 0, 1<<60), between("near", float64(d.Near), 0, 1<<60), span("waits", d.Waits)); err != nil {
			return err
		}
	}
	return nil
}

// Clip bounds an explanation for a message.
func Clip(s string) string {
	return toText(s, maxText)
}
