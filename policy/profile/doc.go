// Package profile learns from finished requests what the coming ones will
// need: which image, dependencies and datasets, how much of each dataset they
// read, how long the stages of warm-up take and how long tasks run.
//
// A [History] has a profile of every pair of task type and tenant that is seen
// often, one of every task type, and one of all requests. What a pair is
// expected to need is what its own requests needed, with the task type's and
// then everyone's as a prior that counts as a few requests: a pair of which
// nothing is known is its task type. History.Mix says which targets the coming
// requests will ask for, History.Needs what one of them needs,
// History.Latency how long a stage takes for a key.
//
// Names are numbers that the caller gives out; 0 is unknown. What is counted
// fades with a half-life, by forward decay (Cormode, Shkapenyuk, Srivastava and
// Xu, ICDE 2009): the weight of new observations grows instead of all others
// shrinking, so that an observation costs the same however much is known.
//
// Memory is bounded, whatever the number of names. Where there can be many,
// those seen most are counted by Space-Saving (Metwally, Agrawal and El Abbadi,
// ICDT 2005): of N observations in k counters, all by weight, every name with
// more than N/k is counted, and none more than N/k too high. What such a count
// leaves open is taken as the profile above has it; where there is none, only
// what was certainly seen counts (the count less its error), so that a name
// which has just taken another's counter is not taken for frequent.
//
//	pair of task type and tenant   1.3 kB at most, 0.5 kB with one image, four
//	                               dependencies, two datasets and four stages
//	task type                      4.1 kB at most
//	everything else                2.1 MB at most
//
// It is pure, as package policy is: instants come in as arguments, and
// arithmetic that could decide is portable. The fields of a History are
// exported for snapshots by encoding/json only.
package profile
