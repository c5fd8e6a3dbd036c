package runtime

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"shadowpool/policy"
	"shadowpool/policy/config"
)

// ErrNoPool is the error of what is to be done to a pool, or a category, that
// does not exist.
var ErrNoPool = errors.New("there is no such pool")

// each finds the pools that a name is of; all if it is empty.
func (h *Host) each(name string, is func(i int) string) ([]policy.PoolID, error) {
	var found []policy.PoolID
	for i := range h.opt.Places {
		if name == "" || is(i) == name {
			found = append(found, policy.PoolID(i))
		}
	}
	if len(found) == 0 {
		return nil, ErrNoPool
	}
	return found, nil
}

func (h *Host) byPool(i int) string { return h.opt.Fleet.Categories[i].Name }

// Pause makes a pool launch nothing until it is taken back; all pools if the
// name is empty. What is there is handed out, and who finds nothing waits.
func (h *Host) Pause(ctx context.Context, pool string, paused bool) error {
	return h.change(ctx, func() error {
		pools, err := h.each(pool, h.byPool)
		for _, p := range pools {
			if h.paused[p] != paused {
				h.deliver(policy.ClassArrival, Entry{Event: "pause", Pool: &p, Paused: &paused})
			}
		}
		return err
	})
}

// ResetBreaker forgets the failures for which a pool does not launch; those of
// all pools if the name is empty.
func (h *Host) ResetBreaker(ctx context.Context, pool string) error {
	return h.change(ctx, func() error {
		pools, err := h.each(pool, h.byPool)
		for _, p := range pools {
			h.deliver(policy.ClassArrival, Entry{Event: "reset", Pool: &p})
		}
		return err
	})
}

// Reopen takes a Drain back.
func (h *Host) Reopen(ctx context.Context) error {
	return h.change(ctx, func() error {
		if h.stopping {
			return ErrStopped
		}
		if h.draining {
			h.deliver(policy.ClassArrival, Entry{Event: "reopen"})
		}
		return nil
	})
}

// Invalidate makes every instance of a category so far stale: what is idle or
// launching is never handed out and is replaced, what serves ends at its
// release.
func (h *Host) Invalidate(ctx context.Context, category string) error {
	return h.change(ctx, func() error {
		if category == "" {
			return ErrNoPool
		}
		pools, err := h.each(category, func(i int) string { return h.opt.Places[i].Category })
		if err != nil {
			return err
		}
		header := h.feed.header
		header.Categories = slices.Clone(header.Categories)
		for _, p := range pools {
			k := &header.Categories[p]
			k.Invalidated = "+" + strconv.FormatInt(h.clock.now(), 36)
			l := HeaderLifecycle{}
			if k.Lifecycle != nil {
				l = *k.Lifecycle
			}
			l.Stale = policy.ForbidStale.String()
			k.Lifecycle = &l
		}
		return h.reconfigure(header)
	})
}

// Switch makes the host go on with another policy, for the fleet that it has.
func (h *Host) Switch(ctx context.Context, to policy.Spec) error {
	return h.change(ctx, func() error {
		header := h.feed.header
		header.Policy = to.String()
		return h.reconfigure(header)
	})
}

// A Change is another configuration of a running host. Pools keep their order;
// new ones are appended.
type Change struct {
	Policy policy.Spec
	Fleet  policy.Config
	Places []config.Place // nil: each category those of its name
}

// Configure takes a change over without dropping a claim. The error says what
// makes it impossible; nothing has changed then. Instances of a category that
// has another generation are replaced.
func (h *Host) Configure(ctx context.Context, c Change) error {
	o := Options{Policy: c.Policy, Fleet: c.Fleet, Places: c.Places, Provisioner: h.opt.Provisioner}
	if err := o.validate(); err != nil {
		return err
	}
	return h.change(ctx, func() error {
		header, err := h.header(&o.Fleet, o.Places, o.Policy.String())
		if err != nil {
			return err
		}
		return h.reconfigure(header)
	})
}
