package policy

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// turnOver configures another generation.
func (s *stage) turnOver(config *Config, generation string, sizer Sizer) {
	s.t.Helper()
	next := *config
	next.Categories = append([]Category(nil), config.Categories...)
	next.Categories[0].Generation = generation
	*config = next
	if err := s.ctrl.Configure(s.now, next, sizer); err != nil {
		s.t.Fatal(err)
	}
}

// A rollout of 10 with a surge of 2: never fewer than 10 that serve, never more
// than 12 in all, and two are replaced at a time.
func TestRolloutSurges(t *testing.T) {
	config, sizer := aged(10, Lifecycle{Generation: "1", Surge: 2})
	s := onStage(t, config, sizer)
	s.until(5 * time.Minute)
	s.watch = func(at Time, k Stock) {
		if k.Warm < 10 || k.Warm+k.Launching > 12 {
			t.Errorf("%v after the start %+v", time.Duration(at), k)
		}
	}
	s.turnOver(&config, "2", sizer)
	// Five times: marked at a tick, the successors warm a minute later, at a tick too.
	for i := range 5 {
		if stale, stalled := s.ctrl.Rollout(0); stale != 10-2*i || stalled {
			t.Errorf("in turn %d %d are stale, stalled: %v", i, stale, stalled)
		}
		s.until(5*time.Minute + time.Duration(i+1)*time.Minute + 10*time.Second)
	}
	if stale, _ := s.ctrl.Rollout(0); stale != 0 {
		t.Errorf("%d are left", stale)
	}
	s.until(time.Hour)
	if len(s.launched) != 20 || len(s.ended) != 10 {
		t.Errorf("%d launches, %d ends", len(s.launched), len(s.ended))
	}
	for i, id := range s.ended {
		if s.why[i] != Outdated || id.Slot() >= 10 {
			t.Errorf("ended %d: %v", id, s.why[i])
		}
	}
	if timer, _ := s.ctrl.NextTimer(); timer != Never {
		t.Errorf("the pool still waits for a timer at %d", timer)
	}
}

// Requests in the middle of a rollout are served by whatever is idle, and what
// launches of the earlier generation is replaced when it is warm.
func TestRolloutServes(t *testing.T) {
	config, sizer := aged(3, Lifecycle{Generation: "1"})
	s := onStage(t, config, sizer)
	s.until(2 * time.Minute)
	s.ask(2*time.Minute+time.Second, Request{ID: 1}) // a launch of the first generation is on its way
	s.turnOver(&config, "2", sizer)
	if stale, _ := s.ctrl.Rollout(0); stale != 4 {
		t.Errorf("%d are stale", stale)
	}
	for i := range 5 {
		if a := s.ask(time.Duration(3+i)*time.Minute, Request{ID: RequestID(2 + i)}); a.Outcome != Hit {
			t.Errorf("request %d got %+v", i, a)
		}
	}
	for range 7 { // single-use: what serves is released, and gone
		s.until(time.Duration(s.now) + 5*time.Minute)
	}
	for slot := range s.ctrl.instances.Rows {
		if in := &s.ctrl.instances.Rows[slot]; in.State == idle && s.ctrl.lives[slot].Stale {
			t.Errorf("instance %d is stale and idle", slot)
		}
	}
	if k := s.ctrl.Stock(0); k.Warm != 3 {
		t.Errorf("%+v", k)
	}
}

// Forbidden at once: idle ones end with the configuration, launching ones when
// they are warm, serving ones at their release, and requests get fresh ones.
func TestForbidden(t *testing.T) {
	config, sizer := aged(2, Lifecycle{Generation: "1", Stale: ForbidStale})
	config.Categories[0].Reusable = true
	s := onStage(t, config, sizer)
	busy := s.ask(2*time.Minute, Request{ID: 1}).Instance
	s.until(2*time.Minute + time.Second) // one launches, one is idle
	old := append([]InstanceID(nil), s.launched...)
	if len(old) != 3 {
		t.Fatalf("%d launches", len(old))
	}
	s.turnOver(&config, "2", sizer)
	if len(s.ended) != 1 || s.why[0] != Outdated || len(s.launched) != 5 {
		t.Errorf("ended %v, launched %v", s.ended, s.launched)
	}
	if k := s.ctrl.Stock(0); k != (Stock{Launching: 3, InUse: 1}) {
		t.Errorf("%+v", k)
	}
	if a := s.ask(2*time.Minute+2*time.Second, Request{ID: 2}); a.Request != 0 {
		t.Errorf("it got %+v", a)
	}
	s.until(3 * time.Minute) // the launch of the first generation is warm, in vain
	if len(s.ended) != 2 || s.assigned.Request != 0 {
		t.Errorf("ended %v, assigned %+v", s.ended, s.assigned)
	}
	s.ctrl.Release(s.now, busy)
	if len(s.ended) != 3 || s.assigned.Request != 0 {
		t.Errorf("ended %v, assigned %+v", s.ended, s.assigned)
	}
	s.until(5 * time.Minute)
	if a := s.assigned; a.Request != 2 || a.Instance == old[0] || a.Instance == old[1] || a.Instance == old[2] {
		t.Errorf("the request got %+v", a)
	}
	if stale, _ := s.ctrl.Rollout(0); stale != 0 || s.ctrl.Stock(0).Warm != 2 {
		t.Errorf("%d are stale, %+v", stale, s.ctrl.Stock(0))
	}
}

// A template that does not come up: after the deadline no more are replaced and
// the old ones go on serving. It goes on when a launch succeeds, or with another
// generation.
func TestStalledRollout(t *testing.T) {
	for _, another := range []bool{false, true} {
		config, sizer := aged(6, Lifecycle{Generation: "1", Surge: 2, RolloutDeadline: 20 * time.Minute})
		s := onStage(t, config, sizer)
		s.until(5 * time.Minute)
		s.fails = true
		s.turnOver(&config, "2", sizer)
		s.until(24 * time.Minute)
		if _, stalled := s.ctrl.Rollout(0); stalled {
			t.Error("stalled before the deadline")
		}
		s.until(26 * time.Minute)
		if stale, stalled := s.ctrl.Rollout(0); stale != 6 || !stalled {
			t.Errorf("%d are stale, stalled: %v", stale, stalled)
		}
		// Those that are being replaced serve first; no other takes their place.
		for i := range 3 {
			if a := s.ask(27*time.Minute, Request{ID: RequestID(i + 1)}); a.Outcome != Hit {
				t.Errorf("request %d got %+v", i, a)
			}
		}
		s.until(2 * time.Hour)
		if aging := s.ctrl.pools[0].Aging; aging != 0 || s.ctrl.Stock(0).Warm != 3 {
			t.Errorf("%d are being replaced of %+v", aging, s.ctrl.Stock(0))
		}
		s.fails = false
		if another {
			s.turnOver(&config, "3", sizer)
		}
		s.until(4 * time.Hour)
		if _, stalled := s.ctrl.Rollout(0); stalled || s.ctrl.Stock(0).Warm != 6 {
			t.Errorf("stalled: %v, %+v", stalled, s.ctrl.Stock(0))
		}
		if left := s.ctrl.outgoing(&s.ctrl.pools[0]); left != none {
			t.Errorf("stale ones are left: %+v", left)
		}
	}
}

// Another policy changes nothing about a rollout that is stalled: what was being
// replaced still is, so that launches are tried.
func TestStalledRolloutIsReconfigured(t *testing.T) {
	config, sizer := aged(6, Lifecycle{Generation: "1", Surge: 2})
	s := onStage(t, config, sizer)
	s.until(5 * time.Minute)
	s.fails = true
	s.turnOver(&config, "2", sizer)
	s.until(30 * time.Minute)
	s.turnOver(&config, "2", NewStatic([]int32{6}))
	s.until(40 * time.Minute)
	if stale, stalled := s.ctrl.Rollout(0); stale != 6 || !stalled || s.ctrl.pools[0].Aging != 2 {
		t.Errorf("%d are stale, stalled: %v", stale, stalled)
	}
	s.fails = false
	s.until(2 * time.Hour)
	if stale, stalled := s.ctrl.Rollout(0); stale != 0 || stalled || s.ctrl.Stock(0).Warm != 6 {
		t.Errorf("%d are stale, stalled: %v, %+v", stale, stalled, s.ctrl.Stock(0))
	}
}

// At its limit a pool cannot surge: one is ended to make room for its successor.
func TestRolloutAtTheLimit(t *testing.T) {
	config, sizer := aged(4, Lifecycle{Generation: "1", Surge: 2})
	config.Categories[0].MaxInstances = 4
	s := onStage(t, config, sizer)
	s.until(5 * time.Minute)
	s.watch = func(at Time, k Stock) {
		if k.Warm < 3 || k.Warm+k.Launching > 4 {
			t.Errorf("%v after the start %+v", time.Duration(at), k)
		}
	}
	s.turnOver(&config, "2", sizer)
	s.until(15 * time.Minute)
	if stale, _ := s.ctrl.Rollout(0); stale != 0 || s.ctrl.Stock(0).Warm != 4 {
		t.Errorf("%d are stale, %+v", stale, s.ctrl.Stock(0))
	}
}

// Under a policy that holds no level stale ones go without successors.
func TestRolloutUnderKeepAlive(t *testing.T) {
	config := Config{Categories: []Category{{Name: "a", Reusable: true, Lifecycle: Lifecycle{Surge: 2}}}}
	keep := NewKeepAlive(24 * time.Hour)
	s := onStage(t, config, keep)
	for i := range 5 {
		s.ctrl.Arrive(0, Request{ID: RequestID(i)})
	}
	s.until(0)
	for _, id := range s.launched {
		s.ctrl.Release(0, id)
	}
	s.until(time.Minute)
	s.turnOver(&config, "2", NewKeepAlive(24*time.Hour))
	s.until(2 * time.Minute)
	if stale, _ := s.ctrl.Rollout(0); stale != 0 || len(s.launched) != 5 {
		t.Errorf("%d are stale, %d launches", stale, len(s.launched))
	}
}

// A snapshot in the middle of a rollout goes on as the original does.
func TestRolloutInSnapshots(t *testing.T) {
	config, sizer := aged(10, Lifecycle{Generation: "1", Surge: 2, MaxAge: 2 * time.Hour})
	s := onStage(t, config, sizer)
	s.until(5 * time.Minute)
	s.turnOver(&config, "2", sizer)
	s.until(7*time.Minute + 30*time.Second)
	data, err := s.ctrl.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	again := &stage{bench: &bench{}, t: t, lead: s.lead, now: s.now, due: append([]pending(nil), s.due...)}
	if again.ctrl, err = New(config, NewStatic([]int32{10}), again); err != nil {
		t.Fatal(err)
	}
	if err := again.ctrl.Restore(data); err != nil {
		t.Fatal(err)
	}
	before := len(s.launched)
	if stale, _ := again.ctrl.Rollout(0); stale == 0 || stale == 10 {
		t.Fatalf("%d are stale: not the middle", stale)
	}
	was := len(s.ended)
	s.until(5 * time.Hour)
	again.until(5 * time.Hour)
	if d := cmp.Diff(s.launched[before:], again.launched); d != "" {
		t.Errorf("other launches: %s", d)
	}
	if d := cmp.Diff(s.ended[was:], again.ended); d != "" {
		t.Errorf("other ends: %s", d)
	}
	config.Categories[0].Generation = "3"
	other, err := New(config, NewStatic([]int32{10}), again)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Restore(data); err == nil {
		t.Error("a snapshot of another generation is taken")
	}
}
