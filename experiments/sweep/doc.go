// Package sweep runs an experiment: every policy, with every combination of
// its parameters, on every trace, fleet and seed that a file (experiment.yaml)
// asks for.
//
//	traces: [requests.parquet]
//	config: pool.yaml
//	measure_from: 25%
//	target: hit_rate=0.95
//	vary:
//	  fleet.default.lead_time: [60s, 120s]
//	policies:
//	  - {name: adaptive, hit_rate: 0.9..0.99/10}
//	  - {name: static, level: [5, 10, 20, 40]}
//	seeds: [1, 2, 3]
//
// A Plan is the list of its runs. Each is known by a key, a hash of everything
// that its result depends on, and its result is kept under that key when it
// is done, whole or not at all. So a sweep that was killed goes on with what
// is missing, several processes share one directory or bucket without knowing
// of each other, and what comes out depends on neither their number nor their
// order.
package sweep
