package bootstrap

import (
	"iter"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

const (
	// week is the period of days, in days.
	week = 7
	// leastBlocks is how many blocks there are at least, so that their variance
	// can be told.
	leastBlocks = 4
	// Fewest is the number of days below which there is no interval: one of fewer,
	// in blocks of one, would hold too little of how days depend on each other.
	Fewest = 2 * leastBlocks
)

// Days say how the days of a span are drawn again.
type Days struct {
	N     int // days of the span
	Block int // days that are drawn together
	// Weekly is set where blocks begin on their places' day of the week.
	Weekly bool
}

// Plan chooses how n days are drawn, for figures of which the daily values are
// given: their median length counts where it is longer than a week.
func Plan(n int, series ...[]float64) Days {
	d := Days{N: n, Block: week, Weekly: n >= 2*week}
	var lengths []float64
	if n > leastBlocks*week {
		for _, s := range series {
			lengths = append(lengths, Length(withoutWeekdays(s)))
		}
	}
	if len(lengths) > 0 {
		slices.Sort(lengths)
		d.Block = max(d.Block, int(math.Ceil(lengths[len(lengths)/2]-1e-9)))
	}
	d.Block = max(1, min(d.Block, n/leastBlocks))
	return d
}

// withoutWeekdays takes from every value the mean of its day of the week.
func withoutWeekdays(series []float64) []float64 {
	var sum, count [week]float64
	for i, x := range series {
		sum[i%week] += x
		count[i%week]++
	}
	rest := make([]float64, len(series))
	for i, x := range series {
		rest[i] = x - sum[i%week]/count[i%week]
	}
	return rest
}

// Known says whether there are days enough for an interval.
func (d Days) Known() bool { return d.N >= Fewest }

// stream keeps the draws apart from others of the same seed.
const stream = 0x626c6f636b73

// Draw yields, for each resample, how often each day is drawn when as many as
// there are are drawn with replacement. The slice is reused.
func (d Days) Draw(resamples int, seed uint64) iter.Seq[[]float64] {
	return func(yield func([]float64) bool) {
		times := make([]float64, d.N)
		rng := rand.New(rand.NewPCG(seed, stream))
		for range resamples {
			clear(times)
			day := 0
			for at := range d.N {
				if at%d.Block == 0 {
					day = d.begin(rng, at)
				} else {
					day = d.next(rng, day)
				}
				times[day]++
			}
			if !yield(times) {
				return
			}
		}
	}
}

// begin draws the day that a block at a place begins with.
func (d Days) begin(rng *rand.Rand, at int) int {
	if !d.Weekly {
		return rng.IntN(d.N)
	}
	weekday := at % week
	return weekday + week*rng.IntN((d.N-weekday+week-1)/week)
}

// next is the day after one in a block, the first after the last. Where the
// span is no whole number of weeks, its first days of the week come once more
// than the others: a block goes over from the ones to the others so that each
// day of a weekday is as likely as the next.
func (d Days) next(rng *rand.Rand, day int) int {
	switch {
	case !d.Weekly || d.N%week == 0:
		return (day + 1) % d.N
	case day+1 == d.N:
		return d.begin(rng, d.N)
	case (day+1)%week == 0 && rng.IntN((d.N+week-1)/week) == 0:
		return 0
	}
	return day + 1
}

// choices is how many blocks that do not overlap may come to a place.
func (d Days) choices() float64 {
	if d.Weekly {
		return float64(d.N) / max(week, float64(d.Block))
	}
	return float64(d.N) / float64(d.Block)
}

// freedom is the number of degrees of freedom of the variance that blocks give.
func (d Days) freedom() float64 {
	blocks := float64(d.N) / float64(d.Block)
	return blocks - blocks/d.choices()
}

// Stretch is by how much the resampled figures' distance from the figure is
// multiplied: they vary around the mean of few blocks, and their variance is
// itself not known exactly.
func (d Days) Stretch() float64 {
	c := d.choices()
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: d.freedom()}.Quantile(0.975)
	return math.Sqrt(c/(c-1)) * t / distuv.UnitNormal.Quantile(0.975)
}

// Interval is the 95 % interval of a figure by what it is on resamples, which
// it sorts: from the 2.5th to the 97.5th percentile, stretched.
func (d Days) Interval(figure float64, resamples []float64) (low, high float64) {
	slices.Sort(resamples)
	k := int(0.025 * float64(len(resamples)))
	stretch := d.Stretch()
	away := func(x float64) float64 {
		if x == figure {
			return figure // infinite ones too
		}
		return figure + float64(stretch*(x-figure))
	}
	return away(resamples[k]), away(resamples[len(resamples)-1-k])
}
