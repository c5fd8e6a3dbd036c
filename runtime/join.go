package runtime

import (
	"slices"
	"time"
)

// join finds the claim that a request is about, or makes one.
func (h *Host) join(r Request, reply chan answer) (*claim, error) {
	if r.Key != "" {
		if only, single := h.places.Only(); r.Category == "" && single {
			r.Category = only
		}
		if c := h.keys[r.key()]; c != nil {
			if c.Category != r.Category || c.TaskType != r.TaskType || c.Zone != r.Zone || c.Image != r.Image || c.Dataset != r.Dataset || c.Warm != r.Warm {
				return nil, &BadRequest{"key", "it is that of a request for something else"}
			}
			h.rejoin(c, reply)
			return c, nil
		}
		if h.spent.has(r.key()) {
			return nil, ErrSpent
		}
	}
	c := &claim{Request: r, waiters: []chan answer{reply}}
	return c, h.arrive(c)
}

// rejoin lets one more wait for a claim.
func (h *Host) rejoin(c *claim, reply chan answer) {
	if c.gone != nil {
		c.gone.Stop()
		c.gone = nil
	}
	c.waiters = append(c.waiters, reply)
	if c.member != nil { // once that is durable
		h.effect(func() { h.hand(c) })
	}
}

// hand gives a claim to those who wait for it.
func (h *Host) hand(c *claim) {
	c.picks += len(c.waiters)
	c.answer(answer{grant: h.grant(c)})
	h.mind(c)
}

func (h *Host) grant(c *claim) Grant {
	return Grant{
		Claim: h.claimName(c.id), Category: c.Category, Zone: h.opt.Places[c.member.pool].Zone, Tenant: c.Tenant, TaskType: c.TaskType, Instance: c.member.instance,
		Outcome: c.outcome, Reason: c.reason, Wait: time.Duration(c.assigned - c.arrived),
	}
}

// leave takes note that someone does not wait for a claim any more; last says
// whether he will not come again. It returns a grant if the claim is held
// nevertheless, because it was given to somebody before with the same key.
func (h *Host) leave(c *claim, reply chan answer, last bool) *Grant {
	c.waiters = slices.DeleteFunc(c.waiters, func(w chan answer) bool { return w == reply })
	if len(reply) > 0 { // nobody reads it
		c.picks--
	}
	switch {
	case h.claims[c.id] != c || len(c.waiters) > 0: // refused, or its instance is gone, or another waits
	case c.picks > 0:
		if last {
			g := h.grant(c)
			return &g
		}
	case c.Key == "" || last:
		h.withdraw(c)
	default:
		h.mind(c)
	}
	return nil
}

// mind withdraws a claim with a key if nobody comes to wait for it soon.
func (h *Host) mind(c *claim) {
	if c.Key == "" || c.picks > 0 || len(c.waiters) > 0 || h.claims[c.id] != c || c.gone != nil {
		return
	}
	c.gone = time.AfterFunc(h.opt.Limits.Absence, func() {
		h.later(func() {
			if c.gone != nil && h.claims[c.id] == c && c.picks == 0 && len(c.waiters) == 0 {
				h.withdraw(c)
			}
		})
	})
}
