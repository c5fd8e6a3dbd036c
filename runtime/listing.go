package runtime

import (
	"context"
	"slices"
	"strings"
	"time"
)

// An InstanceStatus is an instance as it is now.
type InstanceStatus struct {
	Name, Pool, Category, Zone, Tenant string
	State                              string // "launching", "idle" or "serving"
	Ordered, Since                     time.Time
	Address, Claim, Generation         string
}

// Instances are those whose names come after one, ascending, at most so many.
func (h *Host) Instances(ctx context.Context, after string, most int) ([]InstanceStatus, error) {
	var all []InstanceStatus
	err := h.ask(ctx, func() {
		for _, m := range h.members {
			if m.name <= after {
				continue
			}
			place := h.opt.Places[m.pool]
			s := InstanceStatus{
				Name: m.name, Pool: h.poolName(m.pool), Category: place.Category, Zone: place.Zone, Tenant: place.Tenant,
				State:   [...]string{launching: "launching", idle: "idle", serving: "serving"}[m.state()],
				Ordered: time.Unix(0, m.ordered).UTC(), Since: time.Unix(0, m.since).UTC(), Address: m.instance.Address,
				Generation: h.opt.Fleet.Categories[m.pool].Generation,
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
	slices.SortFunc(all, func(a, b InstanceStatus) int { return strings.Compare(a.Name, b.Name) })
	return all[:min(most, len(all))], nil
}
