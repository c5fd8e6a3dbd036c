package runtime

import (
	"encoding/json"
	"fmt"
	"time"

	"shadowpool/policy"
	"shadowpool/policy/config"
)

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
