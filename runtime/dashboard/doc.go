// Package dashboard shows what a live server does: a page with its interface
// under /v1/dashboard/, fed by an observer of the host's loop.
//
// The loop only counts: [Board.Observe] adds to a tally, whose lock nobody
// else holds for longer than it takes to put an empty one in its place. Once a
// second [Board.Run] does that, asks the host for its status, and enters both
// in the history: rings of 5 minutes by the second and of 24 hours by 15
// seconds, so that a page that is loaded again shows what was. The handlers
// read the history in goroutines of their own.
//
// Other figures than the server's own are shown as further panels; see [Panel].
package dashboard
