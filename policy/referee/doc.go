// Package referee watches a policy.Controller: every event that goes in and
// every action that comes out is held against books of the referee's own,
// which share no data and no code with the controller's.
//
// A Referee stands between host and controller. It has the controller's event
// methods, which pass each event on, and is the controller's host, which
// passes each action on. What must hold, by Rule:
//
//   - Life: an instance is launched, becomes warm, serves and ends, in legal
//     steps only; it serves one request at a time, a single-use one ever; what
//     serves or is launching is never ended. launched + moved in = launching +
//     warm + serving + ended + failed + lost + moved out, for each pool.
//   - Request: a request is served once, and only while it waits.
//   - Order: a queue is first come, first served, but for requests that lost
//     their instance, which go first, and for those that an instance of
//     another tenant cannot serve. Nobody waits beside an instance of the
//     category that suits; one of a compatible category goes to who arrives
//     next, past those who wait.
//   - Choice: who arrives is given the tenant's own instance before a free
//     one, of single-use instances the oldest, of reusable ones the newest,
//     and one of a compatible category only if its own has none.
//     Where warm-up has stages, it is one that lacks least.
//   - Isolation: an instance that has held a tenant's request serves no other.
//   - Outcome: hits, partial hits and misses are as docs/figures.md has them,
//     and promotions take the time that is configured.
//   - Limit: neither instances nor launches ever exceed their category's.
//   - Stock: nothing is launched at or above the level; after every arrival,
//     loss and tick a pool's position has reached its level, unless limits, a
//     hold after failures, or draining forbid it.
//   - Surplus: idle instances are ended only for a reason that holds, the
//     newest first, and never later than the next tick or their keep-alive.
//   - Timer: time never goes back, timers act at their due instants, ticks
//     fall on whole multiples, and actions carry the instant of their event.
//   - Books: the controller counts what the referee counts.
//   - Host: the host keeps its own duties; see package policy.
//
// A rule is added where it belongs: what an action may do in actions.go, whom
// it may serve in serving.go, levels, limits and ends in levels.go, what must
// hold between events in settle.go. What ties an instance to a tenant goes
// through tie.
//
// The first violation is kept, with the last events and actions before it, and
// from then on the referee only passes on. So it does from the first maximum
// age, idle time-out or second generation of a category on, and from the first
// request that requires or refuses warm instances: it has no rules for them yet.
package referee
