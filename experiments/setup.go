package experiments

import (
	"fmt"
	"time"

	"shadowpool/policy"
	"shadowpool/sim"
)

// A TraceInfo says on what was measured.
type TraceInfo struct {
	Name       string  `json:"name"`
	Requests   int64   `json:"requests"`
	SpanS      float64 `json:"span_s"` // first to last arrival
	Categories int     `json:"categories"`
	Tenants    int     `json:"tenants"` // 0 is unknown
	// First, Last and MeasuredFrom are instants in UTC; for a trace of
	// unknown origin they count from the epoch.
	First        string `json:"first"`
	Last         string `json:"last"`
	Relative     bool   `json:"relative"`
	MeasuredFrom string `json:"measured_from"`
}

// A Setup is the configuration of an experiment.
type Setup struct {
	// Categories of the fleet, those of equal terms counted together, in the
	// fleet's order.
	Fleet      []Terms `json:"fleet"`
	Categories int     `json:"categories"`
	Layers     int     `json:"layers"` // that categories share, see docs/figures.md
	Pooled     bool    `json:"pooled"`
	Binding    string  `json:"binding"`
	Isolation  string  `json:"isolation"`
	TickS      float64 `json:"tick_s"`
	Timezone   string  `json:"timezone"`
	StartWarm  bool    `json:"start_warm"`
	Seed       uint64  `json:"seed"`
	Hints      string  `json:"hints,omitempty"` // if not those of the trace, see sim.ParseHints
	Version    string  `json:"version"`
	// BudgetUSDPerHour and Provider are what bounds the whole fleet, if anything
	// does.
	BudgetUSDPerHour float64 `json:"budget_usd_per_h,omitempty"`
	Provider         *Limits `json:"provider,omitempty"`
}

// Terms are those of one or more categories.
type Terms struct {
	Category        string  `json:"category"` // the first of them
	Count           int     `json:"count"`
	LeadTime        string  `json:"lead_time"`
	LeadTimeMeanS   float64 `json:"lead_time_mean_s"`
	Reusable        bool    `json:"reusable"`
	PriceUSDPerHour float64 `json:"price_usd_per_h"`
	GranularityS    float64 `json:"billing_granularity_s"`
	MinimumS        float64 `json:"billing_minimum_s"`
	PromotionDelayS float64 `json:"promotion_delay_s"`
	MaxInstances    int     `json:"max_instances"` // 0 is no bound
	MaxLaunching    int     `json:"max_launching"` // 0 is no bound

	// Of other capacity types, where there are any; hazards are the mean of the
	// day's.
	SpotUSDPerHour       float64 `json:"spot_usd_per_h,omitempty"`
	InterruptionsPerHour float64 `json:"interruptions_per_hour,omitempty"`
	NoticeS              float64 `json:"notice_s,omitempty"`
	Refused              float64 `json:"refused,omitempty"`
	ReplaceOnPromote     bool    `json:"replace_on_promote,omitempty"`
	StoppedUSDPerHour    float64 `json:"stopped_usd_per_h,omitempty"`
	ResumeS              float64 `json:"resume_s,omitempty"`
}

// Limits are what the provider allows; zero is no limit.
type Limits struct {
	LaunchesPerSecond float64 `json:"launches_per_second"`
	Burst             int     `json:"burst"`
	OnDemand          int     `json:"quota_on_demand"`
	Spot              int     `json:"quota_spot"`
	Stragglers        float64 `json:"stragglers"`
	Slowdown          float64 `json:"slowdown"`
}

// TraceInfo describes the bench's trace.
func (b *Bench) TraceInfo() TraceInfo {
	from := max(b.opt.MeasureFrom, b.sum.First)
	return TraceInfo{
		Name: b.sum.Name, Requests: b.sum.Rows, SpanS: float64(b.sum.Last-b.sum.First) / 1e9,
		Categories: known(b.sum.Strings.Category), Tenants: known(b.sum.Strings.Tenant),
		First: instant(b.sum.First), Last: instant(b.sum.Last), Relative: b.sum.Relative,
		MeasuredFrom: instant(from),
	}
}

// before is how much comes before the measured span.
func (t TraceInfo) before() time.Duration {
	from, _ := time.Parse(time.RFC3339Nano, t.MeasuredFrom) // as instant has written it
	first, _ := time.Parse(time.RFC3339Nano, t.First)
	return from.Sub(first)
}

// known counts a dictionary's names; the first, empty one is no name.
func known(names []string) int { return max(len(names)-1, 0) }

func instant(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

// Setup describes the bench's fleet and options.
func (b *Bench) Setup() Setup {
	tick := b.fleet.Tick
	if tick == 0 {
		tick = policy.DefaultTick
	}
	s := Setup{
		Categories: len(b.fleet.Categories) - b.fleet.Layers, Layers: b.fleet.Layers, Pooled: b.fleet.Pooled,
		Binding: b.fleet.Binding.String(), Isolation: b.fleet.Isolation.String(),
		TickS: tick.Seconds(), Timezone: "UTC",
		StartWarm: b.opt.StartWarm, Seed: b.opt.Seed, Hints: b.opt.Hints.String(), Version: b.opt.Version,
	}
	s.BudgetUSDPerHour = b.fleet.Budget
	if p := b.fleet.Provider; p != (sim.Provider{}) {
		s.Provider = &Limits{p.LaunchesPerSecond, p.Burst, p.Quota.OnDemand, p.Quota.Spot, p.Stragglers, p.Slowdown}
	}
	if b.fleet.Location != nil {
		s.Timezone = b.fleet.Location.String()
	}
	at := map[Terms]int{}
	for _, k := range b.fleet.Categories[:s.Categories] {
		t := termsOf(k)
		i, ok := at[t]
		if !ok {
			i = len(s.Fleet)
			at[t] = i
			t.Category = k.Name
			s.Fleet = append(s.Fleet, t)
		}
		s.Fleet[i].Count++
	}
	return s
}

func termsOf(k sim.Category) Terms {
	t := Terms{
		LeadTime: k.Lead.String(), LeadTimeMeanS: k.Lead.Mean().Seconds(), Reusable: k.Reusable,
		PriceUSDPerHour: k.Price, GranularityS: k.Billing.Granularity.Seconds(), MinimumS: k.Billing.Minimum.Seconds(),
		PromotionDelayS: k.PromotionDelay.Seconds(), MaxInstances: k.MaxInstances, MaxLaunching: k.MaxLaunching,
	}
	if s := k.Spot; s != nil {
		t.SpotUSDPerHour, t.InterruptionsPerHour, t.Refused, t.ReplaceOnPromote = s.Price, s.Interruptions, s.Refused, s.Replace
		t.NoticeS = k.Market.Notice.Seconds()
	}
	if s := k.Stopped; s != nil {
		t.StoppedUSDPerHour, t.ResumeS = s.Price, time.Duration(s.Resume).Seconds()
	}
	return t
}

// Heading tells trace, fleet, seed and version in a few lines of at most 100
// columns.
func (b *Bench) Heading() string {
	return Comparison{Trace: b.TraceInfo(), Config: b.Setup()}.Heading()
}

// Heading is that of the bench on which the comparison was made.
func (c Comparison) Heading() string {
	t, s := c.Trace, c.Config
	terms := s.Fleet[0]
	fleet := fmt.Sprintf("%s, lead time %s, %s, %s binding, $%g/h",
		plural(s.Categories, "category", "categories"), terms.LeadTime,
		map[bool]string{true: "reusable", false: "single-use"}[terms.Reusable], s.Binding, terms.PriceUSDPerHour)
	if len(s.Fleet) > 1 {
		fleet = fmt.Sprintf("%d categories on %d different terms, %s binding", s.Categories, len(s.Fleet), s.Binding)
	}
	if s.Pooled {
		fleet += ", pooled"
	}
	if s.Layers > 0 {
		fleet += ", " + plural(s.Layers, "layer", "layers")
	}
	measured := fmt.Sprintf("%s over %s", plural(int(t.Requests), "request", "requests"), days(t.SpanS))
	if from := t.before(); from > 0 {
		measured += fmt.Sprintf("; measured after the first %s", days(float64(from)/1e9))
	}
	run := fmt.Sprintf("seed %d, version %s", s.Seed, s.Version)
	if s.Hints != "" {
		run += "; hints " + s.Hints
	}
	return fmt.Sprintf("trace  %s\nfleet  %s\nrun    %s\n",
		clip(t.Name+": "+measured, 92), clip(fleet, 92), clip(run, 92))
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(int64(n)) + " " + many
}

func days(seconds float64) string {
	if seconds < 2*86400 {
		return fmt.Sprintf("%.3g h", seconds/3600)
	}
	return fmt.Sprintf("%.3g days", seconds/86400)
}
