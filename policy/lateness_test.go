package policy

import (
	"math"
	"testing"
	"time"
)

// even is a stage that takes from none to all of a span, every time as likely.
func even(span time.Duration) Stage {
	s := Stage{Of: OfDataset, Takes: span / 2}
	for i := range 100 {
		s.Times = append(s.Times, span*time.Duration(2*i+1)/200)
	}
	return s
}

// The sum of two even times has a triangular distribution; a constant moves it.
func TestLateness(t *testing.T) {
	l := newLateness([]Stage{even(10 * time.Second), even(10 * time.Second), {Of: OfDataset, Takes: 4 * time.Second}})
	for _, c := range []struct {
		set  uint8
		span float64
		want float64
	}{
		{0, -1, 1}, {0, 0, 0}, {0, 1, 0},
		{1, -1, 1}, {1, 2.5, 0.75}, {1, 9.9, 0.01}, {1, 10, 0},
		{3, 5, 7.0 / 8}, {3, 10, 0.5}, {3, 15, 1.0 / 8}, {3, 18, 0.02}, {3, 20, 0},
		{4, 3.9, 1}, {4, 4, 0},
		{5, 4, 1}, {5, 9, 0.5},
		{7, 19, 1.0 / 8}, {7, 25, 0},
	} {
		span := time.Duration(c.span * 1e9)
		if got := l.exceed(c.set, span); math.Abs(got-c.want) > 0.008 {
			t.Errorf("stages %b take longer than %v s in %.4f of cases, want %.4f", c.set, c.span, got, c.want)
		}
	}
	if got := l.takes(7); got != 14 {
		t.Errorf("all take %v s", got)
	}
}

// What finds nothing waits for the launch and then for all stages.
func TestCostOfStagesAfterLaunches(t *testing.T) {
	r := newTryout(0, int64(80*time.Second), int64(10*time.Second))
	late := newLateness([]Stage{even(20 * time.Second)})
	wait := int64((float64(len(r.Orders)) - 0.5) * float64(r.Step))
	for after, want := range map[time.Duration]float64{-time.Second: 1, 5 * time.Second: 0.75, 20 * time.Second: 0} {
		a := aim{longest: wait + int64(after)}
		if got := a.cost(r, 0, late); math.Abs(got-want) > 0.01 {
			t.Errorf("where %v are allowed after the launch it costs %v, want %v", after, got, want)
		}
	}
	for _, c := range []struct {
		a      aim
		stages uint8
		want   float64
	}{
		{aim{waits: true}, 0, 0}, {aim{waits: true}, 1, 10}, {aim{}, 1, 1}, {aim{}, 0, 0}, {aim{longest: 5e9}, 1, 0.75},
	} {
		if got := c.a.lacking(late, c.stages); math.Abs(got-c.want) > 0.01 {
			t.Errorf("%+v: to lack %b costs %v, want %v", c.a, c.stages, got, c.want)
		}
	}
}
