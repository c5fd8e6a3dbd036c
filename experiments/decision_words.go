package experiments

import (
	"fmt"
	"math"
	"strconv"

	"shadowpool/experiments/bootstrap"
)

// Headline is the decision in a few words.
func (d *Decision) Headline() string {
	switch {
	case d.Target == nil:
		return "No target was given, so nothing is chosen"
	case d.Chosen == nil:
		best := d.bestService()
		if best == nil {
			return "No setting could be run live"
		}
		return fmt.Sprintf("No setting reaches %s: the best, %s, comes to %s", d.Target.words(), best.Policy, d.Target.figure(best.Service.Value))
	default:
		return "Run " + d.Chosen.Policy
	}
}

// bestService is the option that could be run of the best service.
func (d *Decision) bestService() *Option {
	var best *Option
	for i := range d.Options {
		o := &d.Options[i]
		if o.Implementable && (best == nil || d.Target.better(o.Service.Value) > d.Target.better(best.Service.Value)) {
			best = o
		}
	}
	return best
}

// Answers are the sentences below the headline: what is saved, at what service,
// and what speaks against trusting it.
func (d *Decision) Answers() []string {
	if d.Chosen == nil {
		return nil
	}
	var all []string
	for _, text := range []string{d.savingWords(), d.serviceWords(), d.tieWords(), d.evenWords(), d.crossedWords()} {
		if text != "" {
			all = append(all, text)
		}
	}
	return all
}

func (d *Decision) savingWords() string {
	s := d.Saving
	if s == nil {
		return "It is held against nothing: name a policy of the sweep with --against to see what it saves."
	}
	if d.Chosen == d.Baseline {
		return fmt.Sprintf("It is what it is held against (%s): nothing is cheaper at this service.", d.Against)
	}
	than := d.Baseline.Policy
	if !d.Baseline.Reaches {
		than += ", which itself does not reach the target (" + d.Target.figure(d.Baseline.Service.Value) + ")"
	}
	switch {
	case !d.Intervals:
		return fmt.Sprintf("It spent %s a month less than %s (and %s instance-hours of waste less), but %s are too few to tell whether that is more than chance: it takes %d.",
			dollars(s.CostUSD.Value), than, signed(s.WasteH.Value), plural(d.Days, "day", "days"), bootstrap.Fewest)
	case s.CostUSD.above(0):
		return fmt.Sprintf("It saves %s a month%s against %s: %s %% of the cost, and %s instance-hours of waste%s.",
			dollars(s.CostUSD.Value), bracketed(s.CostUSD, dollars), than, percent(s.CostShare.Value), signed(s.WasteH.Value), bracketed(s.WasteH, signed))
	case s.CostUSD.below(0):
		more := s.CostUSD.negated()
		return fmt.Sprintf("It costs %s a month%s more than %s.", dollars(more.Value), bracketed(more, dollars), than)
	default:
		return fmt.Sprintf("Against %s it saves %s a month in the figures%s, but that interval holds zero: these days do not show that it saves anything.",
			than, dollars(s.CostUSD.Value), bracketed(s.CostUSD, dollars))
	}
}

func (d *Decision) serviceWords() string {
	o := d.Chosen
	text := fmt.Sprintf("Service: %s%s, where %s was asked for.", d.Target.figure(o.Service.Value), bracketed(o.Service, d.Target.short), d.Target.words())
	if !d.Target.mixes() {
		text = fmt.Sprintf("Service: %s, where %s was asked for, on these days as a whole: a percentile has no interval, as waits are not kept by day; those below are of the cost alone.",
			d.Target.figure(o.Service.Value), d.Target.words())
	}
	switch {
	case !d.Intervals || !d.Target.mixes():
	case o.Surely:
		text += " The whole interval reaches it."
	case d.Sure == nil:
		text += " The interval does not reach it as a whole: other days may fall short. No setting's does."
	default:
		text += fmt.Sprintf(" The interval does not reach it as a whole: other days may fall short. The cheapest setting whose interval does is %s, for %s a month more.",
			d.Sure.Policy, d.amountOf(d.Sure.More.Value))
	}
	return text
}

func (d *Decision) tieWords() string {
	tied := -1 // without itself
	for _, o := range d.Options[:d.Reaching] {
		if o.Tied {
			tied++
		}
	}
	switch {
	case d.Reaching == 1:
		return fmt.Sprintf("It is the only one of %s that reaches the target.", plural(len(d.Options), "setting", "settings"))
	case tied == 0:
		return fmt.Sprintf("It is the best of the %d settings that reach the target: all others spend clearly more.", d.Reaching)
	default:
		return fmt.Sprintf("It is not clearly the best of the %d settings that reach the target: %s may be as good, for all that these days tell.",
			d.Reaching, map[bool]string{true: "another", false: grouped(int64(tied)) + " others"}[tied == 1])
	}
}

// evenWords read both curves at exactly the target.
func (d *Decision) evenWords() string {
	if d.Baseline == nil || d.Baseline.Family == d.Chosen.Family || !d.Target.mixes() {
		return ""
	}
	for _, p := range d.Families {
		if p.Policy == d.Baseline.Family && p.More != nil {
			return fmt.Sprintf("At exactly the same service, each read between its settings, %s spends %s a month%s more than %s.",
				p.Policy, d.amountOf(p.More.Value), bracketed(*p.More, signed), d.Chosen.Family)
		}
	}
	return ""
}

func (d *Decision) crossedWords() string {
	c := d.Crossed
	if c == nil {
		return ""
	}
	if len(c.Chosen) == 1 && c.Chosen[0] == d.Chosen.Policy {
		return fmt.Sprintf("The choice hangs on no part of the span: of %d parts, the same setting is chosen whichever is left out.", c.Parts)
	}
	text := fmt.Sprintf("Chosen on other days than it was judged on, in turn over %d parts of the span, the choice gives %s", c.Parts, d.Target.figure(c.Service))
	if c.SavedUSD != nil && d.Baseline != d.Chosen {
		text += " and saves " + dollars(*c.SavedUSD) + " a month"
	}
	return text + ": figures without the luck of the choice."
}

// words are the target as people say it.
func (t *Target) words() string {
	if t.Measure == "hit_rate" {
		return atHits(t.Value)
	}
	return "a " + t.measureWords() + " of " + seconds(t.Value)
}

func (t *Target) measureWords() string {
	switch t.Measure {
	case "hit_rate":
		return "hit rate"
	case "wait_mean":
		return "mean wait"
	default:
		return "99th percentile of the wait"
	}
}

// figure is a value of the target's measure.
func (t *Target) figure(x float64) string {
	if t.Measure == "hit_rate" {
		return strconv.FormatFloat(math.Floor(x*1e4+1e-6)/100, 'f', 2, 64) + " % hits"
	}
	return seconds(x) + " of wait"
}

// amountOf is what is spent: dollars, or hours of waste.
func (d *Decision) amountOf(x float64) string {
	if d.Minimise == "cost" {
		return dollars(x)
	}
	return signed(x) + " instance-hours of waste"
}

// dollars are money with its sign.
func dollars(x float64) string {
	if x <= -negligible {
		return "−$" + amount(-x)
	}
	return "$" + amount(x)
}

// signed is a number that may be negative.
func signed(x float64) string {
	if x <= -negligible {
		return "−" + amount(-x)
	}
	return amount(x)
}

// negated is an estimate of the opposite.
func (e Estimate) negated() Estimate {
	e.Value = -e.Value
	if e.Low != nil {
		low, high := -*e.High, -*e.Low
		e.Low, e.High = &low, &high
	}
	return e
}

// bracketed is the interval alone, nothing where there is none; a bound that is
// nil beside one that is not is infinite.
func bracketed(e Estimate, text func(float64) string) string {
	switch {
	case e.Low == nil && e.High == nil:
		return ""
	case e.High == nil:
		return " (95 % interval from " + text(*e.Low) + ")"
	case e.Low == nil:
		return " (95 % interval up to " + text(*e.High) + ")"
	default:
		return " (95 % interval " + text(*e.Low) + " to " + text(*e.High) + ")"
	}
}
