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
