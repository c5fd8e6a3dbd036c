package sim

import "shadowpool/policy"

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

// plus is the sum of two.
func (p *Prepared) plus(o *Prepared) *Prepared {
	return &Prepared{p.Preparations + o.Preparations, p.Needing + o.Needing, p.Found + o.Found}
}

// A WaitPoint says which share of requests waited at most Seconds.
type WaitPoint struct {
	Seconds, Share float64
}

func (r *replay) result(t *Tally) *Result {
	res := t.Result()
	res.Trace, res.Seed = r.sum.Name, r.opt.Seed
	if r.days != nil {
		res.Days = r.days.days
	}
	return res
}

// Result computes the figures of what was counted. Policy and trace, seed and
// version are the caller's to fill in.
func (t *Tally) Result() *Result {
	res := &Result{
		Implementable: true,
		Hits:          t.Outcomes[policy.Hit], PartialHits: t.Outcomes[policy.PartialHit], Misses: t.Outcomes[policy.Miss],
		Launches: t.Launches, Terminations: t.Terminations, FailedLaunches: t.FailedLaunches, PeakInstances: t.Peak,
		Interruptions: t.Interruptions, InterruptedRequests: t.Requeued, LostWorkS: t.Lost.Float(),
		SpanS: float64(t.Span) / 1e9, Prepared: t.Prepared,
	}
	res.Requests = res.Hits + res.PartialHits + res.Misses
	if res.Requests > 0 {
		n := float64(res.Requests)
		res.HitRate = float64(res.Hits) / n
		res.LaunchesPerReq = float64(res.Launches) / n
		res.WaitS = t.Waits.figures(n)
	}
	t.spent(res)
	if t.timeline != nil {
		res.Timeline = t.timeline
		res.WaitCurve = t.Waits.curve()
	}
	if t.Shortfall != nil {
		res.Shortfall = t.Shortfall.result()
	}
	return res
}

// spent computes what the instances did and cost.
func (t *Tally) spent(res *Result) {
	var idle, waste InstanceTime
	for i := range t.Usage {
		u := &t.Usage[i]
		idle = idle.Plus(u.idle())
		waste = waste.Plus(u.idle()).Plus(u.Wasted)
		launching, idle, serving := u.Launching.Float(), u.idle().Float(), u.Serving.Float()
		res.InstanceS.Launching += launching
		res.InstanceS.Serving += serving
		perSecond := u.Price / 3600
		if u.Spot != nil {
			launching, idle, serving := u.Spot.dollars()
			res.CostUSD.Launching += launching
			res.CostUSD.Idle += idle
			res.CostUSD.Serving += serving
			res.CostUSD.Spot += launching + idle + serving + u.Rounding.Float()*perSecond
			continue
		}
		if u.Storage > 0 {
			res.InstanceS.Stopped += u.Stopped.Float()
			res.CostUSD.Stopped += u.Stopped.Float() * u.Storage / 3600
		}
		res.CostUSD.Launching += launching * perSecond
		res.CostUSD.Idle += idle * perSecond
		res.CostUSD.Serving += serving * perSecond
		res.CostUSD.Total += (launching + idle + serving + u.Rounding.Float()) * perSecond
	}
	res.InstanceS.Idle, res.InstanceS.Waste = idle.Float(), waste.Float()
	res.CostUSD.OnDemand = res.CostUSD.Total
	res.CostUSD.Total += res.CostUSD.Spot + res.CostUSD.Stopped
}

// dollars are what was paid for launching, idling and serving.
func (p *SpotPaid) dollars() (launching, idle, serving float64) {
	return float64(p.Launching) / 1e9, float64(p.Idle) / 1e9, float64(p.Serving) / 1e9
}

// cost is what the measured span has cost up to the origin of the integrals, in
// dollars.
func (m *meter) cost() float64 {
	total := 0.0
	for i := range m.usage {
		if s := m.usage[i].spot; s != nil {
			s.settle(m.origin)
		}
		u := m.usage[i].total()
		if u.Spot != nil {
			launching, idle, serving := u.Spot.dollars()
			total += launching + idle + serving + u.Rounding.Float()*u.Price/3600
			continue
		}
		total += (u.Launching.Float() + u.idle().Float() + u.Serving.Float() + u.Rounding.Float()) * u.Price / 3600
		total += u.Stopped.Float() * u.Storage / 3600
	}
	return total
}
