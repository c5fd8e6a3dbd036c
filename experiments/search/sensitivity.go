package search

import (
	"math"
	"slices"
)

// An Effect is how much a variable matters to a model: the shares of the
// variance over the cube that it explains alone, and together with others
// (Sobol', "Sensitivity estimates for nonlinear mathematical models", 1993).
type Effect struct{ First, Total float64 }

// sobolSamples is the number of points of either of the two samples.
const sobolSamples = 4096

// Effects are those of a family's variables on the logarithm of the cost and on
// the service, by what the search has learned. Nil: it was never tried.
func (r *Result) Effects(family int) (cost, service []Effect) {
	f := r.race.all[family]
	if f.cost == nil {
		return nil, nil
	}
	return f.effects(f.cost), f.effects(f.service)
}

// effects are the estimates of Saltelli et al., "Variance based sensitivity
// analysis of model output" (Computer Physics Communications 181, 2010), table
// 2: (b) and (f).
func (r *runner) effects(p *process) []Effect {
	look := p.forecast()
	random := stream(0, r.number)
	d := len(r.family.Variables)
	value := func(at []float64) float64 { return look.expected(&Point{At: at, Fidelity: 1}) }
	a, b := make([][]float64, sobolSamples), make([][]float64, sobolSamples)
	fa, fb := make([]float64, sobolSamples), make([]float64, sobolSamples)
	mean, squares := 0.0, 0.0
	for i := range a {
		a[i], b[i] = r.family.anywhere(random), r.family.anywhere(random)
		fa[i], fb[i] = value(a[i]), value(b[i])
		mean += (fa[i] + fb[i]) / (2 * sobolSamples)
	}
	for i := range a {
		squares += ((fa[i]-mean)*(fa[i]-mean) + (fb[i]-mean)*(fb[i]-mean)) / (2 * sobolSamples)
	}
	all := make([]Effect, d)
	if squares == 0 {
		return all
	}
	for v := range d {
		first, total := 0.0, 0.0
		for i := range a {
			mixed := slices.Clone(a[i])
			mixed[v] = b[i][v]
			f := value(mixed)
			first += (fb[i] - mean) * (f - fa[i]) / sobolSamples
			total += (fa[i] - f) * (fa[i] - f) / (2 * sobolSamples)
		}
		total = min(total/squares, 1)
		all[v] = Effect{min(max(first/squares, 0), total), total}
	}
	return all
}

// profileCandidates are the points of which one is the cheapest for a value
// that is held.
const profileCandidates = 400

// Profile is what the best setting is expected to cost as one variable is held
// at positions, the others free, to give enough service: relative to the
// cheapest of them, and infinite where none is expected to.
func (r *Result) Profile(family, variable int, need float64, positions []float64) []float64 {
	f := r.race.all[family]
	cost, service := f.cost.forecast(), f.service.forecast()
	random := stream(1, f.number)
	var at [][]float64
	for range profileCandidates {
		at = append(at, f.family.anywhere(random))
	}
	for _, t := range f.tried {
		at = append(at, t.At)
	}
	profile := make([]float64, len(positions))
	best := math.Inf(1)
	for i, u := range positions {
		profile[i] = math.Inf(1)
		look := func(at []float64) {
			p := Point{At: at, Fidelity: 1}
			if service.expected(&p) >= need-1e-6 {
				profile[i] = min(profile[i], cost.expected(&p))
			}
		}
		for _, x := range at {
			held := slices.Clone(x)
			held[variable] = u
			held = f.family.snapped(held)
			look(held)
			if turned, ok := f.turned(held, need, service); ok && f.family.Knob != variable {
				look(turned)
			}
		}
		best = min(best, profile[i])
	}
	for i := range profile {
		profile[i] = math.Exp(profile[i] - best)
		if math.IsInf(best, 1) {
			profile[i] = best
		}
	}
	return profile
}
