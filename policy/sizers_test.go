package policy

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
	_ "time/tzdata" // zones must not depend on the machine

	"gonum.org/v1/gonum/stat/distuv"

	"shadowpool/forecast"
)

// The price rule against its definition, by exhaustion.
func TestPriceRule(t *testing.T) {
	var rule priceRule
	for _, d := range []forecast.NegBinomial{{Mean: 0.01}, {Mean: 0.7, Dispersion: 0.6}, {Mean: 5}, {Mean: 30, Dispersion: 2}, {Mean: 80, Dispersion: 0.05}} {
		p := d.Probabilities(nil, 1000)
		var got [rungsBelow + priceRungs]int32
		rule.read(p, 1)
		rule.levels(&got)
		for i, price := range pricesPerLead {
			best, value, sum, below := 0, 0.0, 0.0, 0.0
			for k := 1; k < len(p); k++ {
				below += p[k-1]
				sum += float64(k)*p[k] - price*below
				if sum > value {
					best, value = k, sum
				}
			}
			if int(got[i]) != best {
				t.Errorf("%+v at price %g: level %d, by exhaustion %d", d, price, got[i], best)
			}
		}
	}
}

// poisson makes arrivals of one pool until end.
func poisson(rng *rand.Rand, from, end Time, rate func(Time) float64, most float64) []Time {
	var out []Time
	for t := float64(from); ; {
		t += rng.ExpFloat64() / most * 1e9
		if Time(t) >= end {
			return out
		}
		if rng.Float64()*most < rate(Time(t)) {
			out = append(out, Time(t))
		}
	}
}

// static-rolling chooses what a replay of the last seven days chooses.
func TestStaticRollingChooses(t *testing.T) {
	const lead = 10 * time.Minute
	rng := rand.New(rand.NewPCG(1, 1))
	monday := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	day := 24 * hour
	arrivals := poisson(rng, monday, monday+9*day, func(t Time) float64 { return 0.002 * (1 + float64((t-monday)/day)) }, 0.02)
	fleet := Fleet{Config: Config{Categories: []Category{{LeadTime: lead}}}}
	sizer, err := Build(Spec{Name: "static-rolling", Params: []Setting{{"hit_rate", "0.95"}}}, fleet)
	if err != nil {
		t.Fatal(err)
	}
	sizer.Start(monday, 0)
	next := monday + day
	for _, at := range arrivals {
		for next <= at {
			level, wake := sizer.Tick(next, 0, Stock{})
			var found []int
			for i, a := range arrivals {
				if a >= next {
					break
				}
				if a < next-7*day {
					continue
				}
				n := 0
				for j := i - 1; j >= 0 && arrivals[j] > a-int64(lead); j-- {
					n++
				}
				found = append(found, n)
			}
			want := 0
			for ; ; want++ {
				hits := 0
				for _, n := range found {
					if n < want {
						hits++
					}
				}
				if float64(hits) >= 0.95*float64(len(found)) {
					break
				}
			}
			if int(level.Stock) != want || wake != next+day {
				t.Errorf("day %d: level %d, want %d; wakes after %v", (next-monday)/day, level.Stock, want, time.Duration(wake-next))
			}
			next += day
		}
		sizer.Arrive(at, Request{}, Stock{})
	}
}

// The fitted timetable knows office hours and, over weeks, weekends; given
// ones are read in local time, summer time included.
func TestSchedule(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	monday := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	office := func(t Time) float64 {
		at := time.Unix(0, t).UTC()
		if at.Hour() >= 9 && at.Hour() < 17 && at.Weekday() != time.Saturday && at.Weekday() != time.Sunday {
			return 0.05
		}
		return 0
	}
	lead := time.Minute
	fleet := Fleet{Config: Config{Categories: []Category{{LeadTime: lead}}}, TrainingFrom: monday, TrainingTo: monday + 21*24*hour}
	fleet.Training = [][]Time{poisson(rng, monday, fleet.TrainingTo, office, 0.05)}
	s, err := Build(Spec{Name: "schedule", Params: []Setting{{"hit_rate", "0.87"}}}, fleet)
	if err != nil {
		t.Fatal(err)
	}
	// The demand over a minute is Poisson with mean 3: P[N <= 5] = 0.916, and
	// P[N <= 4] = 0.815.
	want := int32(6)
	at := func(d, h, m int) int32 {
		return s.Start(monday+int64(d)*24*hour+int64(h)*hour+int64(m)*int64(time.Minute), 0).Stock
	}
	if at(0, 12, 0) != want || at(0, 3, 0) != 0 || at(5, 12, 0) != 0 || at(1, 8, 59) != want || at(1, 8, 58) != 0 || at(1, 16, 59) != 0 {
		t.Errorf("levels %d %d %d %d %d %d", at(0, 12, 0), at(0, 3, 0), at(5, 12, 0), at(1, 8, 59), at(1, 8, 58), at(1, 16, 59))
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	fleet.Location, fleet.Training = berlin, nil
	fleet.Categories[0].LeadTime = 0
	given, err := Build(Spec{Name: "schedule", Params: []Setting{{"timetable", "Mon-Fri 08:00-18:00 10; Fri-Sun 20:00-24:00 3"}, {"level", "1"}}}, fleet)
	if err != nil {
		t.Fatal(err)
	}
	for local, want := range map[string]int32{
		"2026-01-05 07:59": 1, "2026-01-05 08:00": 10, "2026-07-06 08:00": 10, "2026-07-06 07:59": 1,
		"2026-07-10 17:59": 10, "2026-07-10 18:00": 1, "2026-07-12 23:59": 3, "2026-07-13 00:00": 1,
	} {
		when, err := time.ParseInLocation("2006-01-02 15:04", local, berlin)
		if err != nil {
			t.Fatal(err)
		}
		if got := given.Start(when.UnixNano(), 0).Stock; got != want {
			t.Errorf("%s: level %d, want %d", local, got, want)
		}
	}
}

func TestHeadroomCoolsDown(t *testing.T) {
	fleet := Fleet{Config: Config{Categories: []Category{{LeadTime: time.Second}}}}
	s, err := Build(Spec{Name: "headroom", Params: []Setting{{"share", "0.5"}, {"min", "1"}, {"cooldown", "60s"}}}, fleet)
	if err != nil {
		t.Fatal(err)
	}
	if l := s.Start(0, 0); l.Stock != 1 {
		t.Errorf("at the start %+v", l)
	}
	if l := s.Arrive(10e9, Request{}, Stock{InUse: 9}); l.Stock != 5 || l.Retire != math.MaxInt32 {
		t.Errorf("with 9 in use %+v, want 5 at once", l)
	}
	if l, _ := s.Tick(45e9, 0, Stock{InUse: 2}); l.Stock != 1 || l.Retire != math.MaxInt32 {
		t.Errorf("in the cooldown %+v: nothing may be ended", l)
	}
	if l, _ := s.Tick(70e9, 0, Stock{InUse: 2}); l != Hold(1) {
		t.Errorf("after the cooldown %+v", l)
	}
}

// On a steady Poisson stream the quantile policy must come to the Poisson
// quantile, give or take the noise of its rate.
func TestEWMAOnPoisson(t *testing.T) {
	const lead = 60 * time.Second
	fleet := Fleet{Config: Config{Categories: []Category{{LeadTime: lead}}}}
	s, err := Build(Spec{Name: "ewma", Params: []Setting{{"quantile", "0.95"}}}, fleet)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 1))
	arrivals := poisson(rng, 0, 40*hour, func(Time) float64 { return 0.2 }, 0.2)
	s.Start(0, 0)
	var sum, count float64
	next := int64(DefaultTick)
	for _, at := range arrivals {
		for ; next <= at; next += int64(DefaultTick) {
			l, _ := s.Tick(next, 0, Stock{})
			if next > 20*hour {
				sum += float64(l.Stock)
				count++
			}
		}
		s.Arrive(at, Request{}, Stock{})
	}
	want := 0
	for (distuv.Poisson{Lambda: 12}).CDF(float64(want)) < 0.95 {
		want++
	}
	if got := sum / count; math.Abs(got-float64(want)) > 1.5 {
		t.Errorf("mean level %.2f, the Poisson quantile is %d", got, want)
	}
}
