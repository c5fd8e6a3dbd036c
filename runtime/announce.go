package runtime

import (
	"context"
	"fmt"
	"time"

	"shadowpool/policy"
)

// A Hint announces requests: so many of what it names come between two
// instants, each with a probability. Empty strings are unknown.
type Hint struct {
	Category, Tenant, TaskType, Zone, Image, Dataset string

	Count       int
	From, To    time.Time
	Probability float64
	Source      string // who gives it: how much hints are worth is learned by source
}

// Errors of Announce and Withdraw.
var (
	ErrUnheeded = fmt.Errorf("the policy takes no hints, or too many are open")
	ErrNoHint   = fmt.Errorf("there is no such hint: its window is over, its requests have come, or it was withdrawn")
)

// Announce passes a hint on to the policy, and names it for Withdraw and for
// the requests that it announces (Request.Hint).
func (h *Host) Announce(ctx context.Context, hint Hint) (string, error) {
	var name string
	err := h.change(ctx, func() error {
		id, err := h.announce(&hint)
		name = h.claimName(policy.RequestID(id))
		return err
	})
	if err != nil {
		return "", err
	}
	return name, nil
}

func (h *Host) announce(hint *Hint) (policy.HintID, error) {
	if h.draining {
		return 0, ErrDraining
	}
	if only, single := h.places.Only(); hint.Category == "" && single {
		hint.Category = only
	}
	pool, served := h.places.Find(hint.Category, hint.Zone, hint.Tenant)
	if !served {
		why := h.places.Why(hint.Category, hint.Zone)
		return 0, &BadRequest{why.Field, why.Problem}
	}
	r := Request{Tenant: hint.Tenant, TaskType: hint.TaskType, Zone: hint.Zone, Image: hint.Image, Dataset: hint.Dataset, Key: hint.Source}
	if err := h.bounded(&r); err != nil {
		return 0, err
	}
	const most = 1_000_000
	switch {
	case hint.Count < 1 || hint.Count > most:
		return 0, &BadRequest{"count", fmt.Sprintf("%d is not between 1 and %d", hint.Count, most)}
	case !(hint.Probability > 0 && hint.Probability <= 1):
		return 0, &BadRequest{"probability", fmt.Sprintf("%v is not above 0 and at most 1", hint.Probability)}
	case hint.From.After(hint.To):
		return 0, &BadRequest{"to", "the window ends before it begins"}
	case hint.To.Year() > 2100 || hint.From.Year() < 1971:
		return 0, &BadRequest{"to", "the window is out of range"}
	case hint.To.UnixNano() <= h.clock.now():
		return 0, &BadRequest{"to", "the window is over"}
	}
	tenant, _ := h.tenants.id(hint.Tenant)
	task, _ := h.tasks.id(hint.TaskType)
	source, _ := h.sources.id(hint.Source)
	id := h.nextHint
	h.deliver(policy.ClassArrival, Entry{Event: "announce", Hint: &HintLine{
		ID: id, Pool: pool, Count: int32(hint.Count), From: hint.From.UnixNano(), To: hint.To.UnixNano(), Probability: hint.Probability,
		Source: source, Tenant: tenant, TaskType: task, SourceName: hint.Source, TenantName: hint.Tenant, TaskTypeName: hint.TaskType,
	}})
	if !h.feed.heeded {
		return 0, ErrUnheeded
	}
	return id, nil
}

// Withdraw takes a hint back.
func (h *Host) Withdraw(ctx context.Context, name string) error {
	return h.change(ctx, func() error {
		id, ok := h.hintID(name)
		if !ok {
			return ErrNoHint
		}
		h.deliver(policy.ClassArrival, Entry{Event: "withdraw", HintID: &id})
		if !h.feed.heeded {
			return ErrNoHint
		}
		return nil
	})
}

// hintID is the number of a hint that Announce has named.
func (h *Host) hintID(name string) (policy.HintID, bool) {
	id, ok := h.number(name)
	return policy.HintID(id), ok && id > 0 && policy.HintID(id) < h.nextHint
}
