package policy

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

// onDemand is the part of a host that only other capacity types need.
type onDemand struct{}

func (onDemand) Stop(Time, InstanceID, PoolID)           { panic("stopped") }
func (onDemand) Resume(Time, InstanceID, PoolID, Reason) { panic("resumed") }
func (onDemand) Replace(Time, InstanceID, InstanceID)    { panic("replaced") }

// An hour on spot at $0.4 that is interrupted once in 10 hours, with a lead time
// of half an hour: of every 10.5 hours that are paid, 10 are warm.
func TestIdleHourOnSpot(t *testing.T) {
	k := Category{LeadTime: 30 * time.Minute, Price: 1, Spot: &SpotTerms{Price: 0.4, Interruptions: 0.1}}
	for _, c := range []struct {
		refused, interruptions, want float64
		first                        bool
	}{
		{0, 0.1, 0.42, true},
		{0.25, 0.1, 0.75*0.42 + 0.25, true}, // a quarter is on demand
		{1, 0.1, 1, false},
		{0, 3, 1, false}, // 0.4 (1 + 3/2): as dear
		{0, 4, 1.2, false},
	} {
		k.Spot.Refused, k.Spot.Interruptions = c.refused, c.interruptions
		if got := k.idleHour(); math.Abs(got-c.want) > 1e-12 || k.spotFirst() != c.first {
			t.Errorf("refused %v, %v interruptions: %v $/h, spot first %v; want %v, %v", c.refused, c.interruptions, got, k.spotFirst(), c.want, c.first)
		}
	}
}

// spotPool is a cloud with one category that has spot.
func spotPool(t *testing.T, spec string, change func(*Config)) *cloud {
	c := Config{Categories: []Category{{
		Name: "a", LeadTime: time.Minute, Price: 1, Spot: &SpotTerms{Price: 0.3, Interruptions: 0.1},
	}}}
	if change != nil {
		change(&c)
	}
	return newCloud(t, spec, c)
}

func (c *cloud) arrive() RequestID {
	c.advance(c.now+1, ClassArrival)
	r := Request{ID: c.nextID}
	c.nextID++
	c.waiting[r.ID] = r
	c.ctrl.Arrive(c.now, r)
	c.check()
	return r.ID
}

func (c *cloud) warm(id InstanceID) {
	c.advance(c.now+1, ClassRelease)
	c.instances[id].state = idle
	c.ctrl.Warm(c.now, id)
	c.check()
}

func (c *cloud) fail(id InstanceID, why Failure) {
	c.advance(c.now+1, ClassRelease)
	c.remove(id)
	c.ctrl.Fail(c.now, id, why)
	c.check()
}

func (c *cloud) release(id InstanceID) {
	c.advance(c.now+1, ClassRelease)
	c.instances[id].state = idle
	c.ctrl.Release(c.now, id)
	c.check()
}

// launching are the launches in flight, by age.
func (c *cloud) launching() (ids []InstanceID) {
	for _, id := range c.order {
		if c.instances[id].state == launching {
			ids = append(ids, id)
		}
	}
	return ids
}

// on says on what every launch in flight is.
func (c *cloud) on() string {
	s := ""
	for _, id := range c.launching() {
		s += c.instances[id].on.String() + " "
	}
	return strings.TrimSpace(s)
}

func (c *cloud) want(what, got, want any) {
	c.t.Helper()
	if got != want {
		c.failf("%s: %v, want %v", what, got, want)
	}
}

// Stock goes to spot; what is launched while requests wait does not.
func TestMixOfCapacity(t *testing.T) {
	c := spotPool(t, "static:level=2", nil)
	c.want("the stock", c.on(), "spot spot")
	c.arrive() // position 1, a launch for stock
	c.want("one waits, two come", c.on(), "spot spot spot")
	none := spotPool(t, "none", nil)
	none.arrive()
	none.want("no pool", none.on(), "on_demand")
	dear := spotPool(t, "static:level=2", func(c *Config) { c.Categories[0].Spot.Interruptions = 3600 })
	dear.want("lost too often", dear.on(), "on_demand on_demand")
}

// An idle shadow that gets its notice is ended, and replaced at once; so is one
// that launches. One that serves goes on, and serves no other request.
func TestNotice(t *testing.T) {
	c := spotPool(t, "static:level=1", func(c *Config) { c.Categories[0].Reusable = true })
	for range 2 { // launching, then idle
		first := c.launching()[0]
		if c.launches > 1 {
			c.warm(first)
		}
		c.ctrl.Notice(c.now, first)
		c.check()
		c.want("instances", len(c.instances), 1)
		c.want("its successor", c.on(), "spot")
	}
	shadow := c.launching()[0]
	c.warm(shadow)
	c.arrive()
	c.ctrl.Notice(c.now, shadow)
	c.want("serving under notice", c.instances[shadow].state, serving)
	c.release(shadow)
	if c.instances[shadow] != nil {
		t.Error("an instance under notice is kept after its request")
	}
}

// A request whose instance is lost comes before those that waited already.
func TestInterruptedRequestIsFirstInLine(t *testing.T) {
	c := spotPool(t, "static:level=1", nil)
	shadow := c.launching()[0]
	c.warm(shadow)
	first := c.arrive()
	c.ctrl.Notice(c.now, shadow)
	second := c.arrive()
	third := c.arrive()
	c.remove(shadow)
	c.ctrl.Lose(c.now, shadow)
	c.served[first] = false
	c.waiting[first] = Request{ID: first}
	c.ctrl.Requeue(c.now, Request{ID: first})
	c.check()
	for _, want := range []RequestID{first, second, third} {
		next := c.launching()[0]
		c.warm(next)
		c.want("the request of the next instance", c.instances[next].request, want)
	}
}

// A refusal on spot falls back to on-demand at once, and the breaker lets one
// probe through when its time is over: refused it opens for twice as long, warm
// it closes.
func TestBreakerFallsBack(t *testing.T) {
	c := spotPool(t, "static:level=2", nil)
	both := c.launching()
	c.fail(both[0], NoCapacity)
	c.want("after a refusal", c.on(), "spot on_demand")
	b := &c.ctrl.supplies[0].Breakers[Spot]
	if span := b.Until - c.now; span < leastBackoff/2 || span > leastBackoff {
		t.Errorf("it is open for %v at first", time.Duration(span))
	}
	until := b.Until
	c.fail(both[1], NoCapacity) // was on its way: no news
	c.want("open until", b.Until, until)
	c.want("both have failed", c.on(), "on_demand on_demand")

	c.advance(until, ClassExpiry)
	for range 3 {
		c.arrive()
	}
	c.want("half-open", c.on(), "on_demand on_demand spot on_demand on_demand")
	probe := c.launching()[2]
	c.fail(probe, NoCapacity)
	if span := b.Until - c.now; span < leastBackoff || span > 2*leastBackoff {
		t.Errorf("it is open for %v the second time", time.Duration(span))
	}
	c.advance(b.Until, ClassExpiry)
	c.arrive()
	spots := strings.Count(c.on(), "spot")
	c.want("probes", spots, 1)
	for _, id := range c.launching() {
		if c.instances[id].on == Spot {
			c.warm(id)
		}
	}
	c.want("closed", *b, breaker{})
	c.want("held", c.ctrl.pools[0].Held, false)
	c.arrive()
	c.arrive()
	if n := strings.Count(c.on(), "spot"); n != 2 {
		t.Errorf("after the probe %d of the launches are on spot: %s", n, c.on())
	}
}

// Boots that fail are tried again at once, but no more than three in a row;
// then after a pause without any other event.
func TestBootsThatFail(t *testing.T) {
	c := newCloud(t, "static:level=1", Config{Categories: []Category{{Name: "a", LeadTime: time.Minute}}})
	for range boots {
		c.want("launches", len(c.launching()), 1)
		c.fail(c.launching()[0], BootFailed)
	}
	for n := int32(0); n < 12; n++ {
		c.want("launches while it is open", len(c.launching()), 0)
		span := min(leastBackoff<<n, mostBackoff)
		at := c.now
		c.advance(at+span/2-1, ClassTick)
		c.want("launches before the half of it is over", len(c.launching()), 0)
		c.advance(at+span, ClassTick)
		c.want("launches when it is over", len(c.launching()), 1)
		c.fail(c.launching()[0], BootFailed)
	}
}

// What is throttled pauses all types, and goes on with one order, two a second
// later, and so on.
func TestThrottling(t *testing.T) {
	c := spotPool(t, "static:level=5", nil)
	all := c.launching()
	for _, id := range all[2:] {
		c.advance(c.now, ClassRelease)
		c.remove(id)
		c.ctrl.Fail(c.now, id, Throttled)
	}
	c.want("while it pauses", c.on(), "spot spot")
	again := c.ctrl.supplies[0].Throttle.Until
	c.advance(again, ClassTick)
	c.want("after that", c.on(), "spot spot spot")
	c.advance(again+leastBackoff-1, ClassTick)
	c.want("within a second", c.on(), "spot spot spot")
	c.advance(again+leastBackoff, ClassTick)
	c.want("a second later", c.on(), "spot spot spot spot spot")
}

// Pools share a budget of 3 $/h; a request gets what another pool's stock has.
func TestBudget(t *testing.T) {
	c := newCloud(t, "static:level=3,level.b=0", Config{Budget: 3, Categories: []Category{
		{Name: "a", LeadTime: time.Minute, Price: 1}, {Name: "b", LeadTime: time.Minute, Price: 2},
	}})
	c.want("launches", len(c.launching()), 3)
	for _, id := range c.launching() {
		c.warm(id)
	}
	c.advance(c.now+1, ClassArrival)
	r := Request{ID: 7, Pool: 1}
	c.waiting[7] = r
	c.ctrl.Arrive(c.now, r)
	c.check()
	c.want("left of the first pool", c.ctrl.Stock(0).Warm, int32(1))
	c.want("launching in the second", c.ctrl.Stock(1).Launching, int32(1))
	id := c.launching()[0]
	c.warm(id)
	c.advance(c.now+int64(time.Minute), ClassTick)
	c.want("of the first, while the second serves", c.ctrl.Stock(0).Launching+c.ctrl.Stock(0).Warm, int32(1))
	c.release(id)
	c.advance(c.now+int64(time.Minute), ClassTick)
	c.want("of the first, after that", c.ctrl.Stock(0).Launching+c.ctrl.Stock(0).Warm, int32(3))
}

// Three at 1.1 $/h cost 3.3, whatever 3 * 1.1 is in binary.
func TestBudgetIsExact(t *testing.T) {
	for _, price := range []float64{0.1, 0.7, 1.1, 3.3} {
		for n := 1; n <= 30; n++ {
			budget, err := strconv.ParseFloat(strconv.FormatFloat(price*float64(n), 'f', 6, 64), 64)
			if err != nil {
				t.Fatal(err)
			}
			c := newCloud(t, "static:level=40", Config{Budget: budget, Categories: []Category{{Name: "a", LeadTime: time.Minute, Price: price}}})
			c.want("launches", len(c.launching()), n)
		}
	}
}

// With on_promote: replace the request moves to a standard instance.
func TestRelief(t *testing.T) {
	start := func() (*cloud, InstanceID, InstanceID) {
		c := spotPool(t, "static:level=1", func(c *Config) { c.Categories[0].Spot.Replace = true })
		shadow := c.launching()[0]
		c.warm(shadow)
		c.arrive()
		c.want("ordered at the promotion", c.on(), "on_demand spot")
		return c, shadow, c.launching()[0]
	}
	c, shadow, relief := start()
	c.warm(relief)
	c.want("it serves", c.instances[relief].state, serving)
	if c.instances[shadow] != nil {
		t.Error("the one on spot is still there")
	}
	c.release(relief)
	c.want("launching", c.on(), "spot")

	c, shadow, relief = start() // the request is over before
	c.release(shadow)
	c.warm(relief)
	c.want("it is stock", c.instances[relief].state, idle)

	c, shadow, _ = start() // and its successor is there already
	c.warm(c.launching()[1])
	c.release(shadow)
	c.advance(c.now+int64(DefaultTick), ClassTick)
	c.want("beyond the level", c.ctrl.Stock(0).Warm+c.ctrl.Stock(0).Launching, int32(1))

	c, shadow, relief = start() // taken before
	c.remove(shadow)
	c.ctrl.Lose(c.now, shadow)
	c.waiting[0], c.served[0] = Request{}, false
	c.ctrl.Requeue(c.now, Request{})
	c.check()
	c.warm(relief)
	c.want("it serves who lost his instance", c.instances[relief].request, RequestID(0))

	c, shadow, relief = start() // it does not come
	c.fail(relief, BootFailed)
	c.want("the request stays", c.instances[shadow].state, serving)
	c.release(shadow)
	c.want("launching", c.on(), "spot")
}

// Stopped stock is launched, stopped when it is warm, resumed for who waits,
// and made up for.
func TestStoppedStock(t *testing.T) {
	c := newCloud(t, "static:level=1,stopped=2", Config{Categories: []Category{{
		Name: "a", LeadTime: time.Minute, Price: 1, Stopped: &StoppedTerms{Price: 0.1, Resume: 5e9},
	}}})
	c.want("launches", len(c.launching()), 3)
	for _, id := range c.launching() {
		c.warm(id)
	}
	count := func() (n int32) { return c.ctrl.supplies[0].Stopped.Count }
	c.want("stopped", count(), int32(2))
	c.arrive()
	c.want("one is resumed for the level, and one launched", c.trailOf(2), "resume 2: level|launch 3 in 0 on on_demand: stopped")
	c.arrive()
	c.want("stopped", count(), int32(0))
	first := c.launching()[0]
	c.warm(first)
	c.want("its outcome", strings.Contains(c.trail[len(c.trail)-1], "partial_hit"), true)
}

// Stopped stock is made up for while spot has nothing to give, and after a quota
// was met, some time later.
func TestStoppedStockAfterFailures(t *testing.T) {
	c := spotPool(t, "static:level=1,stopped=1", func(c *Config) { c.Categories[0].Stopped = &StoppedTerms{Price: 0.1, Resume: 5e9} })
	c.want("launching", c.on(), "spot on_demand")
	both := c.launching()
	c.fail(both[0], NoCapacity)
	c.fail(both[1], BootFailed)
	c.want("launching", c.on(), "on_demand on_demand")
	filler := c.launching()[0]
	if c.ctrl.instances.Rows[filler.Slot()].Marks&filling == 0 {
		filler = c.launching()[1]
	}
	c.fail(filler, OverQuota)
	for _, id := range c.launching() {
		c.warm(id)
	}
	c.want("while the quota is full", c.ctrl.supplies[0].Filling, int32(0))
	c.advance(c.now+mostBackoff+int64(DefaultTick), ClassTick)
	c.want("after that", c.ctrl.supplies[0].Filling, int32(1))
}

// A category that can no more be stopped keeps none.
func TestStoppedStockGoes(t *testing.T) {
	with := Config{Categories: []Category{{Name: "a", LeadTime: time.Minute, Price: 1, Stopped: &StoppedTerms{Price: 0.1}}}}
	c := newCloud(t, "static:level=0,stopped=1", with)
	c.warm(c.launching()[0])
	c.want("stopped", c.ctrl.supplies[0].Stopped.Count, int32(1))
	without := with
	without.Categories = []Category{{Name: "a", LeadTime: time.Minute}}
	c.advance(c.now+1, ClassArrival)
	if err := c.ctrl.Configure(c.now, without, buildSizer(t, "static:level=0", without)); err != nil {
		t.Fatal(err)
	}
	c.want("instances", len(c.instances), 0)
}

// What is stopped and not wanted is ended when its storage has cost a launch: a
// minute at 1 $/h is 10 minutes at 0.1.
func TestStoppedSurplus(t *testing.T) {
	with := Config{Categories: []Category{{Name: "a", LeadTime: time.Minute, Price: 1, Stopped: &StoppedTerms{Price: 0.1}}}}
	for _, spec := range []string{"static:level=0,stopped=0", "none"} { // which knows of no stopped ones
		c := newCloud(t, "static:level=0,stopped=1", with)
		c.warm(c.launching()[0])
		since := c.now
		if err := c.ctrl.Configure(c.now, with, buildSizer(t, spec, with)); err != nil {
			t.Fatal(err)
		}
		c.advance(since+int64(10*time.Minute)-1, ClassTick)
		c.want("instances", len(c.instances), 1)
		c.advance(since+int64(10*time.Minute+DefaultTick), ClassTick)
		c.want("instances", len(c.instances), 0)
	}
}

// trailOf are the last n actions, without instants and generations.
func (c *cloud) trailOf(n int) string {
	var all []string
	for _, line := range c.trail[len(c.trail)-n:] {
		_, what, _ := strings.Cut(line, "   ")
		words := strings.Split(what, " ")
		for i, w := range words {
			if id, err := strconv.ParseUint(strings.TrimSuffix(w, ":"), 10, 64); err == nil && id > 1<<32 {
				words[i] = strings.Replace(w, strconv.FormatUint(id, 10), strconv.Itoa(int(uint32(id))), 1)
			}
		}
		all = append(all, strings.Join(words, " "))
	}
	return strings.Join(all, "|")
}

// What cannot be is refused by name.
func TestImpossibleTerms(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"price":        func(c *Config) { c.Categories[0].Price = -1 },
		"spot price":   func(c *Config) { c.Categories[0].Spot.Price = math.NaN() },
		"refused":      func(c *Config) { c.Categories[0].Spot.Refused = 1.1 },
		"stopped":      func(c *Config) { c.Categories[0].Stopped = &StoppedTerms{Price: 2} },
		"budget":       func(c *Config) { c.Budget = 0.5 },
		"out of range": func(c *Config) { c.Categories[0].Stopped = &StoppedTerms{Resume: -1} },
	} {
		c := Config{Categories: []Category{{Name: "a", Price: 1, Spot: &SpotTerms{Price: 0.3}}}}
		change(&c)
		if _, err := New(c, None{}, nil); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"a"`) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
