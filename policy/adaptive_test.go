package policy

import (
	"encoding/json"
	"testing"
	"time"
)

// Pools that learn from each other still do after a restore: what is restored
// is the fleet that their model holds.
func TestRestoredPoolsShareTheirFleet(t *testing.T) {
	fleet := Fleet{Config: Config{Categories: []Category{{Name: "a", LeadTime: time.Minute}, {Name: "b", LeadTime: time.Minute}}}}
	build := func() *Adaptive {
		s, err := Build(Spec{Name: "adaptive"}, fleet)
		if err != nil {
			t.Fatal(err)
		}
		return s.(*Adaptive)
	}
	was := build()
	was.Arrive(hour, Request{Pool: 1}, Stock{})
	state, err := json.Marshal(was.State())
	if err != nil {
		t.Fatal(err)
	}
	is := build()
	if err := json.Unmarshal(state, is.State()); err != nil {
		t.Fatal(err)
	}
	if is.Fleets[0] != is.fleets[0] || is.fleets[0] != is.fleets[1] || is.fleets[1].Count != 1 {
		t.Errorf("the restored fleet is %p with %g arrivals, the pools' %p and %p", is.Fleets[0], is.Fleets[0].Count, is.fleets[0], is.fleets[1])
	}
}
