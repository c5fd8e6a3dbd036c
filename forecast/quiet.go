package forecast

import (
	"math"

	"shadowpool/forecast/portable"
)

// Quiet is how often quiet pools of a fleet are asked for again. A weighted sum
// of decaying rates soon forecasts next to nothing for a pool that is silent,
// where in truth one that has been silent for days is asked for about as often
// as one silent for hours. So what came is counted by what was forecast, in
// bins a factor of two wide, and a forecast is raised to what came of those like
// it; rates ascend with the forecast (isotonic regression; Ayer et al. 1955).
// Fields are exported for snapshots only.
type Quiet struct {
	Exposed  [quietBins]float64 // lead times
	Came     [quietBins]float64 // first arrivals in them
	Forecast [quietBins]float64 // sum over lead times
	Rates    [quietBins]float64 // arrivals a lead time, to which forecasts are raised
}

const (
	// quietBins are for forecasts of 2^-quietBins up to 1 arrivals a lead time;
	// the first has also what is below.
	quietBins = 20
	// quietPrior is for how many arrivals the forecast itself counts in a bin.
	quietPrior = 0.5
)

// quietBin is that of a forecast; quietBins for those that are not quiet.
func quietBin(mean float64) int {
	exponent := int(math.Float64bits(mean)>>52) - 1023
	return min(max(exponent+quietBins, 0), quietBins)
}

// learn takes a span, in lead times, at a forecast, and whether an arrival
// ended it.
func (q *Quiet) learn(mean, span float64, came bool) {
	bin := quietBin(mean)
	if bin >= quietBins {
		return
	}
	q.Exposed[bin] += span
	q.Forecast[bin] += float64(mean * span)
	if came {
		q.Came[bin]++
	}
}

// rate is what came, in a lead time, of forecasts like mean; 0 if it is not a
// quiet one.
func (q *Quiet) rate(mean float64) float64 {
	bin := quietBin(mean)
	if bin >= quietBins {
		return 0
	}
	return q.Rates[bin]
}

// fit makes the rates of what was counted, and lets what was counted count for
// less by keep.
func (q *Quiet) fit(keep float64) {
	// Pool adjacent violators: blocks of bins from, came, over.
	var from [quietBins]int
	var came, exposed [quietBins]float64
	n := 0
	for i := range quietBins {
		q.Exposed[i], q.Came[i], q.Forecast[i] = float64(q.Exposed[i]*keep), float64(q.Came[i]*keep), float64(q.Forecast[i]*keep)
		if q.Exposed[i] == 0 {
			q.Rates[i] = 0
		}
		from[n], came[n], exposed[n] = i, q.Came[i], q.Exposed[i]
		if q.Forecast[i] > 0 {
			came[n] += quietPrior
			exposed[n] += quietPrior * q.Exposed[i] / q.Forecast[i]
		}
		for n++; n > 1 && came[n-2]*exposed[n-1] >= came[n-1]*exposed[n-2]; n-- {
			came[n-2] += came[n-1]
			exposed[n-2] += exposed[n-1]
		}
	}
	end := quietBins
	for n--; n >= 0; n-- {
		for i := from[n]; i < end; i++ {
			q.Rates[i] = came[n] / max(exposed[n], 1)
		}
		end = from[n]
	}
}

// keepQuietRates is how what came counts on over a quarter of an hour.
var keepQuietRates = portable.Decay(900, 28*86400)
