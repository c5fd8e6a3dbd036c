// Package learn makes the plans of the predictive workload from what requests
// have really used (package profile), category by category.
//
// A Learner knows names, of which a History knows numbers: of task types,
// tenants, images and datasets. Those that no history has a use for any more go
// now and then; as histories are bounded, so are the names.
//
// It reads no clock and ranges over no map: what it says depends on nothing but
// what it was told, and in which order. Snapshot writes all of it, Restore
// reads it.
package learn
