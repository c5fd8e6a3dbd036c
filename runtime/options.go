package runtime

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"shadowpool/policy"
	"shadowpool/policy/config"
)

// Options are what a Host is made of.
type Options struct {
	// Policy is built for the fleet; policy.Families lists what can run live.
	Policy policy.Spec
	Fleet  policy.Config
	// Places are where each category of the fleet, which is a pool, serves the
	// requests of which category; nil: each those of its name, zones or not.
	Places []config.Place

	Provisioner Provisioner
	DryRun      bool // nothing is launched: told in the status
	Limits      Limits
	Recording   Recording
	// Lead is the right to write to a store that keeps what happens; nil keeps
	// nothing.
	Lead Lead
	// Keepers have something to keep in the store beside the host's own, by name.
	Keepers map[string]Keeper
	// Observers are told of what happens.
	Observers []Observer
	// StopTimeout is how long a stopping host waits for those who hold an
	// instance or wait for one; zero is 30 s.
	StopTimeout time.Duration
	// EndTimeout bounds the ending of one instance; zero is 1 min.
	EndTimeout time.Duration
	// UsageInterval is how often a Provisioner that is a Meter is asked what the
	// instances use, from 100 ms to an hour; zero is 15 s.
	UsageInterval time.Duration
	// Now is the wall clock, read once at the start; nil is time.Now.
	Now func() time.Time
	// Logger is told of what goes wrong; nil is slog.Default.
	Logger  *slog.Logger
	Version string
}

// Limits bound what requests can make grow. A zero is the default.
type Limits struct {
	Waiting int // requests that wait at one time: 10,000
	Names   int // tenants, and task types, that are told apart: 1,000,000
	// NameBytes bounds each string of a request: 256.
	NameBytes int
	// Absence is how long a request with a key that nobody waits for is kept for
	// who may come back: 30 s.
	Absence time.Duration
}

// A Keeper has state of its own that is to survive a restart. What it has
// learned since the latest snapshot is lost in a crash.
type Keeper interface {
	Snapshot() (json.RawMessage, error)
	Restore(json.RawMessage) error
}

func (o *Options) validate() error {
	if o.Provisioner == nil {
		return fmt.Errorf("runtime: no provisioner")
	}
	l := &o.Limits
	if l.Waiting < 0 || l.Names < 0 || l.NameBytes < 0 || l.Absence < 0 || o.StopTimeout < 0 || o.EndTimeout < 0 {
		return fmt.Errorf("runtime: a limit is negative")
	}
	setDefault(&l.Waiting, 10_000)
	setDefault(&l.Names, 1_000_000)
	setDefault(&l.NameBytes, 256)
	setDefault(&l.Absence, 30*time.Second)
	setDefault(&o.StopTimeout, 30*time.Second)
	setDefault(&o.EndTimeout, time.Minute)
	setDefault(&o.UsageInterval, 15*time.Second)
	if o.UsageInterval < 100*time.Millisecond || o.UsageInterval > time.Hour {
		return fmt.Errorf("runtime: a usage interval of %v is not between 100 ms and 1 h", o.UsageInterval)
	}
	setDefault(&o.Fleet.Tick, policy.DefaultTick)
	if o.Places == nil {
		for _, k := range o.Fleet.Categories {
			o.Places = append(o.Places, config.Place{Category: k.Name})
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	for i := range o.Fleet.Categories {
		k := &o.Fleet.Categories[i]
		if k.Below != nil {
			return fmt.Errorf("category %q has layers, but a live server cannot take an instance apart nor finish one yet; leave the layers out", k.Name)
		}
		if k.Scrub > 0 {
			return fmt.Errorf("category %q has a scrub time, but a live server cannot rid an instance of what a tenant left yet; leave it out", k.Name)
		}
		if len(k.Stages) > 0 {
			return fmt.Errorf("category %q has stages that serve some requests only, but a live server cannot prepare an instance for a request yet; leave them out", k.Name)
		}
		if k.Spot != nil || k.Stopped != nil {
			return fmt.Errorf("category %q has spot or stopped instances, but a live server makes standard ones only yet; leave prices.spot, spot, prices.stopped and stopped out", k.Name)
		}
		for _, other := range k.Compatible {
			if other.Adapt > 0 && other.Becomes(policy.PoolID(i)) != other.Pool {
				return fmt.Errorf("category %q: its compatible category has an adapt time of %v, but a live server cannot turn an instance into another category's; leave the adapt time out", k.Name, other.Adapt)
			}
		}
	}
	if len(o.Places) != len(o.Fleet.Categories) {
		return fmt.Errorf("runtime: %d places for %d pools", len(o.Places), len(o.Fleet.Categories))
	}
	for i, k := range o.Fleet.Categories {
		if (k.ReservedFor != 0) != (o.Places[i].Tenant != "") {
			return fmt.Errorf("runtime: category %q is reserved for tenant %d, its place for %q", k.Name, k.ReservedFor, o.Places[i].Tenant)
		}
	}
	return nil
}

func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}
