// Package runtime is the live host of a policy.Controller: the same decisions
// as in a simulation, over real requests, real instances and the real clock.
//
// A [Host] runs one loop that owns the controller. Requests, results of
// launches and lost instances reach it as inputs through a channel; each gets
// an instant of its own (the start's wall clock plus the monotonic clock, at
// least a nanosecond after the one before, so that there are no ties). Before
// an event at t the loop fires every timer of the controller that is due
// before it, stamped with its due instant. What the controller decides is
// recorded first and carried out when its call has returned.
//
// A [Provisioner] makes and ends instances; package runtime/process makes them
// of operating-system processes. Package runtime/api serves a Host over HTTP,
// package runtime/dashboard shows what it does, and package runtime/tracing
// makes traces of its claims.
//
// Where the provisioner is a [Meter] a second goroutine asks it now and then
// what the instances use; the loop keeps the sums for status and metrics. No
// decision depends on them, so they are no events.
//
// With a [Recording] the host writes down every input and what the controller
// decided on it. [Verify] feeds such a log to a fresh controller, which must
// decide the same.
//
// What a promotion takes shows in reality, so the host plans none: a
// configured promotion delay is the simulator's.
package runtime
