// Package trace holds what a workload was: a table of past requests (when each
// arrived, how long it held an instance, what kind of instance it needed), in
// memory as a structure of arrays and on disk as Parquet or CSV.
//
// [Load] reads a whole file, [Open] streams one chunk by chunk, [Builder]
// makes a trace from records, [WriteFile] and [Writer] write Parquet.
//
// # Parquet schema
//
// Written files have these columns; all but the first two are left out where
// they are unknown for every row, and null where unknown for one.
//
//	arrival      INT64 TIMESTAMP(NANOS, UTC)   ascending
//	duration_ns  INT64                         nanoseconds of service
//	category, task_type, zone, tenant, image, dataset   STRING, dictionary
//	announced    INT64 TIMESTAMP(NANOS, UTC)   when announced ahead
//	wait_ns      INT64                         observed wait, nanoseconds
//
// Integers are delta-coded (DELTA_BINARY_PACKED), everything is compressed
// with zstd. The metadata keys shadowpool.trace (the trace's name) and
// shadowpool.relative ("true" where the origin of time is unknown) describe
// the whole.
package trace
