package policy

import (
	"slices"
	"testing"
	"time"
)

// stage drives a controller whose launches take exactly their lead time.
type stage struct {
	*bench
	t     *testing.T
	ctrl  *Controller
	lead  Time
	now   Time
	fails bool // launches fail when they should become warm
	due   []pending
	watch func(at Time, s Stock) // called whenever something has happened
}

type pending struct {
	at Time
	id InstanceID
}

func onStage(t *testing.T, config Config, sizer Sizer) *stage {
	t.Helper()
	s := &stage{bench: &bench{prepared: map[InstanceID]Target{}}, t: t, lead: int64(config.Categories[0].LeadTime)}
	var err error
	if s.ctrl, err = New(config, sizer, s); err != nil {
		t.Fatal(err)
	}
	s.ctrl.Start(0)
	return s
}

func (s *stage) Launch(at Time, id InstanceID, p PoolID, on Capacity, why Reason) {
	s.bench.Launch(at, id, p, on, why)
	s.due = append(s.due, pending{at + s.lead, id})
}

// until lets everything happen up to an instant.
func (s *stage) until(end time.Duration) {
	s.t.Helper()
	for {
		timer, class := s.ctrl.NextTimer()
		next := Never
		if len(s.due) > 0 {
			next = s.due[0].at
		}
		if min(timer, next) > int64(end) {
			break
		}
		if next < timer || next == timer && class > ClassRelease {
			id := s.due[0].id
			s.now, s.due = next, s.due[1:]
			if s.fails {
				s.ctrl.Fail(next, id, BootFailed)
			} else {
				s.ctrl.Warm(next, id)
			}
		} else {
			s.now = timer
			s.ctrl.Fire()
		}
		if s.watch != nil {
			s.watch(s.now, s.ctrl.Stock(0))
		}
	}
	s.now = int64(end)
}

// ask makes a request of pool 0 at an instant and returns what it got.
func (s *stage) ask(at time.Duration, r Request) Assignment {
	s.t.Helper()
	s.until(at)
	s.assigned = Assignment{}
	s.ctrl.Arrive(s.now, r)
	return s.assigned
}

func aged(n int32, l Lifecycle) (Config, Sizer) {
	return Config{Categories: []Category{{Name: "a", LeadTime: time.Minute, Lifecycle: l}}}, NewStatic([]int32{n})
}

// Successors are ordered a lead time and a tick ahead: there are never fewer
// that serve than the level, however often the pool is renewed, and seldom more.
func TestSuccessorsComeInTime(t *testing.T) {
	config, sizer := aged(10, Lifecycle{MaxAge: time.Hour, MinRemaining: 5 * time.Minute})
	s := onStage(t, config, sizer)
	s.until(2 * time.Minute)
	most := int32(0)
	s.watch = func(at Time, k Stock) {
		if k.Warm < 10 {
			t.Fatalf("%v after the start %+v", time.Duration(at), k)
		}
		most = max(most, k.Warm+k.Launching)
	}
	s.until(50 * time.Hour)
	// A limit lies between 49 and 55 minutes, so in 50 hours there are 55 to 61 generations.
	if n := len(s.launched); n < 550 || n > 620 {
		t.Errorf("%d launches", n)
	}
	if most > 20 {
		t.Errorf("%d instances at one time", most)
	}
	for _, why := range s.why {
		if why != TooOld {
			t.Fatalf("an instance was ended: %v", why)
		}
	}
}

// The limits of a fleet launched together are spread over the last tenth.
func TestLimitsAreSpread(t *testing.T) {
	config, sizer := aged(1000, Lifecycle{MaxAge: 10 * time.Hour, MinRemaining: time.Hour})
	s := onStage(t, config, sizer)
	s.until(2 * time.Minute)
	var tenths [10]int
	for i := range s.ctrl.lives {
		l := &s.ctrl.lives[i]
		span := time.Duration(l.Due - l.Born)
		if span <= 8*time.Hour || span > 9*time.Hour {
			t.Fatalf("an instance may be handed out for %v", span)
		}
		tenths[(9*time.Hour-span)/(6*time.Minute)]++
	}
	for i, n := range tenths {
		if n < 65 || n > 140 { // mean 100, standard deviation 9.5
			t.Errorf("%d limits lie in tenth %d", n, i)
		}
	}
}

// Between ticks an instance that is past its due is not handed out: it is ended,
// and the next in line serves.
func TestTooOldAtClaim(t *testing.T) {
	config, sizer := aged(2, Lifecycle{MaxAge: time.Hour, MinRemaining: 10 * time.Minute})
	config.Tick = 5 * time.Minute
	s := onStage(t, config, sizer)
	s.until(2 * time.Minute)
	first := s.launched[0]
	due := s.ctrl.lives[first.Slot()].Due
	if other := s.ctrl.lives[s.launched[1].Slot()].Due; other < due {
		first, due = s.launched[1], other
	}
	if due%int64(config.Tick) == 0 {
		t.Fatal("it is due at a tick")
	}
	if a := s.ask(time.Duration(due), Request{ID: 1}); a.Instance == first || a.Outcome != Hit {
		t.Errorf("it got %+v", a)
	}
	if !slices.Equal(s.ended, []InstanceID{first}) || s.why[0] != TooOld {
		t.Errorf("ended %v: %v", s.ended, s.why)
	}
}

// A reusable instance that has become too old while it served is not taken back,
// nor is what has less than the minimum left handed out.
func TestTooOldAtRelease(t *testing.T) {
	config, sizer := aged(1, Lifecycle{MaxAge: time.Hour})
	config.Categories[0].Reusable = true
	s := onStage(t, config, sizer)
	a := s.ask(2*time.Minute, Request{ID: 1})
	s.until(70 * time.Minute)
	s.ctrl.Release(s.now, a.Instance)
	if !slices.Contains(s.ended, a.Instance) || s.why[len(s.why)-1] != TooOld {
		t.Errorf("ended %v: %v", s.ended, s.why)
	}
	if k := s.ctrl.Stock(0); k.Warm != 1 || k.InUse != 0 {
		t.Errorf("%+v", k)
	}
}

// What is idle beyond the level ends after the time-out, the level stays.
func TestIdleTimeout(t *testing.T) {
	config := Config{Categories: []Category{{Name: "a", LeadTime: time.Minute, Reusable: true, Lifecycle: Lifecycle{IdleTimeout: 10 * time.Minute}}}}
	level := &aimed{level: 2}
	s := onStage(t, config, hysteresis{level})
	for i := range 5 {
		s.ask(2*time.Minute, Request{ID: RequestID(i)})
	}
	s.until(4 * time.Minute)
	for _, id := range s.launched[:5] {
		s.ctrl.Release(s.now, id)
	}
	if k := s.ctrl.Stock(0); k.Warm != 7 { // 5 released, 2 for the level
		t.Fatalf("%+v", k)
	}
	s.until(12 * time.Minute)
	if k := s.ctrl.Stock(0); k.Warm != 7 {
		t.Fatalf("before the time-out %+v", k)
	}
	s.until(15 * time.Minute)
	if k := s.ctrl.Stock(0); k.Warm != 2 || len(s.launched) != 7 {
		t.Errorf("after the time-out %+v", k)
	}
	for _, why := range s.why {
		if why != IdleTooLong {
			t.Errorf("ended: %v", why)
		}
	}
	s.until(5 * time.Hour) // the level itself has no time-out
	if len(s.ended) != 5 {
		t.Errorf("%d were ended", len(s.ended))
	}
}

// hysteresis never retires what is above the level.
type hysteresis struct{ *aimed }

func (h hysteresis) Start(Time, PoolID) Level { return Level{Stock: h.level, Retire: 1000} }
func (h hysteresis) Tick(Time, PoolID, Stock) (Level, Time) {
	return Level{Stock: h.level, Retire: 1000}, Never
}

// A time-out bounds a longer keep-alive.
func TestIdleTimeoutBoundsKeepAlive(t *testing.T) {
	config := Config{Categories: []Category{{Name: "a", Reusable: true, Lifecycle: Lifecycle{IdleTimeout: time.Minute}}}}
	s := onStage(t, config, NewKeepAlive(time.Hour))
	s.until(0)
	s.ctrl.Arrive(s.now, Request{ID: 1})
	s.until(0)
	s.ctrl.Release(s.now, s.assigned.Instance)
	s.until(59 * time.Second)
	if len(s.ended) != 0 {
		t.Fatal("it ended early")
	}
	s.until(75 * time.Second)
	if len(s.ended) != 1 || s.why[0] != IdleTooLong {
		t.Errorf("ended %v: %v", s.ended, s.why)
	}
}

func TestImpossibleLifecycles(t *testing.T) {
	for _, l := range []Lifecycle{
		{MaxAge: -1}, {MinRemaining: time.Minute}, {MaxAge: time.Minute}, {IdleTimeout: -1}, {Surge: -1}, {RolloutDeadline: -1}, {Stale: 2},
		{MaxAge: time.Hour, MinRemaining: 54 * time.Minute},
	} {
		config, sizer := aged(1, l)
		if _, err := New(config, sizer, &bench{}); err == nil {
			t.Errorf("%+v is accepted", l)
		}
	}
}
