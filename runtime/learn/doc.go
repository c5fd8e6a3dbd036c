// Package learn makes the plans of the predictive workload from what requests
// have really used (package profile), category by category.
//
// A Learner knows names, of which a History knows numbers: of task types,
// tenants, images and datasets, as many as a bound allows. When that is reached
// the names go that no history has a use for any more.
//
// It reads no clock and ranges over no map: what it says depends on nothing but
// what it was told, and in which order. Snapshot writes all of it, Restore
// reads it.
package learn
