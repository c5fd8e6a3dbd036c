package tournament

import (
	"testing"
	"time"

	"shadowpool/policy"
	"shadowpool/sim"
)

// TestReconfigure: with another policy, and one category more, the worlds begin anew while reality goes
// on; what cannot be changes nothing.
func TestReconfigure(t *testing.T) {
	src, fleet := day(t, policy.NoIsolation, policy.Late, sim.Constant(2*time.Minute))
	live := specs(t, "static:level=5")[0]
	all := happened(t, src, fleet, live)
	held, err := New(Options{Fleet: fleet.PolicyConfig(), Live: live, Contenders: specs(t, "static:level=9,static:level=2"), Buffer: 20 * len(all), Block: time.Hour, Observation: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	feed := func(part []happening) {
		for i := range part {
			held.Observe(&part[i].Entry)
		}
		for until := part[len(part)-1].T; ; time.Sleep(time.Millisecond) {
			held.mu.Lock()
			now := held.now
			held.mu.Unlock()
			if now >= until {
				return
			}
		}
	}
	half := len(all) / 2
	feed(all[:half])
	before := held.Status()
	changed := fleet.PolicyConfig()
	changed.Categories = append(changed.Categories, policy.Category{Name: "new", LeadTime: time.Second})
	if err := held.Reconfigure(changed, live, specs(t, "clairvoyance")); err == nil {
		t.Error("there is no such policy")
	}
	if s := held.Status(); len(s.Contenders) != 4 || s.Observations != before.Observations || s.Observations < 5 {
		t.Errorf("a mistake has changed it: %+v", s)
	}
	if err := held.Reconfigure(changed, specs(t, "static:level=9")[0], specs(t, "static:level=5")); err != nil {
		t.Fatal(err)
	}
	s := held.Status()
	if s.Live != "static:level=9" || s.Observations != 0 || len(s.Contenders) != 3 || s.Contenders[0].Requests != 0 || held.leads[0].sorted[0] != int64(2*time.Minute) {
		t.Errorf("%+v", s)
	}
	feed(all[half:])
	held.Close()
	s = held.Status()
	if s.Broken != "" || s.Real == nil || s.Observations < 5 || s.Contenders[0].Requests < 1000 || s.Contenders[0].HitRate <= s.Contenders[2].HitRate || len(held.requests) > 0 {
		t.Errorf("%d requests are kept, %+v", len(held.requests), s)
	}
	idle := make([]int64, 3)
	for _, i := range held.real.instances {
		if i.warm != 0 && !i.serving {
			idle[i.pool]++
		}
	}
	for p := range idle {
		if got := held.real.books.idle[p].count; got != idle[p] {
			t.Errorf("reality has %d idle instances of pool %d in its books, there are %d", got, p, idle[p])
		}
	}
}
