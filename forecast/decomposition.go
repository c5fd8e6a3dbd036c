package forecast

import (
	"slices"

	"shadowpool/forecast/portable"
)

// Decomposition takes demand apart into a level, a shape of the day by quarter
// hours, and by hours what each day of the week, and a holiday, differs from
// it: rate = level * day * week. Every factor is the ratio of what came to what
// the others expected, both discounted: the maximum of a Poisson likelihood
// over that factor alone, drawn towards one by a few pseudo-arrivals. (The
// cyclic ascent is iterative proportional fitting, Deming and Stephan 1940.)
// The level is a slow one to which a quick one returns as the horizon grows.
type Decomposition struct {
	setup       Setup
	bins        bins
	day         [QuartersPerDay]factor
	week        [dayKinds][24]factor
	slow, quick factor // arrivals per second, before the shapes
	keepSlow    float64
	keepQuick   float64
	keepDay     float64
	keepWeek    float64
}

// A factor is the ratio of what came to what was expected, both discounted.
type factor struct{ came, expected float64 }

// value of a factor that is drawn towards prior by some pseudo-arrivals.
func (f factor) value(prior, pseudo float64) float64 {
	return (f.came + float64(prior*pseudo)) / (f.expected + pseudo)
}

func (f *factor) learn(keep, came, expected float64) {
	f.came = float64(f.came*keep) + came
	f.expected = float64(f.expected*keep) + expected
}

const (
	dayKinds = 8 // Sunday to Saturday, and holidays
	holiday  = 7
	// pseudo is the weight of no difference in arrivals, and pseudoVisits in
	// visits of the slot, which counts where many arrivals come at once.
	pseudo, pseudoVisits = 2, 0.3
	// slowLevel, quickLevel and levelReturn are half-lives, seconds: of the
	// two levels, and of the quick one's lead over the slow one ahead.
	slowLevel, quickLevel, levelReturn = 4 * day, 1800, 4 * 3600
)

// NewDecomposition makes one.
func NewDecomposition(s Setup) *Decomposition {
	d := &Decomposition{setup: s, bins: newBins(s.Start, s.grain(mostGrain))}
	w := d.bins.width
	d.keepSlow, d.keepQuick = portable.Decay(w, slowLevel), portable.Decay(w, quickLevel)
	visits := max(quarterSeconds/w, 1) // of a quarter hour a day
	d.keepDay = portable.Decay(1/visits, 7)
	visits = max(3600/w, 1) // of an hour of the week
	d.keepWeek = portable.Decay(1/visits, 4)
	return d
}

// Observe implements Forecaster.
func (d *Decomposition) Observe(t, n float64) { d.bins.add(t, n, d.learn) }

func (d *Decomposition) learn(index int64, n float64) {
	quarter, kind, hour := d.slots(index)
	day, week := d.dayShape(quarter), d.weekShape(kind, hour)
	exposure := float64(d.bins.width * float64(day*week))
	d.slow.learn(d.keepSlow, n, exposure)
	d.quick.learn(d.keepQuick, n, exposure)
	base := float64(d.bins.width * d.slow.value(0, 0))
	d.day[quarter].learn(d.keepDay, n, float64(base*week))
	d.week[kind][hour].learn(d.keepWeek, n, float64(base*day))
}

// dayShape is the day's factor, over three quarter hours.
func (d *Decomposition) dayShape(quarter int64) float64 {
	var f factor
	for k, weight := range []float64{0.5, 1, 0.5} {
		near := d.day[slot(quarter+int64(k)-1, QuartersPerDay)]
		f.came += float64(weight * near.came)
		f.expected += float64(weight * near.expected)
	}
	return f.value(1, pseudo+d.usual(quarterSeconds))
}

// weekShape is the factor of a kind of day; holidays are Sundays until they
// show otherwise.
func (d *Decomposition) weekShape(kind, hour int64) float64 {
	prior, weight := 1.0, pseudo+d.usual(3600)
	if kind == holiday {
		prior = d.week[0][hour].value(1, weight)
	}
	return d.week[kind][hour].value(prior, weight)
}

// usual is the number of arrivals in pseudoVisits of slots of some seconds.
func (d *Decomposition) usual(seconds float64) float64 {
	if d.slow.expected <= 0 {
		return 0
	}
	return float64(pseudoVisits * float64(seconds*d.slow.value(0, 0)))
}

// Forecast implements Forecaster; it is a Poisson distribution.
func (d *Decomposition) Forecast(from, to float64) NegBinomial {
	if d.slow.expected <= 0 {
		return NegBinomial{}
	}
	slow := d.slow.value(0, 0)
	lead := d.quick.value(slow, quickPseudo/max(slow, 1e-9)) - slow
	lead = float64(lead * portable.Decay((from+to)/2, levelReturn))
	mean := d.bins.over(from, to, func(index int64) float64 {
		quarter, kind, hour := d.slots(index)
		return float64(d.dayShape(quarter) * d.weekShape(kind, hour))
	})
	return NegBinomial{Mean: float64(mean * float64(d.bins.width*(slow+lead)))}
}

// quickPseudo draws the quick level towards the slow one where little comes,
// in arrivals.
const quickPseudo = 1

// slots are the places of a bin in the shapes.
func (d *Decomposition) slots(index int64) (quarter, kind, hour int64) {
	local := d.setup.local(d.bins.middle(index))
	quarter = quarterOf(local)
	kind, hour = quarter/QuartersPerDay, quarter%QuartersPerDay/4
	if _, is := slices.BinarySearch(d.setup.Holidays, wholes(local, day)); is {
		kind = holiday
	}
	return quarter % QuartersPerDay, kind, hour
}
