// Package recorder keeps requests while they come, as a folder of Parquet files that
// grows, and from which the oldest go.
//
// What comes is appended to a file of JSON lines, requests-TIME.jsonl.partial, which is
// on the disk a second later. When it has been written for long enough, or has enough
// rows, it is sealed: it becomes requests-TIME.parquet, which appears whole. A file that
// a crash has left is sealed by the next Open, without the line that was cut off; so at
// most a second of requests is lost when the machine goes down, and none that were
// flushed when only the program does.
//
// Requests are recorded when they are over, so that files overlap in their arrivals;
// package trace reads a folder in order of arrival.
package recorder
