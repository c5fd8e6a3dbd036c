package experiments

import (
	"context"
	"fmt"
	"math"
	"slices"

	"golang.org/x/sync/errgroup"

	"shadowpool/policy"
	"shadowpool/sim"
)

// A Curve is what one family reaches as its knob is swept.
type Curve struct {
	Policy string `json:"policy"`
	// Label is the policy with the parameters that hold throughout.
	Label         string        `json:"label"`
	Knob          string        `json:"knob"` // empty: nothing to sweep, one point
	Implementable bool          `json:"implementable"`
	Points        []*sim.Result `json:"points"` // by the knob's value, ascending
}

// FewestPoints and MostPoints bound the evaluations of a family.
const (
	FewestPoints = 6
	MostPoints   = 200
)

// Sweep runs every family at the same number of values of its knob, which are
// chosen as the curve shows: a few far apart, further out until the service
// is reached, and then where the curve is least known, the closer to the
// target the finer. A family whose knob has fewer values than that gets them
// all. A spec's own parameters hold throughout. target may be nil. Beside
// those asked for stand none, oracle and static, to which others are related.
func (b *Bench) Sweep(ctx context.Context, specs []policy.Spec, points int, target *Target) ([]Curve, error) {
	var aim Aim
	if target != nil {
		aim.Targets = []Target{*target}
	}
	if static := (policy.Spec{Name: "static"}); !asked(specs, static) {
		specs = slices.Insert(slices.Clone(specs), 0, static)
	}
	specs = WithBounds(specs)
	sweeps := make([]*sweep, len(specs))
	for i, spec := range specs {
		s, err := b.newSweep(spec, points, aim)
		if err != nil {
			return nil, err
		}
		sweeps[i] = s
		b.expect(s.budget)
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range sweeps {
		group.Go(func() error { return s.run(ctx) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	curves := make([]Curve, len(sweeps))
	for i, s := range sweeps {
		curves[i] = s.curve()
	}
	return curves, nil
}

// Curve sweeps one family, as Sweep does several, at several targets at once.
func (b *Bench) Curve(ctx context.Context, spec policy.Spec, points int, aim Aim) (Curve, error) {
	s, err := b.newSweep(spec, points, aim)
	if err != nil {
		return Curve{}, err
	}
	b.expect(s.budget)
	if err := s.run(ctx); err != nil {
		return Curve{}, err
	}
	return s.curve(), nil
}

// An Aim is where a curve has to be known well: near Targets, which are of one
// measure.
type Aim struct {
	Targets []Target
	// Reach is how far the curve should go beyond the targets, if one step
	// more takes it there; nil is not.
	Reach *Target
}

// knob is the parameter of a family that is swept.
func (a Aim) knob(f *policy.Family) string {
	if len(a.Targets) > 0 && a.Targets[0].Measure != "hit_rate" && f.WaitKnob != "" {
		return f.WaitKnob
	}
	return f.Knob
}

// CheckSweep finds fault with what Sweep would be asked before anything runs.
func (b *Bench) CheckSweep(specs []policy.Spec) error {
	for i, spec := range specs {
		if asked(specs[:i], spec) {
			return fmt.Errorf("policy %s is asked for twice", spec)
		}
		if _, err := b.newSweep(spec, FewestPoints, Aim{}); err != nil {
			return err
		}
	}
	return nil
}

// A sweep makes one curve.
type sweep struct {
	bench  *Bench
	first  *candidate
	knob   string // of the family; empty if there is nothing to sweep
	scale  scale
	budget int
	aim    Aim
	points []sweepPoint // ascending by x
	// further is set when the one step towards Aim.Reach has been taken.
	further bool
}

func (s *sweep) curve() Curve {
	c := Curve{Policy: s.first.family.Name, Label: s.first.spec.String(), Knob: s.knob, Implementable: s.first.runs}
	for _, p := range s.points {
		c.Points = append(c.Points, p.result)
	}
	return c
}

type sweepPoint struct {
	x      float64
	text   string
	result *sim.Result
}

func (b *Bench) newSweep(spec policy.Spec, points int, aim Aim) (*sweep, error) {
	if points < FewestPoints || points > MostPoints {
		return nil, fmt.Errorf("%d points a policy is not between %d and %d", points, FewestPoints, MostPoints)
	}
	family, err := policy.Find(spec.Name, b.known...)
	if err != nil {
		return nil, err
	}
	s := &sweep{bench: b, budget: points, aim: aim}
	s.knob = aim.knob(family)
	if s.knob == "" {
		s.budget = 1
		s.first, err = b.check(spec)
		return s, err
	}
	i := slices.IndexFunc(family.Params, func(p policy.Param) bool { return p.Name == s.knob })
	for _, p := range spec.Params {
		if p.Key == s.knob {
			return nil, fmt.Errorf("policy %s: the frontier sweeps %s; leave it out (compare takes it)", spec, s.knob)
		}
	}
	var ok bool
	if s.scale, ok = scaleOf(family.Params[i].Kind); !ok {
		return nil, fmt.Errorf("policy %s has no number to sweep", spec.Name)
	}
	if s.first, err = b.check(spec.With(s.knob, s.scale.write(s.scale.start[0]))); err != nil {
		return nil, err
	}
	s.first.spec = spec
	return s, nil
}

func (s *sweep) run(ctx context.Context) error {
	if s.knob == "" {
		res, err := s.bench.run(ctx, s.first, nil)
		s.points = []sweepPoint{{result: res}}
		return err
	}
	if err := s.evaluate(ctx, s.scale.start...); err != nil {
		return err
	}
	for len(s.points) < s.budget && !s.hopeless() {
		x, ok := s.beyond()
		if !ok {
			x, ok = s.between()
		}
		if !ok {
			break // every value is known
		}
		if err := s.evaluate(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

// evaluate adds points at positions that are new.
func (s *sweep) evaluate(ctx context.Context, positions ...float64) error {
	fresh := make([]sweepPoint, len(positions))
	group, ctx := errgroup.WithContext(ctx)
	for i, x := range positions {
		text := s.scale.write(x)
		fresh[i] = sweepPoint{x: s.scale.read(text), text: text}
		group.Go(func() error {
			c, err := s.bench.check(s.first.spec.With(s.knob, text))
			if err != nil {
				return err
			}
			fresh[i].result, err = s.bench.run(ctx, c, nil)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	s.points = append(s.points, fresh...)
	slices.SortFunc(s.points, func(a, b sweepPoint) int {
		if a.x < b.x {
			return -1
		}
		return 1
	})
	return nil
}

// hopeless says that a curve that has to come near a target never hits: its
// family does not apply to the fleet, as keepalive to single-use instances.
func (s *sweep) hopeless() bool {
	return len(s.aim.Targets) > 0 && !hits(s.curve())
}

// isNew says whether a position would give a value that is not known yet.
func (s *sweep) isNew(x float64) bool {
	text := s.scale.write(x)
	return !slices.ContainsFunc(s.points, func(p sweepPoint) bool { return p.text == text })
}

// saturated is the hit rate from which a curve goes no further without a
// target that asks for it.
const saturated = 0.999

// beyond is the next position outside the known ones, as long as the curve
// does not yet reach where it has to.
func (s *sweep) beyond() (float64, bool) {
	low, high := s.points[0], s.points[len(s.points)-1]
	up := s.service(high.result) >= s.service(low.result)
	best, worst := low.result, high.result
	if up {
		best, worst = high.result, low.result
	}
	need, spare := best.HitRate < saturated, false
	if len(s.aim.Targets) > 0 {
		need, spare = false, false
		for _, t := range s.aim.Targets {
			need, spare = need || !t.reachedBy(best), spare || t.reachedBy(worst)
		}
		if r := s.aim.Reach; !need && r != nil && !r.reachedBy(best) && !s.further {
			need, s.further = true, true
		}
	}
	var x float64
	switch {
	case need && up || spare && !up:
		if s.flat(s.points[len(s.points)-2:]) {
			return 0, false
		}
		x = min(high.x+s.scale.step, s.scale.most)
	case need || spare:
		if s.flat(s.points[:2]) {
			return 0, false
		}
		x = max(low.x-s.scale.step, s.scale.least)
	default:
		return 0, false
	}
	return x, s.isNew(x)
}

// flat says that between two points the knob changed nothing.
func (s *sweep) flat(pair []sweepPoint) bool {
	a, b := pair[0].result, pair[1].result
	return a.Hits == b.Hits && a.WaitS.Mean == b.WaitS.Mean && a.InstanceS.Waste == b.InstanceS.Waste
}

// between is the middle of the interval that is most worth a look: long, and
// near the target.
func (s *sweep) between() (float64, bool) {
	best, at := 0.0, 0.0
	for i := 1; i < len(s.points); i++ {
		a, b := s.points[i-1], s.points[i]
		x := (a.x + b.x) / 2
		if !s.isNew(x) {
			continue
		}
		from, to := s.service(a.result), s.service(b.result)
		length := math.Hypot(to-from, (math.Log1p(b.result.InstanceS.Waste)-math.Log1p(a.result.InstanceS.Waste))/8)
		if len(s.aim.Targets) > 0 {
			away := math.Inf(1)
			for _, t := range s.aim.Targets {
				away = min(away, max(min(from, to)-t.service(), t.service()-max(from, to), 0))
			}
			length /= 0.05 + away
		}
		if length += 1e-9; length > best {
			best, at = length, x
		}
	}
	return at, best > 0
}

// service is how good a result's service is, on a scale on which a tenth is
// about as visible everywhere: nines of the hit rate, or powers of ten of the
// wait that the target names.
func (s *sweep) service(r *sim.Result) float64 {
	if len(s.aim.Targets) == 0 {
		return nines(r.HitRate)
	}
	t := &s.aim.Targets[0]
	return t.scaled(t.measure(r))
}

func nines(hitRate float64) float64 { return -math.Log10(max(1-hitRate, 1e-4)) / 4 }
