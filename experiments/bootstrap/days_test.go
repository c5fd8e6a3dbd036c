package bootstrap

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// correlated are days that hang on the day before by rho, of a week with its
// pattern, and their true mean.
func correlated(r *rand.Rand, n int, rho, weekend float64) (days []float64, truth float64) {
	e := r.NormFloat64()
	for i := range n {
		e = float64(rho*e) + float64(math.Sqrt(1-rho*rho)*r.NormFloat64())
		level := 10.0
		if i%week >= 5 {
			level -= weekend
		}
		days = append(days, level+e)
		truth += level / float64(n)
	}
	return days, truth
}

func mean(days, times []float64) float64 {
	sum := 0.0
	for i, x := range days {
		sum += float64(times[i] * x)
	}
	return sum / float64(len(days))
}

// The interval of a mean holds the truth about as often as it says, for days
// that are independent or hang together, alike or not, of few weeks or many.
func TestIntervalsHoldTheTruth(t *testing.T) {
	const spans = 400
	for _, c := range []struct {
		days         int
		rho, weekend float64
		least, most  float64
	}{
		{10, 0, 0, 0.92, 0.99}, {14, 0, 0, 0.92, 0.99}, {14, 0.3, 3, 0.91, 0.98}, {14, 0.6, 3, 0.88, 0.97},
		{21, 0.3, 3, 0.91, 0.98}, {28, 0, 3, 0.92, 0.98}, {28, 0.6, 3, 0.89, 0.97}, {61, 0.4, 3, 0.90, 0.98}, {120, 0.7, 3, 0.88, 0.97},
	} {
		r := rand.New(rand.NewPCG(uint64(c.days), 7))
		held := 0
		for span := range spans {
			days, truth := correlated(r, c.days, c.rho, c.weekend)
			d := Plan(c.days, days)
			var drawn []float64
			for times := range d.Draw(400, uint64(span)) {
				drawn = append(drawn, mean(days, times))
			}
			if low, high := d.Interval(mean(days, slices.Repeat([]float64{1}, c.days)), drawn); low <= truth && truth <= high {
				held++
			}
		}
		if share := float64(held) / spans; share < c.least || share > c.most {
			t.Errorf("%d days, correlation %v, weekend %v: 95 %% intervals hold the truth in %.1f %% of %d spans", c.days, c.rho, c.weekend, 100*share, spans)
		}
	}
}

// What the days of the week differ by is no chance: it makes the interval no
// wider.
func TestWeekdaysAreNoChance(t *testing.T) {
	width := func(weekend float64) float64 {
		r := rand.New(rand.NewPCG(3, 3))
		days, _ := correlated(r, 42, 0.2, weekend)
		d := Plan(42, days)
		var drawn []float64
		for times := range d.Draw(1000, 1) {
			drawn = append(drawn, mean(days, times))
		}
		low, high := d.Interval(mean(days, slices.Repeat([]float64{1}, 42)), drawn)
		return high - low
	}
	if even, uneven := width(0), width(50); math.Abs(uneven/even-1) > 1e-9 {
		t.Errorf("the interval is %v wide on days that are alike, %v with weekends", even, uneven)
	}
}

func TestDrawnDays(t *testing.T) {
	for n := 1; n < 100; n++ {
		d := Plan(n)
		total := make([]float64, n)
		const resamples = 600
		for times := range d.Draw(resamples, 5) {
			sum := 0.0
			for i, x := range times {
				sum += x
				total[i] += x / resamples
			}
			if sum != float64(n) {
				t.Fatalf("of %d days %v are drawn", n, sum)
			}
		}
		// Each is drawn once in the mean.
		if least, most := slices.Min(total), slices.Max(total); least < 0.8 || most > 1.2 {
			t.Errorf("of %d days in blocks of %d one is drawn %.2f times in the mean, another %.2f", n, d.Block, least, most)
		}
	}
}

func TestPlans(t *testing.T) {
	slow, _ := correlated(rand.New(rand.NewPCG(1, 1)), 364, 0.9, 2)
	for _, c := range []struct {
		got  Days
		want Days
	}{
		{Plan(10), Days{10, 2, false}},
		{Plan(14), Days{14, 3, true}},
		{Plan(28), Days{28, 7, true}},
		{Plan(364), Days{364, 7, true}},
	} {
		if c.got != c.want {
			t.Errorf("%+v, want %+v", c.got, c.want)
		}
	}
	if d := Plan(364, slow); d.Block < 14 || d.Block > 91 {
		t.Errorf("days that hang on each other for weeks are drawn in blocks of %d", d.Block)
	}
	if Plan(7).Known() || !Plan(8).Known() {
		t.Error("an interval takes 8 days")
	}
	for range Plan(20).Draw(3, 1) {
		break // a loop may end early
	}
}

// Student's t with 3 degrees of freedom is 3.182 at 97.5 %, and four blocks
// vary by three quarters of what they should.
func TestStretchOfFourWeeks(t *testing.T) {
	if got, want := Plan(28).Stretch(), math.Sqrt(4.0/3)*3.182446/1.959964; math.Abs(got-want) > 1e-5 {
		t.Errorf("four weeks are stretched by %v, want %v", got, want)
	}
	if got := Plan(7 * 520).Stretch(); got < 1 || got > 1.01 {
		t.Errorf("ten years are stretched by %v", got)
	}
	low, high := Plan(28).Interval(math.Inf(1), []float64{math.Inf(1), math.Inf(1), math.Inf(1)})
	if !math.IsInf(low, 1) || !math.IsInf(high, 1) {
		t.Errorf("what is infinite always has the interval %v to %v", low, high)
	}
}

// For x(t) = rho x(t-1) + noise the sums of Politis and White are known in
// closed form, and the length is that of the formula, in the long run.
func TestLengthOfKnownSeries(t *testing.T) {
	const n = 20_000
	for _, rho := range []float64{0.3, 0.7} {
		t.Run(fmt.Sprint(rho), func(t *testing.T) {
			want := math.Cbrt(1.5 * math.Pow(2*rho/(1-rho*rho), 2) * n)
			sum := 0.0
			const series = 8
			for i := range series {
				x, _ := correlated(rand.New(rand.NewPCG(uint64(i), 9)), n, rho, 0)
				sum += Length(x) / series
			}
			if math.Abs(sum/want-1) > 0.1 {
				t.Errorf("blocks of %.1f, want %.1f", sum, want)
			}
		})
	}
	for _, flat := range [][]float64{nil, {1, 2}, {3, 3, 3, 3, 3, 3}} {
		if got := Length(flat); got != 1 {
			t.Errorf("%v has blocks of %v", flat, got)
		}
	}
}
