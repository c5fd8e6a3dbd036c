package search

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
)

// Options say what is looked for, and for how long.
type Options struct {
	// Needs are the services to find the least cost for, at least one.
	Needs []float64
	// Beside are services that one full point each is proposed for in the end,
	// to know what more or less of it costs.
	Beside []float64
	// Budget is the effort, in full evaluations of one point.
	Budget float64
	Seed   uint64
	// Elapsed is the share of the time there is that is over. Rungs end by it as
	// they do by the budget, but the last gets a batch at least; nil: time does
	// not matter.
	Elapsed func() float64
	// Tried is told of every batch and of what is spent so far; nil is not.
	Tried func(batch []Trial, spent float64)
}

// Evaluate finds what comes of points, in their order.
type Evaluate func(context.Context, []Point) ([]Outcome, error)

// LeastBudget is what a search of so many families needs at least.
func LeastBudget(families int) float64 { return 2 * float64(families) }

// rungs are the shares of a full evaluation by which families are told apart,
// each until a share of the budget is spent.
var rungs = []struct{ fidelity, until float64 }{{0.25, 0.15}, {0.5, 0.3}, {1, 1}}

// batch is how many points are proposed at a time.
const batch = 4

// idle is the expected saving, as a share of the cost, below which a point is
// not worth its evaluation: when as many proposals in a row as a batch has, or
// there are needs, promise no more, the search is over before its budget is.
const idle = 1e-4

// A Result is what was tried, in order.
type Result struct {
	Trials []Trial
	Spent  float64 // in full evaluations
	race   *race
}

// Minimise looks for the points of least cost that give the services needed.
func Minimise(ctx context.Context, families []Family, evaluate Evaluate, opt Options) (*Result, error) {
	switch {
	case len(families) == 0 || len(opt.Needs) == 0:
		return nil, fmt.Errorf("there is nothing to search for")
	case !(opt.Budget >= LeastBudget(len(families))+float64(len(opt.Beside))):
		return nil, fmt.Errorf("a budget of %g runs is less than the %g that %d families take", opt.Budget, LeastBudget(len(families))+float64(len(opt.Beside)), len(families))
	}
	r := &race{evaluate: evaluate, opt: opt}
	for i := range families {
		f := &families[i]
		r.all = append(r.all, &runner{family: f, number: i, random: stream(opt.Seed, i)})
	}
	r.alive = slices.Clone(r.all)
	err := r.run(ctx)
	return &Result{r.trials, r.spent, r}, err
}

// Cheapest is the index of the cheapest full trial that gives enough service;
// negative if none does.
func (r *Result) Cheapest(need float64) int {
	best := -1
	for i, t := range r.Trials {
		if t.Fidelity == 1 && t.Service >= need && (best < 0 || t.Cost < r.Trials[best].Cost) {
			best = i
		}
	}
	return best
}

// A race is a search that goes on.
type race struct {
	evaluate Evaluate
	opt      Options
	all      []*runner
	alive    []*runner
	trials   []Trial
	spent    float64
	turn     int // of needs and, in all but the last rung, of families
	idle     int // proposals in a row that promised next to nothing
}

func (r *race) run(ctx context.Context) error {
	budget := r.opt.Budget - float64(len(r.opt.Beside))
	for i, rung := range rungs {
		if i == 0 {
			if err := r.first(ctx, rung.fidelity, rung.until*budget); err != nil {
				return err
			}
		}
		last := i == len(rungs)-1
		for n := 0; ; n++ {
			room := int((rung.until*budget - r.spent) / rung.fidelity * (1 + 1e-9))
			if room < 1 || r.opt.Elapsed != nil && r.opt.Elapsed() >= rung.until && !(last && n == 0) {
				break
			}
			points := r.propose(min(batch, room), rung.fidelity, last)
			if n == 0 {
				r.idle = 0 // what is promised before a rung has begun tells little
			}
			if len(points) == 0 || last && r.idle >= max(batch, len(r.opt.Needs)) {
				break // all is tried, or as good as all
			}
			if err := r.try(ctx, points); err != nil {
				return err
			}
		}
		if !last {
			r.halve()
		}
	}
	var points []Point
	for _, need := range r.opt.Beside {
		points = append(points, r.proposeFor(need, r.alive, 1)...)
	}
	if len(points) == 0 {
		return nil
	}
	return r.try(ctx, points)
}

// first tries points all over every family's cube.
func (r *race) first(ctx context.Context, fidelity, budget float64) error {
	var points []Point
	for _, f := range r.all {
		n := min(2*len(f.family.Variables)+2, max(int(budget/fidelity/float64(len(r.all))), 2))
		if len(f.family.Variables) == 0 {
			n = 1
		}
		for _, at := range f.family.spread(n, f.random) {
			points = append(points, Point{f.number, at, fidelity})
		}
	}
	return r.try(ctx, points)
}

// try evaluates points and learns from them.
func (r *race) try(ctx context.Context, points []Point) error {
	outcomes, err := r.evaluate(ctx, points)
	if err != nil {
		return err
	}
	fresh := make([]Trial, len(points))
	learns := make([]bool, len(r.all))
	for i, o := range outcomes {
		if !(o.Cost > 0) || math.IsInf(o.Cost, 0) || math.IsNaN(o.Service) || math.IsInf(o.Service, 0) {
			return fmt.Errorf("%s at %v: a cost of %v and a service of %v", r.all[points[i].Family].family.Name, points[i].At, o.Cost, o.Service)
		}
		fresh[i] = Trial{points[i], o}
		f := r.all[points[i].Family]
		f.tried = append(f.tried, fresh[i])
		learns[f.number] = true
		r.spent += o.Spent
	}
	r.trials = append(r.trials, fresh...)
	for i, f := range r.all {
		if learns[i] {
			f.learn()
		}
	}
	if r.opt.Tried != nil {
		r.opt.Tried(fresh, r.spent)
	}
	return nil
}

// propose is a batch of points. Each is for one of the needs in turn; in the
// last rung it goes to the family where it promises most.
func (r *race) propose(n int, fidelity float64, last bool) []Point {
	var points []Point
	for range n {
		need := r.opt.Needs[r.turn%len(r.opt.Needs)]
		among := r.alive
		if !last {
			among = r.alive[r.turn%len(r.alive):][:1]
		}
		r.turn++
		points = append(points, r.proposeFor(need, among, fidelity)...)
	}
	return points
}

// proposeFor is the point that promises most for a need among families; none
// where all are tried.
func (r *race) proposeFor(need float64, among []*runner, fidelity float64) []Point {
	best := r.best(need)
	var top promise
	var of *runner
	for _, f := range among {
		if p, ok := f.propose(need, best, fidelity); ok && (of == nil || p.better(top)) {
			top, of = p, f
		}
	}
	if of == nil {
		return nil
	}
	r.idle++
	if math.IsInf(best, 1) || top.score > idle {
		r.idle = 0
	}
	p := Point{of.number, top.at, fidelity}
	of.believe(p)
	return []Point{p}
}

// best is the logarithm of the least cost for a need: of full trials, or as
// long as there are none that give enough, what is expected of them.
func (r *race) best(need float64) float64 {
	best := math.Inf(1)
	full := false
	for _, t := range r.trials {
		if t.Fidelity == 1 {
			full = true
			if t.Service >= need {
				best = min(best, math.Log(t.Cost))
			}
		}
	}
	if !full {
		for _, f := range r.alive {
			cost, _ := f.expects(need)
			best = min(best, cost)
		}
	}
	return best
}

// halve leaves the better half of the families, by the best rank that each has
// at any of the needs.
func (r *race) halve() {
	ranks := make([]int, len(r.alive)) // the best so far
	sums := make([]int, len(r.alive))
	for i := range ranks {
		ranks[i] = len(ranks)
	}
	for _, need := range r.opt.Needs {
		costs, services := make([]float64, len(r.alive)), make([]float64, len(r.alive))
		order := make([]int, len(r.alive))
		for i, f := range r.alive {
			costs[i], services[i] = f.expects(need)
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int {
			if c := cmp.Compare(costs[a], costs[b]); c != 0 {
				return c
			}
			return cmp.Compare(services[b], services[a])
		})
		for rank, i := range order {
			ranks[i] = min(ranks[i], rank)
			sums[i] += rank
		}
	}
	order := make([]int, len(r.alive))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(ranks[a], ranks[b]), cmp.Compare(sums[a], sums[b]))
	})
	kept := order[:(len(order)+1)/2]
	slices.Sort(kept)
	var alive []*runner
	for _, i := range kept {
		alive = append(alive, r.alive[i])
	}
	r.alive = alive
}
