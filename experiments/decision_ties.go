package experiments

import (
	"math"
	"slices"
)

// leaders bounds the settings that others are held against to be told apart
// from the best.
const leaders = 50

// tie marks the settings that may be the best: those of which no other spends
// clearly less. Clearly is by multiple comparison with the best (Hsu, Multiple
// Comparisons, 1996): the greatest of a setting's studentised differences from
// the cheapest others, against the 97.5th percentile of what that greatest comes
// to on days drawn again if there were no difference. So the best is wrongly left
// out in one of 40 spans, and two that are alike are told apart in one of 20.
func tie(s *samples, options []Option, spent column) {
	if len(s.again) == 0 {
		for i := range options {
			options[i].Tied = true // nothing tells them apart
		}
		return
	}
	rivals := options[:min(len(options), leaders)]
	drawn := make([][]float64, len(rivals))
	for j := range rivals {
		drawn[j] = rivals[j].drawn(s, spent)
	}
	eachOf(len(options), func(i int) {
		own := options[i].drawn(s, spent)
		always := false
		var more, deviations []float64
		var against [][]float64
		for j := range rivals {
			difference := options[i].spends(spent).Value - rivals[j].spends(spent).Value
			if deviation := deviation(own, drawn[j], difference); deviation > negligible {
				more, deviations, against = append(more, difference), append(deviations, deviation), append(against, drawn[j])
			} else if difference > negligible {
				always = true // on whatever days
			}
		}
		options[i].Tied = !always && !apart(s, own, more, deviations, against)
	})
}

// drawn is what an option spends a month on each resample.
func (o *Option) drawn(s *samples, spent column) []float64 {
	all := make([]float64, len(s.again))
	for k := range s.again {
		all[k] = o.tally.monthly(spent, &s.again[k])
	}
	return all
}

// deviation is how far resampled differences lie from the difference.
func deviation(a, b []float64, difference float64) float64 {
	sum := 0.0
	for k := range a {
		off := a[k] - b[k] - difference
		sum += float64(off * off)
	}
	return math.Sqrt(sum / float64(len(a)))
}

// apart says whether a setting spends clearly more than one of its rivals: more
// by so much, with such a deviation. Deviations of few blocks are found too small
// now and then, and the greatest of many ratios would be of those: none counts
// less than the median.
func apart(s *samples, own, more, deviations []float64, against [][]float64) bool {
	if len(more) == 0 {
		return false
	}
	sorted := slices.Sorted(slices.Values(deviations))
	least := median(sorted)
	greatest, by := 0.0, slices.Repeat([]float64{math.Inf(-1)}, len(own))
	for j := range more {
		unit := max(deviations[j], least)
		greatest = max(greatest, more[j]/unit)
		for k := range against[j] {
			by[k] = max(by[k], (own[k]-against[j][k]-more[j])/unit)
		}
	}
	slices.Sort(by)
	return greatest > max(by[len(by)-1-len(by)/40], 0)*s.plan.Stretch()
}
