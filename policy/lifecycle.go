package policy

import (
	"fmt"
	"time"
)

// Lifecycle says how long instances of a category are good for. The zero
// value: for ever.
type Lifecycle struct {
	// MaxAge is the most that an instance lives from when it became warm; zero
	// is no bound. Each has a limit of its own, up to a tenth below it, so that
	// those that were launched together do not end together. The successor of
	// an idle one is ordered a lead time and a tick ahead.
	MaxAge time.Duration
	// MinRemaining is how much of its life an instance must have before it when
	// it is handed out. It is ended when it has less.
	MinRemaining time.Duration
	// IdleTimeout ends instances that were idle for longer, as far as there are
	// more than the level asks for; zero is none. What the level asks for stays
	// warm, however long it is idle: its age is bounded by MaxAge.
	IdleTimeout time.Duration
	// Generation names what instances are made of: an image, a template.
	// Another one makes all that were ordered before stale.
	Generation string
	// Stale says what becomes of stale instances.
	Stale Staleness
	// Surge is how many idle stale instances are replaced at one time; that many
	// may live beyond the level. Zero is 1.
	Surge int
	// RolloutDeadline is how long a replacement waits for a successor to become
	// warm before no further one is begun. Zero is DefaultRolloutDeadline.
	RolloutDeadline time.Duration
}

// DefaultRolloutDeadline is that of a category that does not say.
const DefaultRolloutDeadline = 10 * time.Minute

// Staleness says whether stale instances are handed out.
type Staleness uint8

// ServeStale: they serve until they are replaced. ForbidStale: not from the
// instant on at which they become stale.
const (
	ServeStale Staleness = iota
	ForbidStale
)

func (s Staleness) String() string { return [...]string{"serve", "forbid"}[s] }

func (l *Lifecycle) surge() int32 { return int32(max(l.Surge, 1)) }

func (l *Lifecycle) deadline() int64 {
	if l.RolloutDeadline == 0 {
		return int64(DefaultRolloutDeadline)
	}
	return int64(l.RolloutDeadline)
}

// Validate says what is impossible about l for instances of a lead time, under
// a tick.
func (l *Lifecycle) Validate(lead, tick time.Duration) error {
	for _, s := range []struct {
		name string
		span time.Duration
	}{
		{"maximum age", l.MaxAge}, {"minimum remaining life", l.MinRemaining},
		{"idle time-out", l.IdleTimeout}, {"rollout deadline", l.RolloutDeadline},
	} {
		if s.span < 0 || s.span > maxSpan {
			return fmt.Errorf("%s %v is out of range", s.name, s.span)
		}
	}
	if l.Surge < 0 || l.Surge > maxCount {
		return fmt.Errorf("surge %d is out of range", l.Surge)
	}
	if l.Stale > ForbidStale {
		return fmt.Errorf("unknown staleness %d", uint8(l.Stale))
	}
	switch {
	case l.MaxAge == 0 && l.MinRemaining > 0:
		return fmt.Errorf("a minimum remaining life of %v needs a maximum age", l.MinRemaining)
	case l.MaxAge > 0 && l.MaxAge-l.MaxAge/10-l.MinRemaining <= lead+tick:
		return fmt.Errorf("a maximum age of %v leaves instances %v to be handed out (a tenth is jitter); give more than the lead time and a tick, %v, in which the successor becomes warm",
			l.MaxAge, l.MaxAge-l.MaxAge/10-l.MinRemaining, lead+tick)
	}
	return nil
}
