// Package search finds the cheapest setting that gives enough service, with
// few evaluations. It knows nothing of traces: families of settings lie in unit
// cubes, and a function evaluates points of them, at a share of the effort of a
// full evaluation if it is asked to.
//
// Families race. In every rung the survivors get points at a larger share of a
// full evaluation, and after it the better half of them goes on; in the last
// one each point goes to the family where it promises most. Points are proposed
// by constrained expected improvement (Gardner, Kusner, Xu, Weinberger and
// Cunningham, "Bayesian optimization with inequality constraints", ICML 2014):
// one Gaussian process models the logarithm of the cost, one the service, and
// what counts is the expected saving over the cheapest point that gives enough,
// times the probability that this one does. Cheap evaluations tell of full ones
// as far as they were found to agree (Kennedy and O'Hagan, "Predicting the
// output from a complex computer code when fast approximations are available",
// Biometrika 87, 2000).
//
// Proposals come in batches of a fixed size, so that a result depends on the
// seed, and not on how many evaluations go on at once.
package search
