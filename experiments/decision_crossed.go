package experiments

import (
	"slices"

	"shadowpool/experiments/bootstrap"
)

// A Crossed is what choosing is worth on days that the choice has not seen: the
// days are put into parts, on each of which the setting and the baseline count
// that are chosen on all the others. A choice among many settings looks better on
// the days that it was made on than it will be.
type Crossed struct {
	Parts   int     `json:"parts"`
	Service float64 `json:"service"` // the target's measure
	Reaches bool    `json:"reaches"`
	// SavedUSD and SavedWasteH are a month's, over the baseline; nil without one.
	SavedUSD    *float64 `json:"saved_usd_a_month"`
	SavedWasteH *float64 `json:"saved_waste_h_a_month"`
	// Chosen are the settings that were chosen, the most frequent first.
	Chosen []string `json:"chosen"`
}

// crossed chooses on other days. It is nil where the days are too few, or the
// target is a percentile, which is not known of days.
func crossed(d *Decision, against string, spent column) *Crossed {
	if d.Days < bootstrap.Fewest || !d.Target.mixes() || d.Chosen == nil {
		return nil
	}
	c := &Crossed{Parts: min(max(d.Days/7, 4), 10)}
	var service, requests, length float64
	var saved [columns]float64
	counts := map[string]int{}
	for part := range c.Parts {
		here, others := make([]float64, d.Days), once(d.Days)
		for day := d.Days * part / c.Parts; day < d.Days*(part+1)/c.Parts; day++ {
			here[day], others[day] = 1, 0
		}
		on, off := d.sample(here, once(len(d.Seeds))), d.sample(others, once(len(d.Seeds)))
		chosen := d.chooseOn(&off, spent, func(o *Option) bool { return o.Implementable })
		counts[chosen.Policy]++
		service += float64(chosen.tally.service(d.Target, &on) * on.requests)
		requests += on.requests
		length += on.length
		if d.Baseline == nil {
			continue
		}
		base := d.Baseline
		if isFamily(against) {
			base = d.chooseOn(&off, spent, func(o *Option) bool { return o.Family == base.Family })
		}
		for _, col := range []column{costOf, wasteOf} {
			saved[col] += base.tally.total(col, &on) - chosen.tally.total(col, &on)
		}
	}
	if requests > 0 {
		c.Service = service / requests
	}
	c.Reaches = d.Target.better(c.Service) >= d.Target.better(d.Target.Value)
	if d.Baseline != nil {
		usd, hours := saved[costOf]/length*month, saved[wasteOf]/length*month/3600
		c.SavedUSD, c.SavedWasteH = &usd, &hours
	}
	for i := range d.Options {
		if counts[d.Options[i].Policy] > 0 {
			c.Chosen = append(c.Chosen, d.Options[i].Policy)
		}
	}
	slices.SortStableFunc(c.Chosen, func(a, b string) int { return counts[b] - counts[a] })
	return c
}

// chooseOn is the cheapest option on some days that gives the service there, or
// the one of the best service if none does.
func (d *Decision) chooseOn(x *sample, spent column, may func(*Option) bool) *Option {
	var chosen *Option
	var service, spends float64
	for i := range d.Options {
		o := &d.Options[i]
		if !may(o) {
			continue
		}
		its, costs := min(d.Target.better(o.tally.service(d.Target, x)), d.Target.better(d.Target.Value)), o.tally.monthly(spent, x)
		if chosen == nil || its > service || its == service && costs < spends {
			chosen, service, spends = o, its, costs
		}
	}
	return chosen
}
