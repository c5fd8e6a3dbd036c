package policy

import "testing"

// A hint for what is reserved for a tenant may name another's target: what that
// tenant has of its own is not prepared for there, and what is shared is.
func TestHintsNameWhatIsReserved(t *testing.T) {
	config := reservedFleet()
	sizer, err := Build(Spec{Name: "adaptive"}, Fleet{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	a := sizer.(reusing).Adaptive
	host := &bench{prepared: map[InstanceID]Target{}}
	c, err := New(config, sizer, host)
	if err != nil {
		t.Fatal(err)
	}
	c.Start(0)
	for id, h := range map[HintID]struct{ tells, taken Target }{
		1: {Target{Dataset: 1, Tenant: 8}, Target{Dataset: 1}},
		2: {Target{Dataset: 1, Tenant: 7}, Target{Dataset: 1, Tenant: 7}},
		3: {Target{Tenant: 8}, Target{}},
	} {
		if !c.Announce(0, Hint{ID: id, Pool: 1, Count: 1, From: 600e9, To: 600e9, Probability: 1, Target: h.tells}) {
			t.Fatalf("hint %d is not taken", id)
		}
		if i, ok := a.Hints.row(id); !ok || a.Hints.Rows[i].Target != h.taken {
			t.Errorf("a hint that names %+v is taken for %+v", h.tells, a.Hints.Rows[i].Target)
		}
	}
}
