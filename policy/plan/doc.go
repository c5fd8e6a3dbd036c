// Package plan has the predictive workload as data: what a shadow does to get
// warm, in order.
//
// [Generate] makes a [Plan] of what the coming requests are expected to need
// ([Item]), within the time and the disk that a shadow has. A step saves the
// share of requests that need it times the wait that it spares each of them;
// what saves most per second of warming is chosen. [Regenerate] does so for a
// shadow that has done some steps, and [Better] says whether the new plan is
// worth changing to.
//
// A plan is written and read as YAML and as JSON, strictly: an unknown key, a
// key given twice, another version or an impossible value is an error that
// names its line. Its Hash tells plans of different content apart, however they
// are written.
//
//	version: 1
//	steps:
//	  - kind: image
//	    name: pytorch-2.4
//	    seconds: 21.5
//	    bytes: 8000000000
//	  - kind: prefetch
//	    name: imagenet
//	    fraction: 0.125
//	    seconds: 40
//	    bytes: 18000000000
//
// It is pure, as package policy is: reading is of bytes, not of files.
package plan
