package policy

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// aimed holds a level and prepares instances for targets in turn; it turns idle ones as told.
type aimed struct {
	level int32
	next  []Target
	turn  map[Target]Target
	// further are the keys that are fetched next, kept how many keep each.
	further []KeptKey
	kept    map[KeptKey]int32
}

func (a *aimed) Traits() Traits                               { return Traits{Ticks: true, Idle: RetireByWarm} }
func (a *aimed) Start(Time, PoolID) Level                     { return Hold(a.level) }
func (a *aimed) Arrive(Time, Request, Stock) Level            { return Hold(a.level) }
func (a *aimed) Tick(t Time, _ PoolID, _ Stock) (Level, Time) { return Hold(a.level), t }
func (a *aimed) Promoted(Time, PoolID, Target, uint8, bool)   {}
func (a *aimed) Holds(PoolID, Target, int32)                  {}
func (a *aimed) Keeps(_ PoolID, key KeptKey, n int32)         { a.kept[key] = n }
func (a *aimed) Further(_ Time, _ PoolID, _ Target, keeps []KeptKey) (KeptKey, bool) {
	if len(a.further) == 0 || slices.Contains(keeps, a.further[0]) {
		return KeptKey{}, false
	}
	key := a.further[0]
	a.further = a.further[1:]
	return key, true
}
func (a *aimed) Worth(_ Time, _ PoolID, of []Target, worth []float64) {
	for i, is := range of {
		worth[i] = float64(is.Dataset)
	}
}
func (a *aimed) Aim(Time, PoolID) Target {
	to := a.next[0]
	a.next = append(a.next[1:], to)
	return to
}
func (a *aimed) Reaim(_ Time, _ PoolID, is Target) (Target, bool) {
	to, ok := a.turn[is]
	return to, ok
}

// bench is a host that keeps what it was told last.
type bench struct {
	launched []InstanceID
	prepared map[InstanceID]Target
	stages   uint8 // of the last preparation
	assigned Assignment
	ended    []InstanceID
	why      []Reason // of the ends
	refused  []RequestID
}

func (b *bench) Launch(_ Time, id InstanceID, _ PoolID, _ Capacity, _ Reason) {
	b.launched = append(b.launched, id)
}
func (b *bench) Assign(_ Time, a Assignment)             { b.assigned = a }
func (b *bench) Stop(Time, InstanceID, PoolID)           {}
func (b *bench) Resume(Time, InstanceID, PoolID, Reason) {}
func (b *bench) Replace(Time, InstanceID, InstanceID)    {}
func (b *bench) Move(Time, InstanceID, PoolID, Reason)   {}
func (b *bench) Prepare(_ Time, id InstanceID, to Target, stages uint8) {
	b.prepared[id] = to
	b.stages = stages
}
func (b *bench) End(_ Time, id InstanceID, _ PoolID, why Reason) {
	b.ended = append(b.ended, id)
	b.why = append(b.why, why)
}
func (b *bench) Refuse(_ Time, r RequestID, _ PoolID, _ Reason) { b.refused = append(b.refused, r) }

func dataset(d uint32) Target { return Target{Dataset: d} }

// stagedFleet loads a dataset in 20 s, and for a task type of it an adapter in 5 s.
func stagedFleet(reusable bool) Config {
	return Config{Categories: []Category{{
		Name: "a", LeadTime: time.Minute, Reusable: reusable,
		Stages: []Stage{
			{Name: "model", Of: OfDataset, Takes: 20 * time.Second},
			{Name: "adapter", Of: OfDataset | OfTaskType, Takes: 5 * time.Second},
		},
	}}}
}

func prepared(t *testing.T, config Config, sizer *aimed) (*Controller, *bench) {
	t.Helper()
	host := &bench{prepared: map[InstanceID]Target{}}
	sizer.kept = map[KeptKey]int32{}
	c, err := New(config, sizer, host)
	if err != nil {
		t.Fatal(err)
	}
	c.Start(0)
	fire(c, 0)
	return c, host
}

// fire carries out the timers up to an instant.
func fire(c *Controller, until Time) {
	for next, _ := c.NextTimer(); next <= until; next, _ = c.NextTimer() {
		c.Fire()
	}
}

func TestMissingStages(t *testing.T) {
	k := &stagedFleet(false).Categories[0]
	if k.Facets() != OfDataset|OfTaskType {
		t.Errorf("facets %b", k.Facets())
	}
	for _, c := range []struct {
		is, needs Target
		stages    uint8
		takes     time.Duration
	}{
		{Target{}, Target{}, 0, 0},
		{Target{}, dataset(7), 1, 20 * time.Second},
		{Target{}, Target{Dataset: 7, TaskType: 2}, 3, 25 * time.Second},
		{dataset(7), Target{Dataset: 7, TaskType: 2}, 2, 5 * time.Second},
		{Target{Dataset: 7, TaskType: 2}, dataset(7), 0, 0},
		{Target{Dataset: 7, TaskType: 2}, Target{Dataset: 8, TaskType: 2}, 3, 25 * time.Second}, // an adapter is of a model
		{dataset(7), Target{TaskType: 2}, 0, 0},                                                 // of an unknown model
	} {
		if stages, takes := k.Missing(c.is, c.needs); stages != c.stages || takes != c.takes {
			t.Errorf("from %v to %v: stages %b in %v, want %b in %v", c.is, c.needs, stages, takes, c.stages, c.takes)
		}
	}
}

// Who finds an instance that is warm but not prepared for it waits for what is
// missing only; who finds one that is, hits.
func TestRequestsTakeWhatLacksLeast(t *testing.T) {
	c, host := prepared(t, stagedFleet(false), &aimed{level: 3, next: []Target{dataset(7), dataset(8), {}}})
	if d := cmp.Diff(map[InstanceID]Target{host.launched[0]: dataset(7), host.launched[1]: dataset(8)}, host.prepared); d != "" {
		t.Fatal(d)
	}
	second := int64(time.Second)
	fire(c, 59*second)
	for _, id := range host.launched[:3] {
		c.Warm(60*second, id)
	}
	first := host.launched[0]
	fire(c, 80*second)
	c.Prepared(80*second, first)
	ask := func(at int64, id RequestID, d uint32) Assignment {
		host.assigned = Assignment{Request: -1}
		c.Arrive(at*second, Request{ID: id, Dataset: d})
		return host.assigned
	}
	if c.Held(0, dataset(7)) != 1 || c.Held(0, dataset(8)) != 1 || c.Held(0, dataset(9)) != 0 {
		t.Errorf("held %d, %d, %d", c.Held(0, dataset(7)), c.Held(0, dataset(8)), c.Held(0, dataset(9)))
	}
	a := ask(81, 1, 9) // nothing is prepared for 9: a generic one, not the one for 7
	if a.Instance == first || a.Outcome != PartialHit || a.Missing != 1 {
		t.Errorf("a request for 9 got %+v", a)
	}
	if a = ask(81, 2, 7); a.Instance != first || a.Outcome != Hit || a.Missing != 0 {
		t.Errorf("a request for 7 got %+v", a)
	}
	if a = ask(81, 3, 8); a.Outcome != PartialHit || a.Missing != 1 { // it is still being prepared
		t.Errorf("a request for 8 got %+v", a)
	}
	if c.Held(0, dataset(8)) != 1 { // a new one is on its way
		t.Errorf("held for 8: %d", c.Held(0, dataset(8)))
	}
	if a = ask(81, 4, 8); a.Request != -1 {
		t.Errorf("nothing is warm, and yet %+v", a)
	}
}

// A reusable instance is prepared for what it has served.
func TestServedInstancesStayPrepared(t *testing.T) {
	c, host := prepared(t, stagedFleet(true), &aimed{level: 1, next: []Target{{}}})
	second := int64(time.Second)
	c.Warm(1, host.launched[0])
	c.Arrive(second, Request{ID: 1, Dataset: 7, TaskType: 2})
	if a := host.assigned; a.Missing != 3 || a.Outcome != PartialHit {
		t.Errorf("the first got %+v", a)
	}
	c.Release(2*second, host.launched[0])
	for _, want := range []struct {
		r       Request
		missing uint8
		outcome Outcome
	}{
		{Request{ID: 2, Dataset: 7, TaskType: 2}, 0, Hit},
		{Request{ID: 3, Dataset: 7, TaskType: 3}, 2, PartialHit},
		{Request{ID: 4, Dataset: 7}, 0, Hit},
		{Request{ID: 5, Dataset: 8}, 1, PartialHit},
	} {
		c.Arrive(3*second, want.r)
		if a := host.assigned; a.Missing != want.missing || a.Outcome != want.outcome || a.Instance != host.launched[0] {
			t.Errorf("request %d got %+v", want.r.ID, a)
		}
		c.Release(3*second, host.launched[0])
	}
}

// Idle instances are turned to what is more likely, one at a time; what is
// ended first is what is worth least.
func TestReaimAndWorth(t *testing.T) {
	sizer := &aimed{level: 2, next: []Target{dataset(7), dataset(8)}}
	c, host := prepared(t, stagedFleet(false), sizer)
	second := int64(time.Second)
	for _, id := range host.launched {
		c.Warm(second, id)
	}
	for _, id := range host.launched {
		c.Prepared(10*second, id)
	}
	sizer.turn = map[Target]Target{dataset(7): dataset(9)}
	fire(c, 15*second)
	if got := host.prepared[host.launched[0]]; got != dataset(9) {
		t.Fatalf("the instance for 7 is turned to %v", got)
	}
	if c.Held(0, dataset(7)) != 0 || c.Held(0, dataset(9)) != 1 || c.Stock(0).Warm != 2 {
		t.Errorf("held %d and %d of %+v", c.Held(0, dataset(7)), c.Held(0, dataset(9)), c.Stock(0))
	}
	c.Prepared(20*second, host.launched[0])
	sizer.turn, sizer.level = nil, 1
	c.Arrive(21*second, Request{ID: 1}) // needs nothing: takes the one of which there are as many
	sizer.level = 0
	fire(c, 60*second)
	if len(host.ended) != 1 || c.Stock(0).Warm != 0 {
		t.Errorf("ended %v, left %+v", host.ended, c.Stock(0))
	}
}

func TestLeastWorthIsEndedFirst(t *testing.T) {
	sizer := &aimed{level: 3, next: []Target{dataset(8), dataset(7), dataset(9)}}
	c, host := prepared(t, stagedFleet(false), sizer)
	for _, id := range host.launched {
		c.Warm(1, id)
	}
	for _, id := range host.launched {
		c.Prepared(2, id)
	}
	sizer.level = 1
	fire(c, 15e9)
	if d := cmp.Diff([]InstanceID{host.launched[1], host.launched[0]}, host.ended); d != "" {
		t.Errorf("ended in the wrong order: %s", d)
	}
}

// Preparations survive a restart, in whatever state they are.
func TestPreparationsInSnapshots(t *testing.T) {
	sizer := &aimed{level: 3, next: []Target{dataset(7), dataset(8), dataset(9)}}
	c, host := prepared(t, stagedFleet(true), sizer)
	c.Warm(1, host.launched[0])
	c.Warm(1, host.launched[1])
	c.Prepared(2, host.launched[0])
	data, err := c.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	again, err := New(stagedFleet(true), sizer, host)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Restore(data); err != nil {
		t.Fatal(err)
	}
	again.Prepared(3, host.launched[1])
	again.Warm(4, host.launched[2])
	for d := uint32(7); d <= 9; d++ {
		if again.Held(0, dataset(d)) != 1 {
			t.Errorf("held for %d: %d", d, again.Held(0, dataset(d)))
		}
	}
	again.Arrive(5, Request{ID: 1, Dataset: 8})
	if a := host.assigned; a.Outcome != Hit || a.Instance != host.launched[1] {
		t.Errorf("a request for 8 got %+v", a)
	}
}

// Under isolation an instance that has served a tenant serves only that one,
// however well it is prepared.
func TestPreparedInstancesStayWithTheirTenant(t *testing.T) {
	config := stagedFleet(true)
	config.Isolation = ByTenant
	c, host := prepared(t, config, &aimed{level: 2, next: []Target{dataset(7)}})
	for _, id := range host.launched {
		c.Warm(1, id)
	}
	c.Arrive(2, Request{ID: 1, Tenant: 1, Dataset: 8})
	mine := host.assigned.Instance
	c.Release(3, mine)
	c.Arrive(4, Request{ID: 2, Tenant: 2, Dataset: 8})
	if a := host.assigned; a.Instance == mine || a.Missing != 1 {
		t.Errorf("tenant 2 got %+v", a)
	}
	c.Arrive(5, Request{ID: 3, Tenant: 1, Dataset: 8})
	if a := host.assigned; a.Instance != mine || a.Outcome != Hit {
		t.Errorf("tenant 1 got %+v", a)
	}
}

// A tenant's own data is never fetched ahead under isolation: an instance that
// anyone may claim is prepared for what tenants share.
func TestNoTenantsOwnIsPreparedAhead(t *testing.T) {
	for isolation, want := range map[Isolation]Target{NoIsolation: {Dataset: 7, Tenant: 3}, ByTenant: {Dataset: 7}} {
		config := stagedFleet(true)
		config.Isolation = isolation
		config.Categories[0].Stages = append(config.Categories[0].Stages, Stage{Name: "private", Of: OfDataset | OfTenant, Takes: time.Second})
		c, host := prepared(t, config, &aimed{level: 1, next: []Target{{Dataset: 7, Tenant: 3}}})
		if got := host.prepared[host.launched[0]]; got != want {
			t.Errorf("isolation %v: prepared for %+v, want %+v", isolation, got, want)
		}
		c.Warm(1, host.launched[0])
		c.Prepared(2, host.launched[0])
		c.Arrive(3, Request{ID: 1, Tenant: 4, Dataset: 7})
		if a := host.assigned; a.Missing != 4 { // the stage of the tenant's own
			t.Errorf("isolation %v: tenant 4 lacks %b", isolation, a.Missing)
		}
	}
}

// What takes over a request from spot is prepared for it from then on.
func TestReplacedIsPrepared(t *testing.T) {
	config := stagedFleet(true)
	config.Categories[0].Price, config.Categories[0].Spot = 1, &SpotTerms{Price: 0.3, Replace: true}
	c, host := prepared(t, config, &aimed{level: 1, next: []Target{{}}})
	c.Warm(1, host.launched[0])
	c.Arrive(2, Request{ID: 1, Dataset: 7})
	relief := host.launched[1]
	c.Warm(3, relief)
	c.Release(4, relief)
	c.Arrive(5, Request{ID: 2, Dataset: 7})
	if a := host.assigned; a.Instance != relief || a.Missing != 0 || a.Outcome != Hit {
		t.Errorf("it got %+v", a)
	}
}

// What has become prepared while it was idle has been idle for as long as before.
func TestIdleTimeoutOfPrepared(t *testing.T) {
	config := stagedFleet(true)
	config.Categories[0].IdleTimeout = time.Minute
	s := onStage(t, config, hysteresis{&aimed{level: 2, next: []Target{dataset(7)}}})
	c := s.ctrl
	fire(c, 0)
	c.Warm(0, s.launched[0])
	fire(c, 40e9)
	c.Warm(40e9, s.launched[1])
	c.Prepared(41e9, s.launched[1])
	c.Prepared(42e9, s.launched[0])
	if err := c.Configure(43e9, config, hysteresis{&aimed{level: 0, next: []Target{dataset(7)}}}); err != nil {
		t.Fatal(err)
	}
	fire(c, 60e9)
	if len(s.ended) != 1 || s.ended[0] != s.launched[0] || s.why[0] != IdleTooLong {
		t.Errorf("ended %v: %v", s.ended, s.why)
	}
}

// Nor does its keep-alive begin anew.
func TestKeepAliveOfPrepared(t *testing.T) {
	config := stagedFleet(true)
	for _, last := range []Time{42e9, 44e9} { // before and after the keep-alive is set
		s := onStage(t, config, hysteresis{&aimed{level: 2, next: []Target{dataset(7)}}})
		c := s.ctrl
		fire(c, 0)
		c.Warm(0, s.launched[0])
		fire(c, 40e9)
		c.Warm(40e9, s.launched[1])
		c.Prepared(41e9, s.launched[1])
		if last < 43e9 {
			c.Prepared(last, s.launched[0])
		}
		if err := c.Configure(43e9, config, NewKeepAlive(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if last > 43e9 {
			c.Prepared(last, s.launched[0])
		}
		fire(c, 60e9)
		if len(s.ended) != 1 || s.ended[0] != s.launched[0] || s.why[0] != Expired {
			t.Errorf("prepared at %d ns: ended %v: %v", last, s.ended, s.why)
		}
	}
}

// What ends while it is being prepared may be the last that its target's shelf was
// there for; those behind are looked at nevertheless.
func TestIdleTimeoutBehindAShelfThatGoes(t *testing.T) {
	config := stagedFleet(true)
	config.Categories[0].IdleTimeout = time.Minute
	from, to := Target{Dataset: 7, TaskType: 1}, Target{Dataset: 7, TaskType: 2}
	s := onStage(t, config, &aimed{level: 2, next: []Target{dataset(9), from}, turn: map[Target]Target{from: to}})
	c := s.ctrl
	fire(c, 0)
	for _, id := range s.launched {
		c.Warm(1, id)
		c.Prepared(1, id)
	}
	fire(c, 30e9)
	if got := c.Held(0, to); got != 1 {
		t.Fatalf("%d are on their way to the other target", got)
	}
	if err := c.Configure(43e9, config, hysteresis{&aimed{level: 0, next: []Target{{}}}}); err != nil {
		t.Fatal(err)
	}
	fire(c, 75e9)
	if len(s.ended) != 2 {
		t.Errorf("ended %v: %v", s.ended, s.why)
	}
}
