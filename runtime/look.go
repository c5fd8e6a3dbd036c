package runtime

import (
	"context"
	"time"

	"shadowpool/policy"
)

// lookTimeout bounds one look at what the instances use.
const lookTimeout = 5 * time.Second

// look asks every interval what the instances use, until ctx ends. A look that
// hangs delays the next ones, and nothing else.
func (h *Host) look(ctx context.Context, meter Meter) {
	ticker := time.NewTicker(h.opt.UsageInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		at := h.clock.now()
		limited, cancel := context.WithTimeout(ctx, min(h.opt.UsageInterval, lookTimeout))
		all, err := meter.Usage(limited)
		cancel()
		h.later(func() { h.looked(at, all, err) })
	}
}

// looked takes what a look at t has found.
func (h *Host) looked(t policy.Time, all map[string]Usage, err error) {
	if err != nil {
		h.metrics.unseen.Inc()
		if h.usageErr == nil && !h.stopping {
			h.opt.Logger.Warn("cannot tell what the instances use", "error", err)
		}
		h.usageErr = err
		return
	}
	h.usageErr, h.usageAt = nil, t
	sights := make([]sight, len(h.books))
	for _, m := range h.members {
		if u, ok := all[m.name]; ok {
			h.see(t, m, u, &sights[m.pool])
		}
	}
	for i := range sights {
		h.books[i].enter(t, &sights[i])
	}
}
