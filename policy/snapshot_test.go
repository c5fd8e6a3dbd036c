package policy

import (
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
