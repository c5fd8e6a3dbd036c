package search

import (
	"context"
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"
)

// each makes an Evaluate of a function of one point; a full evaluation is one.
func each(f func(Point) (cost, service float64)) Evaluate {
	return func(_ context.Context, points []Point) ([]Outcome, error) {
		outcomes := make([]Outcome, len(points))
		var group sync.WaitGroup
		for i, p := range points {
			group.Go(func() {
				cost, service := f(p)
				outcomes[i] = Outcome{cost, service, p.Fidelity}
			})
		}
		group.Wait()
		return outcomes, nil
	}
}

// toy is the test problem of Gramacy et al., "Modeling an augmented Lagrangian
// for blackbox constrained optimization" (Technometrics 58, 2016): the least
// x1 + x2 is 0.5998, at (0.1954, 0.4044), on a wavy bound.
func toy(p Point) (cost, service float64) {
	a, b := p.At[0], p.At[1]
	bound := 1.5 - a - 2*b - 0.5*math.Sin(2*math.Pi*(a*a-2*b))
	disc := a*a + b*b - 1.5
	return math.Exp(a + b), min(-bound, -disc)
}

func TestKnownOptimum(t *testing.T) {
	plane := Family{Name: "toy", Variables: make([]Variable, 2), Knob: -1}
	for seed := range uint64(2) {
		res, err := Minimise(context.Background(), []Family{plane}, each(toy), Options{Needs: []float64{0}, Budget: 40, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		best := res.Cheapest(0)
		if best < 0 {
			t.Fatalf("seed %d: nothing gives enough", seed)
		}
		if got := math.Log(res.Trials[best].Cost); got > 0.5998+0.02 || got < 0.5997 {
			t.Errorf("seed %d: %.4f at %v, the optimum is 0.5998", seed, got, res.Trials[best].At)
		}
		if res.Spent > 40 {
			t.Errorf("seed %d: %v runs of 40 were spent", seed, res.Spent)
		}
	}
}

// With a knob, a variable without order and one that matters little: the cost
// at the bound is known in closed form.
func TestKnobAndLevels(t *testing.T) {
	f := Family{Name: "mixed", Variables: []Variable{{}, {Levels: 3}, {}}, Knob: 0}
	extra := []float64{0.5, 0.1, 0.3}
	evaluate := each(func(p Point) (float64, float64) {
		level := f.Variables[1].level(p.At[1])
		cheap := 0.05 * (1 - p.Fidelity)
		return math.Exp(3*p.At[0] + extra[level] + (p.At[2]-0.3)*(p.At[2]-0.3)), 4*p.At[0] + 0.5*p.At[2] - 2 + cheap
	})
	// Service 0 is at a knob of 1/2 - z/8, and the least of 3/2 - 3z/8 + (z -
	// 0.3)^2 at z = 0.4875.
	want := 1.5 - 3*0.4875/8 + 0.1875*0.1875 + 0.1
	res, err := Minimise(context.Background(), []Family{f}, evaluate, Options{Needs: []float64{0}, Budget: 20, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	if got := math.Log(res.Trials[res.Cheapest(0)].Cost); got < want || got > want+0.02 {
		t.Errorf("%.4f at %v, the optimum is %.4f", got, res.Trials[res.Cheapest(0)].At, want)
	}
}

// crowd are families of a knob and another variable, of which the fourth is
// the cheapest at any service, the third comes next, and the first never gives
// enough.
func crowd() ([]Family, Evaluate) {
	var all []Family
	for _, name := range []string{"never", "dear", "second", "first", "dearest"} {
		all = append(all, Family{Name: name, Variables: make([]Variable, 2), Knob: 0})
	}
	premium := []float64{1, 0.8, 0.25, 0, 1.5}
	return all, each(func(p Point) (float64, float64) {
		service := 3*p.At[0] - 1
		if p.Family == 0 {
			service = p.At[0] - 1.5
		}
		return math.Exp(2*p.At[0] + premium[p.Family] + (p.At[1]-0.6)*(p.At[1]-0.6)), service
	})
}

// The budget goes to those that look good.
func TestRace(t *testing.T) {
	families, evaluate := crowd()
	res, err := Minimise(context.Background(), families, evaluate, Options{Needs: []float64{0.5}, Budget: 30, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	spent := make([]float64, len(families))
	for _, x := range res.Trials {
		spent[x.Family] += x.Spent
	}
	if best := res.Trials[res.Cheapest(0.5)]; best.Family != 3 || math.Log(best.Cost) > 1.02 {
		t.Errorf("the best is %+v, want the fourth family at a cost of e", best)
	}
	if spent[3] < 0.5*res.Spent || spent[0] > 0.15*res.Spent || spent[4] > 0.15*res.Spent {
		t.Errorf("spent by family %v", spent)
	}
}

// Several needs share the evaluations, and each gets a point.
func TestFront(t *testing.T) {
	families, evaluate := crowd()
	needs := []float64{-0.5, 0.2, 0.9, 1.6}
	res, err := Minimise(context.Background(), families, evaluate, Options{Needs: needs, Budget: 40, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, need := range needs {
		want := 2 * (need + 1) / 3
		if got := math.Log(res.Trials[res.Cheapest(need)].Cost); got < want || got > want+0.04 {
			t.Errorf("service %v costs %v, the optimum is %v", need, got, want)
		}
	}
}

func TestSameSeedSameTrials(t *testing.T) {
	families, evaluate := crowd()
	one := func(seed uint64) []Trial {
		res, err := Minimise(context.Background(), families, evaluate, Options{Needs: []float64{0.5}, Budget: 15, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		return res.Trials
	}
	a := one(1)
	if !reflect.DeepEqual(a, one(1)) {
		t.Error("a seed does not give the same trials again")
	}
	if reflect.DeepEqual(a, one(2)) {
		t.Error("two seeds give the same trials")
	}
}

// A family of few values ends when all are tried, and one without any
// variables is tried once.
func TestFewValues(t *testing.T) {
	families := []Family{{Name: "fixed", Knob: -1}, {Name: "three", Variables: []Variable{{Levels: 3}}, Knob: -1}}
	res, err := Minimise(context.Background(), families[1:], each(func(p Point) (float64, float64) { return 1 + p.At[0], 1 }), Options{Needs: []float64{0}, Budget: 100, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	full := slices.DeleteFunc(slices.Clone(res.Trials), func(x Trial) bool { return x.Fidelity < 1 })
	if len(full) != 3 || res.Trials[res.Cheapest(0)].At[0] > 0.2 {
		t.Errorf("%d full trials of three values: %+v", len(full), full)
	}
	res, err = Minimise(context.Background(), families, each(func(p Point) (float64, float64) { return float64(1 + p.Family), 1 }), Options{Needs: []float64{0}, Budget: 20, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if best := res.Trials[res.Cheapest(0)]; best.Family != 0 {
		t.Errorf("the best is %+v", best)
	}
}

// Where time runs out, families are told apart in their share of it, and full
// points come of it in any case.
func TestTimeRunsOut(t *testing.T) {
	families, evaluate := crowd()
	asked := 0.0
	res, err := Minimise(context.Background(), families, evaluate, Options{Needs: []float64{0.5}, Budget: 1e6, Seed: 1, Elapsed: func() float64 {
		asked++
		return asked / 20
	}})
	if err != nil {
		t.Fatal(err)
	}
	if best := res.Cheapest(0.5); best < 0 || res.Trials[best].Family != 3 || res.Spent > 100 {
		t.Errorf("%d trials, spent %v, the best is %d", len(res.Trials), res.Spent, best)
	}
	res, err = Minimise(context.Background(), families, evaluate, Options{Needs: []float64{0.5}, Budget: 1e6, Seed: 1, Elapsed: func() float64 { return 1 }})
	if err != nil {
		t.Fatal(err)
	}
	if last := res.Trials[len(res.Trials)-1]; last.Fidelity != 1 {
		t.Errorf("without time, the last trial is %+v", last)
	}
}

func TestBadSearches(t *testing.T) {
	families, evaluate := crowd()
	if _, err := Minimise(context.Background(), families, evaluate, Options{Needs: []float64{0}, Budget: 5}); err == nil {
		t.Error("a budget of one run a family is taken")
	}
	if _, err := Minimise(context.Background(), nil, evaluate, Options{Needs: []float64{0}, Budget: 5}); err == nil {
		t.Error("a search of no family is taken")
	}
	zero := each(func(Point) (float64, float64) { return 0, 0 })
	if _, err := Minimise(context.Background(), families, zero, Options{Needs: []float64{0}, Budget: 20}); err == nil {
		t.Error("a cost of nothing, which has no logarithm, is taken")
	}
}
