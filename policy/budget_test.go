package policy

import (
	"testing"
	"time"
)

// ask lets a request come.
func (c *cloud) ask(r Request) {
	c.advance(c.now+1, ClassArrival)
	r.ID = c.nextID
	c.nextID++
	c.waiting[r.ID] = r
	c.ctrl.Arrive(c.now, r)
	c.check()
}

// Who waits for money gets that of what becomes idle, under a policy that hears
// of releases too.
func TestMoneyOfWhatIsReleased(t *testing.T) {
	for _, spec := range []string{"static:level=0", "ec2-warm-pool:prepared=0"} {
		c := newCloud(t, spec, Config{Budget: 1, Categories: []Category{
			{Name: "a", LeadTime: time.Minute, Price: 1, Reusable: true}, {Name: "b", LeadTime: time.Minute, Price: 1},
		}})
		c.ask(Request{})
		id := c.launching()[0]
		c.warm(id)
		c.ask(Request{Pool: 1})
		c.want("while the first serves", len(c.launching()), 0)
		c.release(id)
		c.advance(c.now, ClassArrival)
		c.want("launching in the second", c.ctrl.Stock(1).Launching, int32(1))
	}
}

// A request that waits for a place below its category's limit costs nobody his
// instance.
func TestMoneyIsNotMadeForALimit(t *testing.T) {
	c := newCloud(t, "static:level=1,level.b=0", Config{Budget: 2, Categories: []Category{
		{Name: "a", LeadTime: time.Minute, Price: 1}, {Name: "b", LeadTime: time.Minute, Price: 1, MaxInstances: 1},
	}})
	c.warm(c.launching()[0])
	c.ask(Request{Pool: 1})
	c.ask(Request{Pool: 1})
	c.want("of the first", c.ctrl.Stock(0).Warm, int32(1))
}

// lateWish leaves a request of the second pool to what will be released, until
// its first tick.
type lateWish struct{ None }

func (lateWish) Traits() Traits { return Traits{Ticks: true} }
func (lateWish) Start(_ Time, p PoolID) Level {
	return Level{Stock: 1 - 2*int32(p)}
}
func (lateWish) Tick(_ Time, p PoolID, _ Stock) (Level, Time) { return Hold(1 - int32(p)), Never }

// A pool that loses an instance at a tick at which it was looked at already is
// looked at again.
func TestVisitWithinATick(t *testing.T) {
	config := Config{Budget: 1, Categories: []Category{{Name: "a", Price: 1}, {Name: "b", Price: 1}}}
	s := onStage(t, config, lateWish{})
	s.ctrl.Warm(s.now, s.launched[0])
	s.ctrl.Arrive(s.now, Request{ID: 1, Pool: 1})
	fire(s.ctrl, int64(DefaultTick))
	if len(s.ended) != 1 || s.why[0] != ForMoney {
		t.Fatalf("ended %v: %v", s.ended, s.why)
	}
	last := func() InstanceID { return s.launched[len(s.launched)-1] }
	s.ctrl.Warm(int64(DefaultTick), last())
	fire(s.ctrl, int64(DefaultTick))
	s.ctrl.Release(int64(DefaultTick)+1, last())
	fire(s.ctrl, 3*int64(DefaultTick))
	if k := s.ctrl.Stock(0); k.Launching != 1 {
		t.Errorf("the first pool does not come to its level again: %+v", k)
	}
}
