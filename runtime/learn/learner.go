package learn

import (
	"fmt"
	"sync"
	"time"

	"shadowpool/policy/plan"
	"shadowpool/policy/profile"
)

// mostCategories is how many have a history.
const mostCategories = 4096

// Options are what a Learner is made of.
type Options struct {
	// HalfLife is how long it takes until a request counts half; zero is
	// profile.DefaultHalfLife.
	HalfLife time.Duration
	// Pairs is how many pairs of task type and tenant of a category have a
	// profile; zero is 10,000.
	Pairs int
	// Has tells whether a step can be done, whether what it works on is private
	// to a tenant, and how long it is taken to take while nothing is known of
	// that.
	Has func(kind plan.Kind, name string) (private bool, takes time.Duration, ok bool)
	// Budget is what a shadow has for its plan.
	Budget plan.Budget
}

// A Finished request is what is known of one that is over.
type Finished struct {
	At                                         time.Time
	Category, Tenant, TaskType, Image, Dataset string
	Duration                                   time.Duration // of the task; negative is unknown
	// Datasets are what it read, Stages what its instance did ahead and how long
	// that took.
	Datasets []Use
	Stages   []Stage
}

// A Use is a dataset that a request read.
type Use struct {
	Name string
	Read float64 // up to this share of it; 0 is unknown
	Size int64   // bytes; 0 is unknown
}

// A Stage is a step of the predictive workload that was done.
type Stage struct {
	Kind plan.Kind
	Name string
	Took time.Duration // for the whole of a dataset
}

// A Learner learns what requests need. Its methods may be called by any
// goroutine.
type Learner struct {
	opt Options

	mu         sync.Mutex
	names      names
	categories map[string]int // index
	histories  []history
	requests   int64 // learned since New
}

type history struct {
	category string
	*profile.History
}

// New makes a learner that knows nothing.
func New(opt Options) (*Learner, error) {
	if opt.HalfLife == 0 {
		opt.HalfLife = profile.DefaultHalfLife
	}
	if opt.Pairs == 0 {
		opt.Pairs = 10_000
	}
	if opt.Has == nil {
		return nil, fmt.Errorf("learn: nothing says which steps there are")
	}
	if _, err := profile.New(opt.HalfLife, opt.Pairs); err != nil {
		return nil, err
	}
	return &Learner{opt: opt, names: newNames(), categories: make(map[string]int)}, nil
}

// of is the history of a category, made if it has none; nil if there are too
// many.
func (l *Learner) of(category string) *profile.History {
	if i, ok := l.categories[category]; ok {
		return l.histories[i].History
	}
	if len(l.histories) >= mostCategories {
		return nil
	}
	h, err := profile.New(l.opt.HalfLife, l.opt.Pairs)
	if err != nil { // New has tried it
		panic(err)
	}
	l.categories[category] = len(l.histories)
	l.histories = append(l.histories, history{category, h})
	return h
}

func (l *Learner) used(use func(profile.ID)) {
	for _, h := range l.histories {
		mark(h.History, use)
	}
}

func (l *Learner) id(facet, name string) profile.ID {
	// Requests without task type or tenant have profiles too.
	if name == "" && facet != ofTaskType && facet != ofTenant {
		return 0
	}
	return l.names.id(facet, name)
}

// Finish learns from a request that is over.
func (l *Learner) Finish(f Finished) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.of(f.Category)
	if h == nil {
		return
	}
	l.requests++
	// Before anything is named that no history has yet.
	l.names.room(l.used)
	o := profile.Observation{
		At: f.At.UnixNano(), TaskType: l.id(ofTaskType, f.TaskType), Tenant: l.id(ofTenant, f.Tenant), Image: l.id(ofImage, f.Image), Duration: f.Duration,
	}
	read := func(u Use) {
		private, _, _ := l.opt.Has(plan.Prefetch, u.Name)
		o.Datasets = append(o.Datasets, profile.Use{Dataset: l.id(ofDataset, u.Name), Share: u.Read, Bytes: u.Size, Private: private})
	}
	asked := f.Dataset == ""
	for _, u := range f.Datasets {
		asked = asked || u.Name == f.Dataset
		read(u)
	}
	if !asked {
		read(Use{Name: f.Dataset})
	}
	for _, s := range f.Stages {
		o.Stages = append(o.Stages, profile.StageTime{Stage: l.id(ofStage, s.Kind.String()), Key: l.id(facetOf(s.Kind), s.Name), Took: s.Took})
	}
	h.Observe(&o)
}

// facetOf is what the name of a step is of.
func facetOf(k plan.Kind) string {
	switch k {
	case plan.Image:
		return ofImage
	case plan.Prefetch:
		return ofDataset
	default:
		return ofTaskType
	}
}

// Requests is how many were learned from since New.
func (l *Learner) Requests() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.requests
}
