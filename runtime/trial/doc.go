// Package trial has no code but tests: it runs the whole live host (loop,
// journal, restore, patrol and the HTTP API) in worlds drawn from seeds, under a clock that jumps, with a store and a provider that fail
// in every way they can: answers that are lost, late or doubled, servers that
// crash at any step, two that believe they lead, instances that vanish.
//
//	go test ./runtime/trial                        a CI-sized run
//	go test ./runtime/trial -seeds 100000          a long one
//	go test ./runtime/trial -seed 4711 -v          one world again, step by step
//
// The worlds' own books are kept in order by the bubble's clock, not by locks, so
// they are left out under the race detector, which has tests of its own.
package trial
