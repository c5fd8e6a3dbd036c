// Package forecast turns counts of arrivals into predictive distributions of
// the arrivals to come, and launches into distributions of the lead times to
// come.
//
// It is pure, as package policy is: instants come in as arguments, nothing is
// drawn at random, and arithmetic that could decide is portable. Times are in
// seconds here, as floats; rates are per second.
package forecast
