package runtime

import (
	"context"
	"slices"
	"time"

	"shadowpool/policy"
)

// patrolEvery is how often a host with a store looks for instances that nobody
// knows: what a launch has left whose answer came too late, or a server that
// led before.
const patrolEvery = time.Minute

// patrol ends such instances.
func (h *Host) patrol() {
	for rest := time.Duration(0); ; rest = patrolEvery {
		select {
		case <-time.After(rest):
		case <-h.done:
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), h.opt.EndTimeout)
		names, err := h.opt.Provisioner.List(ctx)
		cancel()
		if err != nil {
			h.opt.Logger.Error("cannot list the instances that exist", "error", err)
			continue
		}
		h.later(func() { h.patrolled(names) })
	}
}

// patrolled ends those of the instances that exist which are nobody's. The
// order is written down first: so only who leads gives it, and to what was
// nobody's at that time. Names are never used again.
func (h *Host) patrolled(names []string) {
	known := make(map[string]struct{}, len(h.members))
	for _, m := range h.members {
		known[m.name] = struct{}{}
	}
	strays := slices.DeleteFunc(names, func(name string) bool {
		_, ok := known[name]
		return ok
	})
	if len(strays) == 0 {
		return
	}
	h.opt.Logger.Warn("ending instances that nobody knows", "count", len(strays), "first", strays[0])
	h.deliver(policy.ClassArrival, Entry{Event: "stray", Strays: strays})
	h.effect(func() {
		h.alive++
		go func() {
			defer h.later(func() { h.alive-- })
			for _, name := range strays {
				h.stop(context.Background(), name)
			}
		}()
	})
}
