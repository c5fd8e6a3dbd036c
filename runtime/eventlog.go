package runtime

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"shadowpool/policy"
	"shadowpool/policy/config"
)

// logVersion changes with every change of the event log's form.
const logVersion = 2

// A Header is the first line of an event log: all that a fresh controller
// must know to decide the same again.
type Header struct {
	Log        int              `json:"shadowpool_log"`
	Version    string           `json:"version"`
	Policy     string           `json:"policy"` // as policy.ParseSpecs reads it
	Timezone   string           `json:"timezone"`
	TickNS     int64            `json:"tick_ns"`
	Binding    string           `json:"binding"`
	Isolation  string           `json:"isolation"`
	BudgetUSD  float64          `json:"budget_usd_per_h,omitempty"`
	Categories []HeaderCategory `json:"categories"`
	// Restored is the state of the controller with which the log begins; absent
	// if it holds nothing.
	Restored json.RawMessage `json:"restored,omitempty"`
}

// A HeaderCategory is a policy.Category as the log has it.
type HeaderCategory struct {
	Name         string             `json:"name"`
	LeadTimeNS   int64              `json:"lead_time_ns"`
	Reusable     bool               `json:"reusable"`
	MaxInstances int                `json:"max_instances,omitempty"`
	MaxLaunching int                `json:"max_launching,omitempty"`
	Memory       float64            `json:"memory,omitempty"`
	PriceUSD     float64            `json:"price_usd_per_h,omitempty"`
	Below        *policy.PoolID     `json:"below,omitempty"`
	ReservedFor  uint32             `json:"reserved_for,omitempty"` // tenant
	Compatible   []HeaderCompatible `json:"compatible,omitempty"`
	Lifecycle    *HeaderLifecycle   `json:"lifecycle,omitempty"`
	// Invalidated is added to the generation, so that it is another.
	Invalidated string `json:"invalidated,omitempty"`
	// Place is where it serves which requests.
	Place HeaderPlace `json:"place"`
}

// A HeaderPlace is a config.Place as the log has it.
type HeaderPlace struct {
	Category string  `json:"category"`
	Zone     string  `json:"zone,omitempty"`
	Tenant   string  `json:"tenant,omitempty"`
	PriceUSD float64 `json:"price_usd_per_h,omitempty"`
}

// A HeaderCompatible is a policy.Compatible as the log has it.
type HeaderCompatible struct {
	Pool    policy.PoolID `json:"pool"`
	AdaptNS int64         `json:"adapt_ns,omitempty"`
	// To and For are those of policy.Compatible, for all where it is not given.
	To  *policy.PoolID `json:"to,omitempty"`
	For string         `json:"for,omitempty"`
}

// A HeaderLifecycle is a policy.Lifecycle as the log has it.
type HeaderLifecycle struct {
	MaxAgeNS          int64  `json:"max_age_ns,omitempty"`
	MinRemainingNS    int64  `json:"min_remaining_ns,omitempty"`
	IdleTimeoutNS     int64  `json:"idle_timeout_ns,omitempty"`
	Generation        string `json:"generation,omitempty"`
	Stale             string `json:"stale"`
	Surge             int    `json:"surge,omitempty"`
	RolloutDeadlineNS int64  `json:"rollout_deadline_ns,omitempty"`
}

func headerLifecycle(l policy.Lifecycle) *HeaderLifecycle {
	if l == (policy.Lifecycle{}) {
		return nil
	}
	return &HeaderLifecycle{
		MaxAgeNS: int64(l.MaxAge), MinRemainingNS: int64(l.MinRemaining), IdleTimeoutNS: int64(l.IdleTimeout),
		Generation: l.Generation, Stale: l.Stale.String(), Surge: l.Surge, RolloutDeadlineNS: int64(l.RolloutDeadline),
	}
}

func (h *HeaderLifecycle) lifecycle() (policy.Lifecycle, error) {
	if h == nil {
		return policy.Lifecycle{}, nil
	}
	stale, err := named(h.Stale, policy.ServeStale, policy.ForbidStale)
	return policy.Lifecycle{
		MaxAge: time.Duration(h.MaxAgeNS), MinRemaining: time.Duration(h.MinRemainingNS), IdleTimeout: time.Duration(h.IdleTimeoutNS),
		Generation: h.Generation, Stale: stale, Surge: h.Surge, RolloutDeadline: time.Duration(h.RolloutDeadlineNS),
	}, err
}

// An Entry is any other line: an event and the actions that it caused.
// Instances are named slot-generation; names of tenants, task types and so on
// are for readers and for a host that is restored, the controller saw the numbers.
type Entry struct {
	T            policy.Time       `json:"t"` // ns since the epoch
	Event        string            `json:"event"`
	Class        string            `json:"class,omitempty"` // of a timer
	Request      *policy.RequestID `json:"request,omitempty"`
	Pool         *policy.PoolID    `json:"pool,omitempty"`
	Tenant       uint32            `json:"tenant,omitempty"`
	TaskType     uint32            `json:"task_type,omitempty"`
	TenantName   string            `json:"tenant_name,omitempty"`
	TaskTypeName string            `json:"task_type_name,omitempty"`
	Warm         string            `json:"warm,omitempty"`     // what the request wants, unless that is prefer
	Anywhere     bool              `json:"anywhere,omitempty"` // it is bound to no zone
	Asked        *Asked            `json:"asked,omitempty"`    // of an arrival
	Instance     string            `json:"instance,omitempty"`
	Made         *Made             `json:"made,omitempty"`   // what became warm
	Reason       string            `json:"reason,omitempty"` // of a failure, unless it is boot_failed
	Error        string            `json:"error,omitempty"`
	Hint         *HintLine         `json:"hint,omitempty"`
	HintID       *policy.HintID    `json:"hint_id,omitempty"` // that is withdrawn
	Paused       *bool             `json:"paused,omitempty"`
	Config       *Header           `json:"config,omitempty"` // that is taken over
	Strays       []string          `json:"strays,omitempty"` // instances that nobody knows
	Actions      []Decision        `json:"actions,omitempty"`

	claim *claim      // that arrives; nil in a log
	moot  func() bool // whether the timers that were due before it leave nothing to do; nil: they cannot
}

// Asked is what a request asked for beside what decides.
type Asked struct {
	Category string            `json:"category"`
	Zone     string            `json:"zone,omitempty"`
	Image    string            `json:"image,omitempty"`
	Dataset  string            `json:"dataset,omitempty"`
	Key      string            `json:"key,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
}

// Made is what is known of an instance that is warm.
type Made struct {
	Address string `json:"address,omitempty"`
	PID     int    `json:"pid,omitempty"`
}

// A HintLine is a policy.Hint as the log has it.
type HintLine struct {
	ID          policy.HintID `json:"id"`
	Pool        policy.PoolID `json:"pool"`
	Count       int32         `json:"count"`
	From        policy.Time   `json:"from"`
	To          policy.Time   `json:"to"`
	Probability float64       `json:"probability"`
	Source      uint32        `json:"source,omitempty"`
	Tenant      uint32        `json:"tenant,omitempty"`
	TaskType    uint32        `json:"task_type,omitempty"`
	Image       uint32        `json:"image,omitempty"`
	Dataset     uint32        `json:"dataset,omitempty"`
	// For who reads it, and for a host that is restored.
	SourceName   string `json:"source_name,omitempty"`
	TenantName   string `json:"tenant_name,omitempty"`
	TaskTypeName string `json:"task_type_name,omitempty"`
}

// A Decision is an action of the controller with what Record leaves out.
type Decision struct {
	policy.Record
	Delay int64 // ns; see policy.Assignment
}

// decisionLine is a Decision as the log has it.
type decisionLine struct {
	T        policy.Time       `json:"t"`
	Action   string            `json:"action"`
	Instance string            `json:"instance,omitempty"`
	Pool     policy.PoolID     `json:"pool"`
	Reason   string            `json:"reason"`
	Request  *policy.RequestID `json:"request,omitempty"`
	Outcome  string            `json:"outcome,omitempty"`
	DelayNS  int64             `json:"delay_ns,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (a Decision) MarshalJSON() ([]byte, error) {
	l := decisionLine{
		T: a.Time, Action: a.Action.String(), Instance: nameOf(a.Instance), Pool: a.Pool, Reason: a.Reason.String(), DelayNS: a.Delay,
	}
	switch a.Action {
	case policy.Assigned:
		l.Request, l.Outcome = &a.Request, a.Outcome.String()
	case policy.Refused:
		l.Request, l.Instance = &a.Request, ""
	}
	return json.Marshal(l)
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *Decision) UnmarshalJSON(b []byte) error {
	var l decisionLine
	if err := json.Unmarshal(b, &l); err != nil {
		return err
	}
	*a = Decision{policy.Record{Time: l.T, Pool: l.Pool, Request: -1}, l.DelayNS}
	var err error
	if a.Action, err = named(l.Action, policy.Launched, policy.Refused); err != nil {
		return err
	}
	if a.Reason, err = named(l.Reason, policy.ForLevel, policy.Reserved); err != nil {
		return err
	}
	if a.Action == policy.Assigned || a.Action == policy.Refused {
		if l.Request == nil {
			return fmt.Errorf("the action %s lacks its request", l.Action)
		}
		a.Request = *l.Request
	}
	if a.Action != policy.Refused {
		if a.Instance, err = instanceOf(l.Instance); err != nil {
			return err
		}
	}
	if a.Action == policy.Assigned {
		a.Outcome, err = named(l.Outcome, policy.Hit, policy.Miss)
	}
	return err
}

// named finds the value between first and last that has a name.
func named[T interface {
	~uint8
	fmt.Stringer
}](name string, first, last T) (T, error) {
	for v := first; v <= last; v++ {
		if v.String() == name {
			return v, nil
		}
	}
	return 0, fmt.Errorf("unknown name %.100q", name)
}

// instanceOf reads what nameOf wrote.
func instanceOf(name string) (policy.InstanceID, error) {
	slot, generation, _ := strings.Cut(name, "-")
	s, err := strconv.ParseUint(slot, 10, 32)
	g, err2 := strconv.ParseUint(generation, 10, 32)
	if err != nil || err2 != nil {
		return 0, fmt.Errorf("%.100q is not an instance: want slot-generation such as 3-1", name)
	}
	return policy.InstanceID(g<<32 | s), nil
}

func timerName(c policy.Class) string {
	if c == policy.ClassExpiry {
		return "expiry"
	}
	return "tick"
}

// header describes a configuration. It gives tenants for whom something is
// reserved their numbers.
func (h *Host) header(f *policy.Config, places []config.Place, spec string) (Header, error) {
	out := Header{
		Log: logVersion, Version: h.opt.Version, Policy: spec, Timezone: "UTC",
		TickNS: int64(f.Tick), Binding: f.Binding.String(), Isolation: f.Isolation.String(), BudgetUSD: f.Budget,
	}
	if f.Location != nil {
		out.Timezone = f.Location.String()
	}
	for i, k := range f.Categories {
		place := places[i]
		var own uint32
		if place.Tenant != "" {
			var ok bool
			if own, ok = h.tenants.id(place.Tenant); !ok {
				return out, fmt.Errorf("runtime: more tenants have something reserved than the %d that are told apart", h.opt.Limits.Names)
			}
		}
		c := HeaderCategory{
			Name: k.Name, LeadTimeNS: int64(k.LeadTime), Reusable: k.Reusable,
			MaxInstances: k.MaxInstances, MaxLaunching: k.MaxLaunching, Memory: k.Memory, Below: k.Below, PriceUSD: k.Price, ReservedFor: own,
			Lifecycle: headerLifecycle(k.Lifecycle), Place: HeaderPlace{place.Category, place.Zone, place.Tenant, place.Price},
		}
		if was := h.feed.header.Categories; i < len(was) && was[i].Name == k.Name {
			c.Invalidated = was[i].Invalidated
		}
		for _, o := range k.Compatible {
			as := HeaderCompatible{Pool: o.Pool, AdaptNS: int64(o.Adapt), To: o.To}
			if o.For != policy.ForAll {
				as.For = o.For.String()
			}
			c.Compatible = append(c.Compatible, as)
		}
		out.Categories = append(out.Categories, c)
	}
	return out, nil
}

// places are where the categories serve.
func (h *Header) places() []config.Place {
	var all []config.Place
	for _, k := range h.Categories {
		all = append(all, config.Place{Category: k.Place.Category, Zone: k.Place.Zone, Tenant: k.Place.Tenant, Price: k.Place.PriceUSD})
	}
	return all
}

// fleet is the configuration that the header describes.
func (h *Header) fleet() (policy.Config, error) {
	c := policy.Config{Tick: time.Duration(h.TickNS), Budget: h.BudgetUSD}
	var err error
	if c.Location, err = time.LoadLocation(h.Timezone); err != nil {
		return c, err
	}
	if c.Binding, err = named(h.Binding, policy.Late, policy.Early); err != nil {
		return c, err
	}
	if c.Isolation, err = named(h.Isolation, policy.NoIsolation, policy.ByTenant); err != nil {
		return c, err
	}
	for _, k := range h.Categories {
		category := policy.Category{
			Name: k.Name, LeadTime: time.Duration(k.LeadTimeNS), Reusable: k.Reusable,
			MaxInstances: k.MaxInstances, MaxLaunching: k.MaxLaunching, Memory: k.Memory, Below: k.Below, Price: k.PriceUSD, ReservedFor: k.ReservedFor,
		}
		if category.Lifecycle, err = k.Lifecycle.lifecycle(); err != nil {
			return c, err
		}
		category.Generation += k.Invalidated
		for _, o := range k.Compatible {
			in := policy.Compatible{Pool: o.Pool, Adapt: time.Duration(o.AdaptNS), To: o.To}
			if o.For != "" {
				if in.For, err = named(o.For, policy.ForAll, policy.ForAnywhere); err != nil {
					return c, err
				}
			}
			category.Compatible = append(category.Compatible, in)
		}
		c.Categories = append(c.Categories, category)
	}
	return c, nil
}
