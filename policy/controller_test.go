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

// A tenant's shelf is gone when its timer finds that claims have emptied it.
func TestShelvesOfTenantsGoAway(t *testing.T) {
	config := Config{Isolation: ByTenant, Categories: []Category{{Name: "a", Reusable: true}}}
	c := newCloud(t, "keepalive:ttl=1m", config)
	serve := func(at Time, r RequestID) {
		c.advance(at, ClassArrival)
		c.waiting[r] = Request{ID: r, Tenant: 7}
		c.ctrl.Arrive(at, Request{ID: r, Tenant: 7})
		if id, in := c.find(launching, 0); in != nil {
			in.state = idle
			c.ctrl.Warm(at, id)
		}
	}
	start := c.now
	serve(start, 1)
	id, in := c.find(serving, 0)
	in.state = idle
	c.ctrl.Release(start, id)
	serve(start+int64(time.Second), 2) // from the shelf, whose timer is pending
	c.advance(start+int64(2*time.Minute), ClassArrival)
	if n := len(c.ctrl.apart.find); n != 0 {
		t.Errorf("%d shelves are left, though nothing is idle", n)
	}
}
