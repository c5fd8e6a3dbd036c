package dashboard

import (
	"encoding/json"
	"time"

	"shadowpool/runtime"
)

// A State is what the server does now.
type State struct {
	At       time.Time   `json:"at"`
	Version  string      `json:"version"`
	Policy   string      `json:"policy"`
	Started  time.Time   `json:"started"`
	UptimeS  float64     `json:"uptime_s"`
	Draining bool        `json:"draining"`
	Priced   bool        `json:"priced"` // costs are dollars an hour, not instances
	Recent   Figures     `json:"recent"` // of all pools
	Pools    []PoolState `json:"pools"`
	Alerts   []Alert     `json:"alerts"`
}

// A PoolState is what a pool does now.
type PoolState struct {
	Pool         string            `json:"pool"`
	Level        int32             `json:"level"`
	Warm         int32             `json:"warm"`
	Launching    int32             `json:"launching"`
	Waiting      int32             `json:"waiting"`
	InUse        int32             `json:"in_use"`
	MaxInstances int               `json:"max_instances,omitempty"`
	LeadS        float64           `json:"lead_s"` // of a launch, as lately seen or as configured
	Forecast     *runtime.Forecast `json:"forecast,omitempty"`
	Recent       Figures           `json:"recent"`
}

// Figures are of the latest minutes, of requests that got an instance.
type Figures struct {
	WindowS  int64    `json:"window_s"`
	Arrivals int      `json:"arrivals"`
	Requests int      `json:"requests"`
	Hits     int      `json:"hits"`
	HitRate  *float64 `json:"hit_rate"` // null: there were no requests
	P50S     *float64 `json:"p50_s"`
	P99S     *float64 `json:"p99_s"`
	Failures int      `json:"launch_failures"`
	// Cost is that of the pool, None that of an instance launched for each
	// request, Static that of a pool of the mean level.
	Cost   float64 `json:"cost"`
	None   float64 `json:"cost_none"`
	Static float64 `json:"cost_static"`
}

// recentS is how long the latest minutes are, in seconds.
const recentS = 300

// recent adds to all, and to the waits of all, what a pool did in the latest
// minutes, and gives its figures.
func (b *Board) recent(pool int, all *total, ofAll *histogram) Figures {
	var sum sample
	var of histogram
	for at := b.latest - recentS + b.coarse.step; at <= b.latest; at += b.coarse.step {
		x := b.coarse.find(at, pool)
		if x == nil {
			continue
		}
		of.add(x.waits)
		ofAll.add(x.waits)
		one := *x
		one.waits = nil
		sum.add(&one)
	}
	var t total
	t.add(&sum, b.price(pool), b.lead(pool), recentS)
	all.add(&sum, b.price(pool), b.lead(pool), recentS)
	return b.figures(&t, &of)
}

// figures are those of the latest minutes.
func (b *Board) figures(t *total, of *histogram) Figures {
	f := Figures{WindowS: min(recentS, int64(b.status.UptimeS)+1)}
	f.Arrivals, f.Failures = int(t.arrivals), int(t.failures)
	f.Hits = int(t.outcomes[0])
	f.Requests = f.Hits + int(t.outcomes[1]+t.outcomes[2])
	if f.Requests > 0 {
		f.HitRate = new(float64(f.Hits) / float64(f.Requests))
	}
	if p50, any := of.quantile(0.5); any {
		p99, _ := of.quantile(0.99)
		f.P50S, f.P99S = new(p50.Seconds()), new(p99.Seconds())
	}
	f.Cost, f.None, f.Static = t.cost, t.none, t.hold+t.serving
	return f
}

// tell makes the state, as JSON.
func (b *Board) tell() []byte {
	s := State{
		At: b.seen.UTC(), Version: b.status.Version, Policy: b.status.Policy,
		Started: b.status.Started, UptimeS: b.status.UptimeS, Draining: b.status.Draining,
		Priced: b.priced, Pools: []PoolState{}, Alerts: []Alert{},
	}
	var all total
	var waits histogram
	for i, p := range b.status.Pools {
		s.Pools = append(s.Pools, PoolState{
			Pool: p.Category, Level: p.Level, Warm: p.Warm, Launching: p.Launching, Waiting: p.Waiting, InUse: p.InUse,
			MaxInstances: p.MaxInstances, LeadS: b.lead(i), Forecast: p.Forecast, Recent: b.recent(i, &all, &waits),
		})
	}
	s.Recent = b.figures(&all, &waits)
	s.Alerts = append(s.Alerts, alerts(&b.status, s.Pools, b.seen)...)
	body, err := json.Marshal(&s)
	if err != nil {
		panic(err) // it is ours
	}
	return body
}

// price is that of an instance for an hour; 1 where nothing has a price.
func (b *Board) price(pool int) float64 {
	if !b.priced {
		return 1
	}
	return b.status.Pools[pool].PriceUSD
}

// lead is how long a launch takes, in seconds: the median of the latest, or as
// configured.
func (b *Board) lead(pool int) float64 {
	p := &b.status.Pools[pool]
	if p.Launch == nil {
		return p.LeadTimeS
	}
	lead := p.Launch.MedianS
	if p.WarmUp != nil {
		lead += p.WarmUp.MedianS
	}
	return lead
}
