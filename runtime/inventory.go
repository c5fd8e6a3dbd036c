package runtime

import (
	"cmp"
	"context"
	"slices"
	"time"

	"shadowpool/policy"
)

// A ClaimStatus is a request that waits, or a claim that is held.
type ClaimStatus struct {
	Claim    string // its name
	Request         // as it came
	State    string // waiting or held
	Arrived  time.Time
	Assigned time.Time // zero while it waits
	Instance string    // empty while it waits, as are the next two
	Address  string
	Outcome  string
}

// An InstanceStatus is an instance that exists.
type InstanceStatus struct {
	Name       string
	Pool       string
	Category   string
	Zone       string
	Tenant     string // that it serves, or is reserved for
	State      string // launching, idle or serving
	Generation string // of its pool now
	Address    string
	Claim      string // that it serves
	Ordered    time.Time
	Since      time.Time // it has been in its state
}

// Claims lists claims by age, the oldest first: at most so many after the one
// of a name, which need not exist any more; all if it is empty.
func (h *Host) Claims(ctx context.Context, after string, most int) ([]ClaimStatus, error) {
	var all []ClaimStatus
	err := h.ask(ctx, func() {
		from, _ := h.number(after)
		ids := make([]policy.RequestID, 0, len(h.claims))
		for id := range h.claims {
			if after == "" || id > policy.RequestID(from) {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids)
		for _, id := range ids[:min(len(ids), most)] {
			all = append(all, h.claimStatus(h.claims[id]))
		}
	})
	if err != nil {
		return nil, err // the loop may be writing it
	}
	return all, nil
}

// ClaimOf tells of one claim; ErrNoClaim if there is none of the name.
func (h *Host) ClaimOf(ctx context.Context, name string) (ClaimStatus, error) {
	var s ClaimStatus
	err := h.change(ctx, func() error {
		id, ok := h.requestID(name)
		if !ok || h.claims[id] == nil {
			return ErrNoClaim
		}
		s = h.claimStatus(h.claims[id])
		return nil
	})
	if err != nil {
		return ClaimStatus{}, err
	}
	return s, nil
}

func (h *Host) claimStatus(c *claim) ClaimStatus {
	s := ClaimStatus{Claim: h.claimName(c.id), Request: c.Request, State: "waiting", Arrived: instant(c.arrived)}
	if m := c.member; m != nil {
		s.State, s.Assigned, s.Outcome = "held", instant(c.assigned), c.outcome.String()
		s.Instance, s.Address = m.name, m.instance.Address
	}
	return s
}

// Instances lists instances by name: at most so many after the one of a name,
// which need not exist any more; all if it is empty.
func (h *Host) Instances(ctx context.Context, after string, most int) ([]InstanceStatus, error) {
	var all []InstanceStatus
	err := h.ask(ctx, func() {
		members := make([]*member, 0, len(h.members))
		for _, m := range h.members {
			if m.name > after {
				members = append(members, m)
			}
		}
		slices.SortFunc(members, func(a, b *member) int { return cmp.Compare(a.name, b.name) })
		for _, m := range members[:min(len(members), most)] {
			place := h.opt.Places[m.pool]
			s := InstanceStatus{
				Name: m.name, Pool: h.poolName(m.pool), Category: place.Category, Zone: place.Zone, Tenant: place.Tenant,
				State: [...]string{"launching", "idle", "serving"}[m.state()], Generation: h.opt.Fleet.Categories[m.pool].Generation,
				Address: m.instance.Address, Ordered: instant(m.ordered), Since: instant(m.since),
			}
			if m.claim != nil {
				s.Claim, s.Tenant = h.claimName(m.claim.id), m.claim.Tenant
			}
			all = append(all, s)
		}
	})
	if err != nil {
		return nil, err // the loop may be writing it
	}
	return all, nil
}

func instant(t policy.Time) time.Time { return time.Unix(0, t).UTC() }
