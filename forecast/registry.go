package forecast

import (
	"fmt"
	"slices"
	"strings"
)

// A Setup is what a forecaster is made for. Spans are in seconds.
type Setup struct {
	Start float64 // instant at which it is made; nothing is known of before
	Step  float64 // usual span between two observations
	// Lead is the horizon that matters most, by which forecasters choose their
	// grain. They may be asked for any.
	Lead float64
	Zone Zone // nil is UTC
	// Holidays are days of local time, in days since the epoch, ascending.
	Holidays []int64
}

// A Family makes one kind of forecaster.
type Family struct {
	Name, Summary string
	New           func(Setup) Forecaster
}

// Families are all named forecasters, in the order of tables; a line adds one.
// What forecasts a mean only, or is too sure of it, is calibrated at the
// horizons it is asked for.
func Families() []Family {
	return []Family{
		{"seasonal-naive-day", "what came at this time yesterday", func(s Setup) Forecaster { return Calibrate(NewSeasonalNaive(s, day), s) }},
		{"seasonal-naive-week", "what came at this time a week ago", func(s Setup) Forecaster { return Calibrate(NewSeasonalNaive(s, week), s) }},
		{"ewma-10m", "recent rate, half-life 10 min", func(s Setup) Forecaster { return Calibrate(NewEWMA(s, 600), s) }},
		{"ewma-1h", "recent rate, half-life 1 h", func(s Setup) Forecaster { return Calibrate(NewEWMA(s, 3600), s) }},
		{"ewma-1d", "recent rate, half-life 1 day", func(s Setup) Forecaster { return Calibrate(NewEWMA(s, day), s) }},
		{"gamma-poisson", "gamma-Poisson filters of several half-lives, mixed by likelihood", newGammaPoissons},
		{"ets", "exponential smoothing with a damped trend, settings by likelihood", func(s Setup) Forecaster { return Calibrate(NewHoltWinters(s, 0, 0), s) }},
		{"holt-winters-day", "the same with a season of a day", func(s Setup) Forecaster { return Calibrate(NewHoltWinters(s, day, quarterSeconds), s) }},
		{"holt-winters-week", "the same with a season of a week", func(s Setup) Forecaster { return Calibrate(NewHoltWinters(s, week, 3600), s) }},
		{"decomposition", "level, shape of the day, days of the week and holidays", func(s Setup) Forecaster { return Calibrate(NewDecomposition(s), s) }},
		{"self-exciting", "Hawkes process: arrivals bring along others", func(s Setup) Forecaster { return Calibrate(NewSelfExciting(s, selfExcitingHalfLives), s) }},
		{"croston", "intermittent demand: its size over its interval", func(s Setup) Forecaster { return Calibrate(NewIntermittent(s, Croston, 0.1, 0.1), s) }},
		{"sba", "Croston's without its bias", func(s Setup) Forecaster { return Calibrate(NewIntermittent(s, SBA, 0.1, 0.1), s) }},
		{"tsb", "intermittent demand: its size times its probability", func(s Setup) Forecaster { return Calibrate(NewIntermittent(s, TSB, 0.1, 0.05), s) }},
		{"fourier", "trend and strongest Fourier components, as policy fourier has them", func(s Setup) Forecaster { return NewFourierModel(s.Step, s.Lead).New() }},
		{"ssa", "singular spectrum analysis, as policy ssa-saa has it", func(s Setup) Forecaster { return NewSSAModel(s.Step, s.Lead).New() }},
		{"nhpp", "a fitted Poisson intensity, as policy nhpp has it", func(s Setup) Forecaster { return NewNHPPModel(s.Step, s.Lead, s.zone()).New() }},
		{"hourly", "the usual rate by the hour, as policy aws-predictive has it", func(s Setup) Forecaster { return NewHourlyModel(s.Step, s.Lead, s.zone()).New() }},
		{"adaptive", "what policy adaptive sizes by: rates and profiles, weighed online", func(s Setup) Forecaster { return NewAdaptive(s) }},
		{"combination", "several of these, weighed by their recent likelihood", newNamedCombination},
	}
}

// newGammaPoissons weighs filters of several half-lives at the horizon asked
// for, each calibrated: judged by their own next step, which is sure to be
// over-dispersed, those that follow the last count would always win.
func newGammaPoissons(s Setup) Forecaster {
	var filters []Forecaster
	for _, halfLife := range []float64{300, 1200, 2 * 3600, 8 * 3600, day} {
		filters = append(filters, Calibrate(NewGammaPoisson(s, max(halfLife, s.Step)), s))
	}
	return NewCombination(s, filters...)
}

// combinedNames are the members of combination: unlike each other.
var combinedNames = []string{"seasonal-naive-week", "ewma-10m", "ewma-1h", "ewma-1d", "gamma-poisson", "ets", "holt-winters-day", "holt-winters-week", "decomposition", "self-exciting", "tsb", "nhpp", "adaptive"}

func newNamedCombination(s Setup) Forecaster {
	var members []Forecaster
	for _, f := range Families() {
		if slices.Contains(combinedNames, f.Name) {
			members = append(members, f.New(s))
		}
	}
	return NewCombination(s, members...)
}

// Find looks a forecaster up by its name.
func Find(name string) (Family, error) {
	all := Families()
	i := slices.IndexFunc(all, func(f Family) bool { return f.Name == name })
	if i < 0 {
		var names []string
		for _, f := range all {
			names = append(names, f.Name)
		}
		return Family{}, fmt.Errorf("no forecaster is named %q; there are %s", name, strings.Join(names, ", "))
	}
	return all[i], nil
}

// Seasons, in seconds of local time.
const (
	day  = 86400
	week = 7 * day
)

// utc is the zone whose clocks show the epoch's.
type utc struct{}

func (utc) Local(t float64) float64 { return t }

func (s Setup) zone() Zone {
	if s.Zone == nil {
		return utc{}
	}
	return s.Zone
}

// local is t on the setup's clock.
func (s Setup) local(t float64) float64 { return s.zone().Local(t) }

// grain is the bin that a forecaster counts by: whole steps, at most half the
// lead time and at most the given span, but at least a step.
func (s Setup) grain(most float64) float64 {
	return s.Step * max(1, float64(int64(min(s.Lead/2, most)/s.Step)))
}
