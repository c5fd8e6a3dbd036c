package policy

import (
	"fmt"
	"time"
)

// aim is the service that adaptive keeps: at most Allowed of the mean cost of
// a request's wait, where a wait costs nothing or all (hits, percentiles), or
// its share of a lead time (means).
type aim struct {
	allowed float64
	// longest is how long a request may wait before that costs, ns; the means
	// are taken where mean is set.
	longest int64
	mean    bool
	// fixed is the rung of a price that is given; below zero it is to be found.
	fixed float64
	// waits sizes by waits and not by hits.
	waits bool
}

// targets are the parameters that say what to keep, the first by default.
var targets = []Param{
	{Name: "hit_rate", Kind: Share, Default: "0.99", Help: "share of requests that should find a warm instance"},
	{Name: "wait_p99", Kind: Span, Optional: true, Help: "in its place, what 99 of 100 requests should wait at most"},
	{Name: "wait_mean", Kind: Span, Optional: true, Help: "in its place, the mean wait"},
	{Name: "wait_price", Kind: Number, Optional: true, Help: "in its place, what a second of waiting costs, in seconds of an idle instance"},
	{Name: "miss_price", Kind: Number, Optional: true, Help: "in its place, what a request that waits costs, in lead times of an idle instance"},
}

// newAim reads the targets; at most one may be given beside the default. The
// longest lead time of the fleet bounds what can be waited for.
func newAim(v Values, longestLead time.Duration) (aim, error) {
	a := aim{allowed: 1 - v.Float("hit_rate"), fixed: -1}
	given := ""
	for _, p := range targets[1:] {
		if !v.Has(p.Name) {
			continue
		}
		if given != "" {
			return aim{}, fmt.Errorf("policy adaptive: %s and %s are two targets; keep one", given, p.Name)
		}
		given = p.Name
	}
	switch given {
	case "wait_p99":
		a.allowed, a.longest = 0.01, int64(v.Span(given))
	case "wait_mean":
		a.mean, a.waits = true, true
		a.allowed = min(v.Span(given).Seconds()/max(longestLead, time.Millisecond).Seconds(), 1)
	case "wait_price":
		a.waits = true
		a.fixed = rungOf(1 / max(v.Float(given), leastPrice))
	case "miss_price":
		a.fixed = rungOf(1 / max(v.Float(given), leastPrice))
	}
	if a.allowed <= 0 {
		return aim{}, fmt.Errorf("policy adaptive: %s=0 cannot be kept by any pool; allow some wait", given)
	}
	return a, nil
}

// leastPrice keeps the reciprocal of a price finite.
const leastPrice = 1e-3

// byHits says whether a miss is what counts, which is seen at once.
func (a *aim) byHits() bool { return a.longest == 0 && !a.mean }

// cost is what it costs a request that it finds nothing at a level of r now,
// whose stages follow; late is nil if it needs none.
func (a *aim) cost(r *tryout, k int, late *lateness) float64 {
	if a.byHits() {
		return 1
	}
	// Launches become warm anywhere in their step.
	wait := float64(r.wait(k)) - 0.5
	switch {
	case a.mean:
		return wait / (float64(len(r.Orders)) - 0.5)
	case late != nil:
		return late.exceed(late.all(), time.Duration(float64(a.longest)-float64(wait*float64(r.Step))))
	case float64(wait*float64(r.Step)) > float64(a.longest):
		return 1
	default:
		return 0
	}
}

// lacking is what it costs a request to lack a set of stages: seconds where
// waits are summed, else the chance that it counts.
func (a *aim) lacking(late *lateness, stages uint8) float64 {
	switch {
	case stages == 0:
		return 0
	case a.waits:
		return late.takes(stages)
	case a.longest == 0:
		return 1
	default:
		return late.exceed(stages, time.Duration(a.longest))
	}
}

// unit is what a cost of one is in seconds, where lead is the lead time.
func (a *aim) unit(lead float64) float64 {
	if a.waits {
		return 1
	}
	return lead
}
