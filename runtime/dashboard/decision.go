package dashboard

import (
	"cmp"
	"slices"
	"time"

	"shadowpool/runtime"
)

// A Decision is what the controller decided, or what happened to an instance,
// as it is told: one, or several alike within a second.
type Decision struct {
	Number int64     `json:"number"` // ascending
	At     time.Time `json:"at"`
	Pool   string    `json:"pool"`
	Action string    `json:"action"` // as in the event log, or fail, lose
	Reason string    `json:"reason,omitempty"`
	Count  int       `json:"count"`
	Text   string    `json:"text"`
}

// decisions are the latest, by pool, so that a pool in which much happens does
// not hide the others.
type decisions struct {
	number int64
	pools  []decided
}

// decided is a ring.
type decided struct {
	all  []Decision
	next int
}

// mostDecisions bounds what is kept of all pools together, leastDecisions is
// what is kept of each at least.
const (
	mostDecisions  = 50_000
	leastDecisions = 50
)

// enter enters what was decided since the last look, at t.
func (d *decisions) enter(t time.Time, counted *tally, pools []runtime.PoolStatus) {
	for len(d.pools) < len(pools) {
		d.pools = append(d.pools, decided{})
	}
	most := min(500, max(mostDecisions/max(len(pools), 1), leastDecisions))
	for i := range counted.groups {
		g := &counted.groups[i]
		if int(g.pool) >= len(pools) {
			continue
		}
		d.number++
		one := Decision{
			Number: d.number, At: time.Unix(0, g.first).UTC(), Pool: pools[g.pool].Category,
			Action: g.name(), Count: int(g.count), Text: g.sentence(),
		}
		if g.action != happened {
			one.Reason = g.reason.String()
		}
		of := &d.pools[g.pool]
		if len(of.all) < most {
			of.all = append(of.all, one)
		} else {
			of.all[of.next] = one
			of.next = (of.next + 1) % most
		}
	}
}

// name is that of the action or event.
func (g *group) name() string {
	switch {
	case g.action != happened:
		return g.action.String()
	case g.event == failEvent:
		return "fail"
	}
	return "lose"
}

// since are those of a pool, or of all where it is below zero, after a number,
// ascending, the latest of them up to so many.
func (d *decisions) since(pool int, number int64, most int) []Decision {
	all := []Decision{}
	for i := range d.pools {
		if pool >= 0 && i != pool {
			continue
		}
		of := &d.pools[i]
		for j := range of.all { // the latest first
			one := &of.all[(of.next+2*len(of.all)-1-j)%len(of.all)]
			if one.Number <= number || j == most {
				break
			}
			all = append(all, *one)
		}
	}
	slices.SortFunc(all, func(a, b Decision) int { return cmp.Compare(a.Number, b.Number) })
	return all[max(len(all)-most, 0):]
}
