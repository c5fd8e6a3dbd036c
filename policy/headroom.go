package policy

import (
	"fmt"
	"math"
)

// Headroom keeps a spare target: S = clamp(spare, min, max), where spare is a
// constant or a share of the instances in use, rounded up. It scales up at
// once, and down when the pool has had no claim for the cooldown (Kubernetes
// CapacityBuffer percentages, Agones buffer sizes).
type Headroom struct {
	Share              float64
	Spare, Least, Most int32
	Cooldown           int64
	Claimed            []Time // by pool: the last claim
}

// Traits implements Sizer.
func (h *Headroom) Traits() Traits { return Traits{Arrivals: true, Ticks: true, ByPool: true} }

// State implements Stateful.
func (h *Headroom) State() any { return h }

func (h *Headroom) target(s Stock) int32 {
	spare := h.Spare
	if h.Share > 0 {
		spare = int32(math.Ceil(h.Share * float64(s.InUse)))
	}
	return max(h.Least, min(spare, h.Most))
}

// Start implements Sizer.
func (h *Headroom) Start(t Time, p PoolID) Level { return Hold(h.target(Stock{})) }

// Arrive implements Sizer.
func (h *Headroom) Arrive(t Time, r Request, s Stock) Level {
	h.Claimed[r.Pool] = t
	return h.level(t, r.Pool, s)
}

// Tick implements Sizer. With a share the target falls as requests end, so
// the pool is looked at for as long as any is in use.
func (h *Headroom) Tick(t Time, p PoolID, s Stock) (Level, Time) {
	l := h.level(t, p, s)
	if cool := h.Claimed[p] + h.Cooldown; t < cool {
		return l, cool
	}
	if h.Share > 0 && s.InUse > 0 {
		return l, t
	}
	return l, Never
}

func (h *Headroom) level(t Time, p PoolID, s Stock) Level {
	l := Hold(h.target(s))
	if t < h.Claimed[p]+h.Cooldown {
		l.Retire = math.MaxInt32
	}
	return l
}

var _ = register(&Family{
	Name:    "headroom",
	Summary: "spare instances beside those in use, scaled down after a cooldown",
	Knob:    "spare",
	Params: []Param{
		{Name: "spare", Kind: Count, Default: "1", Help: "instances held spare"},
		{Name: "share", Kind: Number, Default: "0", Help: "spare as a share of the instances in use, in place of spare"},
		{Name: "min", Kind: Count, Default: "0", Help: "least spare"},
		{Name: "max", Kind: Count, Default: "1000000", Help: "most spare"},
		{Name: "cooldown", Kind: Span, Default: "5m", Help: "no scaling down until this long after the last claim"},
	},
	Build: func(f Fleet, v Values) (Sizer, error) {
		h := &Headroom{
			Share: v.Float("share"), Spare: int32(v.Count("spare")),
			Least: int32(v.Count("min")), Most: int32(v.Count("max")),
			Cooldown: int64(v.Span("cooldown")), Claimed: make([]Time, len(f.Categories)),
		}
		if h.Least > h.Most {
			return nil, fmt.Errorf("policy headroom: min=%d is above max=%d", h.Least, h.Most)
		}
		for i := range h.Claimed {
			h.Claimed[i] = -MaxInstant
		}
		return h, nil
	},
})
