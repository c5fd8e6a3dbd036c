package runtime

import (
	"context"
	"time"

	"shadowpool/policy"
)

// totals count since the start; the loop owns them.
type totals struct {
	outcomes     [3]int64
	wait         time.Duration
	withdrawn    int64
	refused      int64
	launches     int64
	terminations int64
	failed, lost int64
}

// Status is what a host does now and has done.
type Status struct {
	Version  string    `json:"version"`
	Policy   string    `json:"policy"`
	Started  time.Time `json:"started"`
	UptimeS  float64   `json:"uptime_s"`
	Draining bool      `json:"draining"`
	// RecordingError is why the recording has stopped; empty if it has not.
	RecordingError string `json:"recording_error,omitempty"`

	Requests       int64        `json:"requests"` // those that got an instance
	Hits           int64        `json:"hits"`
	PartialHits    int64        `json:"partial_hits"`
	Misses         int64        `json:"misses"`
	HitRate        float64      `json:"hit_rate"`
	WaitMeanS      float64      `json:"wait_mean_s"`
	Withdrawn      int64        `json:"withdrawn"` // left without an instance
	Refused        int64        `json:"refused"`   // required a warm instance
	Launches       int64        `json:"launches"`
	Terminations   int64        `json:"terminations"`
	FailedLaunches int64        `json:"failed_launches"`
	Lost           int64        `json:"lost"`
	Pools          []PoolStatus `json:"pools"`
}

// PoolStatus is one category's pool now.
type PoolStatus struct {
	Category  string `json:"category"`
	Level     int32  `json:"level"`
	Warm      int32  `json:"warm"`
	Launching int32  `json:"launching"`
	Waiting   int32  `json:"waiting"`
	InUse     int32  `json:"in_use"`
}

// Status asks the loop what it does.
func (h *Host) Status(ctx context.Context) (Status, error) {
	var s Status
	err := h.ask(ctx, func() { s = h.status() })
	return s, err
}

func (h *Host) status() Status {
	t := &h.totals
	s := Status{
		Version: h.opt.Version, Policy: h.opt.Policy.String(),
		Started: time.Unix(0, h.clock.start).UTC(), UptimeS: time.Duration(h.clock.now() - h.clock.start).Seconds(),
		Draining: h.draining,
		Hits:     t.outcomes[policy.Hit], PartialHits: t.outcomes[policy.PartialHit], Misses: t.outcomes[policy.Miss],
		Withdrawn: t.withdrawn, Refused: t.refused, Launches: t.launches, Terminations: t.terminations, FailedLaunches: t.failed, Lost: t.lost,
	}
	if h.record.err != nil {
		s.RecordingError = h.record.err.Error()
	}
	if s.Requests = s.Hits + s.PartialHits + s.Misses; s.Requests > 0 {
		s.HitRate = float64(s.Hits) / float64(s.Requests)
		s.WaitMeanS = t.wait.Seconds() / float64(s.Requests)
	}
	waiting := make([]int32, len(h.opt.Fleet.Categories)) // also for launches of their own
	for _, c := range h.claims {
		if c.member == nil {
			waiting[c.pool]++
		}
	}
	for i, k := range h.opt.Fleet.Categories {
		stock := h.ctrl.Stock(policy.PoolID(i))
		s.Pools = append(s.Pools, PoolStatus{
			Category: k.Name, Level: h.ctrl.LevelOf(policy.PoolID(i)).Stock,
			Warm: stock.Warm, Launching: stock.Launching, Waiting: waiting[i], InUse: stock.InUse,
		})
	}
	return s
}
