package referee_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"shadowpool/policy"
	"shadowpool/policy/referee"
)

// Every fault is found where it happens, and not a step before.
func TestFaults(t *testing.T) {
	const (
		hit, partial, miss            = policy.Hit, policy.PartialHit, policy.Miss
		becameWarm, wasWarm, released = policy.BecameWarm, policy.WasWarm, policy.WasReleased
	)
	for _, c := range []struct {
		fault  string
		rule   referee.Rule
		spec   string
		change func(*policy.Config)
		before func(*script) // all is well
		then   func(*script)
	}{
		{"a single-use instance is released and kept", referee.Life, "", singleUse,
			func(s *script) { s.serve(1, 1, 1) },
			func(s *script) { s.release(1) }},
		{"a single-use instance serves again", referee.Life, "", singleUse,
			func(s *script) { s.serve(1, 1, 1); s.arrive(2, 1, order(2)) },
			func(s *script) { s.release(1, assign(1, 2, partial, released)) }},
		{"an instance serves two requests at once", referee.Life, "", nil,
			func(s *script) { s.serve(1, 1, 1); s.arrive(2, 1, order(2)) },
			func(s *script) { s.arrive(3, 1, assign(1, 3, hit, wasWarm)) }},
		{"an instance serves before it is warm", referee.Life, "", nil,
			func(s *script) { s.arrive(1, 1, order(1)) },
			func(s *script) { s.arrive(2, 1, assign(1, 2, hit, wasWarm)) }},
		{"an instance that was ended serves", referee.Life, "", singleUse,
			func(s *script) { s.serve(1, 1, 1); s.release(1, end(1, policy.SingleUse)) },
			func(s *script) { s.arrive(2, 1, assign(1, 2, hit, wasWarm)) }},
		{"what serves is ended", referee.Life, "", nil,
			func(s *script) { s.serve(1, 1, 1) },
			func(s *script) { s.arrive(2, 1, end(1, policy.Surplus)) }},
		{"what launches is ended", referee.Life, "", nil,
			func(s *script) { s.arrive(1, 1, order(1)) },
			func(s *script) { s.cancel(1); s.timer(1_500_015e9, policy.ClassTick, end(1, policy.Surplus)) }},
		{"a living instance's slot is given again", referee.Life, "", nil,
			func(s *script) { s.arrive(1, 1, order(1)) },
			func(s *script) { s.arrive(2, 1, order(1)) }},
		{"a name is given again", referee.Life, "", nil,
			func(s *script) { s.arrive(1, 1, order(1)); s.fail(1); s.cancel(1); s.now += hour },
			func(s *script) { s.arrive(2, 1, order(1)) }},
		{"an idle instance moves to where nothing is below", referee.Life, "layered", nil,
			func(s *script) { s.keep(1) },
			func(s *script) { s.timer(s.now+hour, policy.ClassExpiry, move(1, 1, policy.Demoted)) }},
		{"an instance is adapted and not used", referee.Life, "", compatible,
			func(s *script) { s.keep(1) },
			func(s *script) { s.arriveIn(1, 1, move(1, 1, policy.WasCompatible)) }},
		{"an instance is adapted for nobody", referee.Choice, "", compatible,
			func(s *script) { s.keep(1); s.arrive(1, 1, assign(1, 1, hit, wasWarm)) },
			func(s *script) { s.release(1, move(1, 1, policy.WasCompatible)) }},

		{"a request is served twice", referee.Request, "", nil,
			func(s *script) {
				s.arrive(1, 1, order(1))
				s.arrive(2, 1, order(2))
				s.warm(1, assign(1, 1, miss, becameWarm))
			},
			func(s *script) { s.warm(2, assign(2, 1, miss, becameWarm)) }},
		{"a cancelled request is served", referee.Request, "", nil,
			func(s *script) { s.arrive(1, 1, order(1)); s.cancel(1) },
			func(s *script) { s.warm(1, assign(1, 1, miss, becameWarm)) }},
		{"a miss has no launch of its own", referee.Request, "", early, nil,
			func(s *script) { s.arrive(1, 1, order(1)) }},

		{"the queue is served from its end", referee.Order, "", nil,
			func(s *script) { s.arrive(1, 1, order(1)); s.arrive(2, 1, order(2)) },
			func(s *script) { s.warm(1, assign(1, 2, miss, becameWarm)) }},
		{"a request waits beside a warm instance", referee.Order, "", nil,
			func(s *script) { s.arrive(1, 1, order(1)) },
			func(s *script) { s.warm(1) }},
		{"a tenant waits beside an instance of its own", referee.Order, "", isolated,
			func(s *script) { s.serve(1, 2, 1); s.arrive(2, 2, order(2)) },
			func(s *script) { s.release(1) }},
		{"a launch goes to another than who waits for it alone", referee.Order, "", early,
			func(s *script) {
				s.arrive(1, 1, launch(1, 0, policy.ForMiss))
				s.arrive(2, 1, launch(2, 0, policy.ForMiss))
			},
			func(s *script) { s.warm(1, assign(1, 2, miss, policy.OwnLaunch)) }},

		{"of reusable instances the one used longest ago goes", referee.Choice, "", nil,
			func(s *script) { s.keep(1, 2) },
			func(s *script) { s.arrive(1, 1, assign(1, 1, hit, wasWarm)) }},
		{"of single-use instances the newest goes", referee.Choice, "static", singleUse,
			func(s *script) {
				s.level = policy.Hold(2)
				s.timer(1_500_015e9, policy.ClassTick, order(1), order(2))
				s.warm(1)
				s.warm(2)
			},
			func(s *script) { s.arrive(1, 1, assign(2, 1, hit, wasWarm)) }},
		{"who arrives waits although one is warm", referee.Choice, "", nil,
			func(s *script) { s.keep(1) },
			func(s *script) { s.arrive(1, 1) }},

		{"a tenant's instance serves another", referee.Isolation, "", isolated,
			func(s *script) { s.keep(1) },
			func(s *script) { s.arrive(1, 2, assign(1, 1, hit, wasWarm)) }},
		{"a tenant's instance serves another that waits", referee.Isolation, "", isolated,
			func(s *script) { s.serve(1, 1, 1); s.arrive(2, 2, order(2)) },
			func(s *script) { s.release(1, assign(1, 2, partial, released)) }},

		{"what is reserved serves its tenant elsewhere", referee.Reservation, "", reservedForOne,
			func(s *script) { s.keep(1) },
			func(s *script) { s.arriveIn(1, 2, assignIn(1, 1, 2, hit, policy.WasCompatible)) }},
		{"what is reserved is prepared for another", referee.Reservation, "", reservedForOne, nil,
			func(s *script) { s.arrive(1, 1, order(1), prepare(1, policy.Target{Tenant: 2, Dataset: 1})) }},
		{"what is free for all is prepared for one", referee.Reservation, "", reservedForOne, nil,
			func(s *script) {
				s.arriveIn(1, 1, launch(1, 1, policy.ForLevel), prepare(1, policy.Target{Tenant: 1, Dataset: 1}))
			}},
		{"what becomes a tenant's is adapted to it", referee.Reservation, "", reservedForOne,
			func(s *script) { s.arriveIn(1, 1, launch(1, 1, policy.ForLevel)); s.cancelIn(1, 1); s.warm(1) },
			func(s *script) { s.arrive(2, 1, move(1, 0, policy.WasCompatible)) }},

		{"a hit is called a partial hit", referee.Outcome, "", nil,
			func(s *script) { s.keep(1) },
			func(s *script) { s.arrive(1, 1, assign(1, 1, partial, wasWarm)) }},
		{"a miss is called a partial hit", referee.Outcome, "", nil,
			func(s *script) { s.arrive(1, 1, order(1)) },
			func(s *script) { s.warm(1, assign(1, 1, partial, becameWarm)) }},
		{"a partial hit is called a miss", referee.Outcome, "", nil,
			func(s *script) { s.serve(1, 1, 1); s.arrive(2, 1, order(2)) },
			func(s *script) { s.release(1, assign(1, 2, miss, released)) }},
		{"a promotion takes no time", referee.Outcome, "", slow,
			func(s *script) { s.arrive(1, 1, order(1)) },
			func(s *script) { s.warm(1, assign(1, 1, miss, becameWarm)) }},
		{"the reason is made up", referee.Outcome, "", nil,
			func(s *script) { s.arrive(1, 1, order(1)) },
			func(s *script) { s.warm(1, assign(1, 1, miss, released)) }},

		{"more instances than the limit", referee.Limit, "", few,
			func(s *script) { s.serve(1, 1, 1) },
			func(s *script) { s.arrive(2, 1, order(2)) }},
		{"more launches than the limit", referee.Limit, "", fewLaunches,
			func(s *script) { s.arrive(1, 1, order(1)) },
			func(s *script) { s.arrive(2, 1, order(2)) }},
		{"more idle instances than memory", referee.Limit, "greedy-dual:memory=1", nil,
			func(s *script) { s.serve(1, 1, 1); s.serve(2, 1, 2) },
			func(s *script) { s.release(1) }},

		{"a launch at the level", referee.Stock, "", nil,
			func(s *script) { s.serve(1, 1, 1) },
			func(s *script) { s.release(1, order(2)) }},
		{"no launch below the level", referee.Stock, "", nil, nil,
			func(s *script) { s.arrive(1, 1) }},
		{"no launch for what was lost", referee.Stock, "", nil,
			func(s *script) { s.arrive(1, 1, order(1)) },
			func(s *script) { s.lose(1) }},
		{"no launch long after a failure", referee.Stock, "", nil,
			func(s *script) { s.arrive(1, 1, order(1)); s.fail(1) },
			func(s *script) { s.now += 600e9; s.cancel(1) }},
		{"a launch while draining", referee.Stock, "", nil,
			func(s *script) { s.drain() },
			func(s *script) { s.arrive(1, 1, order(1)) }},
		{"a launch while paused", referee.Pause, "", nil,
			func(s *script) { s.pause() },
			func(s *script) { s.arrive(1, 1, order(1)) }},

		{"who requires a warm instance waits", referee.Warmth, "", nil, nil,
			func(s *script) { s.arriveTo(policy.RequireWarm, 1, order(1)) }},
		{"who requires a warm instance is refused beside one", referee.Warmth, "", nil,
			func(s *script) { s.keep(1) },
			func(s *script) { s.arriveTo(policy.RequireWarm, 1, refuse(1, policy.NothingWarm)) }},
		{"who takes what there is is refused", referee.Warmth, "", nil, nil,
			func(s *script) { s.arrive(1, 1, refuse(1, policy.NothingWarm)) }},
		{"who wants a new instance is given an old one", referee.Warmth, "", nil,
			func(s *script) { s.keep(1) },
			func(s *script) { s.arriveTo(policy.NeverWarm, 1, assign(1, 1, hit, wasWarm)) }},
		{"who wants a new instance gets no launch", referee.Warmth, "", nil, nil,
			func(s *script) { s.arriveTo(policy.NeverWarm, 1) }},
		{"who wants a new instance is forgotten at a tick", referee.Warmth, "", fewLaunches,
			func(s *script) {
				s.arrive(1, 1, order(1))
				s.arriveTo(policy.NeverWarm, 2)
				s.warm(1, assign(1, 1, miss, becameWarm))
			},
			func(s *script) { s.timer(1_500_015e9, policy.ClassTick) }},
		{"who wants a new instance waits in a drained fleet", referee.Request, "", fewLaunches,
			func(s *script) { s.arrive(1, 1, order(1)); s.arriveTo(policy.NeverWarm, 2) },
			func(s *script) { s.drain() }},

		{"more than the budget", referee.Budget, "", budget,
			func(s *script) { s.serve(1, 1, 1); s.serve(2, 1, 2) },
			func(s *script) { s.arrive(3, 1, order(3)) }},
		{"money is made for nobody", referee.Budget, "", budget,
			func(s *script) { s.keep(1, 2) },
			func(s *script) { s.timer(1_500_015e9, policy.ClassTick, end(1, policy.ForMoney)) }},
		{"a request waits beside money", referee.Stock, "", budget,
			func(s *script) { s.serve(1, 1, 1) },
			func(s *script) { s.arrive(2, 1) }},

		{"what is too old is handed out", referee.Age, "", ages,
			func(s *script) { s.level.Keep = 100 * hour; s.keep(1); s.now += 47 * hour },
			func(s *script) {
				s.timer(1_555_200e9, policy.ClassTick) // within its life
				s.now = 1_500_003e9 + 48*hour
				s.arrive(1, 1, assign(1, 1, hit, wasWarm))
			}},
		{"what is too old is kept at a tick", referee.Age, "", ages,
			func(s *script) {
				s.level.Keep = 100 * hour
				s.keep(1)
				s.timer(1_555_200e9, policy.ClassTick)
				s.timer(1_641_600e9, policy.ClassTick)
			},
			func(s *script) { s.timer(1_728_000e9, policy.ClassTick) }},
		{"an instance ends of age in its youth", referee.Surplus, "", ages,
			func(s *script) { s.keep(1) },
			func(s *script) { s.arrive(1, 1, end(1, policy.TooOld)) }},

		{"what is stale is kept where that is forbidden", referee.Generation, "", nil,
			func(s *script) { s.keep(1) },
			func(s *script) { s.renew(1, forbid) }},
		{"what is stale serves where that is forbidden", referee.Generation, "", nil,
			func(s *script) { s.serve(1, 1, 1); s.arrive(2, 1, order(2)); s.renew(2, forbid, order(3)) },
			func(s *script) { s.release(1, assign(1, 2, partial, released)) }},
		{"what launched in vain is kept", referee.Generation, "", nil,
			func(s *script) { s.arrive(1, 1, order(1)); s.cancel(1); s.renew(1, forbid) },
			func(s *script) { s.warm(1) }},
		{"what is stale is replaced between ticks", referee.Generation, "", nil,
			func(s *script) { s.keep(1); s.renew(1, nil) },
			func(s *script) { s.arrive(1, 1, end(1, policy.Outdated)) }},
		{"what is fresh ends as outdated", referee.Generation, "", nil,
			func(s *script) { s.keep(1) },
			func(s *script) { s.timer(1_500_015e9, policy.ClassTick, end(1, policy.Outdated)) }},
		{"more than the surge are replaced", referee.Generation, "", nil,
			func(s *script) { s.keep(1, 2, 3); s.renew(3, nil) },
			func(s *script) {
				s.timer(1_500_015e9, policy.ClassTick, end(1, policy.Outdated), end(2, policy.Outdated), end(3, policy.Outdated))
			}},
		{"what is stale is not counted", referee.Books, "", nil,
			func(s *script) { s.keep(1) },
			func(s *script) { s.renew(0, nil) }},

		{"spot where there is none", referee.Spot, "", nil, nil,
			func(s *script) { s.arrive(1, 1, launchOn(1, policy.Spot, policy.ForLevel)) }},
		{"who waits is launched for on spot", referee.Spot, "", spot, nil,
			func(s *script) { s.arrive(1, 1, launchOn(1, policy.Spot, policy.ForLevel)) }},
		{"a shadow is on demand, and dearer", referee.Spot, "static", spot,
			func(s *script) { s.level = policy.Hold(1) },
			func(s *script) { s.timer(1_500_015e9, policy.ClassTick, order(1)) }},
		{"a notice is not heeded", referee.Spot, "", spot,
			func(s *script) { s.keep(1) },
			func(s *script) { s.notice(1) }},
		{"what is under notice is kept after its request", referee.Spot, "", spot,
			func(s *script) { s.serve(1, 1, 1); s.notice(1) },
			func(s *script) { s.release(1) }},
		{"what is under notice serves the next", referee.Spot, "", spot,
			func(s *script) { s.serve(1, 1, 1); s.notice(1); s.arrive(2, 1, order(2)) },
			func(s *script) { s.release(1, assign(1, 2, partial, released)) }},
		{"what serves is ended at its notice", referee.Life, "", spot,
			func(s *script) { s.serve(1, 1, 1) },
			func(s *script) { s.notice(1, end(1, policy.Reclaimed)) }},
		{"nothing relieves a promotion on spot", referee.Spot, "static", replaced,
			func(s *script) { s.onSpot() },
			func(s *script) { s.arrive(1, 1, assign(1, 1, hit, wasWarm), launchOn(2, policy.Spot, policy.ForLevel)) }},
		{"what was to relieve is kept beside", referee.Spot, "static", replaced,
			func(s *script) { s.relieved() },
			func(s *script) { s.warm(2) }},
		{"what is relieved is kept", referee.Spot, "static", replaced,
			func(s *script) { s.relieved() },
			func(s *script) { s.warm(2, replace(1, 2)) }},
		{"a request moves to an instance that was not launched for it", referee.Life, "static", replaced,
			func(s *script) { s.relieved() },
			func(s *script) { s.warm(3, replace(1, 3)) }},

		{"what cannot be stopped is", referee.Stopped, "static", nil,
			func(s *script) { s.keep(1) },
			func(s *script) { s.timer(1_500_015e9, policy.ClassTick, stop(1)) }},
		{"more are stopped than are wanted", referee.Stopped, "static:stopped=1", stoppable,
			func(s *script) { s.keep(1, 2) },
			func(s *script) { s.timer(1_500_015e9, policy.ClassTick, stop(2), stop(1)) }},
		{"surplus is ended that is wanted stopped", referee.Stopped, "static:stopped=1", stoppable,
			func(s *script) { s.keep(1) },
			func(s *script) { s.timer(1_500_015e9, policy.ClassTick, end(1, policy.Surplus)) }},
		{"stopped stock is not made up for", referee.Stopped, "static:stopped=1", stoppable,
			func(s *script) { s.pass() },
			func(s *script) { s.now += 20e9; s.pass() }},
		{"the one stopped first is resumed", referee.Stopped, "static:stopped=2", stoppable,
			func(s *script) { s.keep(1, 2); s.timer(1_500_015e9, policy.ClassTick, stop(2), stop(1)) },
			func(s *script) { s.arrive(1, 1, resume(2, policy.ForLevel)) }},
		{"a launch beside what is stopped", referee.Stopped, "static:stopped=1", stoppable,
			func(s *script) { s.keep(1); s.timer(1_500_015e9, policy.ClassTick, stop(1)) },
			func(s *script) { s.arrive(1, 1, order(2)) }},
		{"what is stopped serves", referee.Life, "static:stopped=1", stoppable,
			func(s *script) { s.keep(1); s.timer(1_500_015e9, policy.ClassTick, stop(1)) },
			func(s *script) { s.arrive(1, 1, assign(1, 1, hit, wasWarm)) }},
		{"a stopped instance is ended that is wanted", referee.Stopped, "static:stopped=1", stoppable,
			func(s *script) { s.keep(1); s.timer(1_500_015e9, policy.ClassTick, stop(1)) },
			func(s *script) { s.timer(1_500_030e9, policy.ClassTick, end(1, policy.Surplus)) }},
		{"a drained fleet keeps what is stopped", referee.Surplus, "static:stopped=1", stoppable,
			func(s *script) { s.keep(1); s.timer(1_500_015e9, policy.ClassTick, stop(1)) },
			func(s *script) { s.drain() }},

		{"what was refused is ordered at once", referee.Pause, "", nil,
			func(s *script) { s.arrive(1, 1, order(1)) },
			func(s *script) { s.refused(1, policy.NoCapacity, order(2)) }},
		{"what was throttled is ordered at once", referee.Pause, "", spot,
			func(s *script) { s.arrive(1, 1, order(1)) },
			func(s *script) { s.refused(1, policy.Throttled, launchOn(2, policy.Spot, policy.ForLevel)) }},

		{"an idle time-out comes early", referee.Surplus, "", outIdle,
			func(s *script) { s.keep(1) },
			func(s *script) { s.timer(1_500_015e9, policy.ClassTick, end(1, policy.IdleTooLong)) }},
		{"an idle time-out does not come", referee.Surplus, "", outIdle,
			func(s *script) { s.keep(1); s.timer(1_500_015e9, policy.ClassTick) },
			func(s *script) { s.timer(1_500_030e9, policy.ClassTick) }},

		{"surplus is ended between ticks", referee.Surplus, "static", nil,
			func(s *script) { s.serve(1, 1, 1) },
			func(s *script) { s.release(1, end(1, policy.Surplus)) }},
		{"surplus is left at a tick", referee.Surplus, "static", nil,
			func(s *script) { s.serve(1, 1, 1); s.release(1) },
			func(s *script) { s.timer(1_500_015e9, policy.ClassTick) }},
		{"surplus is left since no tick came", referee.Surplus, "static", nil,
			func(s *script) { s.serve(1, 1, 1); s.release(1) },
			func(s *script) { s.now += 15e9; s.cancel(1) }},
		{"the oldest of the surplus is ended", referee.Surplus, "static", nil,
			func(s *script) { s.keep(1, 2) },
			func(s *script) { s.timer(1_500_015e9, policy.ClassTick, end(1, policy.Surplus)) }},
		{"more than the surplus is ended", referee.Surplus, "static", nil,
			func(s *script) { s.keep(1); s.level = policy.Hold(1) },
			func(s *script) { s.timer(1_500_015e9, policy.ClassTick, end(1, policy.Surplus)) }},
		{"an instance expires too early", referee.Surplus, "", nil,
			func(s *script) { s.keep(1) },
			func(s *script) { s.timer(s.now+hour-1, policy.ClassExpiry, end(1, policy.Expired)) }},
		{"an instance expires too late", referee.Surplus, "", nil,
			func(s *script) { s.keep(1) },
			func(s *script) { s.now += hour; s.arrive(1, 1, assign(1, 1, hit, wasWarm)) }},
		{"an instance is kept under a policy that keeps none", referee.Surplus, "none", nil,
			func(s *script) {
				s.arrive(1, 1, launch(1, 0, policy.ForMiss))
				s.warm(1, assign(1, 1, miss, policy.OwnLaunch))
			},
			func(s *script) { s.release(1) }},
		{"draining leaves what is idle", referee.Surplus, "", nil,
			func(s *script) { s.keep(1) },
			func(s *script) { s.drain() }},
		{"room is made where there is some", referee.Surplus, "", isolated,
			func(s *script) { s.keep(1) },
			func(s *script) { s.arrive(1, 2, end(1, policy.ForRoom)) }},

		{"time goes back", referee.Timer, "", nil, nil,
			func(s *script) { s.now -= 2e9; s.drain() }},
		{"an action of another instant", referee.Timer, "", nil, nil,
			func(s *script) { s.arrive(1, 1, late(order(1))) }},
		{"an action out of nothing", referee.Timer, "", nil, nil,
			func(s *script) { order(1)(s)(s.now) }},
		{"a tick beside the grid", referee.Timer, "", nil, nil,
			func(s *script) { s.timer(1_500_016e9, policy.ClassTick) }},
		{"a tick that comes twice", referee.Timer, "", nil,
			func(s *script) { s.timer(1_500_015e9, policy.ClassTick) },
			func(s *script) { s.timer(1_500_015e9, policy.ClassTick) }},

		{"a release is not counted", referee.Books, "", nil,
			func(s *script) { s.serve(1, 1, 1); s.wrong = policy.Stock{InUse: 1, Warm: -1} },
			func(s *script) { s.release(1) }},

		{"what is warm becomes warm", referee.Host, "", nil,
			func(s *script) { s.keep(1) },
			func(s *script) { s.warm(1) }},
		{"what is gone is released", referee.Host, "", nil, nil,
			func(s *script) { s.release(1) }},
		{"a request comes twice", referee.Host, "", nil,
			func(s *script) { s.serve(1, 1, 1) },
			func(s *script) { s.arrive(1, 1) }},
		{"a request is sent to what is reserved for another", referee.Host, "", reservedForOne, nil,
			func(s *script) { s.arrive(1, 2, order(1)) }},
		{"an event before a timer that is due", referee.Host, "", nil,
			func(s *script) { s.due = s.now + 1 },
			func(s *script) { s.drain() }},
	} {
		t.Run(strings.ReplaceAll(c.fault, " ", "_"), func(t *testing.T) {
			s := begin(t, c.spec, c.change)
			if c.before != nil {
				c.before(s)
			}
			if err := s.ref.Err(); err != nil {
				t.Fatalf("before the fault: %v", err)
			}
			c.then(s)
			var v *referee.Violation
			if err := s.ref.Err(); !errors.As(err, &v) || v.Rule != c.rule {
				t.Fatalf("%v, want rule %s", err, c.rule)
			}
			if v.What == "" || len(v.Trail) == 0 {
				t.Errorf("the violation says nothing: %+v", v)
			}
		})
	}
}

// The first violation stays, with what led to it.
func TestTrail(t *testing.T) {
	s := begin(t, "", nil)
	s.arrive(7, 3, order(1))
	s.warm(1, assign(1, 8, policy.Miss, policy.BecameWarm))
	s.release(2) // wrong as well, but later
	var v *referee.Violation
	if !errors.As(s.ref.Err(), &v) {
		t.Fatal("nothing is found")
	}
	want := []string{
		"1500001000000000 start",
		"1500002000000000 arrive: request 7 in pool 0, tenant 3",
		"  1500002000000000 launch: instance 1-1 in pool 0, level",
		"1500003000000000 warm: instance 1-1",
		"  1500003000000000 assign: instance 1-1 to request 8 of pool 0, miss, became_warm",
	}
	if v.What != "request 8 is served, but does not wait" || v.Time != 1_500_003e9 || !slices.Equal(v.Trail, want) {
		t.Errorf("%+v", v)
	}
}

// A release that a host never delivers leaves the pool unsettled.
func TestSettled(t *testing.T) {
	s := begin(t, "", nil)
	s.serve(1, 1, 1)
	if err := s.ref.Settled(0); err == nil || s.ref.Err() != nil {
		t.Errorf("settled %v, violation %v", err, s.ref.Err())
	}
	s.release(1)
	if err := s.ref.Settled(0); err != nil {
		t.Error(err)
	}
	if got, want := s.ref.Ledger(0), (referee.Ledger{Launched: 1, Outcomes: [3]int64{0, 0, 1}}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
