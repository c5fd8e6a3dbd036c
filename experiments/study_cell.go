package experiments

import (
	"math"
	"slices"

	"shadowpool/sim"
)

// A Cell is a ground at a target.
type Cell struct {
	Place
	Target   float64 `json:"target"`
	Requests int64   `json:"requests"`
	Days     int     `json:"days"`
	// Standings are by waste, as Match sorts.
	Standings []Standing `json:"standings"`
}

// A Standing is what one family does in a cell.
type Standing struct {
	Policy        string `json:"policy"` // with the parameters that hold throughout
	Implementable bool   `json:"implementable"`
	Reached       bool   `json:"reached"`
	// BestHitRate is the highest of any setting.
	BestHitRate    float64 `json:"best_hit_rate"`
	WasteS         float64 `json:"waste_s"`
	IdleS          float64 `json:"idle_s"`
	LaunchesPerReq float64 `json:"launches_per_request"`
	Evaluations    int     `json:"evaluations"`
	// Settings are the knob's values that the figures lie between.
	Settings []string `json:"settings"`
	// ToStatic and ToBest relate the waste to static's, and to that of the
	// best of the others that could run; nil where there is none.
	ToStatic *float64 `json:"relative_to_static"`
	ToBest   *float64 `json:"relative_to_best_other"`
	// Against relates the study's policy to this one; nil for itself, and
	// where the days are not known.
	Against *Versus `json:"against"`
}

// cell reads curves at a target.
func (s *Study) cell(place Place, curves []Curve, hitRate float64) (Cell, error) {
	target := Target{"hit_rate", hitRate}
	cell := Cell{Place: place, Target: hitRate}
	var known []Curve // by day
	for _, c := range curves {
		if days := len(c.Points[0].Days); days > 0 {
			known = append(known, c)
			cell.Requests, cell.Days = c.Points[0].Requests, days
		}
	}
	resampled, err := Resample(known, target, s.Resamples, s.Seed)
	if err != nil {
		return Cell{}, err
	}
	find := func(curves []Curve, label string) int {
		return slices.IndexFunc(curves, func(c Curve) bool { return c.Label == label })
	}
	of := find(known, s.Of)
	matched := Match(curves, target)
	for _, m := range matched {
		c := curves[find(curves, m.Label)]
		st := Standing{
			Policy: m.Label, Implementable: m.Implementable, Reached: m.Reached,
			WasteS: m.WasteS, IdleS: m.IdleS, LaunchesPerReq: m.LaunchesPerReq, Evaluations: len(c.Points), Settings: []string{},
		}
		for _, p := range m.Between {
			st.Settings = append(st.Settings, knobOf(c, p.result))
		}
		for _, p := range c.Points {
			st.BestHitRate = max(st.BestHitRate, p.HitRate)
		}
		if m.ToStatic != nil {
			st.ToStatic = &m.ToStatic.Waste
		}
		if best := bestOther(matched, m.Label); m.Reached && best != nil && best.WasteS > negligible {
			ratio := m.WasteS / best.WasteS
			st.ToBest = &ratio
		}
		if i := find(known, m.Label); i >= 0 && of >= 0 && i != of {
			v := resampled.Versus(of, i)
			st.Against = &v
		}
		cell.Standings = append(cell.Standings, st)
	}
	return cell, nil
}

// bestOther is the least wasteful that could run and is not called so; nil if
// there is none. Match has sorted them.
func bestOther(matched []Matched, label string) *Matched {
	for i, m := range matched {
		if m.Implementable && m.Reached && m.Label != label {
			return &matched[i]
		}
	}
	return nil
}

// standing is that of a policy; nil if it was not run.
func (c *Cell) standing(policy string) *Standing {
	for i := range c.Standings {
		if c.Standings[i].Policy == policy {
			return &c.Standings[i]
		}
	}
	return nil
}

// rival is the best that could run beside a policy; nil if none reaches the
// target.
func (c *Cell) rival(policy string) *Standing {
	for i := range c.Standings {
		if s := &c.Standings[i]; s.Implementable && s.Reached && s.Policy != policy {
			return s
		}
	}
	return nil
}

// A Calibrated is a policy that aims at the target by itself, run at the
// target as given and measured on the second half of the trace.
type Calibrated struct {
	Place
	Policy   string  `json:"policy"`
	Target   float64 `json:"target"`
	Days     int     `json:"days"`
	Requests int64   `json:"requests"`
	HitRate  float64 `json:"hit_rate"`
	WasteS   float64 `json:"waste_s"`
	// ToSwept relates the waste to the family's swept curve read at the
	// target on the same days, which no one knows ahead; nil where the curve
	// does not reach it there.
	ToSwept *float64 `json:"relative_to_swept"`
	// Misses, and the share of them that falls on the worst day, and on the
	// worst tenth of the days.
	Misses     int64   `json:"misses"`
	WorstDay   float64 `json:"misses_on_worst_day"`
	WorstTenth float64 `json:"misses_on_worst_tenth"`
	// Episodes of requests that did not hit, over the whole measured span,
	// and the share of these requests that falls into the longest ten.
	Episodes        int64   `json:"episodes"`
	LongestEpisodes float64 `json:"misses_in_longest_episodes"`
}

// calibrated measures a run from a day on; from the middle of its days where
// none is left.
func calibrated(place Place, swept Curve, run *sim.Result, target float64, from int) Calibrated {
	if from >= len(run.Days) {
		from = len(run.Days) / 2
	}
	c := Calibrated{Place: place, Policy: swept.Label, Target: target, Days: len(run.Days) - from}
	times := make([]float64, len(run.Days))
	var waste sim.InstanceTime
	var misses []int64
	hits := int64(0)
	for day := from; day < len(run.Days); day++ {
		d := run.Days[day]
		times[day] = 1
		c.Requests += d.Requests
		hits += d.Hits
		waste = waste.Plus(d.Waste)
		misses = append(misses, d.Requests-d.Hits)
	}
	if run.Shortfall != nil {
		c.Episodes, c.LongestEpisodes = run.Shortfall.Episodes, run.Shortfall.LongestShare
	}
	c.Misses, c.WasteS = c.Requests-hits, waste.Float()
	if c.Requests > 0 {
		c.HitRate = float64(hits) / float64(c.Requests)
	}
	if c.Misses > 0 {
		slices.Sort(misses)
		slices.Reverse(misses)
		c.WorstDay = float64(misses[0]) / float64(c.Misses)
		for _, n := range misses[:(len(misses)+9)/10] {
			c.WorstTenth += float64(n) / float64(c.Misses)
		}
	}
	daily := byDay(swept, hitsForWaste)
	if least := daily.least(times, target); least > negligible && !math.IsInf(least, 1) {
		c.ToSwept = finite(c.WasteS / least)
	}
	return c
}
