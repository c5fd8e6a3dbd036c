package forecast

// A Forecaster learns from counts of arrivals as they come and forecasts any
// span of the time ahead. Times are seconds since the epoch.
type Forecaster interface {
	// Observe takes the n arrivals since the last observation (or since the
	// forecaster was made), up to and including t. Observations ascend and may
	// be any spans apart.
	Observe(t, n float64)
	// Forecast is the distribution of the arrivals in the span that begins
	// from and ends to seconds after the last observation; 0 <= from < to.
	Forecast(from, to float64) NegBinomial
}

// A Zone turns instants into readings of a local clock, both in seconds since
// the epoch, the reading as if it were UTC: summer time included.
type Zone interface {
	Local(t float64) float64
}
