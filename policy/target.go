package policy

import (
	"fmt"
	"slices"
	"time"
)

// A Facet is an attribute of a request by which stages of warm-up differ; a
// set of them is their sum.
type Facet uint8

// The facets.
const (
	OfImage Facet = 1 << iota
	OfTaskType
	OfDataset
	OfTenant
)

// A Stage is a part of the warm-up that serves only requests which have some
// facets in common, such as the loading of a dataset. It comes after the lead
// time, which is of what all instances of a category have in common, and is
// carried out ahead of a request, by an instance that is prepared for a
// Target, or else after its promotion.
type Stage struct {
	Name string
	// Of are the facets that must agree. A request in which one of them is
	// unknown (0) does not need the stage.
	Of Facet
	// Takes is how long it is expected to take, until the controller has learned.
	Takes time.Duration
	// Times are how long it takes at evenly spread shares of all times, ascending;
	// none is always Takes.
	Times []time.Duration
	// By are the keys for which it is expected to take another time than Takes.
	By []TakesFor
	// Keeps is for how many keys an instance keeps the stage done at a time, as
	// its disk has room for so many datasets, say. Zero is one: that of its target.
	Keeps int
}

// TakesFor is how long a stage is expected to take for a key, a Target with the
// facets that the stage goes by.
type TakesFor struct {
	Key   Target
	Takes time.Duration
}

// MaxStages bounds the stages of a category: a set of them is a byte.
const MaxStages = 8

// A Target is what an instance is prepared for. The zero Target is nothing in
// particular.
type Target struct {
	Image, TaskType, Dataset, Tenant uint32
}

// Facets are those by which the stages of a category go.
func (k *Category) Facets() Facet {
	all := Facet(0)
	for _, s := range k.Stages {
		all |= s.Of
	}
	return all
}

// known are the facets that a target says something of.
func (t Target) known() (f Facet) {
	if t.Image != 0 {
		f |= OfImage
	}
	if t.TaskType != 0 {
		f |= OfTaskType
	}
	if t.Dataset != 0 {
		f |= OfDataset
	}
	if t.Tenant != 0 {
		f |= OfTenant
	}
	return f
}

// differs are the facets in which two targets do not agree.
func (t Target) differs(o Target) (f Facet) {
	return Target{t.Image ^ o.Image, t.TaskType ^ o.TaskType, t.Dataset ^ o.Dataset, t.Tenant ^ o.Tenant}.known()
}

// Needs says whether a request for t needs the stage.
func (s *Stage) Needs(t Target) bool { return s.needs(t.known()) }

func (s *Stage) needs(known Facet) bool { return s.Of != 0 && s.Of&^known == 0 }

// Agrees says whether an instance that is prepared for a has done the stage for b.
func (s *Stage) Agrees(a, b Target) bool { return s.Of&a.differs(b) == 0 }

// Needed is which stages, by the bits of their index, a request for a target needs.
func (k *Category) Needed(needs Target) (stages uint8) {
	known := needs.known()
	for i := range k.Stages {
		if k.Stages[i].needs(known) {
			stages |= 1 << i
		}
	}
	return stages
}

// Missing is which stages, by the bits of their index, an instance prepared for
// is lacks for a request that needs the target, and how long they are configured
// to take in general.
func (k *Category) Missing(is, needs Target) (stages uint8, takes time.Duration) {
	known, differs := needs.known(), is.differs(needs)
	for i := range k.Stages {
		if s := &k.Stages[i]; s.needs(known) && s.Of&differs != 0 {
			stages |= 1 << i
			takes += s.Takes
		}
	}
	return stages, takes
}

// Kept is what is left of being prepared for is while an instance is being
// prepared for something else: the facets in which they agree.
func (is Target) Kept(to Target) Target {
	if is.Image != to.Image {
		is.Image = 0
	}
	if is.TaskType != to.TaskType {
		is.TaskType = 0
	}
	if is.Dataset != to.Dataset {
		is.Dataset = 0
	}
	if is.Tenant != to.Tenant {
		is.Tenant = 0
	}
	return is
}

// Over is what an instance prepared for is has become by what it lacked of to.
func (is Target) Over(to Target) Target {
	if to.Image != 0 {
		is.Image = to.Image
	}
	if to.TaskType != 0 {
		is.TaskType = to.TaskType
	}
	if to.Dataset != 0 {
		is.Dataset = to.Dataset
	}
	if to.Tenant != 0 {
		is.Tenant = to.Tenant
	}
	return is
}

// Turned is what an instance prepared for is has become by serving a request
// that needs to: what a facet said that the request does not know goes with
// the others, unless they are what they were.
func (is Target) Turned(to Target) Target {
	if is.Over(to) == is {
		return is
	}
	return is.Kept(to).Over(to)
}

// SameStages says whether what instances of a category have done means the same
// to another. How long stages take may differ.
func (k *Category) SameStages(o *Category) bool {
	return slices.EqualFunc(k.Stages, o.Stages, func(a, b Stage) bool {
		return a.Name == b.Name && a.Of == b.Of && a.Keeps == b.Keeps
	})
}

func (k *Category) validateStages() error {
	if len(k.Stages) > MaxStages {
		return fmt.Errorf("policy: category %q has %d stages, more than %d", k.Name, len(k.Stages), MaxStages)
	}
	for i := range k.Stages {
		s := &k.Stages[i]
		if s.Of == 0 || s.Of >= 2*OfTenant {
			return fmt.Errorf("policy: category %q: stage %q serves all requests alike; it belongs to the lead time", k.Name, s.Name)
		}
		if s.Keeps < 0 || s.Keeps > MaxKeeps {
			return fmt.Errorf("policy: category %q: stage %q keeps %d keys, which is not between 0 and %d", k.Name, s.Name, s.Keeps, MaxKeeps)
		}
		if s.Takes < 0 || s.Takes > maxSpan {
			return fmt.Errorf("policy: category %q: stage %q takes %v, which is out of range", k.Name, s.Name, s.Takes)
		}
		if len(s.By) > MaxTimesBy {
			return fmt.Errorf("policy: category %q: stage %q has the times of %d keys, more than %d", k.Name, s.Name, len(s.By), MaxTimesBy)
		}
		for _, by := range s.By {
			if by.Takes < 0 || by.Takes > maxSpan {
				return fmt.Errorf("policy: category %q: stage %q takes %v for a key, which is out of range", k.Name, s.Name, by.Takes)
			}
		}
	}
	return nil
}

// With is t with some facets of another target.
func (t Target) With(facets Facet, of Target) Target {
	if facets&OfImage != 0 {
		t.Image = of.Image
	}
	if facets&OfTaskType != 0 {
		t.TaskType = of.TaskType
	}
	if facets&OfDataset != 0 {
		t.Dataset = of.Dataset
	}
	if facets&OfTenant != 0 {
		t.Tenant = of.Tenant
	}
	return t
}

// Target is what the request needs, by the facets that stages go by.
func (r *Request) Target(facets Facet) Target {
	return Target{}.With(facets, Target{r.Image, r.TaskType, r.Dataset, r.Tenant})
}
