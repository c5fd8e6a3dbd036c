package policy

import (
	"fmt"
	"time"
)

// DefaultTick is how often policies look at their pools.
const DefaultTick = 15 * time.Second

// Config is what a Controller needs to know of the fleet. The zero value of
// each field is the default.
type Config struct {
	Categories []Category
	Binding    Binding
	Isolation  Isolation
	// Tick is the interval of the policy's timer; ticks fall on its whole
	// multiples since the epoch. Zero is DefaultTick.
	Tick time.Duration
	// Location is the IANA time zone in which time of day and day of week
	// count. Nil is UTC.
	Location *time.Location
	// Budget bounds what the whole fleet costs at any instant, launching and
	// stopped instances included, $/h; zero is no bound.
	Budget float64
}

// A Category is a kind of instance that requests ask for; each has one pool.
type Category struct {
	Name string
	// LeadTime is the expected time from order to warm. Forecasting policies
	// look that far ahead.
	LeadTime time.Duration
	Reusable bool // returns warm to the pool after its request
	// Price is that of a standard instance, $/h. Decisions need it where there
	// are other terms, or a budget.
	Price   float64
	Spot    *SpotTerms    // nil: none
	Stopped *StoppedTerms // nil: instances are not stopped
	// PromotionDelay is how long a promotion takes, even of a warm instance.
	PromotionDelay time.Duration
	// Scrub is how long it takes to rid a reusable instance of all that its tenant
	// left, so that it may serve another under isolation by tenant. Zero: it may not.
	// Used where it is shorter than the lead time, for requests that find nothing else.
	Scrub time.Duration
	// MaxInstances bounds launching + warm + in use; zero is no bound.
	MaxInstances int
	// MaxLaunching bounds the launches in flight; zero is no bound.
	MaxLaunching int
	// Memory is what an idle instance takes, as a share of a whole one's; zero
	// is a whole one.
	Memory float64
	// Below is the pool of the layer below, see AddLayers; nil if there is none.
	Below *PoolID
	// Stages are those of the warm-up, after the lead time, that serve only some
	// requests: an instance is warm without them.
	Stages []Stage
	// ReservedFor is the only tenant whose requests it serves, under isolation by
	// tenant: stages by tenant are done ahead for that one. Zero: it serves all.
	ReservedFor uint32
	// Compatible are the categories whose idle instances may serve this
	// one's requests, in the order in which they are tried.
	Compatible []Compatible
	Lifecycle
}

// Binding says what serves a request that found no warm instance.
type Binding uint8

// Late: the first suitable instance to become warm or to be released serves
// the head of the queue. Early: a miss launches its own instance and waits
// for it.
const (
	Late Binding = iota
	Early
)

func (b Binding) String() string { return [...]string{"late", "early"}[b] }

// ParseBinding reads late or early.
func ParseBinding(text string) (Binding, error) {
	for _, b := range []Binding{Late, Early} {
		if text == b.String() {
			return b, nil
		}
	}
	return 0, fmt.Errorf("%q is neither late nor early", text)
}

// Isolation says whom an instance may serve.
type Isolation uint8

// NoIsolation: anyone. ByTenant: an instance that has served a tenant serves
// no other.
const (
	NoIsolation Isolation = iota
	ByTenant
)

func (i Isolation) String() string { return [...]string{"none", "tenant"}[i] }

// maxSpan bounds every configured span, so that sums of instants and spans
// stay far from overflow.
const maxSpan = 20 * 366 * 24 * time.Hour

// Check says what is impossible in c.
func (c Config) Check() error { return c.validate() }

// validate checks c and fills in the defaults.
func (c *Config) validate() error {
	if c.Tick == 0 {
		c.Tick = DefaultTick
	}
	if c.Tick < time.Millisecond || c.Tick > 24*time.Hour {
		return fmt.Errorf("policy: tick %v is not between 1ms and 24h", c.Tick)
	}
	if c.Location == nil {
		c.Location = time.UTC
	}
	if len(c.Categories) == 0 {
		return fmt.Errorf("policy: the fleet has no category")
	}
	seen := make(map[string]bool, len(c.Categories))
	for i := range c.Categories {
		k := &c.Categories[i]
		if seen[k.Name] {
			return fmt.Errorf("policy: category %q is configured twice", k.Name)
		}
		seen[k.Name] = true
		if k.LeadTime < 0 || k.LeadTime > maxSpan {
			return fmt.Errorf("policy: category %q: lead time %v is out of range", k.Name, k.LeadTime)
		}
		if k.PromotionDelay < 0 || k.PromotionDelay > maxSpan {
			return fmt.Errorf("policy: category %q: promotion delay %v is out of range", k.Name, k.PromotionDelay)
		}
		if k.Scrub < 0 || k.Scrub > maxSpan {
			return fmt.Errorf("policy: category %q: scrub time %v is out of range", k.Name, k.Scrub)
		}
		if k.MaxInstances < 0 || k.MaxLaunching < 0 {
			return fmt.Errorf("policy: category %q: a limit is negative", k.Name)
		}
		if !(k.Memory >= 0 && k.Memory <= 1) {
			return fmt.Errorf("policy: category %q: memory %v is not a share", k.Name, k.Memory)
		}
		if err := k.Lifecycle.Validate(k.LeadTime, c.Tick); err != nil {
			return fmt.Errorf("policy: category %q: %w", k.Name, err)
		}
		if err := k.validateStages(); err != nil {
			return err
		}
		steps := 0
		for below := k.Below; below != nil; below = c.Categories[*below].Below {
			if int(*below) >= len(c.Categories) || steps == len(c.Categories) {
				return fmt.Errorf("policy: category %q: what is below it is no pool of the fleet, or it is below itself", k.Name)
			}
			steps++
		}
		if err := c.validateCompatible(i); err != nil {
			return err
		}
		if err := c.validateReserved(i); err != nil {
			return err
		}
		if err := c.validateCapacity(i); err != nil {
			return err
		}
	}
	if !(c.Budget >= 0 && c.Budget <= maxBudget) {
		return fmt.Errorf("policy: the budget of %v $/h is not between 0 and %v", c.Budget, maxBudget)
	}
	return nil
}
