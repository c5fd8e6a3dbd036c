package policy

import (
	"bytes"
	"reflect"
	"testing"
	"time"
)

// encoding/json leaves out a field of an embedded struct where the outer one
// has a field of the same name: a state would come back without it.
func TestStatesHideNothing(t *testing.T) {
	for _, f := range Families() {
		s := Spec{Name: f.Name}
		if f.Name == "schedule" {
			s = s.With("timetable", "Sun-Sat 00:00-24:00 1")
		}
		sizer, err := Build(s, Fleet{Config: Config{Categories: []Category{{Name: "a", LeadTime: time.Minute, Reusable: true}}}})
		if err != nil {
			t.Fatal(err)
		}
		sizer.Start(0, 0) // states are made as they are needed
		if traits := sizer.Traits(); traits.Arrivals {
			sizer.Arrive(0, Request{}, Stock{})
		}
		if state, ok := sizer.(Stateful); ok {
			hides(t, f.Name, reflect.ValueOf(state.State()), map[reflect.Type]bool{})
		}
	}
}

// hides looks for such fields in v and all that it holds.
func hides(t *testing.T, family string, v reflect.Value, seen map[reflect.Type]bool) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			hides(t, family, v.Elem(), seen)
		} else if v.Kind() == reflect.Pointer {
			hides(t, family, reflect.Zero(v.Type().Elem()), seen)
		}
	case reflect.Slice, reflect.Array:
		if v.Len() > 0 {
			hides(t, family, v.Index(0), seen)
		} else {
			hides(t, family, reflect.Zero(v.Type().Elem()), seen)
		}
	case reflect.Struct:
		if seen[v.Type()] {
			return
		}
		seen[v.Type()] = true
		own := map[string]bool{}
		for i := range v.NumField() {
			if f := v.Type().Field(i); !f.Anonymous {
				own[f.Name] = true
			}
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.Anonymous && f.Type.Kind() == reflect.Struct {
				for j := range f.Type.NumField() {
					if g := f.Type.Field(j); g.IsExported() && own[g.Name] {
						t.Errorf("%s: %v has a field %s and embeds %v, which has one too", family, v.Type(), g.Name, f.Type)
					}
				}
			}
			hides(t, family, v.Field(i), seen)
		}
	}
}

// A controller whose generation changed while it held nothing counts ages from
// then on; so does one that restores it.
func TestRestoredCountsAges(t *testing.T) {
	fleet := func(generation string, most time.Duration) Config {
		return Config{Categories: []Category{{Name: "a", LeadTime: time.Minute, Lifecycle: Lifecycle{Generation: generation, MaxAge: most}}}}
	}
	a, err := New(fleet("1", 0), NewStatic([]int32{0}), &bench{})
	if err != nil {
		t.Fatal(err)
	}
	a.Start(0)
	if err := a.Configure(0, fleet("2", 0), NewStatic([]int32{0})); err != nil {
		t.Fatal(err)
	}
	data, err := a.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	host := &bench{}
	b, err := New(fleet("2", 0), NewStatic([]int32{0}), host)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Restore(data); err != nil {
		t.Fatal(err)
	}
	fire(b, 0)
	b.Arrive(1e9, Request{})
	b.Warm(61e9, host.launched[0])
	if err := b.Configure(100e9, fleet("2", time.Hour), NewStatic([]int32{0})); err != nil {
		t.Fatal(err)
	}
	if born := b.lives[0].Born; born != 61e9 {
		t.Errorf("it became warm at %d ns", born)
	}
}

// A controller that restores a snapshot looks at its first hint as the one that
// made it: what is asked of stages counts.
func TestRestoredStagesAtALook(t *testing.T) {
	config := stagedFleet(false)
	spec := "adaptive:wait_mean=1s"
	start := func() *Controller {
		c, err := New(config, buildSizer(t, spec, config), &quiet{})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	a := start()
	a.Start(0)
	for i := range Time(200) {
		fire(a, i*second)
		a.Arrive(i*second, Request{ID: RequestID(i), Dataset: 1 + uint32(i%5)})
	}
	fire(a, 200*second)
	a.Announce(200*second, Hint{ID: 1, Count: 3, From: 290 * second, To: 300 * second, Probability: 0.9})
	data, err := a.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	b := start()
	if err := b.Restore(data); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*Controller{a, b} {
		c.nextTick = Never // the look comes first
		c.Fire()
	}
	was, err := a.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	is, err := b.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(was, is) {
		t.Errorf("they differ:\n%s\n%s", was, is)
	}
}
