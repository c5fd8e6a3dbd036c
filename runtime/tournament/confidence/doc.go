// Package confidence has confidence sequences: intervals for a mean that hold at
// all times together, however often one looks and whenever one stops.
//
// A Sequence inverts the t-test of Lai (1976) in the form of Wang and Ramdas
// (2024, "Anytime-valid t-tests and confidence sequences for Gaussian means with
// unknown variance"): a test martingale that mixes the standardised effect over a
// normal distribution. With S the sum of n observations less the mean that is
// tested, V the sum of their squares, and c² the mixture's precision,
//
//	M = sqrt(c²/(n+c²)) · ( (n+c²) V / ((n+c²) V - S²) )^(n/2)
//
// and the mean is in the interval for as long as M < 1/alpha. By Ville's inequality
// it ever leaves with a probability of at most alpha. That is exact for independent
// normal observations of unknown variance, from the second one on.
//
// For others it holds in the limit: with n the interval becomes that of Waudby-Smith,
// Arbour, Sinha, Kennedy and Ramdas (2024, "Time-uniform central limit theory and
// asymptotic confidence sequences", Annals of Statistics 52), with rho² = 1/c²,
//
//	mean ± s sqrt( 2 (n rho² + 1)/(n² rho²) · log( sqrt(n rho² + 1)/alpha ) )
//
// which needs a finite variance and nothing else of independent observations. Where
// they hang on what was before, and drift, it is the average of their means given the
// past that is covered, not what they come to in the long run. Skewed ones are missed
// more often as long as there are few: exponential ones, looked at from the 14th
// on, in 9 % of 10,000 runs where alpha is 5 %, normal ones in 3 %.
package confidence
