package profile

import (
	"fmt"
	"time"
)

const (
	// DefaultPairs is how many pairs of task type and tenant have a profile.
	DefaultPairs = 100_000

	mostTypes    = 1024 // task types that have a profile
	mostTargets  = 4096
	mostDatasets = 4096
	mostStages   = 64
	mostKeys     = 8192 // of all stages
)

// prior is how many requests what is known of others counts as.
const prior = 4

// A History is what was learned from finished requests.
type History struct {
	Decay    Decay
	All      Profile
	Types    Profiles // of task types
	Pairs    Profiles // of task types and tenants
	Targets  Targets
	Datasets Datasets
	Stages   Stages
}

// New makes an empty history in which an observation counts half after the
// half-life, and which has profiles of at most so many pairs of task type and
// tenant.
func New(halfLife time.Duration, pairs int) (*History, error) {
	if halfLife < leastHalfLife || halfLife > mostHalfLife {
		return nil, fmt.Errorf("profile: half-life %v is not between %v and %v", halfLife, leastHalfLife, mostHalfLife)
	}
	if pairs < 1 || pairs > 1<<24 {
		return nil, fmt.Errorf("profile: %d profiles of task type and tenant; want 1 to %d", pairs, 1<<24)
	}
	h := &History{Decay: Decay{HalfLife: int64(halfLife)}, Targets: newTargets(int64(halfLife))}
	h.Types.Kinds.Most = mostTypes
	h.Pairs.Kinds.Most = pairs
	h.Datasets.Names.Most = mostDatasets
	h.Stages.Names.Most = mostStages
	h.Stages.Keys.Most = mostKeys
	return h, nil
}

// Observe learns from a finished request, of which it keeps nothing. It
// allocates only while the history grows.
func (h *History) Observe(o *Observation) {
	if by := h.Decay.advance(o.At); by != 1 {
		h.scale(by)
	}
	weight := h.Decay.Weight
	h.All.observe(o, weight, ofAll)
	if o.TaskType != 0 {
		h.Types.observe(Key{o.TaskType}, o, weight, ofType)
		if o.Tenant != 0 {
			h.Pairs.observe(Key{o.TaskType, o.Tenant}, o, weight, ofPair)
		}
	}
	h.Targets.observe(o)
	h.Datasets.observe(o, weight)
	h.Stages.observe(o, weight)
}

// Requests is how many requests are known, older ones counting less.
func (h *History) Requests() float64 { return h.now(h.All.Requests) }

// now is a weight in requests of the newest instant.
func (h *History) now(weight float64) float64 {
	if h.Decay.Weight == 0 {
		return 0
	}
	return weight / h.Decay.Weight
}

// Latency is how long a stage is expected to take for a key, or in general
// where little is known of the key; false if nothing is known of the stage.
func (h *History) Latency(stage, key ID) (Latency, bool) {
	return h.Stages.latency(stage, key, h.Decay.Weight)
}

func (h *History) scale(by float64) {
	h.All.scale(by)
	h.Types.scale(by)
	h.Pairs.scale(by)
	h.Datasets.scale(by)
	h.Stages.scale(by)
}
