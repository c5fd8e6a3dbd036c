package runtime

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"shadowpool/policy"
)

// Hurry makes a stopping host end at once.
func (h *Host) Hurry() {
	select {
	case h.hurry <- struct{}{}:
	default:
	}
}

// Drain stops the taking of claims, ends what is idle, and ends every other
// instance as soon as it is released.
func (h *Host) Drain(ctx context.Context) error {
	return h.change(ctx, func() error { h.drain(); return nil })
}

func (h *Host) drain() {
	if !h.draining {
		h.deliver(policy.ClassArrival, Entry{Event: "drain"})
	}
}

// over tells whether a stopping host has come to its end. It cancels the
// launches that no one waits for, and those who wait for nothing.
func (h *Host) over() bool {
	if len(h.claims) == h.serving {
		for _, m := range h.members {
			if !m.warm && m.cancel != nil {
				m.cancel()
			}
		}
	}
	if h.alive == 0 {
		h.force()
	}
	return h.alive == 0 && len(h.claims) == 0
}

// force ends all claims of a stopping host. Their holders are told when they
// release them.
func (h *Host) force() {
	if !h.stopping || h.forced {
		return
	}
	h.forced = true
	for _, id := range slices.Sorted(maps.Keys(h.claims)) {
		switch c := h.claims[id]; {
		case c == nil:
		case c.member != nil:
			h.release(c)
		default:
			h.cancel(c)
			c.answer(answer{err: ErrStopped})
		}
	}
}

// left says what the provisioner could not end.
func (h *Host) left() {
	ctx, cancel := context.WithTimeout(context.Background(), h.opt.EndTimeout)
	defer cancel()
	names, err := h.opt.Provisioner.List(ctx)
	if err != nil {
		h.opt.Logger.Error("could not list the instances that are left", "error", err)
	} else if len(names) > 0 {
		h.opt.Logger.Error("instances are left", "count", len(names), "names", fmt.Sprintf("%.200q", names))
	}
}
