package policy

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// twoPlaces is a pool of each of two places; instances of the second serve requests
// of the first from afar, in 5 s those that are bound to it and at once those
// that are not.
func twoPlaces() Config {
	second := PoolID(1)
	return Config{Categories: []Category{
		{Name: "here", LeadTime: time.Minute, Reusable: true, MaxInstances: 1, Compatible: []Compatible{
			{Pool: 1, Adapt: 5 * time.Second, To: &second, For: ForBound},
			{Pool: 1, To: &second, For: ForAnywhere},
		}},
		{Name: "there", LeadTime: time.Minute, Reusable: true},
	}}
}

// What serves from afar stays where it is, so that the limits of the place it
// serves are none of its own.
func TestServesFromAfar(t *testing.T) {
	host := &bench{}
	c, err := New(twoPlaces(), NewStatic([]int32{1, 1}), host)
	if err != nil {
		t.Fatal(err)
	}
	c.Start(0)
	here, there := host.launched[0], host.launched[1]
	c.Warm(60e9, here)
	c.Warm(60e9, there)
	for i, want := range []Assignment{
		{Request: 1, Instance: here, Outcome: Hit, Reason: WasWarm},
		{Request: 2, Instance: there, Outcome: PartialHit, Reason: WasCompatible, Delay: 5e9},
	} {
		c.Arrive(61e9, Request{ID: RequestID(i + 1)})
		if d := cmp.Diff(want, host.assigned); d != "" {
			t.Error(d)
		}
	}
	if a, b := c.Stock(0), c.Stock(1); a != (Stock{InUse: 1}) || b != (Stock{InUse: 1, Launching: 1}) {
		t.Errorf("in use: %+v here, %+v there", a, b)
	}
	c.Release(70e9, there)
	if b := c.Stock(1); b.Warm != 1 {
		t.Errorf("after its release %+v", b)
	}
	c.Arrive(71e9, Request{ID: 3, Anywhere: true})
	want := Assignment{Request: 3, Instance: there, Outcome: Hit, Reason: WasCompatible}
	if d := cmp.Diff(want, host.assigned); d != "" {
		t.Error(d)
	}
}

// An instance may become one of a third pool: what is adapted stays where it is
// too.
func TestBecomesOfAThirdPool(t *testing.T) {
	third := PoolID(2)
	config := Config{Categories: []Category{
		{Name: "small here", Reusable: true, Compatible: []Compatible{{Pool: 1, Adapt: time.Second, To: &third}}},
		{Name: "big there", Reusable: true},
		{Name: "small there", Reusable: true, MaxInstances: 1},
	}}
	host := &bench{}
	c, err := New(config, NewStatic([]int32{0, 2, 0}), host)
	if err != nil {
		t.Fatal(err)
	}
	c.Start(0)
	for _, id := range host.launched {
		c.Warm(1e9, id)
	}
	c.Arrive(2e9, Request{ID: 1})
	if k := c.Stock(2); host.assigned.Outcome != PartialHit || k.InUse != 1 || c.Stock(0).InUse != 0 {
		t.Errorf("%+v, and then %+v", host.assigned, k)
	}
	c.Arrive(2e9, Request{ID: 2}) // the third pool is full
	if k := c.Stock(0); host.assigned.Request != 1 || k.Waiting != 1 {
		t.Errorf("%+v, and then %+v", host.assigned, k)
	}
}

func TestImpossibleCompatible(t *testing.T) {
	ninth := PoolID(9)
	for _, o := range []Compatible{
		{Pool: 0}, {Pool: 2}, {Pool: 1, Adapt: -1}, {Pool: 1, To: &ninth}, {Pool: 1, For: ForAnywhere + 1},
	} {
		config := Config{Categories: []Category{{Name: "a", Compatible: []Compatible{o}}, {Name: "b"}}}
		if config.Check() == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}
