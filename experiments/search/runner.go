package search

import (
	"math"
	"math/rand/v2"
	"slices"
)

// A runner is a family in the race, with what is known of it.
type runner struct {
	family *Family
	number int
	random *rand.Rand
	tried  []Trial
	// Models of the logarithm of the cost and of the service, and how many
	// trials they were last fitted to.
	cost, service *process
	fitted        int
}

// learn makes the models of all trials so far; their laws are fitted anew when
// there is a tenth more to learn from.
func (r *runner) learn() {
	points := make([]Point, len(r.tried))
	costs, services := make([]float64, len(r.tried)), make([]float64, len(r.tried))
	for i, t := range r.tried {
		points[i], costs[i], services[i] = t.Point, math.Log(t.Cost), t.Service
	}
	costLaws, serviceLaws := priorLaws(r.family), priorLaws(r.family)
	if r.cost != nil {
		costLaws, serviceLaws = r.cost.laws, r.service.laws
	}
	r.cost = newProcess(r.family, points, costs, costLaws)
	r.service = newProcess(r.family, points, services, serviceLaws)
	if 10*len(r.tried) >= 11*r.fitted {
		r.cost.fit()
		r.service.fit()
		r.fitted = len(r.tried)
	}
}

// believe takes in a point that is being evaluated as if it did what is
// expected, so that the next one of a batch lies elsewhere.
func (r *runner) believe(p Point) {
	r.cost, r.service = r.cost.with(p, r.cost.forecast().expected(&p)), r.service.with(p, r.service.forecast().expected(&p))
}

// A promise is a point with what may come of it.
type promise struct {
	at []float64
	// score is the expected saving, or where no point gives enough service yet,
	// how likely this one does, less one: any saving is better.
	score float64
}

// better compares promises; where both promise nothing the first stays.
func (p promise) better(o promise) bool { return p.score > o.score }

// What a proposal looks at: points anywhere, points near the best ones, and how
// often the best promises are followed uphill.
const (
	wideCandidates = 400
	nearCandidates = 200
	climbs         = 3
	climbSteps     = 40
)

// propose is the most promising point that was not tried at a fidelity or a
// higher one, where best is the logarithm of the cost to beat (infinite where
// nothing gives enough service) and need the service. False: it finds none.
func (r *runner) propose(need, best, fidelity float64) (promise, bool) {
	o := outlook{r.cost.forecast(), r.service.forecast(), need, best}
	var all []promise
	add := func(at []float64) {
		all = append(all, promise{at, o.score(at)})
	}
	for range wideCandidates {
		at := r.family.anywhere(r.random)
		add(at)
		if turned, ok := r.turned(at, need, o.service); ok {
			add(turned)
		}
	}
	for _, at := range r.leaders(need) {
		for range nearCandidates / leaders {
			near := r.family.near(at, math.Exp(-1.5-2.5*r.random.Float64()), r.random)
			add(near)
			if turned, ok := r.turned(near, need, o.service); ok {
				add(turned)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b promise) int {
		switch {
		case a.better(b):
			return -1
		case b.better(a):
			return 1
		}
		return 0
	})
	for i := range min(climbs, len(all)) {
		all = append(all, r.climb(all[i], &o))
	}
	var top promise
	found := false
	for _, p := range all {
		if (!found || p.better(top)) && !r.knows(p.at, fidelity) {
			top, found = p, true
		}
	}
	return top, found
}

// climb follows a promise uphill.
func (r *runner) climb(p promise, o *outlook) promise {
	way := 0.1
	for range climbSteps {
		if next := r.family.near(p.at, way, r.random); o.score(next) > p.score {
			p = promise{next, o.score(next)}
		} else {
			way *= 0.9
		}
	}
	return p
}

// knows says whether a point was proposed before, at a fidelity or a higher one.
func (r *runner) knows(at []float64, fidelity float64) bool {
	return slices.ContainsFunc(r.cost.points, func(p Point) bool { return p.Fidelity >= fidelity && slices.Equal(p.At, at) })
}

// leaders is how many of the best points others are looked for near.
const leaders = 4

// leaders are the cheapest points that give enough service, as far as is
// known, or those of most service.
func (r *runner) leaders(need float64) [][]float64 {
	cost, service := r.cost.forecast(), r.service.forecast()
	type place struct {
		at           []float64
		cost, beyond float64
	}
	var all []place
	for _, t := range r.tried {
		p := Point{At: t.At, Fidelity: 1}
		all = append(all, place{t.At, cost.expected(&p), min(service.expected(&p)-need, 0)})
	}
	slices.SortStableFunc(all, func(a, b place) int {
		switch {
		case a.beyond > b.beyond || a.beyond == b.beyond && a.cost < b.cost:
			return -1
		case a.beyond < b.beyond || a.cost > b.cost:
			return 1
		}
		return 0
	})
	var top [][]float64
	for _, p := range all {
		if len(top) < leaders && !slices.ContainsFunc(top, func(at []float64) bool { return slices.Equal(at, p.at) }) {
			top = append(top, p.at)
		}
	}
	return top
}

// turned is a point with its knob where the service is expected to be just
// enough; false where that is nowhere.
func (r *runner) turned(at []float64, need float64, service *forecast) ([]float64, bool) {
	k := r.family.Knob
	if k < 0 {
		return nil, false
	}
	p := Point{At: slices.Clone(at), Fidelity: 1}
	excess := func(u float64) float64 {
		p.At[k] = u
		return service.expected(&p) - need
	}
	low, high := 0.0, 1.0
	below := excess(low)
	if below*excess(high) > 0 {
		return nil, false
	}
	for range 12 {
		if middle := (low + high) / 2; excess(middle)*below > 0 {
			low = middle
		} else {
			high = middle
		}
	}
	p.At[k] = low
	if below < 0 {
		p.At[k] = high
	}
	return r.family.snapped(p.At), true
}

// An outlook judges points of full fidelity.
type outlook struct {
	cost, service *forecast
	need, best    float64
}

func (o *outlook) score(at []float64) float64 {
	p := Point{At: at, Fidelity: 1}
	mean, deviation := o.service.predict(&p)
	enough := probability((mean - o.need) / deviation)
	if math.IsInf(o.best, 1) {
		return enough - 1
	}
	mean, deviation = o.cost.predict(&p)
	return enough * improvement(o.best, mean, deviation)
}

// expects is the least logarithm of the cost, over the points tried, at which
// enough service is more likely than not, and infinite where that is nowhere;
// and the most that any is expected to give.
func (r *runner) expects(need float64) (cost, service float64) {
	c, s := r.cost.forecast(), r.service.forecast()
	cost, service = math.Inf(1), math.Inf(-1)
	look := func(at []float64) {
		p := Point{At: at, Fidelity: 1}
		given := s.expected(&p)
		service = max(service, given)
		if given >= need-1e-9 {
			cost = min(cost, c.expected(&p))
		}
	}
	for _, t := range r.tried {
		look(t.At)
		if turned, ok := r.turned(t.At, need, s); ok {
			look(turned)
		}
	}
	return cost, service
}
