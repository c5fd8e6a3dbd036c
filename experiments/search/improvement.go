package search

import "math"

// density and probability are those of the standard normal distribution.
func density(z float64) float64 { return math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) }

func probability(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// improvement is by how much a normal variable is expected to lie below what
// is best so far, where it does (Jones, Schonlau and Welch, "Efficient global
// optimization of expensive black-box functions", J. Global Optimization 13,
// 1998).
func improvement(best, mean, deviation float64) float64 {
	z := (best - mean) / deviation
	return (best-mean)*probability(z) + deviation*density(z)
}
