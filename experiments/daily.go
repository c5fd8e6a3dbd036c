package experiments

import (
	"iter"
	"math"
	"math/rand/v2"
	"slices"

	"shadowpool/sim"
)

// A dailyCurve is a curve's points by day: what each serves and what it spends,
// both in units that add up over days.
type dailyCurve struct {
	requests      []float64   // by day
	served, spent [][]float64 // by point, by day
	service       []float64   // scratch, by point
	total         []float64
}

// byDay takes what a day serves and spends from gives.
func byDay(c Curve, gives func(sim.Day) (served, spent float64)) dailyCurve {
	d := dailyCurve{service: make([]float64, len(c.Points)), total: make([]float64, len(c.Points))}
	for i, p := range c.Points {
		served, spent := make([]float64, len(p.Days)), make([]float64, len(p.Days))
		for day, f := range p.Days {
			served[day], spent[day] = gives(f)
			if i == 0 {
				d.requests = append(d.requests, float64(f.Requests))
			}
		}
		d.served, d.spent = append(d.served, served), append(d.spent, spent)
	}
	return d
}

// hitsForWaste are the hits of a day and its waste, s.
func hitsForWaste(d sim.Day) (served, spent float64) { return float64(d.Hits), d.Waste.Float() }

// waitsForCost are the waits of a day, s and negative, as less is better, and
// its dollars.
func waitsForCost(d sim.Day) (served, spent float64) { return -d.Wait.Float(), d.CostUSD }

// spends is what a point spends when each day counts a number of times.
func (d *dailyCurve) spends(point int, times []float64) float64 {
	return weighted(times, d.spent[point])
}

// serves is what a point serves to a request in the mean.
func (d *dailyCurve) serves(point int, times []float64) float64 {
	return weighted(times, d.served[point]) / weighted(times, d.requests)
}

// least is the least spending at which a request is served target in the mean
// on the days, infinite where that is not reached.
func (d *dailyCurve) least(times []float64, target float64) float64 {
	if weighted(times, d.requests) == 0 {
		return 0 // nothing is asked for, so nothing is needed
	}
	for i := range d.served {
		d.service[i], d.total[i] = d.serves(i, times), d.spends(i, times)
	}
	mix, _ := leastMixture(d.service, d.total, target, true)
	return mix.waste
}

func weighted(times, values []float64) float64 {
	sum := 0.0
	for i, n := range times {
		sum += float64(n * values[i])
	}
	return sum
}

// bootstrapStream keeps the draws apart from others of the same seed.
const bootstrapStream = 0x64617973

// redrawn yields, for each resample, how often each day is drawn when as many
// as there are are drawn with replacement. The slice is reused.
func redrawn(days, resamples int, seed uint64) iter.Seq[[]float64] {
	return func(yield func([]float64) bool) {
		times := make([]float64, days)
		rng := rand.New(rand.NewPCG(seed, bootstrapStream))
		for range resamples {
			clear(times)
			for range days {
				times[rng.IntN(days)]++
			}
			if !yield(times) {
				return
			}
		}
	}
}

// once counts every day once: the days as they were.
func once(days int) []float64 { return slices.Repeat([]float64{1}, days) }

// interval95 sorts a statistic's resamples and gives its 2.5th and 97.5th
// percentile.
func interval95(resamples []float64) (low, high float64) {
	slices.Sort(resamples)
	n := len(resamples)
	k := int(0.025 * float64(n))
	return resamples[k], resamples[n-1-k]
}

// finite is nil where there is no number to show.
func finite(x float64) *float64 {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return nil
	}
	return &x
}
