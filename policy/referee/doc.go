// Package referee watches a policy.Controller: every event that goes in and
// every action that comes out is held against books of the referee's own,
// which share no data and no code with the controller's. Of the controller it
// asks for its levels and its next timer, of the sizer how many stopped instances
// it wants and when it looks at hints.
//
// A Referee stands between host and controller. It has the controller's event
// methods, which pass each event on, and is the controller's host, which
// passes each action on. What must hold, by Rule:
//
//   - Life: an instance is launched, becomes warm, serves and ends, in legal
//     steps only; it serves one request at a time, a single-use one ever; what
//     serves is never ended, nor is what launches without the provider's notice.
//     launched + moved in = launching + warm + serving + stopped + ended + failed +
//     lost + moved out, for each pool.
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
//   - Warmth: who requires a warm instance is given one that lacks nothing, or
//     refused if there is none; who wants a new one is given its own launch, never
//     a resumed one.
//   - Isolation: an instance that has held a tenant's request serves no other.
//   - Reservation: an instance of a pool that is reserved for a tenant serves that
//     tenant's requests to the pool and to others that are reserved for it, and never
//     leaves them; what a tenant has of its own is done ahead there only. One that is
//     free for all becomes the tenant's, as it is, by a request that finds nothing in
//     its own pool.
//   - Outcome: hits, partial hits and misses are as docs/figures.md has them,
//     and promotions take the time that is configured.
//   - Limit: neither instances nor launches ever exceed their category's.
//   - Budget: nothing is ordered, resumed or moved that the fleet's budget has no
//     room for; what nobody uses is ended for it only where a request waits for
//     the money, of the pool that has the most.
//   - Stock: nothing is launched at or above the level; after every arrival,
//     loss and tick a pool's position has reached its level, unless limits, the
//     budget, failures, or draining forbid it.
//   - Surplus: idle instances are ended only for a reason that holds, the
//     newest first, and never later than the next tick, their keep-alive or, as
//     far as there are more than the level asks for, their idle time-out.
//   - Spot: only categories that have it launch there: shadows where they are
//     cheaper, never for those who wait unless on-demand has failed or is too dear.
//     What gets a notice is ended or serves to its end, and no other request. With
//     Replace a standard instance follows each promotion on spot and takes over.
//   - Stopped: the stopped stock comes to what the sizer wants, after the level, and
//     what is stopped is on demand, nobody's and not on its way out. A request that
//     finds nothing warm has the last one resumed; what is not wanted is kept until
//     its storage has cost a launch.
//   - Age: nothing is handed out that is too old, and ticks end it, as the notes on
//     Lifecycle have it; a stopped one goes on ageing. What soon will be is no stock.
//   - Generation: where stale instances are forbidden none is handed out from the
//     instant on at which it becomes stale, nor left idle, and launches that have
//     become stale are in vain; else they are replaced at ticks, no more than the
//     surge at a time, as others cover the level or there is no room for them.
//   - Pause: what a provider has refused is not ordered again at once, and a pool
//     that is paused orders nothing.
//   - Timer: time never goes back, timers act at their due instants, ticks
//     fall on whole multiples, and actions carry the instant of their event.
//   - Books: the controller counts what the referee counts.
//   - Host: the host keeps its own duties; see package policy.
//
// Where the choice is the controller's the weaker law is checked. Which of the
// stale instances are being replaced, and so are no stock, is not known: a position
// is a range, and only what is wrong for all of it is a violation. After a failure
// a pool has five minutes and a tick, or until the launches on its way have ended,
// before it must have launched again; how breakers open and close in between is not
// followed, but for the half of a second that a refusal lasts at least. Under a
// budget whose turn it is among those who wait is not followed either, only that
// nobody goes without what is there for him once the instant is over. And where
// warm-up has stages, any of those that lack as little may be given, turned, ended
// or adapted.
//
// A rule is added where it belongs: what an action may do in actions.go, launches.go
// and ends.go, whom it may serve in serving.go, levels and what ticks owe in
// levels.go, what else must hold between events in settle.go. What ties an instance
// to a tenant goes through tie.
//
// The first violation is kept, with the last events and actions before it, and
// from then on the referee only passes on.
package referee
