package forecast

import (
	"slices"

	"shadowpool/forecast/portable"
)

// Decomposition takes demand apart into a level, a shape of the day by quarter
// hours, and by hours what each day of the week, and a holiday, differs from
// it: rate = level * day * week. Every factor is the ratio of what came to what
// the others expected, both discounted: the maximum of a Poisson likelihood
// over that factor alone, drawn towards one. (The cyclic ascent is iterative
// proportional fitting, Deming and Stephan 1940.) The level is a slow one to
// which a quick one returns as the horizon grows.
type Decomposition struct {
	setup       Setup
	bins        bins
	day         [QuartersPerDay]factor
	week        [dayKinds][24]factor
	slow, quick factor  // arrivals per second, before the shapes
	keepSlow    float64 // over a bin
	keepQuick   float64
	now         [4]quarterHour // of the local hour that is not over
	hour        int64          // its number
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

// A quarterHour holds what its shapes have to learn when its hour is over: a
// burst that raised shape and level at once would count twice.
type quarterHour struct{ came, flat float64 } // flat: expected without shapes

const (
	dayKinds = 8 // Sunday to Saturday, and holidays
	holiday  = 7
	// pseudo is the weight of no difference in arrivals, and pseudoVisits in
	// visits of the slot, which counts where many arrivals come at once.
	pseudo, pseudoVisits = 2, 0.3
	// quickPseudo draws the quick level towards the slow one, in arrivals.
	quickPseudo = 1
	// slowLevel and levelReturn are half-lives, seconds: of the slow level, and
	// of the quick one's lead over it ahead. The quick level's is the lead time,
	// within bounds.
	slowLevel, levelReturn = 4 * day, 4 * 3600
	quickest, slowestQuick = 600, 7200
)

// A visit of a slot of the day, and of the week, counts half after so many.
var keepDay, keepWeek = portable.Decay(1, 7), portable.Decay(1, 4)

// NewDecomposition makes one.
func NewDecomposition(s Setup) *Decomposition {
	d := &Decomposition{setup: s, bins: newBins(s.Start, s.grain(mostGrain))}
	d.keepSlow, d.keepQuick = portable.Decay(d.bins.width, slowLevel), portable.Decay(d.bins.width, min(max(s.Lead, quickest), slowestQuick))
	d.hour = wholes(s.local(d.bins.middle(d.bins.index)), 3600)
	return d
}

// Observe implements Forecaster.
func (d *Decomposition) Observe(t, n float64) { d.bins.add(t, n, d.learn) }

func (d *Decomposition) learn(index int64, n float64) {
	local := d.setup.local(d.bins.middle(index))
	if hour := wholes(local, 3600); hour != d.hour {
		d.close()
		d.hour = hour
	}
	exposure := float64(d.bins.width * d.shape(local))
	d.slow.learn(d.keepSlow, n, exposure)
	d.quick.learn(d.keepQuick, n, exposure)
	q := &d.now[slot(wholes(local, quarterSeconds), 4)]
	q.came += n
	q.flat += float64(d.bins.width * d.slow.value(0, 0))
}

// close lets the shapes learn the hour that is over.
func (d *Decomposition) close() {
	start := float64(d.hour) * 3600
	kind, hour := d.kind(start), slot(d.hour, 24)
	var came, expected float64
	week := d.weekShape(kind, hour)
	for i, q := range d.now {
		quarter := float64(float64(i)*quarterSeconds) + start
		place := slot(wholes(quarter, quarterSeconds), QuartersPerDay)
		came += q.came
		expected += float64(q.flat * d.dayShape(place))
		if q.flat > 0 {
			d.day[place].learn(keepDay, q.came, float64(q.flat*week))
		}
	}
	if expected > 0 {
		d.week[kind][hour].learn(keepWeek, came, expected)
	}
	d.now = [4]quarterHour{}
}

// shape is the product of the shapes at a reading of the local clock.
func (d *Decomposition) shape(local float64) float64 {
	day := d.dayShape(slot(wholes(local, quarterSeconds), QuartersPerDay))
	return float64(day * d.weekShape(d.kind(local), slot(wholes(local, 3600), 24)))
}

// dayShape is the day's factor, over three quarter hours.
func (d *Decomposition) dayShape(quarter int64) float64 {
	f := d.day[quarter]
	for _, k := range []int64{-1, 1} {
		near := d.day[slot(quarter+k, QuartersPerDay)]
		f.came += float64(0.5 * near.came)
		f.expected += float64(0.5 * near.expected)
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

// usual is the number of arrivals in pseudoVisits of a slot of some seconds.
func (d *Decomposition) usual(seconds float64) float64 {
	if d.slow.expected <= 0 {
		return 0
	}
	return float64(pseudoVisits * float64(seconds*d.slow.value(0, 0)))
}

// kind is the day of the week, from Sunday, or holiday.
func (d *Decomposition) kind(local float64) int64 {
	number := wholes(local, day)
	if _, is := slices.BinarySearch(d.setup.Holidays, number); is {
		return holiday
	}
	return slot(number+4, 7) // the epoch was a Thursday
}

// Forecast implements Forecaster; it is a Poisson distribution.
func (d *Decomposition) Forecast(from, to float64) NegBinomial {
	if d.slow.expected <= 0 {
		return NegBinomial{}
	}
	slow := d.slow.value(0, 0)
	lead := d.quick.value(slow, quickPseudo/max(slow, 1e-9)) - slow
	lead = float64(lead * portable.Decay((from+to)/2, levelReturn))
	shapes := d.bins.over(from, to, func(index int64) float64 {
		return d.shape(d.setup.local(d.bins.middle(index)))
	})
	return NegBinomial{Mean: float64(shapes * float64(d.bins.width*(slow+lead)))}
}
