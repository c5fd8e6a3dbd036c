package experiments

import (
	"math"
	"math/rand/v2"

	"shadowpool/experiments/bootstrap"
	"shadowpool/sim"
)

// A column is a figure of which days add up.
type column int

const (
	hitsOf  column = iota
	waitOf         // s
	wasteOf        // s
	costOf         // $
	columns
)

// of is a day's figure.
func (c column) of(d *sim.Day) float64 {
	switch c {
	case hitsOf:
		return float64(d.Hits)
	case waitOf:
		return d.Wait.Float()
	case wasteOf:
		return d.Waste.Float()
	default:
		return d.CostUSD
	}
}

// month is the length of a mean month, s.
const month = 365.25 / 12 * 86400

// A sample is the days and the seeds of a grid as they might have been: how
// much each counts.
type sample struct {
	days, seeds      []float64
	requests, length float64 // of the days together; s
}

// samples are a grid's days and seeds as they are and drawn again, the same for
// all trials: so their differences are paired.
type samples struct {
	plan  bootstrap.Days
	whole sample
	again []sample // none where the days are too few
}

// seedStream keeps the draws of seeds apart from others of the same seed.
const seedStream = 0x7365656473

// newSamples draws the days of a grid, in blocks that are long enough for the
// daily figures of its trials.
func (g *Grid) newSamples(resamples int, seed uint64) *samples {
	first := g.Trials[0].Results[0]
	n := len(first.Days)
	// What all trials cost alike hangs on the demand, not on the settings.
	alike := make([]float64, n)
	series := make([][]float64, len(g.Trials))
	for i := range g.Trials {
		series[i] = make([]float64, n)
		for day := range n {
			series[i][day] = g.Trials[i].day(costOf, day)
			alike[day] += series[i][day] / float64(len(g.Trials))
		}
	}
	for _, costs := range series {
		for day := range n {
			costs[day] -= alike[day]
		}
	}
	s := &samples{plan: bootstrap.Plan(n, series...)}
	s.whole = g.sample(once(n), once(len(g.Seeds)))
	if !s.plan.Known() {
		return s
	}
	rng := rand.New(rand.NewPCG(seed, seedStream))
	for times := range s.plan.Draw(resamples, seed) {
		s.again = append(s.again, g.sample(append([]float64(nil), times...), drawSeeds(rng, len(g.Seeds))))
	}
	return s
}

// drawSeeds draws seeds with replacement. Few seeds that are drawn again vary
// too little, so what they count is spread by as much as that lacks.
func drawSeeds(rng *rand.Rand, n int) []float64 {
	if n == 1 {
		return once(1)
	}
	counts := make([]float64, n)
	for range n {
		counts[rng.IntN(n)]++
	}
	spread := math.Sqrt(float64(n) / float64(n-1))
	for i, c := range counts {
		counts[i] = 1 + float64(spread*(c-1))
	}
	return counts
}

func (g *Grid) sample(days, seeds []float64) sample {
	d := sample{days: days, seeds: seeds}
	first := g.Trials[0].Results[0]
	for i, times := range days {
		d.requests += float64(times * float64(first.Days[i].Requests))
		length := float64(sim.DayLength) / 1e9
		if i == len(days)-1 {
			length = first.SpanS - float64(length*float64(i))
		}
		d.length += float64(times * length)
	}
	return d
}

// day is a trial's figure of one day, the mean of its seeds.
func (t *Trial) day(c column, day int) float64 {
	return t.mean(func(r *sim.Result) float64 { return c.of(&r.Days[day]) })
}

// A tally is a trial's figures by day, of each seed after the other.
type tally struct {
	trial *Trial
	by    [columns][]float64
}

func (t *Trial) tally() *tally {
	y := &tally{trial: t}
	for c := range columns {
		for _, r := range t.Results {
			for day := range r.Days {
				y.by[c] = append(y.by[c], c.of(&r.Days[day]))
			}
		}
	}
	return y
}

// total is the sum of a figure over a sample, the mean of its seeds.
func (y *tally) total(c column, d *sample) float64 {
	n, sum := len(d.days), 0.0
	for seed, counts := range d.seeds {
		sum += float64(counts * dot(d.days, y.by[c][seed*n:(seed+1)*n]))
	}
	return sum / float64(len(d.seeds))
}

// dot is weighted in four sums, which a processor adds at one time: a decision
// among thousands of settings is made of little else.
func dot(times, values []float64) float64 {
	var a, b, c, d float64
	values = values[:len(times)]
	i := 0
	for ; i+4 <= len(times); i += 4 {
		a += float64(times[i] * values[i])
		b += float64(times[i+1] * values[i+1])
		c += float64(times[i+2] * values[i+2])
		d += float64(times[i+3] * values[i+3])
	}
	for ; i < len(times); i++ {
		a += float64(times[i] * values[i])
	}
	return (a + b) + (c + d)
}

// monthly is what a month like the days of a sample has of a figure: dollars, or
// instance-hours of waste.
func (y *tally) monthly(c column, d *sample) float64 {
	perMonth := y.total(c, d) / d.length * month
	if c == wasteOf {
		return perMonth / 3600
	}
	return perMonth
}

// service is a target's measure on a sample. A percentile is known of the whole
// span only.
func (y *tally) service(t *Target, d *sample) float64 {
	if d.requests == 0 {
		return y.trial.measure(t)
	}
	switch t.Measure {
	case "hit_rate":
		return y.total(hitsOf, d) / d.requests
	case "wait_mean":
		return y.total(waitOf, d) / d.requests
	default:
		return y.trial.measure(t)
	}
}

// An Estimate is a figure with its 95 % interval; nil where the days are too
// few, or the figure is none of which days are known.
type Estimate struct {
	Value float64  `json:"value"`
	Low   *float64 `json:"low"`
	High  *float64 `json:"high"`
}

// above and below say on which side of a number the whole interval lies.
func (e Estimate) above(x float64) bool { return e.Low != nil && *e.Low > x }
func (e Estimate) below(x float64) bool { return e.High != nil && *e.High < x }

// estimate is a figure on the days as they are, with its interval.
func (s *samples) estimate(figure func(*sample) float64) Estimate {
	e := Estimate{Value: figure(&s.whole)}
	if len(s.again) == 0 {
		return e
	}
	values := make([]float64, len(s.again))
	for i := range s.again {
		values[i] = figure(&s.again[i])
	}
	return s.interval(e.Value, values)
}

// interval is a figure with what it is on each resample, which it sorts.
func (s *samples) interval(value float64, values []float64) Estimate {
	low, high := s.plan.Interval(value, values)
	return Estimate{value, &low, &high}
}
