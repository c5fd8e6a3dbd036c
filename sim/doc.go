// Package sim replays a trace against a policy: a deterministic
// discrete-event simulation in which the real policy.Controller decides.
//
// The world around the controller is the trace (arrivals and durations), the
// cloud (lead times drawn from named random streams, prices) and a calendar
// of coming events. Events are delivered in the total order of package policy:
// by time, then class, then sequence. The same inputs give the same bytes.
//
// Random draws are common across policies: the j-th launch of a category
// takes the same lead time under every policy, so that differences between
// policies are paired. What launches at one time have in common is a function
// of the instant alone.
//
// Pools that nothing couples (Couple) may be replayed in parts, at the same time
// or on other machines: what the parts count (Tally) adds up to what one run
// counts, exactly (Merge).
package sim
