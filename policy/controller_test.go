package policy

import (
	"testing"
	"time"
)

// A shorter keep-alive counts from when instances became idle, also for those
// that were idle before it was configured.
func TestConfigureShortensKeepAlive(t *testing.T) {
	config := Config{Categories: []Category{{Name: "a", Reusable: true}}}
	c := newCloud(t, "keepalive:ttl=1h", config)
	start := c.now
	c.waiting[1] = Request{ID: 1}
	c.ctrl.Arrive(start, Request{ID: 1})
	id, in := c.find(launching, 0)
	in.state = idle
	c.ctrl.Warm(start, id)
	in.state = idle
	c.ctrl.Release(start, id)
	at := func(d time.Duration) Time { return start + int64(d) }
	c.advance(at(10*time.Minute), ClassArrival)
	if err := c.ctrl.Configure(c.now, config, NewKeepAlive(20*time.Minute)); err != nil {
		t.Fatal(err)
	}
	c.advance(at(20*time.Minute)-1, ClassArrival)
	if s := c.ctrl.Stock(0); s.Warm != 1 {
		t.Fatalf("before 20 minutes are over %+v", s)
	}
	c.advance(at(20*time.Minute), ClassArrival)
	if s := c.ctrl.Stock(0); s.Warm != 0 {
		t.Fatalf("after 20 minutes %+v", s)
	}
}

func TestConfigureKeepsCategories(t *testing.T) {
	c := newCloud(t, "none", Config{Categories: []Category{{Name: "a"}, {Name: "b"}}})
	for _, names := range [][]string{{"a"}, {"b", "a"}, {"a", "a"}, {}} {
		var config Config
		for _, n := range names {
			config.Categories = append(config.Categories, Category{Name: n})
		}
		if err := c.ctrl.Configure(c.now, config, None{}); err == nil {
			t.Errorf("%q is accepted", names)
		}
	}
}

// arriveMany lets n requests come to pool 0, of a tenant each from 1 on.
func (c *cloud) arriveMany(n int) {
	for range n {
		c.nextID++
		r := Request{ID: c.nextID, Tenant: uint32(c.nextID)}
		c.waiting[r.ID] = r
		c.ctrl.Arrive(c.now, r)
	}
	c.check()
}

// pass lets the i-th instance in a state become idle.
func (c *cloud) pass(s state, i int) {
	id, in := c.find(s, i)
	in.state = idle
	if s == launching {
		c.ctrl.Warm(c.now, id)
	} else {
		c.ctrl.Release(c.now, id)
	}
}

// A launch of a request's own that has become warm makes room below the limit
// on launches: the next request's is ordered then, not when something else
// happens to come.
func TestOwnLaunchMakesRoom(t *testing.T) {
	c := newCloud(t, "none", Config{Categories: []Category{{Name: "a", MaxLaunching: 1}}})
	c.arriveMany(2)
	c.pass(launching, 0)
	if s := c.ctrl.Stock(0); s != (Stock{Launching: 1, Waiting: 1, InUse: 1}) {
		t.Errorf("after the first launch: %+v", s)
	}
}

// What expires below the level is replaced at the next tick: not at once,
// since the sizer may want it no longer, and not only at the next event.
func TestExpiredIsReplacedAtTick(t *testing.T) {
	for _, limit := range []int{0, 1} {
		c := newCloud(t, "openwhisk-reactive:ttl=20s,min=1", Config{Categories: []Category{{Name: "a", MaxInstances: limit}}})
		c.advance(c.now+1, ClassWarm)
		c.pass(launching, 0)
		c.advance(c.now+20e9, ClassArrival)
		if s := c.ctrl.Stock(0); s != (Stock{}) {
			t.Errorf("limit %d: after its time to live: %+v", limit, s)
		}
		c.advance(c.now+15e9, ClassArrival)
		if s := c.ctrl.Stock(0); s != (Stock{Launching: 1}) {
			t.Errorf("limit %d: after the next tick: %+v", limit, s)
		}
	}
}

// Under a policy that keeps nothing, what was idle is ended when it takes over.
func TestConfigureToKeepNone(t *testing.T) {
	for _, isolation := range []Isolation{NoIsolation, ByTenant} {
		config := Config{Isolation: isolation, Categories: []Category{{Name: "a", Reusable: true}}}
		c := newCloud(t, "keepalive:ttl=1h", config)
		c.arriveMany(1)
		c.pass(launching, 0)
		c.pass(serving, 0)
		if err := c.ctrl.Configure(c.now, config, None{}); err != nil {
			t.Fatal(err)
		}
		if s := c.ctrl.Stock(0); s.Warm != 0 {
			t.Errorf("isolation %v: %+v", isolation, s)
		}
	}
}

// Ticks of another interval fall on its multiples from the first one on.
func TestConfigureTick(t *testing.T) {
	config := Config{Categories: []Category{{Name: "a"}}}
	c := newCloud(t, "headroom", config)
	c.advance(c.now+20e9, ClassArrival)
	for _, tick := range []time.Duration{7 * time.Second, 4 * time.Second, time.Minute} {
		config.Tick = tick
		if err := c.ctrl.Configure(c.now, config, buildSizer(t, "headroom", config)); err != nil {
			t.Fatal(err)
		}
		due, _ := c.ctrl.NextTimer()
		if due%int64(tick) != 0 || due-c.now > int64(tick) {
			t.Errorf("ticks of %v: the next is at %d ns, now it is %d", tick, due, c.now)
		}
		c.advance(due, ClassArrival)
	}
}

// The shelves of tenants that come once are given up, also where a timer finds
// them empty.
func TestTenantsShelvesAreGivenUp(t *testing.T) {
	config := Config{Isolation: ByTenant, Categories: []Category{{Name: "a", Reusable: true}}}
	c := newCloud(t, "keepalive:ttl=20s", config)
	for range 100 {
		c.arriveMany(1)
		c.pass(launching, 0)
		c.pass(serving, 0)
		r := Request{ID: c.nextID + 1000, Tenant: uint32(c.nextID)} // the tenant again
		c.waiting[r.ID] = r
		c.ctrl.Arrive(c.now, r)
		c.advance(c.now+25e9, ClassArrival)
		id, _ := c.find(serving, 0)
		c.remove(id)
		c.ctrl.Lose(c.now, id)
	}
	if n := len(c.ctrl.apart.Rows); n > 1 || len(c.ctrl.apart.find) > 0 {
		t.Errorf("%d shelves are kept, %d can be found", n, len(c.ctrl.apart.find))
	}
}
