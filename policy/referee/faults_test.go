package referee_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"shadowpool/policy"
	"shadowpool/policy/referee"
)

// script is a controller that does what it is told, right or wrong.
type script struct {
	t     *testing.T
	ref   *referee.Referee
	now   policy.Time
	level policy.Level
	due   policy.Time
	class policy.Class
	wrong policy.Stock // added to what it counts
	acts  []func(policy.Time)
}

// act is an action of the next event, at its instant.
type act func(s *script) func(policy.Time)

func name(n int) policy.InstanceID { return policy.InstanceID(1<<32 | n) }

func launch(n int, p policy.PoolID, why policy.Reason) act {
	return func(s *script) func(policy.Time) {
		return func(t policy.Time) { s.ref.Launch(t, name(n), p, policy.OnDemand, why) }
	}
}

func order(n int) act { return launch(n, 0, policy.ForLevel) }

func assign(n int, q policy.RequestID, o policy.Outcome, why policy.Reason) act {
	return func(s *script) func(policy.Time) {
		return func(t policy.Time) {
			s.ref.Assign(t, policy.Assignment{Request: q, Instance: name(n), Outcome: o, Reason: why})
		}
	}
}

func end(n int, why policy.Reason) act {
	return func(s *script) func(policy.Time) {
		return func(t policy.Time) { s.ref.End(t, name(n), 0, why) }
	}
}

func move(n int, to policy.PoolID, why policy.Reason) act {
	return func(s *script) func(policy.Time) {
		return func(t policy.Time) { s.ref.Move(t, name(n), to, why) }
	}
}

func late(a act) act {
	return func(s *script) func(policy.Time) {
		f := a(s)
		return func(t policy.Time) { f(t + 1) }
	}
}

// then prepares the next event, a second after the one before.
func (s *script) then(acts []act) policy.Time {
	s.acts = nil
	for _, a := range acts {
		s.acts = append(s.acts, a(s))
	}
	s.now += 1e9
	return s.now
}

func (s *script) arrive(q policy.RequestID, tenant uint32, acts ...act) {
	s.ref.Arrive(s.then(acts), policy.Request{ID: q, Tenant: tenant})
}
func (s *script) arriveIn(p policy.PoolID, q policy.RequestID, acts ...act) {
	s.ref.Arrive(s.then(acts), policy.Request{ID: q, Pool: p, Tenant: 1})
}
func (s *script) warm(n int, acts ...act)    { s.ref.Warm(s.then(acts), name(n)) }
func (s *script) release(n int, acts ...act) { s.ref.Release(s.then(acts), name(n)) }
func (s *script) fail(n int, acts ...act)    { s.ref.Fail(s.then(acts), name(n), policy.BootFailed) }
func (s *script) lose(n int, acts ...act)    { s.ref.Lose(s.then(acts), name(n)) }
func (s *script) cancel(q policy.RequestID)  { s.ref.Cancel(s.then(nil), 0, q) }
func (s *script) drain(acts ...act)          { s.ref.Drain(s.then(acts)) }

// timer fires one that is due at an instant.
func (s *script) timer(due policy.Time, class policy.Class, acts ...act) {
	s.then(acts)
	s.now, s.due, s.class = due, due, class
	s.ref.Fire()
	s.due = policy.Never
}

// serve lets request q come, miss, and be served by instance n.
func (s *script) serve(q policy.RequestID, tenant uint32, n int) {
	s.arrive(q, tenant, order(n))
	s.warm(n, assign(n, q, policy.Miss, policy.BecameWarm))
}

// keep makes instances idle, after they served tenant 1.
func (s *script) keep(n ...int) {
	for _, i := range n {
		s.serve(policy.RequestID(100+i), 1, i)
	}
	for _, i := range n {
		s.release(i)
	}
}

func (s *script) do(t policy.Time) {
	for _, f := range s.acts {
		f(t)
	}
}

func (s *script) Start(t policy.Time)                                       { s.do(t) }
func (s *script) Arrive(t policy.Time, _ policy.Request)                    { s.do(t) }
func (s *script) Requeue(t policy.Time, _ policy.Request)                   { s.do(t) }
func (s *script) Prepared(t policy.Time, _ policy.InstanceID)               { s.do(t) }
func (s *script) Warm(t policy.Time, _ policy.InstanceID)                   { s.do(t) }
func (s *script) Release(t policy.Time, _ policy.InstanceID)                { s.do(t) }
func (s *script) Fail(t policy.Time, _ policy.InstanceID, _ policy.Failure) { s.do(t) }
func (s *script) Lose(t policy.Time, _ policy.InstanceID)                   { s.do(t) }
func (s *script) Announce(policy.Time, policy.Hint) bool                    { return false }
func (s *script) Drain(t policy.Time)                                       { s.do(t) }
func (s *script) Fire()                                                     { s.do(s.due) }
func (s *script) NextTimer() (policy.Time, policy.Class)                    { return s.due, s.class }
func (s *script) LevelOf(policy.PoolID) policy.Level                        { return s.level }
func (s *script) Cancel(policy.Time, policy.PoolID, policy.RequestID) bool  { return true }

func (s *script) Configure(t policy.Time, _ policy.Config, _ policy.Sizer) error {
	s.do(t)
	return nil
}

func (s *script) Stock(p policy.PoolID) policy.Stock {
	k := s.ref.Stands(p)
	return policy.Stock{Warm: k.Warm + s.wrong.Warm, Launching: k.Launching, Waiting: k.Waiting, InUse: k.InUse + s.wrong.InUse}
}

// deaf is a host that does nothing.
type deaf struct{}

func (deaf) Launch(policy.Time, policy.InstanceID, policy.PoolID, policy.Capacity, policy.Reason) {}
func (deaf) Stop(policy.Time, policy.InstanceID, policy.PoolID)                                   {}
func (deaf) Resume(policy.Time, policy.InstanceID, policy.PoolID, policy.Reason)                  {}
func (deaf) Replace(policy.Time, policy.InstanceID, policy.InstanceID)                            {}
func (deaf) Assign(policy.Time, policy.Assignment)                                                {}
func (deaf) Move(policy.Time, policy.InstanceID, policy.PoolID, policy.Reason)                    {}
func (deaf) Prepare(policy.Time, policy.InstanceID, policy.Target, uint8)                         {}
func (deaf) Refuse(policy.Time, policy.RequestID, policy.PoolID, policy.Reason)                   {}
func (deaf) End(policy.Time, policy.InstanceID, policy.PoolID, policy.Reason)                     {}

const hour = int64(time.Hour)

// begin sets the scene: one category of reusable instances that are kept for an
// hour, at level 0, so that every miss launches one.
func begin(t *testing.T, spec string, change func(*policy.Config)) *script {
	config := policy.Config{Categories: []policy.Category{{Name: "a", Reusable: true}, {Name: "b", Reusable: true}}}
	if change != nil {
		change(&config)
	}
	if spec == "" {
		spec = "keepalive:ttl=1h"
	}
	specs, err := policy.ParseSpecs(spec)
	if err != nil {
		t.Fatal(err)
	}
	sizer, err := policy.Build(specs[0], policy.Fleet{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	s := &script{t: t, ref: &referee.Referee{}, now: 1_500_000e9, due: policy.Never, level: policy.Level{Keep: hour}}
	s.ref.Watch(s, config, sizer, deaf{})
	s.ref.Start(s.then(nil))
	return s
}

func singleUse(c *policy.Config) {
	c.Categories = []policy.Category{{Name: "a"}}
}

func isolated(c *policy.Config)    { c.Isolation = policy.ByTenant }
func early(c *policy.Config)       { c.Binding = policy.Early }
func slow(c *policy.Config)        { c.Categories[0].PromotionDelay = time.Second }
func few(c *policy.Config)         { c.Categories[0].MaxInstances = 1 }
func fewLaunches(c *policy.Config) { c.Categories[0].MaxLaunching = 1 }

func compatible(c *policy.Config) {
	c.Categories[1].Compatible = []policy.Compatible{{Pool: 0, Adapt: time.Second}}
}

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
	if err := s.ref.Settled(); err == nil || s.ref.Err() != nil {
		t.Errorf("settled %v, violation %v", err, s.ref.Err())
	}
	s.release(1)
	if err := s.ref.Settled(); err != nil {
		t.Error(err)
	}
	if got, want := s.ref.Ledger(0), (referee.Ledger{Launched: 1, Outcomes: [3]int64{0, 0, 1}}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
