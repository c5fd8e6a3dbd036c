package referee_test

import (
	"slices"
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
	stale int          // instances that it counts as such

	config policy.Config
	sizer  policy.Sizer
	acts   []func(policy.Time)
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
	return assignIn(0, n, q, o, why)
}

func assignIn(p policy.PoolID, n int, q policy.RequestID, o policy.Outcome, why policy.Reason) act {
	return func(s *script) func(policy.Time) {
		return func(t policy.Time) {
			s.ref.Assign(t, policy.Assignment{Request: q, Instance: name(n), Pool: p, Outcome: o, Reason: why})
		}
	}
}

func prepare(n int, to policy.Target) act {
	return func(s *script) func(policy.Time) {
		return func(t policy.Time) { s.ref.Prepare(t, name(n), to, policy.AllStages) }
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

func launchOn(n int, on policy.Capacity, why policy.Reason) act {
	return func(s *script) func(policy.Time) {
		return func(t policy.Time) { s.ref.Launch(t, name(n), 0, on, why) }
	}
}

func stop(n int) act {
	return func(s *script) func(policy.Time) {
		return func(t policy.Time) { s.ref.Stop(t, name(n), 0) }
	}
}

func resume(n int, why policy.Reason) act {
	return func(s *script) func(policy.Time) {
		return func(t policy.Time) { s.ref.Resume(t, name(n), 0, why) }
	}
}

func replace(from, to int) act {
	return func(s *script) func(policy.Time) {
		return func(t policy.Time) { s.ref.Replace(t, name(from), name(to)) }
	}
}

func refuse(q policy.RequestID, why policy.Reason) act {
	return func(s *script) func(policy.Time) {
		return func(t policy.Time) { s.ref.Refuse(t, q, 0, why) }
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
func (s *script) arriveTo(w policy.Warmth, q policy.RequestID, acts ...act) {
	s.ref.Arrive(s.then(acts), policy.Request{ID: q, Tenant: 1, Warm: w})
}
func (s *script) refused(n int, why policy.Failure, acts ...act) {
	s.ref.Fail(s.then(acts), name(n), why)
}
func (s *script) pass()                      { s.ref.Withdraw(s.then(nil), 1) }
func (s *script) notice(n int, acts ...act)  { s.ref.Notice(s.then(acts), name(n)) }
func (s *script) warm(n int, acts ...act)    { s.ref.Warm(s.then(acts), name(n)) }
func (s *script) release(n int, acts ...act) { s.ref.Release(s.then(acts), name(n)) }
func (s *script) fail(n int, acts ...act)    { s.ref.Fail(s.then(acts), name(n), policy.BootFailed) }
func (s *script) lose(n int, acts ...act)    { s.ref.Lose(s.then(acts), name(n)) }
func (s *script) cancel(q policy.RequestID)  { s.cancelIn(0, q) }
func (s *script) cancelIn(p policy.PoolID, q policy.RequestID) {
	s.ref.Cancel(s.then(nil), p, q)
}
func (s *script) drain(acts ...act) { s.ref.Drain(s.then(acts)) }
func (s *script) pause(acts ...act) { s.ref.Pause(s.then(acts), 0, true) }

// renew makes all instances stale, of which the controller counts so many.
func (s *script) renew(stale int, change func(*policy.Config), acts ...act) {
	config := s.config
	config.Categories = slices.Clone(config.Categories)
	config.Categories[0].Generation += "i"
	if change != nil {
		change(&config)
	}
	s.stale = stale
	if err := s.ref.Configure(s.then(acts), config, s.sizer); err != nil {
		s.t.Fatal(err)
	}
}

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

// onSpot makes instance 1 idle on spot, as the pool's level asks for.
func (s *script) onSpot() {
	s.level = policy.Hold(1)
	s.timer(1_500_015e9, policy.ClassTick, launchOn(1, policy.Spot, policy.ForLevel))
	s.warm(1)
}

// relieved lets instance 1 on spot serve, and 2 launch to take over.
func (s *script) relieved() {
	s.onSpot()
	s.arrive(1, 1, assign(1, 1, policy.Hit, policy.WasWarm), launchOn(2, policy.OnDemand, policy.ForRelief), launchOn(3, policy.Spot, policy.ForLevel))
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
func (s *script) Took(t policy.Time, _ policy.InstanceID, _ int, _ int64)   { s.do(t) }
func (s *script) Warm(t policy.Time, _ policy.InstanceID)                   { s.do(t) }
func (s *script) Release(t policy.Time, _ policy.InstanceID)                { s.do(t) }
func (s *script) Fail(t policy.Time, _ policy.InstanceID, _ policy.Failure) { s.do(t) }
func (s *script) Lose(t policy.Time, _ policy.InstanceID)                   { s.do(t) }
func (s *script) Announce(policy.Time, policy.Hint) bool                    { return false }
func (s *script) Withdraw(policy.Time, policy.HintID) bool                  { return false }
func (s *script) Notice(t policy.Time, _ policy.InstanceID)                 { s.do(t) }
func (s *script) Drain(t policy.Time)                                       { s.do(t) }
func (s *script) Reopen(t policy.Time)                                      { s.do(t) }
func (s *script) Pause(t policy.Time, _ policy.PoolID, _ bool)              { s.do(t) }
func (s *script) Reset(t policy.Time, _ policy.PoolID)                      { s.do(t) }
func (s *script) Fire()                                                     { s.do(s.due) }
func (s *script) NextTimer() (policy.Time, policy.Class)                    { return s.due, s.class }
func (s *script) Cancel(policy.Time, policy.PoolID, policy.RequestID) bool  { return true }

func (s *script) Configure(t policy.Time, _ policy.Config, _ policy.Sizer) error {
	s.do(t)
	return nil
}

// LevelOf is the first pool's; the others hold nothing.
func (s *script) LevelOf(p policy.PoolID) policy.Level {
	if p > 0 {
		return policy.Level{Keep: s.level.Keep}
	}
	return s.level
}

func (s *script) Takes(policy.PoolID, policy.KeptKey) time.Duration { return 0 }

func (s *script) Rollout(p policy.PoolID) (int, bool) {
	if p > 0 {
		return 0, false
	}
	return s.stale, false
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
	s := &script{t: t, ref: &referee.Referee{}, now: 1_500_000e9, due: policy.Never, level: policy.Level{Keep: hour}, config: config, sizer: sizer}
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

func forbid(c *policy.Config) { c.Categories[0].Stale = policy.ForbidStale }
func daily(c *policy.Config)  { c.Tick = 24 * time.Hour }

func ages(c *policy.Config) {
	daily(c)
	c.Categories[0].Lifecycle = policy.Lifecycle{MaxAge: 48 * time.Hour}
}

func outIdle(c *policy.Config) { c.Categories[0].IdleTimeout = 20 * time.Second }

func budget(c *policy.Config) {
	c.Budget = 2
	c.Categories[0].Price, c.Categories[1].Price = 1, 1
}

// spot is cheaper, for those who do not wait.
func spot(c *policy.Config) {
	c.Categories[0].Price, c.Categories[0].Spot = 1, &policy.SpotTerms{Price: 0.3}
}

func replaced(c *policy.Config) {
	spot(c)
	c.Categories[0].Spot.Replace = true
}

func stoppable(c *policy.Config) {
	c.Categories[0].Price, c.Categories[0].Stopped = 1, &policy.StoppedTerms{Price: 0.1}
}

// reservedForOne reserves the first pool for tenant 1, with a stage of its own.
func reservedForOne(c *policy.Config) {
	isolated(c)
	own := policy.PoolID(0)
	for i := range c.Categories {
		c.Categories[i].Stages = []policy.Stage{{Name: "private", Of: policy.OfTenant | policy.OfDataset}}
	}
	c.Categories[0].ReservedFor, c.Categories[0].Compatible = 1, []policy.Compatible{{Pool: 1, To: &own}}
}

func compatible(c *policy.Config) {
	c.Categories[1].Compatible = []policy.Compatible{{Pool: 0, Adapt: time.Second}}
}
