package runtime

import (
	"context"
	"errors"

	"shadowpool/policy"
)

// ErrWithdrawn is what those are told who wait for a claim that End ends.
var ErrWithdrawn = errors.New("the request was withdrawn")

// End releases a claim, or withdraws it while it waits.
func (h *Host) End(ctx context.Context, name string) error {
	return h.change(ctx, func() error {
		id, ok := h.requestID(name)
		c := h.claims[id]
		if !ok || c == nil {
			return ErrNoClaim
		}
		h.withdraw(c)
		h.effect(func() { c.answer(answer{err: ErrWithdrawn}) })
		return nil
	})
}

// ClaimName is the name of a request's claim, once the host is ready.
func (h *Host) ClaimName(id policy.RequestID) string { return h.claimName(id) }

// RequestOf is the request of a claim of the name, which need not exist.
func (h *Host) RequestOf(claim string) (policy.RequestID, bool) { return h.requestID(claim) }
