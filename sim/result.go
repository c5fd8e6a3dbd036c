package sim

import (
	"math"

	"shadowpool/policy"
)

// A Result is what one policy did on one trace. Units are in the names;
// definitions are in docs/figures.md.
type Result struct {
	Policy         string         `json:"policy"`
	Params         map[string]any `json:"params"`
	Trace          string         `json:"trace"`
	Requests       int64          `json:"requests"`
	Hits           int64          `json:"hits"`
	PartialHits    int64          `json:"partial_hits"`
	Misses         int64          `json:"misses"`
	HitRate        float64        `json:"hit_rate"`
	WaitS          Waits          `json:"wait_s"`
	InstanceS      InstanceS      `json:"instance_s"`
	Launches       int64          `json:"launches"`
	LaunchesPerReq float64        `json:"launches_per_request"`
	Terminations   int64          `json:"terminations"`
	Interruptions  int64          `json:"interruptions"`
	FailedLaunches int64          `json:"failed_launches"`
	CostUSD        Cost           `json:"cost_usd"`
	PeakInstances  int64          `json:"peak_instances"`
	SpanS          float64        `json:"span_s"`
	Implementable  bool           `json:"implementable"`
	Seed           uint64         `json:"seed"`
	Version        string         `json:"version"`
	Shortfall      *Shortfall     `json:"shortfall,omitempty"` // if it was asked for
	Prepared       *Prepared      `json:"prepared,omitempty"`  // where a category has stages

	// InterruptedRequests lost their instance and were served again, and
	// LostWorkS is what had been done of them.
	InterruptedRequests int64   `json:"interrupted_requests,omitempty"`
	LostWorkS           float64 `json:"lost_work_s,omitempty"`

	// Days are the measured span by day, if Options.Days asks for it. Their
	// sums are the figures above, exactly.
	Days []Day `json:"days,omitempty"`

	// Timeline and WaitCurve feed pictures; they are not part of the JSON.
	Timeline  []Sample    `json:"-"`
	WaitCurve []WaitPoint `json:"-"`
}

// Waits are the mean and percentiles of the waits of all measured requests,
// in seconds.
type Waits struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

// InstanceS are instance-seconds by what the instances did. Waste is idle
// plus the launching seconds of instances that ended without having served.
type InstanceS struct {
	Launching float64 `json:"launching"`
	Idle      float64 `json:"idle"`
	Serving   float64 `json:"serving"`
	Draining  float64 `json:"draining"`
	Waste     float64 `json:"waste"`
	Stopped   float64 `json:"stopped,omitempty"`
}

// Cost is in dollars: by what the instances did, and by capacity type. Total
// also has what the provider's granularity and minimum add.
type Cost struct {
	Total     float64 `json:"total"`
	Idle      float64 `json:"idle"`
	Launching float64 `json:"launching"`
	Serving   float64 `json:"serving"`
	OnDemand  float64 `json:"on_demand"`
	Spot      float64 `json:"spot"`
	Stopped   float64 `json:"stopped"`
}

// Prepared says what came of preparing instances for targets.
type Prepared struct {
	// Preparations that ended in the measured span, ahead of any request.
	Preparations int64 `json:"preparations"`
	// Needing are the requests that needed stages at all, Found those of them
	// whose instance had done all of them.
	Needing int64 `json:"requests_needing"`
	Found   int64 `json:"requests_found"`
}

// A WaitPoint says which share of requests waited at most Seconds.
type WaitPoint struct {
	Seconds, Share float64
}

func (r *replay) result() *Result {
	m := r.m
	res := &Result{
		Trace: r.sum.Name, Seed: r.opt.Seed, Implementable: true,
		Hits: m.outcomes[policy.Hit], PartialHits: m.outcomes[policy.PartialHit], Misses: m.outcomes[policy.Miss],
		Launches: m.launches, Terminations: m.terminations, FailedLaunches: m.failures, PeakInstances: m.peak,
		Interruptions: m.interruptions, InterruptedRequests: m.requeued, LostWorkS: m.lost.value(),
		SpanS: float64(r.sum.Last-r.opt.MeasureFrom) / 1e9,
	}
	m.fill(res)
	if r.preps != nil {
		res.Prepared = &r.preps.came
	}
	if r.days != nil {
		res.Days = r.days.days
	}
	if r.line != nil {
		res.Timeline = r.line.samples
		res.WaitCurve = m.waitCurve()
	}
	if r.short != nil {
		res.Shortfall = r.short.result(r.fleet, r.sum.Strings.Tenant)
	}
	return res
}

// fill computes the figures that only depend on the meter.
func (m *meter) fill(res *Result) {
	res.Requests = res.Hits + res.PartialHits + res.Misses
	if res.Requests > 0 {
		n := float64(res.Requests)
		res.HitRate = float64(res.Hits) / n
		res.LaunchesPerReq = float64(res.Launches) / n
		res.WaitS = Waits{
			Mean: (math.Ldexp(float64(m.waitSum[0]), 64) + float64(m.waitSum[1])) / 1e9 / n,
			P50:  m.waitQuantile(0.5), P90: m.waitQuantile(0.9), P95: m.waitQuantile(0.95),
			P99: m.waitQuantile(0.99), P999: m.waitQuantile(0.999), Max: float64(m.waitMax) / 1e9,
		}
	}
	all := m.since(0)
	res.InstanceS.Idle, res.InstanceS.Waste = all.Idle.Float(), all.Waste.Float()
	for i := range m.usage {
		u := &m.usage[i]
		res.InstanceS.Launching += u.launching.value()
		idle := u.idle().Float()
		res.InstanceS.Serving += u.serving.value()
		perSecond := u.price / 3600
		if s := u.spot; s != nil {
			rounding := u.rounding * perSecond
			res.CostUSD.Launching += s.onLaunching
			res.CostUSD.Idle += s.onIdle
			res.CostUSD.Serving += s.onServing
			res.CostUSD.Spot += s.onLaunching + s.onIdle + s.onServing + rounding
			continue
		}
		if u.storage > 0 {
			res.InstanceS.Stopped += u.stopped.value()
			res.CostUSD.Stopped += u.stopped.value() * u.storage / 3600
		}
		res.CostUSD.Launching += u.launching.value() * perSecond
		res.CostUSD.Idle += idle * perSecond
		res.CostUSD.Serving += u.serving.value() * perSecond
		res.CostUSD.Total += (u.launching.value() + idle + u.serving.value() + u.rounding) * perSecond
	}
	res.CostUSD.OnDemand = res.CostUSD.Total
	res.CostUSD.Total += res.CostUSD.Spot + res.CostUSD.Stopped
}

// cost is what the measured span has cost up to the origin of the integrals, in
// dollars.
func (m *meter) cost() float64 {
	total := 0.0
	for i := range m.usage {
		u := &m.usage[i]
		if s := u.spot; s != nil {
			s.end(m.origin) // up to now
			total += s.onLaunching + s.onIdle + s.onServing + u.rounding*u.price/3600
			continue
		}
		total += (u.launching.value() + u.idle().Float() + u.serving.value() + u.rounding) * u.price / 3600
		total += u.stopped.value() * u.storage / 3600
	}
	return total
}

// waitQuantile is the wait, in seconds, that a share q of the requests does
// not exceed.
func (m *meter) waitQuantile(q float64) float64 {
	n := m.immediate + m.waits.TotalCount()
	rank := int64(math.Ceil(q * float64(n)))
	if rank <= m.immediate {
		return 0
	}
	v := m.waits.ValueAtPercentile(100 * float64(rank-m.immediate) / float64(m.waits.TotalCount()))
	return float64(min(v, m.waitMax)) / 1e9
}

func (m *meter) waitCurve() []WaitPoint {
	n := float64(m.immediate + m.waits.TotalCount())
	at := m.immediate
	curve := []WaitPoint{{0, float64(at) / n}}
	for _, b := range m.waits.Distribution() {
		if b.Count > 0 {
			at += b.Count
			curve = append(curve, WaitPoint{float64(min(b.To, m.waitMax)) / 1e9, float64(at) / n})
		}
	}
	return curve
}
