package policy

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// What sizers say that they foresee is what comes: a steady rate over the lead
// time, which asking does not change.
func TestOutlook(t *testing.T) {
	const rate, lead = 0.2, time.Minute
	monday := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	arrivals := poisson(rand.New(rand.NewPCG(1, 1)), monday, monday+6*hour, func(Time) float64 { return rate }, rate)
	fleet := Config{Tick: DefaultTick, Categories: []Category{{Name: "one", LeadTime: lead}, {Name: "reused", LeadTime: lead, Reusable: true}}}
	for _, name := range []string{"adaptive", "ewma", "fourier", "nhpp"} {
		var ends [2]Level
		for asked := range 2 {
			host := &punctual{config: &fleet}
			c, err := New(fleet, buildSizer(t, name, fleet), host)
			if err != nil {
				t.Fatal(err)
			}
			c.Start(monday)
			if o, ok := c.OutlookOf(0); ok {
				t.Errorf("%s foresees %+v before anything came", name, o)
			}
			for i, at := range arrivals {
				for {
					due, _ := c.NextTimer()
					if len(host.due) > 0 && host.due[0].at <= min(due, at) {
						warm := host.due[0]
						host.due = host.due[1:]
						c.Warm(warm.at, warm.id)
					} else if due <= at {
						c.Fire()
					} else {
						break
					}
				}
				id := PoolID(i % 2)
				c.Arrive(at, Request{ID: RequestID(i), Pool: id})
				if asked == 1 {
					c.OutlookOf(id)
				}
			}
			for id := range PoolID(2) {
				o, ok := c.OutlookOf(id)
				if want := rate / 2 * lead.Seconds(); !ok || o.Over != lead || math.Abs(o.Requests.Mean-want) > 0.35*want {
					t.Errorf("%s: %+v, %v; want about %g over %v", name, o, ok, want, lead)
				}
			}
			ends[asked] = c.LevelOf(0)
		}
		if ends[0] != ends[1] {
			t.Errorf("%s: asking changes the level from %v to %v", name, ends[0], ends[1])
		}
	}
	c, err := New(fleet, buildSizer(t, "static", fleet), &punctual{config: &fleet})
	if err != nil {
		t.Fatal(err)
	}
	if o, ok := c.OutlookOf(0); ok {
		t.Errorf("static foresees %+v", o)
	}
}

// A pool says why it does not launch.
func TestOutage(t *testing.T) {
	c := newCloud(t, "static:level=1", Config{Categories: []Category{{Name: "a", LeadTime: time.Minute}}})
	if o := c.ctrl.OutageOf(0); o != (Outage{}) {
		t.Errorf("nothing has failed: %+v", o)
	}
	c.fail(c.launching()[0], Throttled)
	if o := c.ctrl.OutageOf(0); o.Until <= c.now || o.Failures != 0 {
		t.Errorf("after a throttled order at %d: %+v", c.now, o)
	}
	c.advance(c.ctrl.OutageOf(0).Until+1, ClassTick)
	c.fail(c.launching()[0], NoCapacity)
	o := c.ctrl.OutageOf(0)
	if o.Failures != boots || o.Until <= c.now || o.Until > c.now+leastBackoff || o.Quota {
		t.Errorf("after a refusal at %d: %+v", c.now, o)
	}
	c.advance(o.Until+1, ClassTick)
	c.warm(c.launching()[0])
	if o := c.ctrl.OutageOf(0); o != (Outage{}) {
		t.Errorf("one has become warm: %+v", o)
	}
}
