package sim

import (
	"shadowpool/policy"
	"shadowpool/policy/config"
)

// leads is a category's stream of lead times.
type leads struct {
	dist     LeadTime
	draws    stream
	next     uint64
	tide     *tide // where launches have something in common
	fail     float64
	fails    stream
	slow     float64 // share of the launches that take slowdown times as long
	slows    stream
	slowdown float64
}

func newLeads(k Category, p Provider, seed uint64) leads {
	l := leads{
		dist: k.Lead, draws: newStream(seed, "lead", k.Name),
		slow: p.Stragglers, slowdown: p.Slowdown, slows: newStream(seed, "straggler", k.Name),
	}
	if law, ok := k.Lead.(Lognormal); ok {
		l.fail, l.fails = law.Fail, newStream(seed, "fail", k.Name)
		if law.Common > 0 {
			l.tide = newTide(newStream(seed, "tide", k.Name))
		}
	}
	return l
}

// launch is the lead time of the next launch, which is ordered at t, and
// whether it then fails.
func (l *leads) launch(t policy.Time) (lead int64, fails bool) {
	j := l.next
	l.next++
	fails = l.fail > 0 && l.fails.uniform(j) < l.fail
	lead = l.draw(t, j)
	if l.slow > 0 && l.slows.uniform(j) < l.slow {
		lead = int64(min(float64(lead)*l.slowdown, float64(config.MaxLeadTime)))
	}
	return lead, fails
}

func (l *leads) draw(t policy.Time, j uint64) int64 {
	switch law := l.dist.(type) {
	case *Recorded:
		return law.launch(j)
	case Lognormal:
		if l.tide != nil {
			return law.given(l.tide.at(t), l.draws.uniform(j))
		}
	}
	return l.dist.Quantile(l.draws.uniform(j))
}
