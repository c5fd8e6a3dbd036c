package tournament

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"shadowpool/policy"
)

// Options say what a tournament is held on.
type Options struct {
	// Fleet and Live are what the host runs.
	Fleet policy.Config
	Live  policy.Spec
	// Contenders run beside it. So does none, which keeps no pool and is never proposed,
	// whether it is among them or not.
	Contenders []policy.Spec
	// Block is what figures are shown by, from 1 min; zero is 1 h. Observation is what
	// makes one observation of the differences, a whole multiple of it; zero is 24 h.
	// Both begin at their whole multiples since the epoch.
	Block, Observation time.Duration
	// Alpha is the probability with which any of the intervals of all contenders, of
	// cost or of service, ever misses; zero is 0.05.
	Alpha  float64
	Margin Margin
	// Least is how many observations there must be before a policy is proposed, at
	// least 2; zero is 14.
	Least int
	// Seed of the draws of lead times.
	Seed uint64
	// Switch makes the host run another policy; nil: switches are only proposed. It is
	// called by the tournament's goroutine, and may wait for the host.
	Switch func(ctx context.Context, to policy.Spec) error
	// Keep is handed the evidence after each observation; Saved is what it was handed
	// last by an earlier tournament, which this one goes on with if the policies and
	// terms are the same. Nil: it begins anew.
	Keep  func(evidence []byte) error
	Saved []byte
	// Buffer is how many notes may be in the channel; zero is 65,536.
	Buffer int
	Logger *slog.Logger // nil is slog.Default
}

// A Margin is how much worse the service may be. One of its fields is set; the zero
// value is a hit rate that is lower by 0.005.
type Margin struct {
	HitRate  float64
	WaitMean time.Duration
}

func (o *Options) validate() error {
	set(&o.Block, time.Hour)
	set(&o.Observation, max(24*time.Hour, o.Block))
	set(&o.Alpha, 0.05)
	set(&o.Least, 14)
	set(&o.Buffer, 1<<16)
	set(&o.Fleet.Tick, policy.DefaultTick)
	if o.Margin == (Margin{}) {
		o.Margin.HitRate = 0.005
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	switch {
	case o.Block < time.Minute || o.Observation < o.Block || o.Observation%o.Block != 0:
		return fmt.Errorf("tournament: an observation of %v is no whole number of blocks of %v, which have a minute at least", o.Observation, o.Block)
	case !(o.Alpha > 0 && o.Alpha < 1):
		return fmt.Errorf("tournament: alpha %v is not between 0 and 1", o.Alpha)
	case o.Least < 2:
		return fmt.Errorf("tournament: %d observations are too few to say anything", o.Least)
	case o.Margin.HitRate < 0 || o.Margin.HitRate >= 1 || o.Margin.WaitMean < 0 || (o.Margin.HitRate > 0) == (o.Margin.WaitMean > 0):
		return fmt.Errorf("tournament: a margin of %+v is neither one of the hit rate nor one of the wait", o.Margin)
	}
	seen := map[string]bool{o.Live.String(): true}
	for _, c := range o.Contenders {
		if seen[c.String()] {
			return fmt.Errorf("tournament: %s takes part twice", c)
		}
		seen[c.String()] = true
	}
	// What a promotion takes is seen, not planned, as in the host.
	o.Fleet.Categories = append([]policy.Category(nil), o.Fleet.Categories...)
	for i := range o.Fleet.Categories {
		k := &o.Fleet.Categories[i]
		k.PromotionDelay = 0
		if k.Spot != nil || k.Stopped != nil || len(k.Stages) > 0 || k.Below != nil {
			return fmt.Errorf("tournament: category %q has spot, stopped instances, stages or layers, of which its worlds know nothing", k.Name)
		}
	}
	return nil
}

// none is the policy that keeps nothing.
var none = policy.Spec{Name: "none"}

func set[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}
