package policy

import (
	"testing"
	"time"
)

// storing is a cloud that keeps one stopped instance of a category with a
// lifecycle, since a second after its start.
func storing(t *testing.T, l Lifecycle, change func(*Config)) *cloud {
	config := Config{Categories: []Category{{
		Name: "a", LeadTime: time.Minute, Price: 1, Stopped: &StoppedTerms{Price: 0.1, Resume: 5e9}, Lifecycle: l,
	}}}
	if change != nil {
		change(&config)
	}
	c := newCloud(t, "static:level=0,stopped=1", config)
	id := c.launching()[0]
	c.advance(c.now+1e9, ClassRelease)
	c.boots(id, c.instances[id])
	c.check()
	c.want("stopped", c.ctrl.supplies[0].Stopped.Count, int32(1))
	return c
}

// A stopped instance grows old, and is ended a lead time and a tick before it is
// due; its successor is launched to be stopped.
func TestStoppedGrowOld(t *testing.T) {
	c := storing(t, Lifecycle{MaxAge: time.Hour}, nil)
	id := c.order[0]
	ages := c.ctrl.lives[id.Slot()].Due - int64(time.Minute+DefaultTick)
	c.advance(ages-1, ClassTick)
	c.want("before", c.instances[id] != nil, true)
	c.advance(ages+int64(DefaultTick), ClassTick)
	c.want("after", c.instances[id] == nil, true)
	c.want("launches", len(c.launching()), 1)
}

// Who is resumed is as old as before. When that takes so long that it becomes too
// old, it is ended in place of being handed out, and who waits gets another.
func TestResumedKeepTheirAge(t *testing.T) {
	for _, binding := range []Binding{Late, Early} {
		c := storing(t, Lifecycle{MaxAge: time.Hour}, func(c *Config) { c.Binding = binding })
		id := c.order[0]
		due := c.ctrl.lives[id.Slot()].Due
		c.advance(c.now+int64(30*time.Minute), ClassArrival)
		request := c.arrive()
		c.want("it launches", c.instances[id].state, launching)
		c.advance(due, ClassRelease)
		c.boots(id, c.instances[id])
		c.check()
		c.want("it is gone", c.instances[id] == nil, true)
		c.want("the request waits", c.served[request], false)
		c.settle()
		c.want("the request is served", c.served[request], true)

		c = storing(t, Lifecycle{MaxAge: time.Hour}, func(c *Config) { c.Binding = binding })
		id = c.order[0]
		due = c.ctrl.lives[id.Slot()].Due
		c.advance(c.now+int64(30*time.Minute), ClassArrival)
		request = c.arrive()
		c.boots(id, c.instances[id])
		c.check()
		c.want("the request is served", c.served[request], true)
		c.want("it is due", c.ctrl.lives[id.Slot()].Due, due)
	}
}

// What is stopped is ended when it is outdated, under serve too, and what
// launches to be stopped ends when it is warm where stale ones are forbidden.
func TestStoppedAreOutdated(t *testing.T) {
	for _, stale := range []Staleness{ServeStale, ForbidStale} {
		c := storing(t, Lifecycle{Generation: "1", Stale: stale}, nil)
		old := c.order[0]
		turnOver := func(generation string) {
			c.advance(c.now+1, ClassArrival)
			config := *c.config
			config.Categories = append([]Category(nil), config.Categories...)
			config.Categories[0].Generation = generation
			*c.config = config
			for _, in := range c.instances {
				in.stale = true
			}
			if err := c.ctrl.Configure(c.now, config, buildSizer(t, "static:level=0,stopped=1", config)); err != nil {
				t.Fatal(err)
			}
			c.check()
		}
		turnOver("2")
		c.want("the old one is gone", c.instances[old] == nil, true)
		c.want("successors", len(c.launching()), 1)
		filling := c.launching()[0]
		turnOver("3")
		c.boots(filling, c.instances[filling])
		c.check()
		c.advance(c.now+int64(time.Minute), ClassTick)
		c.want("the stale launch is gone", c.instances[filling] == nil, true)
		c.want("launches", len(c.launching()), 1)
		c.want("stopped", c.ctrl.supplies[0].Stopped.Count, int32(0))
	}
}

// Who wants an instance of its own is not given a stopped one, and comes before
// stock where a budget is short.
func TestNeverWarmAndStopped(t *testing.T) {
	c := storing(t, Lifecycle{}, func(c *Config) { c.Budget = 1 })
	ask := func() RequestID {
		c.advance(c.now+1, ClassArrival)
		r := Request{ID: c.nextID, Warm: NeverWarm}
		c.nextID++
		c.waiting[r.ID] = r
		c.ctrl.Arrive(c.now, r)
		c.check()
		return r.ID
	}
	stopped := c.order[0]
	first := ask()
	c.want("the stopped one makes room in the budget", c.instances[stopped] == nil, true)
	second := ask()
	c.want("launches", len(c.launching()), 1)
	c.settle()
	c.want("both are served", c.served[first] && c.served[second], true)
}
