// Package forecast turns counts of arrivals into predictive distributions of
// the arrivals to come, and launches into distributions of the lead times to
// come.
//
// Every [Forecaster] takes counts as they come and forecasts any span ahead;
// [Families] names them all, and Calibrate gives one that forecasts means the
// over-dispersion that its horizon turns out to need. [Hierarchy] forecasts
// many parts of one demand. Package experiments judges forecasters.
//
// It is pure, as package policy is: instants come in as arguments, nothing is
// drawn at random, and arithmetic that could decide is portable. Times are in
// seconds here, as floats; rates are per second.
package forecast
