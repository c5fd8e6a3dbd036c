package config

import (
	"slices"
	"time"

	"shadowpool/policy"
)

// A File is a configuration that was read and found valid.
type File struct {
	Name     string         // where it came from, for messages
	Location *time.Location // of time of day and day of week; never nil
	Service  Service
	Fleet    Fleet
	// Policy is the policy section as it is written; PolicySpec adds the
	// service target.
	Policy      policy.Spec
	Provisioner Provisioner
	API         API
	Store       Store
	Proxy       *Proxy      // nil: none
	Recording   *Recording  // nil: nothing is recorded
	Tournament  *Tournament // nil: there is none
}

// Service is the target that the pool is run for, at most one of which is not
// zero, and what it may cost.
type Service struct {
	HitRate   float64       // share of requests that find a warm instance
	WaitP99   time.Duration // what 99 of 100 requests wait at most
	WaitPrice float64       // what a second of waiting costs, $
	Budget    float64       // the most that the fleet may cost at any instant, $/h; 0 is no bound
}

// A Fleet is what requests are served with.
type Fleet struct {
	Isolation policy.Isolation
	Binding   policy.Binding
	Tick      time.Duration
	// Pooled serves requests of whatever category with the only one.
	Pooled   bool
	Provider Provider // the simulator's
	// Default is what listed categories start from, and the whole of every
	// category that is not listed; nil admits listed ones only. Its Name is
	// empty.
	Default    *Category
	Categories []Category // in the file's order
}

// A Category is a kind of instance.
type Category struct {
	Name           string
	LeadTime       LeadTime // of all stages that serve every request
	Stages         []Stage  // in their order
	Price          float64  // $/h of an on-demand instance
	Spot           Spot
	Stopped        Stopped
	Billing        Billing       // how the provider rounds
	Reusable       bool          // returns warm to the pool after its request
	PromotionDelay time.Duration // of a promotion, even of a warm instance
	Scrub          time.Duration // from one tenant to the next; 0: never
	Limits         Limits
	Lifecycle      policy.Lifecycle
	// Zones are those that it is in, each as it is there, under the zone's name;
	// none where zones do not matter. CrossZone is how much longer it takes to
	// serve a request of another zone; nil: none is served.
	Zones     []Category
	CrossZone *time.Duration
	// Tenants are those for which pools of it are reserved, each with its terms
	// under the tenant's name; those of a zone in the place of the category's.
	Tenants    []Category
	Compatible []Compatible // in the order in which they are tried
	// Layers are the stages of warm-up at which idle instances can be held, the
	// lowest first.
	Layers []policy.Layer
}

// A Stage is a part of the warm-up.
type Stage struct {
	Name     string
	LeadTime LeadTime
	// Of are the facets of the requests that it serves; a stage without any serves all, and is
	// part of the category's lead time.
	Of policy.Facet
	// Keeps is for how many keys an instance keeps the stage done; zero is one.
	Keeps int
	// By are the keys for which it takes another time than LeadTime.
	By []KeyTime
	// Expected is what policies are told that it takes in place of that; zero: what is true.
	Expected time.Duration
}

// Billing is how a provider rounds an instance's life; zero is exact.
type Billing struct {
	Granularity, Minimum time.Duration
}

// Limits bound a category's instances; zero is no bound.
type Limits struct {
	MaxInstances int // launching, warm and in use
	MaxLaunching int
}

// Compatible names a listed category whose idle instances may serve
// another's requests after Adapt.
type Compatible struct {
	Category string
	Adapt    time.Duration
}

// Defaults of the keys that may be left out.
const (
	DefaultPrice = 1.0 // $/h, so that costs read as instance-hours
)

// PolicySpec is the file's policy, aimed at the service target.
func (f *File) PolicySpec() policy.Spec { return f.Aim(f.Policy) }

// Aim gives spec the service target, where its family has a parameter for it
// and spec names no target of its own.
func (f *File) Aim(spec policy.Spec) policy.Spec {
	family, err := policy.Find(spec.Name)
	key, value := f.target()
	if err != nil || key == "" || !declares(family, key) {
		return spec
	}
	for _, s := range spec.Params {
		if slices.Contains(targets, s.Key) {
			return spec
		}
	}
	return spec.With(key, value)
}

// targets are the parameters by which policies are told what to keep.
var targets = []string{hitRate, "wait_p99", "wait_mean", "wait_price", "miss_price"}

// target is the service section as a parameter of a policy; the key is empty
// without one.
func (f *File) target() (key, value string) {
	switch s := f.Service; {
	case s.HitRate > 0:
		return hitRate, formatNumber(s.HitRate)
	case s.WaitP99 > 0:
		return "wait_p99", s.WaitP99.String()
	case s.WaitPrice > 0:
		// Policies count in seconds of an idle instance.
		return "wait_price", formatNumber(s.WaitPrice / max(f.meanPrice()/3600, leastWaitPrice))
	default:
		return "", ""
	}
}

// meanPrice is that of the listed pools, or of the default's, $/h.
func (f *File) meanPrice() float64 {
	pools, sum := f.Fleet.Pools(), 0.0
	for i := range pools {
		sum += pools[i].Terms.Price
	}
	return sum / float64(len(pools))
}

// PolicyConfig is the controller's view of the listed categories. A file that
// lists none has one, called "default".
func (f *File) PolicyConfig() policy.Config {
	c := policy.Config{
		Binding: f.Fleet.Binding, Isolation: f.Fleet.Isolation,
		Tick: f.Fleet.Tick, Location: f.Location, Budget: f.Service.Budget,
	}
	pools := f.Fleet.Pools()
	c.Categories = PolicyCategories(pools)
	layered, err := policy.AddLayers(c.Categories, layersOf(pools))
	if err != nil {
		panic("config: " + err.Error()) // found when the file was read
	}
	c.Categories = layered
	return c
}

// layersOf are the layers of each pool.
func layersOf(pools []Pool) [][]policy.Layer {
	all := make([][]policy.Layer, len(pools))
	for i := range pools {
		all[i] = pools[i].Terms.Layers
	}
	return all
}

// policyCategory is the controller's view of k, but for what is compatible.
func (k *Category) policyCategory() policy.Category {
	out := policy.Category{
		Name: k.Name, LeadTime: k.LeadTime.Mean(), Reusable: k.Reusable,
		PromotionDelay: k.PromotionDelay, Scrub: k.Scrub,
		MaxInstances: k.Limits.MaxInstances, MaxLaunching: k.Limits.MaxLaunching,
		Lifecycle: k.Lifecycle,
	}
	out.Stages, _ = policyStages(k) // checked when the file was read
	k.terms(&out)
	return out
}
