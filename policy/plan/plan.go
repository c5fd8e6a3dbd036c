package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Version is that of the form in which plans are written.
const Version = 1

// Bounds of a plan.
const (
	MaxSteps = 256
	maxName  = 256 // bytes
	maxTakes = 30 * 24 * time.Hour
	maxBytes = 1 << 50
)

// A Kind says what a step does. Steps of a plan are in the order of their kinds,
// of which Prefetch and Cache count as one.
type Kind uint8

// The kinds of steps.
const (
	Image        Kind = iota // pull an image
	Dependencies             // load what a task imports
	Prefetch                 // read a dataset up to a fraction
	Cache                    // warm a cache
	Task                     // run a synthetic task
)

var kinds = [...]string{"image", "dependencies", "prefetch", "cache", "task"}

func (k Kind) String() string {
	if int(k) >= len(kinds) {
		return fmt.Sprintf("kind %d", uint8(k))
	}
	return kinds[k]
}

// rank orders kinds: a step comes after all of lower rank.
func (k Kind) rank() int {
	return [...]int{Image: 0, Dependencies: 1, Prefetch: 2, Cache: 2, Task: 3}[k]
}

// A Plan is what a shadow does to get warm, in order.
type Plan struct {
	// Tenant is whose shadow this is for; empty: anyone's. Only the plan of a
	// tenant has datasets that no other tenant may read.
	Tenant string
	Steps  []Step
}

// A Step is one thing to do.
type Step struct {
	Kind Kind
	Name string // of the image, dataset and so on
	// Fraction is up to where a dataset is read, in (0, 1]; 0 for other kinds. A
	// dataset may be read in several steps, each further than the one before.
	Fraction float64
	Takes    time.Duration // expected, of this step alone
	Bytes    int64         // of disk that it takes
}

// Takes is how long all steps are expected to take.
func (p Plan) Takes() time.Duration {
	sum := time.Duration(0)
	for _, s := range p.Steps {
		sum += s.Takes
	}
	return sum
}

// Bytes is what all steps take of the disk.
func (p Plan) Bytes() int64 {
	sum := int64(0)
	for _, s := range p.Steps {
		sum += s.Bytes
	}
	return sum
}

// Equal says whether two plans have the same content.
func (p Plan) Equal(o Plan) bool { return p.Tenant == o.Tenant && slices.Equal(p.Steps, o.Steps) }

// Remaining are the steps of the plan that are not among those done.
func (p Plan) Remaining(done []Step) []Step {
	var left []Step
	for _, s := range p.Steps {
		if !slices.ContainsFunc(done, func(d Step) bool { return d.Kind == s.Kind && d.Name == s.Name && d.Fraction >= s.Fraction }) {
			left = append(left, s)
		}
	}
	return left
}

// Validate says what is impossible about a plan, and where.
func (p Plan) Validate() error {
	if p.Tenant != "" {
		if problem := badName(p.Tenant); problem != "" {
			return fmt.Errorf("plan: tenant: %s", problem)
		}
	}
	if len(p.Steps) > MaxSteps {
		return fmt.Errorf("plan: %d steps, at most %d are allowed", len(p.Steps), MaxSteps)
	}
	for i, s := range p.Steps {
		if key, problem := s.problem(p.Steps[:i]); problem != "" {
			return fmt.Errorf("plan: steps[%d].%s: %s", i, key, problem)
		}
	}
	return nil
}

// problem is what is wrong with a step after others, and of which key; empty if
// nothing is.
func (s *Step) problem(before []Step) (key, problem string) {
	if int(s.Kind) >= len(kinds) {
		return "kind", fmt.Sprintf("%s is none of %s", s.Kind, strings.Join(kinds[:], ", "))
	}
	if problem := badName(s.Name); problem != "" {
		return "name", problem
	}
	switch {
	case s.Kind == Prefetch && !(s.Fraction > 0 && s.Fraction <= 1):
		return "fraction", fmt.Sprintf("%v is no fraction of a dataset: want a number above 0, up to 1", s.Fraction)
	case s.Kind != Prefetch && s.Fraction != 0:
		return "fraction", fmt.Sprintf("a step of kind %s has no fraction; remove it", s.Kind)
	case s.Takes < 0 || s.Takes > maxTakes:
		return "seconds", fmt.Sprintf("%v is not between 0 and %v", s.Takes, maxTakes)
	case s.Bytes < 0 || s.Bytes > maxBytes:
		return "bytes", fmt.Sprintf("%d is not between 0 and %d", s.Bytes, int64(maxBytes))
	}
	if n := len(before); n > 0 && before[n-1].Kind.rank() > s.Kind.rank() {
		return "kind", fmt.Sprintf("%s comes after %s; the order is image, dependencies, prefetch and cache, task", s.Kind, before[n-1].Kind)
	}
	for _, b := range before {
		if b.Kind == s.Kind && b.Name == s.Name && !(b.Fraction < s.Fraction) {
			if s.Kind == Prefetch {
				return "fraction", fmt.Sprintf("%q was read up to %v before; want more, or no step", s.Name, b.Fraction)
			}
			return "name", fmt.Sprintf("%s %q was done before; remove one", s.Kind, s.Name)
		}
	}
	return "", ""
}

// badName is what is wrong with a name, empty if nothing is.
func badName(name string) string {
	switch {
	case name == "" || strings.TrimSpace(name) != name:
		return "want a name without spaces around it"
	case len(name) > maxName:
		return fmt.Sprintf("want a name of at most %d bytes", maxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return "want a name of one line of text"
	}
	return ""
}
