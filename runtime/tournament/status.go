package tournament

import (
	"math"
	"time"

	"shadowpool/runtime/tournament/confidence"
)

// Status is how a tournament stands.
type Status struct {
	Live         string  `json:"live"`
	BlockS       float64 `json:"block_s"`
	ObservationS float64 `json:"observation_s"`
	Alpha        float64 `json:"alpha"`
	// The margin is one of these.
	MarginHitRate float64 `json:"margin_hit_rate,omitempty"`
	MarginWaitS   float64 `json:"margin_wait_mean_s,omitempty"`
	Least         int     `json:"least_observations"`
	Switch        string  `json:"switch"` // propose or automatic

	Since        *time.Time `json:"since,omitempty"` // absent: nothing has happened yet
	Until        *time.Time `json:"until,omitempty"`
	Observations int64      `json:"observations"`      // since the latest switch
	Lost         int64      `json:"observations_lost"` // that were not whole
	Contenders   []Standing `json:"contenders"`        // the live policy's model among them
	// Real is what the live pool really came to; absent where something of it is missing.
	Real     *Figures   `json:"real,omitempty"`
	Proposal *Proposal  `json:"proposal,omitempty"`
	Switches []Switched `json:"switches,omitempty"`
	// Trial is of reality against the model of the policy that ran before the latest
	// switch.
	Trial *Comparison `json:"trial,omitempty"`

	Dropped int64   `json:"dropped"` // notes, because the tournament was behind
	Unknown int64   `json:"unknown_events"`
	LateS   float64 `json:"behind_s"` // how far the last world is behind reality
	Forced  int64   `json:"forced_releases"`
	BusyS   float64 `json:"busy_s"`
	Broken  string  `json:"broken,omitempty"` // why it is over before its time
	Over    bool    `json:"over"`             // the server drains
}

// A Standing is how a contender stands.
type Standing struct {
	Policy   string `json:"policy"`
	Live     bool   `json:"live,omitempty"`
	Baseline bool   `json:"baseline,omitempty"`
	Barred   bool   `json:"barred,omitempty"`
	// What the evidence says of it, against the live one.
	Better bool `json:"better,omitempty"`
	Worse  bool `json:"worse,omitempty"`  // its service is, by more than the margin
	Dearer bool `json:"dearer,omitempty"` // its waste costs more
	Figures
	// SavedUSD and SavedWaitS are what the live policy, in its own world, saves of this
	// one's waste and waiting, in all; below zero is what it costs.
	SavedUSD   float64     `json:"saved_usd"`
	SavedWaitS float64     `json:"saved_wait_s"`
	Against    *Comparison `json:"against_live,omitempty"` // absent for the live one
}

// A Comparison is of the differences of a policy to another, by the observation.
type Comparison struct {
	Observations int64      `json:"observations"`
	USDPerHour   Difference `json:"waste_usd_per_h"`
	HitRate      Difference `json:"hit_rate"`
	WaitMeanS    Difference `json:"wait_mean_s"`
}

// A Difference is a mean with the ends of its interval; absent for as long as nothing
// is known of them.
type Difference struct {
	Mean float64  `json:"mean"`
	Low  *float64 `json:"low,omitempty"`
	High *float64 `json:"high,omitempty"`
}

func difference(s *confidence.Sequence) Difference {
	d := Difference{Mean: s.Mean()}
	if i := s.Interval(); !math.IsInf(i.High, 0) {
		d.Low, d.High = &i.Low, &i.High
	}
	return d
}

func (e *evidence) compare() Comparison {
	return Comparison{e.cost.Count(), difference(e.cost), difference(e.hits), difference(e.wait)}
}

// Status says how it stands.
func (t *Tournament) Status() Status {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := Status{
		Live: t.all[t.live].spec.String(), BlockS: t.opt.Block.Seconds(), ObservationS: t.opt.Observation.Seconds(), Alpha: t.opt.Alpha,
		MarginHitRate: t.opt.Margin.HitRate, MarginWaitS: t.opt.Margin.WaitMean.Seconds(), Least: t.opt.Least, Switch: "propose",
		Observations: t.counted, Lost: t.lost, Proposal: t.proposal, Switches: append([]Switched(nil), t.switches...),
		Dropped: t.dropped.Load(), Unknown: t.foreign, BusyS: t.busy.Seconds(), Broken: t.broken, Over: t.drained,
	}
	if t.opt.Switch != nil {
		s.Switch = "automatic"
	}
	if t.trial != nil {
		c := t.trial.evidence.compare()
		s.Trial = &c
	}
	slowest := t.now
	for _, c := range t.all {
		slowest = min(slowest, c.now)
	}
	if t.began != 0 {
		since, until := time.Unix(0, t.began).UTC(), time.Unix(0, slowest).UTC()
		s.Since, s.Until = &since, &until
	}
	s.LateS = time.Duration(t.now - slowest).Seconds()
	if !t.real.torn {
		f := t.real.books.soFar(t.now)
		s.Real = &f
	}
	own := t.all[t.live].books.soFar(t.all[t.live].now)
	for i, c := range t.all {
		f := c.books.soFar(c.now)
		standing := Standing{Policy: c.spec.String(), Live: i == t.live, Baseline: c.baseline, Barred: c.barred, Figures: f,
			SavedUSD: f.WasteUSD - own.WasteUSD, SavedWaitS: f.WaitMeanS*float64(f.Requests) - own.WaitMeanS*float64(own.Requests)}
		s.Forced += c.late
		if i != t.live {
			against := c.evidence.compare()
			standing.Against, standing.Better = &against, !c.baseline && c.evidence.better(t.opt.Margin, t.opt.Least)
			standing.Worse, _ = c.evidence.worse(t.opt.Margin)
			standing.Dearer = c.evidence.cost.Interval().Low > 0
		}
		s.Contenders = append(s.Contenders, standing)
	}
	return s
}

// Blocks are the latest blocks that have ended, at most so many, the oldest first.
func (t *Tournament) Blocks(most int) []BlockFigures {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]BlockFigures(nil), t.history[max(len(t.history)-most, 0):]...)
}
