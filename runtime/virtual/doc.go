// Package virtual is a provisioner whose instances are nothing but names and
// instants: for load tests, for tests on a clock that jumps, and for servers
// that are to decide and record, and launch nothing.
package virtual
