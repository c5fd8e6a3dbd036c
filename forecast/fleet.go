package forecast

import "shadowpool/forecast/portable"

// Fleet is what the pools of a Model learn from each other: the weights and
// the spread that fit all of them, and what arrives in total, of which each
// has its share. Small pools see too few arrivals to learn from alone. Fields
// are exported for snapshots only.
type Fleet struct {
	Count   float64 // arrivals of all pools since Step
	Rates   Rates
	Mean    float64
	First   int64
	Step    int64 // the last one that is counted
	Profile *Profile
	// Regression and Attribution have the weights that fit all pools.
	Regression  Regression
	Attribution Attribution
	Spread      Spread
	Quiet       Quiet

	Now    Clock
	Week   float64 // usual rate in the quarter Middle, as it was first asked for
	Middle Clock
}

// fleetRates are the half-lives, by index, of the fleet's rates that serve as
// features.
var fleetRates = []int{1, 3, 5}

const (
	// fleetMemory is how many counts the fleet's weights and spread remember.
	fleetMemory = 1e5
)

// Arrive counts an arrival in any pool.
func (f *Fleet) Arrive() { f.Count++ }

// advance brings the totals up to a step.
func (f *Fleet) advance(m *Model, step int64, now Clock) {
	if f.Rates.Sum == nil {
		f.Rates, f.First, f.Step = m.decays.NewRates(), step-1, step-1
	}
	if step <= f.Step {
		return
	}
	if f.Profile == nil {
		f.Profile = &Profile{Current: now.Quarter}
	}
	skipped := step - f.Step - 1
	f.Step = step
	f.Rates.Update(m.decays, f.Count, int(skipped))
	if skipped > 0 {
		f.Mean = float64(f.Mean * portable.Decay(float64(skipped)*m.step, meanHalfLife))
	}
	f.Mean = float64(f.Mean*m.keepMean) + float64(f.Count/m.step*(1-m.keepMean))
	if now != f.Now {
		f.Now = now
		f.Quiet.fit(keepQuietRates)
	}
	f.Profile.Add(now, f.Count)
	f.Count = 0
}

// usual is what a pool of the given mean rate may expect by the fleet's
// profile, and its share of the fleet.
func (f *Fleet) usual(m *Model, mean float64, middle Clock) (rate, share float64) {
	total := m.mean(f.Mean, f.Step-f.First)
	if total <= 0 {
		return mean, 0
	}
	if middle != f.Middle || f.Week == 0 {
		f.Middle = middle
		_, f.Week = f.Profile.Rates(middle, total)
	}
	share = min(mean/total, 1)
	return float64(share * f.Week), share
}
