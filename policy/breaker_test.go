package policy

import (
	"testing"
	"time"
)

// Where the place that has become free in a quota is another's by then, the pool
// waits again, and does not ask at the same instant without end.
func TestPlaceThatIsGone(t *testing.T) {
	c := newCloud(t, "static:level=1", Config{Categories: []Category{{Name: "a", LeadTime: time.Minute}, {Name: "b", LeadTime: time.Minute}}})
	refuse := func() {
		c.t.Helper()
		for _, id := range c.launching() {
			if c.instances[id].pool == 0 {
				c.remove(id)
				c.ctrl.Fail(c.now, id, OverQuota)
			}
		}
		c.want("launching after a refusal", c.ctrl.Stock(0).Launching, int32(0))
	}
	c.warm(c.launching()[1])
	c.ask(Request{Pool: 1})
	refuse()
	for id, in := range c.instances {
		if in.state == serving {
			in.state = idle
			c.ctrl.Release(c.now, id) // at the same instant
			break
		}
	}
	c.advance(c.now, ClassArrival)
	c.want("launching where there is a place", c.ctrl.Stock(0).Launching, int32(1))
	refuse()
}

// What was refused counts before the request that waited for it is promoted on
// spot, which would order the same again at once.
func TestRefusalBeforeRelief(t *testing.T) {
	c := spotPool(t, "static:level=1", func(c *Config) { c.Categories[0].Spot.Replace, c.Binding = true, Early })
	shadow := c.launching()[0]
	c.arrive()
	c.want("launching", c.on(), "spot on_demand")
	c.warm(shadow)
	c.fail(c.launching()[0], NoCapacity)
	c.want("the shadow", c.instances[shadow].state, serving)
	c.want("launching", c.on(), "spot")
}
