package forecast

// EWMA expects the recent rate to go on: an exponentially weighted mean of
// rates (simple exponential smoothing, Brown 1959) in continuous time.
type EWMA struct{ average }

// NewEWMA makes one with a half-life in seconds.
func NewEWMA(s Setup, halfLife float64) *EWMA { return &EWMA{newAverage(s.Start, halfLife)} }

// Forecast implements Forecaster.
func (e *EWMA) Forecast(from, to float64) NegBinomial {
	return NegBinomial{Mean: e.rate() * (to - from)}
}
