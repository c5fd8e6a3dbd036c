package sim

import (
	"fmt"
	"time"

	"shadowpool/policy/config"
)

// Recorded replays the lead times that a category's launches really took, in
// the order of the launches: what a live server writes down.
type Recorded struct {
	latencies []int64
	*Empirical
	expected time.Duration
}

// NewRecorded makes a lead time of the latencies of a category's launches, in
// ns, in their order; after the last it begins again. What the policy is told
// to expect is not their mean, which nobody knew, but expected.
func NewRecorded(name string, latencies []int64, expected time.Duration) (*Recorded, error) {
	e, err := NewEmpirical(name, latencies)
	if err != nil {
		return nil, err
	}
	if expected < 0 || expected > config.MaxLeadTime {
		return nil, fmt.Errorf("lead times %s: an expectation of %v is out of range", name, expected)
	}
	return &Recorded{latencies, e, expected}, nil
}

// Mean implements LeadTime.
func (r *Recorded) Mean() time.Duration { return r.expected }

func (r *Recorded) String() string { return "recorded:" + r.name }

// launch is the lead time of launch j.
func (r *Recorded) launch(j uint64) int64 { return r.latencies[j%uint64(len(r.latencies))] }
