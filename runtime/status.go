package runtime

import (
	"context"
	"time"

	"shadowpool/forecast"
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
	DryRun   bool      `json:"dry_run,omitempty"` // its instances are not there
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

	// UsageAt is when it was last seen what instances use; absent if never.
	// UsageError is why it was not seen since.
	UsageAt    *time.Time `json:"usage_at,omitempty"`
	UsageError string     `json:"usage_error,omitempty"`
}

// PoolStatus is one category's pool now.
type PoolStatus struct {
	Category  string `json:"category"`
	Level     int32  `json:"level"`
	Warm      int32  `json:"warm"`
	Launching int32  `json:"launching"`
	Waiting   int32  `json:"waiting"`
	InUse     int32  `json:"in_use"`
	// MaxInstances is the limit on them all, PriceUSD what each costs; absent
	// where they are not configured. LeadTimeS is as configured.
	MaxInstances int     `json:"max_instances,omitempty"`
	PriceUSD     float64 `json:"price_usd_per_h,omitempty"`
	LeadTimeS    float64 `json:"lead_time_s"`
	// LaunchFailures are the latest in a row. Until LaunchesHeldUntil nothing
	// more is launched; absent if launches are not held back.
	LaunchFailures    int32      `json:"launch_failures_in_a_row,omitempty"`
	LaunchesHeldUntil *time.Time `json:"launches_held_until,omitempty"`

	// What follows is absent where it is not known.

	// Forecast is the demand that the policy expects.
	Forecast *Forecast `json:"forecast,omitempty"`

	// Launch is how long it took until instances were ready, WarmUp from then
	// until they were warm.
	Launch *Spans `json:"launch,omitempty"`
	WarmUp *Spans `json:"warm_up,omitempty"`
	// Ended counts the instances that were warm and are gone, Unclaimed those
	// of them that have served no one: their warm-up was wasted.
	Ended     int64 `json:"warm_ended"`
	Unclaimed int64 `json:"warm_ended_unclaimed"`
	// CPUS is the CPU time, in seconds, of all instances so far;
	// UnclaimedCPUS that of those that Unclaimed counts.
	CPUS          *float64 `json:"cpu_s,omitempty"`
	UnclaimedCPUS *float64 `json:"unclaimed_cpu_s,omitempty"`
	// MemoryBytes is that of all instances when they were last seen.
	MemoryBytes *StateBytes  `json:"memory_bytes,omitempty"`
	Shadows     *ShadowUsage `json:"shadows,omitempty"`
	// MemoryShare is the memory of an idle instance as a share, at most 1, of
	// one that serves: what policy.Category.Memory should be. MemoryConfigured
	// is what it is.
	MemoryShare      *float64 `json:"memory_share,omitempty"`
	MemoryConfigured float64  `json:"memory_share_configured,omitempty"`
}

// A Forecast is how many requests a policy expects over a span that begins now:
// the mean, and the 5th and 95th percentile.
type Forecast struct {
	OverS float64 `json:"over_s"`
	Mean  float64 `json:"mean"`
	P05   int     `json:"p05"`
	P95   int     `json:"p95"`

	requests forecast.NegBinomial
}

// mostForecast bounds the percentiles of a forecast.
const mostForecast = 1 << 20

// StateBytes are the bytes of a category's instances by what they do.
type StateBytes struct {
	Launching *int64 `json:"launching,omitempty"`
	Idle      *int64 `json:"idle,omitempty"`
	Serving   *int64 `json:"serving,omitempty"`
}

// ShadowUsage is what the instances used, each, that were warm and unassigned
// when such were last seen; see Usage.
type ShadowUsage struct {
	At              time.Time `json:"at"`
	Count           int       `json:"count"`
	MemoryMeanBytes *int64    `json:"memory_mean_bytes,omitempty"`
	MemoryMaxBytes  *int64    `json:"memory_max_bytes,omitempty"`
	CachedMeanBytes *int64    `json:"cached_mean_bytes,omitempty"`
	// CPUShare is of one processor, since they were seen before.
	CPUShare *float64 `json:"cpu_share,omitempty"`
	// ReadMeanBytes and WrittenMeanBytes are since their start.
	ReadMeanBytes    *int64 `json:"read_mean_bytes,omitempty"`
	WrittenMeanBytes *int64 `json:"written_mean_bytes,omitempty"`
}

// Status asks the loop what it does.
func (h *Host) Status(ctx context.Context) (Status, error) {
	var s Status
	if err := h.ask(ctx, func() { s = h.status() }); err != nil {
		return Status{}, err // the loop may be writing s
	}
	var scratch []float64
	for i := range s.Pools {
		if f := s.Pools[i].Forecast; f != nil { // the loop has better things to do
			f.P05, scratch = f.requests.Quantile(0.05, mostForecast, scratch)
			f.P95, scratch = f.requests.Quantile(0.95, mostForecast, scratch)
		}
	}
	return s, nil
}

func (h *Host) status() Status {
	t := &h.totals
	s := Status{
		Version: h.opt.Version, Policy: h.opt.Policy.String(),
		Started: time.Unix(0, h.clock.start).UTC(), UptimeS: time.Duration(h.clock.now() - h.clock.start).Seconds(),
		Draining: h.draining, DryRun: h.opt.DryRun,
		Hits: t.outcomes[policy.Hit], PartialHits: t.outcomes[policy.PartialHit], Misses: t.outcomes[policy.Miss],
		Withdrawn: t.withdrawn, Refused: t.refused, Launches: t.launches, Terminations: t.terminations, FailedLaunches: t.failed, Lost: t.lost,
	}
	if h.record.err != nil {
		s.RecordingError = h.record.err.Error()
	}
	if h.usageAt > 0 {
		s.UsageAt = new(time.Unix(0, h.usageAt).UTC())
	}
	if h.usageErr != nil {
		s.UsageError = h.usageErr.Error()
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
		p := PoolStatus{
			Category: k.Name, Level: h.ctrl.LevelOf(policy.PoolID(i)).Stock,
			Warm: stock.Warm, Launching: stock.Launching, Waiting: waiting[i], InUse: stock.InUse,
			MaxInstances: k.MaxInstances, PriceUSD: k.Price, LeadTimeS: k.LeadTime.Seconds(), MemoryConfigured: k.Memory,
		}
		outage := h.ctrl.OutageOf(policy.PoolID(i))
		if p.LaunchFailures = outage.Failures; outage.Until != 0 {
			p.LaunchesHeldUntil = new(time.Unix(0, outage.Until).UTC())
		}
		if o, ok := h.ctrl.OutlookOf(policy.PoolID(i)); ok {
			p.Forecast = &Forecast{OverS: o.Over.Seconds(), Mean: o.Requests.Mean, requests: o.Requests}
		}
		h.books[i].tell(&p)
		s.Pools = append(s.Pools, p)
	}
	return s
}
