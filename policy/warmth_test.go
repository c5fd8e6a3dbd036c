package policy

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Who requires a warm instance is refused at once where none suits, and is
// served like others where one does.
func TestRequireWarm(t *testing.T) {
	config := stagedFleet(false)
	c, host := prepared(t, config, &aimed{level: 2, next: []Target{dataset(7), {}}})
	ask := func(id RequestID, d uint32) Assignment {
		host.assigned = Assignment{}
		c.Arrive(20e9, Request{ID: id, Dataset: d, Warm: RequireWarm})
		return host.assigned
	}
	fire(c, 19e9)
	if a := ask(1, 0); a.Request != 0 { // they launch, but are not warm
		t.Errorf("%+v", a)
	}
	for _, id := range host.launched[:2] {
		c.Warm(20e9, id)
	}
	c.Prepared(20e9, host.launched[0])
	if a := ask(2, 8); a.Request != 0 { // warm, but not for 8
		t.Errorf("%+v", a)
	}
	if a := ask(3, 7); a.Request != 3 || a.Outcome != Hit || a.Missing != 0 {
		t.Errorf("%+v", a)
	}
	if a := ask(4, 0); a.Request != 4 || a.Outcome != Hit {
		t.Errorf("%+v", a)
	}
	if d := cmp.Diff([]RequestID{1, 2}, host.refused); d != "" {
		t.Errorf("refused: %s", d)
	}
	if k := c.Stock(0); k.Waiting != 0 {
		t.Errorf("%+v", k)
	}
}

// Nor is a category that must be adapted first warm enough.
func TestRequireWarmOfCompatible(t *testing.T) {
	config := Config{Categories: []Category{
		{Name: "a", Compatible: []Compatible{{Pool: 1, Adapt: time.Second}, {Pool: 2}}}, {Name: "b"}, {Name: "c"},
	}}
	host := &bench{}
	c, err := New(config, NewStatic([]int32{0, 1, 1}), host)
	if err != nil {
		t.Fatal(err)
	}
	c.Start(0)
	c.Warm(0, host.launched[0])
	c.Arrive(1, Request{ID: 1, Warm: RequireWarm})
	if len(host.refused) != 1 {
		t.Errorf("it got %+v", host.assigned)
	}
	c.Warm(2, host.launched[1])
	c.Arrive(3, Request{ID: 2, Warm: RequireWarm})
	if a := host.assigned; a.Instance != host.launched[1] || a.Outcome != Hit {
		t.Errorf("it got %+v", a)
	}
}

// Who wants no warm instance gets a launch of its own, also where the pool is
// full of idle ones, and after failures at a later tick.
func TestNeverWarm(t *testing.T) {
	config, sizer := aged(2, Lifecycle{})
	config.Categories[0].MaxInstances = 2
	s := onStage(t, config, sizer)
	s.ask(2*time.Minute, Request{ID: 1, Warm: NeverWarm})
	if s.assigned.Request != 0 || len(s.ended) != 1 || s.why[0] != ForRoom || len(s.launched) != 3 {
		t.Fatalf("ended %v, launched %v, got %+v", s.ended, s.launched, s.assigned)
	}
	own := s.launched[2]
	s.fails = true
	s.until(3 * time.Minute)
	if s.ctrl.Cancel(s.now, 0, 99) {
		t.Error("an unknown request was cancelled")
	}
	s.fails = false
	s.until(5 * time.Minute)
	if a := s.assigned; a.Request != 1 || a.Instance == own || a.Reason != OwnLaunch || a.Outcome != Miss {
		t.Errorf("it got %+v", a)
	}
	if k := s.ctrl.Stock(0); k.Warm != 1 || k.InUse != 1 {
		t.Errorf("%+v", k)
	}
	s.ask(5*time.Minute, Request{ID: 2, Warm: NeverWarm}) // ends the other
	s.ask(5*time.Minute, Request{ID: 3, Warm: NeverWarm}) // has no room
	if !s.ctrl.Cancel(s.now, 0, 3) || s.ctrl.Cancel(s.now, 0, 3) {
		t.Error("a request without a launch is not cancelled once")
	}
	s.ask(5*time.Minute, Request{ID: 4, Warm: NeverWarm})
	s.ctrl.Drain(s.now)
	if d := cmp.Diff([]RequestID{4}, s.refused); d != "" {
		t.Errorf("refused: %s", d)
	}
}

// Who lost an instance of his own is first in line for the next.
func TestNeverWarmIsFirstInLine(t *testing.T) {
	c := newCloud(t, "none", Config{Categories: []Category{{Name: "a", LeadTime: time.Minute, MaxInstances: 1}}})
	for range 3 {
		c.ask(Request{Warm: NeverWarm})
	}
	lost := c.launching()[0]
	c.warm(lost)
	first := c.instances[lost].request
	c.remove(lost)
	c.ctrl.Lose(c.now, lost) // the second gets the place
	c.waiting[first], c.served[first] = Request{ID: first, Warm: NeverWarm}, false
	c.ctrl.Requeue(c.now, c.waiting[first])
	for _, want := range []RequestID{1, first, 2} {
		next := c.launching()[0]
		c.warm(next)
		c.want("the request of the next instance", c.instances[next].request, want)
		c.release(next)
	}
}

// A pool that holds more than a limit allows which has become lower gives up what
// makes room, and nothing where that makes none.
func TestNeverWarmAboveTheLimit(t *testing.T) {
	for _, k := range []struct {
		limit              int
		warm, launchedMore int32
	}{{2, 3, 0}, {3, 0, 1}, {5, 2, 1}} {
		c := newCloud(t, "static:level=3", Config{Categories: []Category{{Name: "a", LeadTime: time.Minute}}})
		for range 2 { // two serve, three are idle
			for _, id := range c.launching() {
				c.warm(id)
			}
			if c.ctrl.Stock(0).InUse == 0 {
				c.arrive()
				c.arrive()
			}
		}
		config := Config{Categories: []Category{{Name: "a", LeadTime: time.Minute, MaxInstances: k.limit}}}
		*c.config = Config{Categories: []Category{{Name: "a", LeadTime: time.Minute}}} // it holds more at first
		if err := c.ctrl.Configure(c.now, config, buildSizer(t, "static:level=3", config)); err != nil {
			t.Fatal(err)
		}
		c.ask(Request{Warm: NeverWarm})
		if got := c.ctrl.Stock(0); got.Warm != k.warm || got.Launching != k.launchedMore {
			t.Errorf("limit %d: %+v, want %d idle and %d launching", k.limit, got, k.warm, k.launchedMore)
		}
	}
}
