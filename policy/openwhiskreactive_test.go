package policy

import (
	"testing"
	"time"
)

// Five cold starts in a minute at a threshold of 2 and an increment of 3 are
// worth floor(5 / 2) x 3 = 6 instances, at most 4 of which are allowed; a
// claimed one is not replaced, and after the time to live all are gone.
func TestOpenWhiskReactive(t *testing.T) {
	for _, c := range []struct {
		most string
		want int32
	}{{"100", 6}, {"4", 4}} {
		s := buildSizer(t, "openwhisk-reactive:threshold=2,increment=3,ttl=5m,max="+c.most, Config{Categories: []Category{{Name: "a"}}}).(*OpenWhiskReactive)
		start := int64(7 * time.Minute)
		if l := s.Start(start, 0); l.Stock != 0 {
			t.Errorf("at the start %+v", l)
		}
		for i := range int64(5) {
			s.Missed(start+i, 0)
			s.Arrive(start+i, Request{}, Stock{Waiting: 1})
		}
		if l, next := s.Tick(start+int64(30*time.Second), 0, Stock{}); l.Stock != 0 || next != start+int64(time.Minute) {
			t.Errorf("within the interval %+v, again at %d", l, next)
		}
		end := start + int64(time.Minute)
		if l, next := s.Tick(end, 0, Stock{}); l.Stock != c.want || l.Keep != int64(5*time.Minute) || next != end {
			t.Errorf("at the interval's end %+v, again at %d", l, next)
		}
		if l, next := s.Tick(end+int64(DefaultTick), 0, Stock{Warm: c.want}); l.Stock != 0 || next != Never {
			t.Errorf("after it %+v, again at %d", l, next)
		}
	}
}
