package plan

import (
	"slices"
	"time"
)

// A Budget is what a shadow has for a plan.
type Budget struct {
	Time  time.Duration // until it should be warm
	Bytes int64         // of disk
}

// Generate plans what a shadow does, for anyone's requests or, if a tenant is
// given, for that tenant's, of which items say what they need. The error names
// what is impossible about an item.
//
// It is a knapsack with precedence and two dimensions, time and disk. An item
// that needs others brings them along: again and again the closure that saves
// most wait per second of warming is taken, of those that have room, and of a
// dataset as much as has room. This greedy alone can fall short by any factor
// (Kellerer, Pferschy and Pisinger, Knapsack Problems, 2004), so that two more
// are tried, and the best of all is kept: by saving per share of time and disk
// that is taken, and by saving alone. By the last, a plan saves at least as
// much as any single closure that has room. Of the best there is, the tests
// hold it to 0.85 in every and 0.99 in the mean of 2000 random cases of up to
// ten items.
//
// The cost is the number of items times that of steps: 1 ms for 100 items.
func Generate(items []Item, have Budget, tenant string) (Plan, error) {
	return Regenerate(items, have, tenant, nil)
}

// Regenerate plans what a shadow that has done some steps does from now on,
// with what it has left. Its plan has none of the steps that are done, and
// reads on where datasets were read in part.
func Regenerate(items []Item, left Budget, tenant string, done []Step) (Plan, error) {
	if err := validate(items); err != nil {
		return Plan{}, err
	}
	if err := (Plan{Tenant: tenant}).Validate(); err != nil {
		return Plan{}, err
	}
	best := choose(items, divide(items, tenant, progress(items, done)), left)
	return Plan{Tenant: tenant, Steps: best.steps()}, nil
}

// progress is how many thousandths of each item are done.
func progress(items []Item, done []Step) []int {
	there := make([]int, len(items))
	for i := range items {
		for _, d := range done {
			if d.Kind == items[i].Kind && d.Name == items[i].Name {
				part := wholeDataset
				if d.Kind == Prefetch {
					part = int(float64(d.Fraction*wholeDataset) + 1e-9)
				}
				there[i] = max(there[i], part)
			}
		}
	}
	return there
}

// choose is the best of several greedy choices, the first of equal ones.
func choose(items []Item, pieces []piece, have Budget) *choice {
	perSecond := func(takes time.Duration, _ int64, saves float64) float64 {
		return saves / (takes.Seconds() + 1e-9)
	}
	scarce := func(takes time.Duration, bytes int64, saves float64) float64 {
		return saves / (takes.Seconds()/max(have.Time.Seconds(), 1e-9) + float64(bytes)/max(float64(have.Bytes), 1) + 1e-9)
	}
	alone := func(_ time.Duration, _ int64, saves float64) float64 { return saves }
	best := newChoice(items, pieces, have).fill(perSecond)
	for _, other := range []*choice{
		newChoice(items, pieces, have).fill(scarce),
		newChoice(items, pieces, have).fill(alone),
	} {
		if other.saves > best.saves {
			best = other
		}
	}
	return best
}

// steps are what was chosen, in the order of kinds, what saves most per second
// first: a shadow may be promoted at any time (Smith, Naval Research Logistics
// Quarterly 1956). What is needed comes before what needs it.
func (c *choice) steps() []Step {
	left := slices.Clone(c.chosen)
	out := make([]bool, len(c.pieces))
	for i := range c.pieces {
		out[i] = !slices.Contains(left, i)
	}
	var steps []Step
	for len(left) > 0 {
		next := -1
		for at, i := range left {
			if c.ready(i, out) && (next < 0 || c.before(i, left[next])) {
				next = at
			}
		}
		i := left[next]
		left = slices.Delete(left, next, next+1)
		out[i] = true
		steps = c.append(steps, &c.pieces[i])
	}
	return steps
}

func (c *choice) ready(i int, out []bool) bool {
	for _, n := range c.pieces[i].needs {
		if !out[n] {
			return false
		}
	}
	return true
}

// before says whether a piece is better done first; of equal ones the first.
func (c *choice) before(i, j int) bool {
	p, q := &c.pieces[i], &c.pieces[j]
	if a, b := c.items[p.item].Kind.rank(), c.items[q.item].Kind.rank(); a != b {
		return a < b
	}
	a, b := float64(p.saves*q.takes.Seconds()), float64(q.saves*p.takes.Seconds())
	return a > b || a == b && i < j
}

// append adds the step of a piece. A dataset that is read on is one step.
func (c *choice) append(steps []Step, p *piece) []Step {
	it := &c.items[p.item]
	s := Step{Kind: it.Kind, Name: it.Name, Takes: p.takes, Bytes: p.bytes}
	if it.Kind == Prefetch {
		s.Fraction = float64(p.to) / wholeDataset
		if n := len(steps); n > 0 && steps[n-1].Kind == Prefetch && steps[n-1].Name == it.Name {
			s.Takes += steps[n-1].Takes
			s.Bytes += steps[n-1].Bytes
			steps = steps[:n-1]
		}
	}
	return append(steps, s)
}
