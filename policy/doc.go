// Package policy takes every decision of a predictive pool: how many shadow
// instances to hold, where a request goes, what to launch and what to end.
//
// It is pure: no clock, no I/O, no goroutine, no global random source, no map
// order. Events go in as method calls that carry their instant; actions come
// out through a Host. The simulator (package sim) and the live server
// (package runtime) are two hosts of the same Controller, so what is simulated
// is what runs, and a recorded run can be verified against a fresh Controller.
//
// # Vocabulary
//
// A pool holds the instances of one category. Its stock is
//
//	warm       idle instances, ready to be claimed
//	launching  ordered and not yet warm, for the pool
//	waiting    requests in the pool's queue
//	in use     instances that serve a request
//	stopped    hibernated instances, which no position counts
//
// and position = warm + launching - waiting. A Sizer sets the pool's level S;
// after every claim and every tick the controller launches until
// position >= S (base-stock), and at ticks ends what is surplus.
//
// Where a category has Stages that only some requests need, its warm instances
// are prepared for Targets: the host carries out what Prepare names and tells
// when it is done. A request is given the instance that lacks least, and the host
// carries out what is missing before the request begins (Assignment.Missing).
//
// Where a category has a Lifecycle, idle instances that are about to end, of age
// or because they are stale, are aging: they serve on, but are not among the
// warm ones, so that the controller orders their successors ahead of the end.
//
// A category may be reserved for a tenant (ReservedFor), under isolation: the host
// sends only that tenant's requests to it, and what is the tenant's own is done
// ahead there. Its instances are the tenant's, whether they have served or not, and
// so is what its requests take of a category for all.
//
// # The host's duties
//
//  1. One goroutine at a time calls a Controller; fleets that need more are
//     split by pool into several controllers.
//  2. Call Start once, then deliver events in the total order (time, Class,
//     sequence): instances that became warm or prepared, then those released, failed or
//     lost; then idle expiry; then what is announced (Hint); then arrivals; then
//     ticks. Time never goes back.
//  3. The controller owns its timers. Before an event at (t, class) the host
//     calls Fire for as long as NextTimer is before (t, class); a timer acts
//     at its due instant, however late the host is.
//  4. Carry out actions in the order in which they come. Host methods only
//     record or schedule: they must not call the controller back. The result
//     of an action returns later as an event: Warm or Fail for a launch,
//     Release for an assignment, Prepared for a preparation that nothing has
//     overtaken. How long each of its stages took, or each that was missing for a
//     request, is told by Took before that. Nothing returns for an end or a refusal:
//     the instance, or the request, is gone for the controller as soon as End or
//     Refuse is called. What the provider takes back is told by Notice, if it
//     gives one, and by Lose when it is gone.
//  5. Requests and instances that a host passes in must exist and be in the
//     right state. Anything else is the host's bug, and the controller panics
//     with a message that begins with "policy:"; hosts check foreign input
//     before they pass it on.
//
// Order counts: launches count from the moment they are decided, never from
// when they are seen, and each ends exactly once: warm, failed or lost.
//
// # The same bytes everywhere
//
// Decisions are equal on every machine. Where the last bit of a logarithm
// could decide, the portable functions of forecast/portable are used, and
// every product that is added is rounded first (float64(x*y) + z), because Go
// may fuse the two on some architectures.
package policy
