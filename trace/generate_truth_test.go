package trace

import (
	"math"
	"testing"
	"time"
)

// The counts of every hour follow the truth: bursts and timers included.
func TestCountsFollowTheTruth(t *testing.T) {
	for _, name := range []string{"platform", "flash", "booked", "poisson"} {
		w, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		truth, tr := generated(t, w, 7)
		from, to := truth.Span()
		hours := int((to - from) / int64(time.Hour))
		got := make([]float64, hours)
		for _, at := range tr.Arrival {
			got[(at-from)/int64(time.Hour)]++
		}
		sum, all := 0.0, 0.0
		for h := range hours {
			a := from + int64(h)*int64(time.Hour)
			want := 0.0
			for c := 1; c < len(truth.Categories()); c++ {
				want += truth.Expected(uint32(c), a, a+int64(time.Hour))
			}
			// Timers vary less than Poisson counts do: the bound holds.
			if diff := math.Abs(got[h] - want); diff > bound(want, hours) {
				t.Errorf("%s: hour %d has %v requests, want %.1f +- %.1f", name, h, got[h], want, bound(want, hours))
			}
			sum += want
			all += got[h]
		}
		if math.Abs(all-sum) > bound(sum, 1) {
			t.Errorf("%s: %v requests, want %.1f", name, all, sum)
		}
	}
}

// The truth itself has the shape that the workload asks for.
func TestTruthHasTheShapeAskedFor(t *testing.T) {
	w := Workload{Name: "shape", Start: monday, Span: 14 * day, Tasks: []Task{{
		Name: "a", PerDay: 1000, Day: officeDay, Week: officeWeek, Categories: 3, Skew: 1, Duration: Lognormal{Mid: 1e9, P99: 1e10},
	}}}
	truth, _ := generated(t, w, 1)
	from, _ := truth.Span()
	week := 0.0
	for i, share := range officeWeek {
		got := 0.0
		for c := uint32(1); c <= 3; c++ {
			got += truth.Expected(c, from+int64(i)*int64(day), from+int64(i+1)*int64(day))
		}
		week += got
		if want := 7000 * share / (mean(officeWeek) * 7); math.Abs(got-want) > 1e-6 {
			t.Errorf("day %d expects %v requests, want %v", i, got, want)
		}
	}
	if math.Abs(week-7000) > 1e-6 {
		t.Errorf("a week expects %v requests, want 7000", week)
	}
	// At half past ten the rate is the tenth hour's own; 10:30 lies on the
	// border of two steps, each a little off to one side.
	at := from + int64(10*time.Hour+30*time.Minute)
	got := (truth.Rate(at-1) + truth.Rate(at)) / 2
	want := 1000. / 86400 * officeDay[10] / mean(officeDay) * officeWeek[0] / mean(officeWeek)
	if math.Abs(got/want-1) > 0.005 {
		t.Errorf("rate at half past ten is %v, want %v", got, want)
	}
	if c := truth.CategoryRate(2, at); math.Abs(c/truth.Rate(at)-(1./2)/(1+1./2+1./3)) > 1e-9 {
		t.Errorf("the second category's share of the rate is %v", c/truth.Rate(at))
	}
	if truth.Rate(from-1) != 0 || truth.CategoryRate(99, at) != 0 {
		t.Error("there is a rate outside the workload")
	}
}

// The rate is the derivative of what is expected, bursts and timers included.
func TestRateAgreesWithExpected(t *testing.T) {
	w := platform()
	w.Span = 3 * day
	truth, _ := generated(t, w, 5)
	from, _ := truth.Span()
	for _, category := range []uint32{1, 20, 35} {
		var sum, all float64
		begin, width := from+int64(30*time.Hour), int64(time.Second)
		for at := begin; at < begin+int64(2*time.Hour); at += width {
			sum += truth.CategoryRate(category, at+width/2)
		}
		want := truth.Expected(category, begin, begin+int64(2*time.Hour))
		if math.Abs(sum-want) > 0.02*want {
			t.Errorf("category %d: rates add up to %v, expected %v", category, sum, want)
		}
		for c := range truth.Categories() {
			all += truth.CategoryRate(uint32(c), begin)
		}
		if math.Abs(all-truth.Rate(begin)) > 1e-9 {
			t.Errorf("categories' rates add up to %v, the total is %v", all, truth.Rate(begin))
		}
	}
}
