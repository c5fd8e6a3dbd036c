package policy

import (
	"testing"
	"time"
)

// usedIn makes the waits of a category that is used in runs of slots with
// waits between them.
func usedIn(run int64, between ...int64) *waits {
	w, slot := &waits{}, int64(1000)
	for i := 0; ; i++ {
		for range run {
			w.arrive(slot, false)
			slot++
		}
		if i == len(between) {
			return w
		}
		slot += between[i]
	}
}

func TestWaitClasses(t *testing.T) {
	for _, c := range []struct {
		run     int64
		between []int64
		want    waitClass
	}{
		{3000, []int64{1, 2}, alwaysWarm},
		{1, []int64{30, 31, 30}, unknownWaits},
		{1, []int64{30, 31, 30, 31, 31, 30}, regularWaits},
		{1, []int64{30, 90, 30, 90, 30, 90, 91}, nearlyRegular},
		{1, []int64{1, 2, 3, 4, 5, 1, 3, 4, 2, 5}, denseWaits},
		{4, []int64{10, 57, 31, 80, 122, 200}, successiveRuns},
		{2, []int64{10, 57, 31, 80, 122, 200}, pulsedWaits},
		{1, []int64{10, 57, 31, 10, 80, 122, 200}, possibleWaits},
		{1, []int64{10, 57, 31, 11, 80, 122, 200}, unknownWaits},
		{1, []int64{1000, 2000, 900, 700, 5000}, unknownWaits}, // beyond the range
	} {
		w := usedIn(c.run, c.between...)
		if got := w.class(); got != c.want {
			t.Errorf("runs of %d, waits of %v: class %d, want %d", c.run, c.between, got, c.want)
		}
	}
}

// A category that is asked for every half an hour, and served a minute later
// as nothing is warm, waits for 28 slots. It is given up a minute after its
// use, preloaded from 26 minutes on, and given up again after 30.
func TestSpesPreloadsRegular(t *testing.T) {
	v := newVisitor(t, "spes", time.Minute, 1)
	for n := range int64(fewestWaits + 1) {
		v.visit(1+n*int64(30*time.Minute), 0, time.Millisecond)
	}
	used := v.now
	for _, at := range []struct {
		minutes         float64
		warm, launching int32
	}{{0.9, 1, 0}, {1.1, 0, 0}, {24.9, 0, 0}, {25.4, 0, 1}, {26.4, 1, 0}, {29.9, 1, 0}, {30.5, 0, 0}, {90, 0, 0}} {
		v.pass(used + int64(at.minutes*float64(time.Minute)))
		if s := v.ctrl.Stock(0); s.Warm != at.warm || s.Launching != at.launching {
			t.Errorf("%.1f minutes after the last use %+v, want %d warm, %d launching", at.minutes, s, at.warm, at.launching)
		}
	}
}

// Windows that touch are joined, and one that begins before instances are
// given up keeps them.
func TestPreloadWindows(t *testing.T) {
	p := preload{Keep: 10}
	for _, w := range [][2]int64{{5, 20}, {30, 40}, {35, 50}, {60, 70}} {
		p.add(w[0], w[1])
	}
	want := preload{Keep: 20, Windows: [preloadWindows]preloadWindow{{30, 50}, {60, 70}}, N: 2}
	if p != want {
		t.Errorf("%+v, want %+v", p, want)
	}
	for _, c := range []struct {
		at, stock, next int64
	}{{0, 0, 27}, {26, 0, 27}, {27, 1, 50}, {49, 1, 50}, {50, 0, 57}, {57, 1, 70}, {70, 0, int64(Never)}} {
		l, next := p.at(1000+c.at, 1000, 3)
		if c.next != Never {
			c.next += 1000
		}
		if int64(l.Stock) != c.stock || next != c.next {
			t.Errorf("at %d: level %+v until %d, want %d until %d", c.at, l, next, c.stock, c.next)
		}
	}
}
