package experiments

import (
	"fmt"
	"time"

	"shadowpool/experiments/bootstrap"
	"shadowpool/sim"
)

// A Gain is what one setting gains over another on the same days, with 95 % intervals of
// the days drawn again, the same for both.
type Gain struct {
	Days int `json:"days"` // whole ones
	// LessPerDay is what is minimised, h or $, that it takes less a day; LessShare that as
	// a share of the other's.
	LessPerDay Estimate `json:"less_per_day"`
	LessShare  Estimate `json:"less_share"`
	// HitRate and WaitMeanS are by how much more requests hit, and longer they wait.
	HitRate   Estimate `json:"hit_rate_more"`
	WaitMeanS Estimate `json:"wait_mean_s_more"`
}

// gainResamples of the days make the intervals.
const gainResamples = 2000

// gain is what to gains over from, both by day; nil of less than a day.
func gain(from, to *sim.Result, minimised string, seed uint64) *Gain {
	days := int(to.SpanS / (24 * time.Hour).Seconds())
	days = min(days, len(from.Days), len(to.Days))
	if days == 0 {
		return nil
	}
	var requests []float64
	// Of both, by day.
	spent, hits, waits := make([][]float64, 2), make([][]float64, 2), make([][]float64, 2)
	for i, r := range []*sim.Result{from, to} {
		for _, d := range r.Days[:days] {
			x := d.Waste.Float() / 3600
			if minimised == "cost" {
				x = d.CostUSD
			}
			spent[i], hits[i], waits[i] = append(spent[i], x), append(hits[i], float64(d.Hits)), append(waits[i], d.Wait.Float())
			if i == 0 {
				requests = append(requests, float64(d.Requests))
			}
		}
	}
	plan := bootstrap.Plan(days, spent...)
	estimate := func(figure func(times []float64) float64) Estimate {
		e := Estimate{Value: figure(once(days))}
		if !plan.Known() {
			return e
		}
		var again []float64
		for times := range plan.Draw(gainResamples, seed) {
			again = append(again, figure(times))
		}
		low, high := plan.Interval(e.Value, again)
		e.Low, e.High = finite(low), finite(high)
		return e
	}
	less := func(times []float64) float64 { return weighted(times, spent[0]) - weighted(times, spent[1]) }
	by := func(figure func(times []float64) float64, of []float64) func([]float64) float64 {
		return func(times []float64) float64 {
			if n := weighted(times, of); n > 0 {
				return figure(times) / n
			}
			return 0
		}
	}
	more := func(of [][]float64) func([]float64) float64 {
		return func(times []float64) float64 { return weighted(times, of[1]) - weighted(times, of[0]) }
	}
	return &Gain{
		Days:       days,
		LessPerDay: estimate(func(times []float64) float64 { return less(times) / float64(days) }),
		LessShare:  estimate(by(less, spent[0])),
		HitRate:    estimate(by(more(hits), requests)), WaitMeanS: estimate(by(more(waits), requests)),
	}
}

// text says it in a line.
func (g *Gain) text(unit string) string {
	if g.LessPerDay.Low == nil {
		return fmt.Sprintf("of %s there is no interval; from %d on there is", plural(g.Days, "whole day", "whole days"), bootstrap.Fewest)
	}
	return fmt.Sprintf("95 %% intervals: %s %s to %s less, hits %+.2f to %+.2f %%", unit,
		signed(*g.LessPerDay.Low), signed(*g.LessPerDay.High), 100**g.HitRate.Low, 100**g.HitRate.High)
}
