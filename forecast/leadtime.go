package forecast

import "shadowpool/forecast/portable"

// LeadTimes learns the lead times of a fleet's categories from its launches; a
// caller with several capacity types counts each pair as a category. A lead
// time is expected * common * own: common is what slows all launches of its
// category at that time (Common), own the launch's alone (Lifetimes). Of
// launches that fail, and of those under way that are overdue, it is known that
// they take longer than what was seen of them. A category of few launches
// borrows from all others: their lead times, as multiples of what was expected
// of each, count as some launches of its own. Instants and spans are in
// seconds; fields are exported for snapshots only.
type LeadTimes struct {
	All        Lifetimes // of all categories
	Curve      Curve     // the estimate of it
	Fresh      float64   // launches since it was made
	Usual      float64   // mean logarithm of them
	Count      float64
	Categories []*LeadTime // nil until the first launch

	expected []float64
	scratch  Lifetimes
	late     Curve
}

// LeadTime is the state of one category.
type LeadTime struct {
	Own     Lifetimes
	Curve   Curve
	Common  Common
	Cohorts []cohort // by order, those before Head are gone
	Head    int
	Last    cohort // the last one that ended
	Stale   bool   // Curve lacks launches that have ended
}

const (
	cohortsPerLead = 8
	// mostCohorts bounds memory: when there are as many, launches that are
	// hopelessLeads usual lead times old count as lost sight of, or else the
	// last cohort goes on.
	mostCohorts   = 64
	hopelessLeads = 8
	// borrowed is the weight of the fleet in a category, in launches.
	borrowed = 4
	// overdueShare of the lead times are shorter than those of launches that
	// are overdue.
	overdueShare = 0.99
	// leastLead keeps ratios finite.
	leastLead = 1e-3
)

// NewLeadTimes begins with the expected lead times of the categories, each of
// which counts as one launch of the fleet.
func NewLeadTimes(expected []float64) *LeadTimes {
	l := &LeadTimes{expected: expected, Categories: make([]*LeadTime, len(expected)), Count: 1}
	l.All.End(1)
	l.All.estimate(&Curve{}, 0, &l.Curve)
	return l
}

func (l *LeadTimes) scale(k int) float64 { return max(l.expected[k], leastLead) }

func (l *LeadTimes) slot(k int, order float64) int64 {
	return int64(order / l.scale(k) * cohortsPerLead)
}

// category is the state of category k, which is made if it is not there.
func (l *LeadTimes) category(k int) *LeadTime {
	c := l.Categories[k]
	if c == nil {
		c = &LeadTime{Common: newCommon(l.Usual)}
		l.Categories[k] = c
	}
	return c
}

// Order takes a launch of category k at the instant order.
func (l *LeadTimes) Order(k int, order float64) {
	c := l.category(k)
	slot := l.slot(k, order)
	n := len(c.Cohorts)
	full := n-c.Head == mostCohorts
	if full && l.hopeless(k, c, order) {
		l.abandon(k, c, order)
		full = false
	}
	if n > c.Head && (full || c.Cohorts[n-1].Slot == slot) {
		last := &c.Cohorts[n-1]
		last.Order = order
		last.InFlight++
		return
	}
	if c.Head >= mostCohorts {
		c.Cohorts = c.Cohorts[:copy(c.Cohorts, c.Cohorts[c.Head:])]
		c.Head = 0
	}
	c.Cohorts = append(c.Cohorts, cohort{Slot: slot, Order: order, InFlight: 1})
}

// hopeless says whether the oldest launches under way are so old that they may
// never end.
func (l *LeadTimes) hopeless(k int, c *LeadTime, now float64) bool {
	level, _ := c.Common.at(now)
	return now-c.Cohorts[c.Head].Order > hopelessLeads*l.scale(k)*portable.Exp(c.Common.Usual+level)
}

// abandon gives up on the launches of the oldest cohort.
func (l *LeadTimes) abandon(k int, c *LeadTime, now float64) {
	old := &c.Cohorts[c.Head]
	ratio := (now - old.Order) / l.scale(k)
	for range old.InFlight {
		l.censor(c, ratio, now)
	}
	old.InFlight = 0
	c.settle()
}

// Warm takes the lead time of a launch that was ordered at the instant order.
func (l *LeadTimes) Warm(k int, order, lead float64) {
	c := l.category(k)
	deviation, own := c.Common.learn(order+lead, portable.Log(bounded(lead/l.scale(k))))
	ratio := portable.Exp(own)
	bin := binOf(ratio)
	c.Own.end(ratio, bin)
	l.All.end(ratio, bin)
	l.Count = min(l.Count+1, usualMemory)
	l.Usual += (own - l.Usual) / l.Count
	l.Fresh++
	c.Stale = true
	if o := c.find(l.slot(k, order)); o != nil && o.InFlight > 0 {
		o.InFlight--
		o.Ended++
		o.Sum += deviation
		o.Squares += float64(deviation * deviation)
		c.settle()
	}
}

// Fail takes a launch that failed, or was lost, after the given span.
func (l *LeadTimes) Fail(k int, order, after float64) {
	c := l.category(k)
	l.censor(c, after/l.scale(k), order+after)
	if o := c.find(l.slot(k, order)); o != nil && o.InFlight > 0 {
		o.InFlight--
		c.settle()
	}
}

// censor takes a launch of which no more will be seen.
func (l *LeadTimes) censor(c *LeadTime, ratio, now float64) {
	log := portable.Log(bounded(ratio))
	level, _ := c.Common.at(now)
	c.Common.learnLonger(now, log)
	own := portable.Exp(log - level)
	c.Own.Censor(own)
	l.All.Censor(own)
	l.Fresh++
	c.Stale = true
}

// A Lead is the distribution of the lead time of a launch that is ordered
// now. Of launches with independent lead times only the mean counts for what
// is outstanding (Palm); what they have in common mixes over the outcomes.
type Lead struct {
	// Scale is what the own part is a multiple of, s.
	Scale float64
	Own   *Curve
	// Variance is that of the logarithm of the common part, as far as it is
	// not known at this time.
	Variance float64
}

// Mean is the expected lead time, s.
func (d Lead) Mean() float64 { return d.Scale * d.Own.Mean() }

// Survival is the probability that a launch takes longer than u seconds.
func (d Lead) Survival(u float64) float64 { return d.Own.Survival(u / d.Scale) }

// Quantile is the lead time, s, that a share q of launches does not exceed.
func (d Lead) Quantile(q float64) float64 { return d.Scale * d.Own.Quantile(q) }

// At is what is known at t of the lead times of category k. Its curve is valid
// until the next call.
func (l *LeadTimes) At(t float64, k int) Lead {
	if l.Fresh > l.Count/16 {
		l.All.estimate(&Curve{}, 0, &l.Curve)
		l.Fresh = 0
	}
	c := l.Categories[k]
	if c == nil {
		return Lead{Scale: l.scale(k), Own: &l.Curve}
	}
	if c.Stale || len(c.Curve.Steps) == 0 {
		c.Own.estimate(&l.Curve, borrowed, &c.Curve)
		c.Stale = false
	}
	level, open := c.late(t, l.scale(k))
	d := Lead{
		Scale: l.scale(k) * portable.Exp(level), Own: &c.Curve,
		Variance: float64(open*c.Common.share()) * c.Common.Square,
	}
	if c.overdue(t, d.Scale) {
		l.addOverdue(t, c, d.Scale)
		d.Own = &l.late
	}
	return d
}

// addOverdue makes the estimate of a category with the launches under way that
// are overdue. The others are left out: in the long run launches tell all of
// themselves by their end, and of those ordered with them the shortest are
// already fading.
func (l *LeadTimes) addOverdue(t float64, c *LeadTime, scale float64) {
	longest := c.Curve.Quantile(overdueShare)
	l.scratch.copyFrom(&c.Own)
	for i := c.Head; i < len(c.Cohorts); i++ {
		o := &c.Cohorts[i]
		ratio := (t - o.Order) / scale
		if ratio <= longest {
			break
		}
		if o.InFlight > 0 {
			l.scratch.censor(ratio, max(c.Own.Weight, 1)*float64(o.InFlight))
		}
	}
	l.scratch.estimate(&l.Curve, borrowed, &l.late)
}

// late is the level as the ages of the launches under way suggest it, and the
// open share of its variance: those that are surprisingly old count as launches
// of the lead time that is expected at their age (the E step of Dempster, Laird
// and Rubin 1977). The others would bias it: of the launches ordered with them,
// those that ended are the short ones, and largely forgotten.
func (c *LeadTime) late(t, scale float64) (level, open float64) {
	level, open = c.Common.at(t)
	if c.Common.Square == 0 && !c.overdue(t, scale) {
		return level, open
	}
	share := c.Common.share()
	from := level
	for i := c.Head; i < len(c.Cohorts); i++ {
		o := &c.Cohorts[i]
		if o.InFlight == 0 {
			continue
		}
		if t <= o.Order {
			break
		}
		log := portable.Log((t-o.Order)/scale) - from
		if !c.Common.surprising(log) {
			break // and the others are younger
		}
		over := c.Common.beyond(log)
		k := gain(open*float64(o.InFlight), share)
		level += float64(k * (from + over - level))
		open = float64(open * (1 - k))
	}
	return level, open
}

// overdue says whether the oldest launch under way is older than all but the
// longest of the lead times that are known.
func (c *LeadTime) overdue(t, scale float64) bool {
	return c.Head < len(c.Cohorts) && t-c.Cohorts[c.Head].Order > float64(c.Curve.Quantile(overdueShare)*scale)
}
