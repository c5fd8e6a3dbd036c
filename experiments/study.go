package experiments

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sync/errgroup"

	"shadowpool/policy"
	"shadowpool/sim"
	"shadowpool/trace"
	"shadowpool/trace/bucket"
)

// A Study holds one policy against others on many grounds: each family is
// swept on each ground with the same number of evaluations, read at the same
// hit rates, and compared day by day. Curves are kept in a directory, so that
// a study that was interrupted goes on where it stopped, and one policy can be
// run again alone.
type Study struct {
	Grounds []Ground
	Specs   []policy.Spec // without their knobs
	Of      string        // of Specs: which one is held against the others
	Targets []float64     // hit rates
	Points  int           // evaluations of each family
	// Resamples of the days of each cell.
	Resamples int
	Seed      uint64
	// Cache is the path or URL of a directory, made if it does not exist;
	// empty keeps nothing.
	// Policies named in Fresh are run again whatever it holds.
	Cache string
	Fresh []string
	// Done is called after every ground, from any goroutine; nil is not.
	Done func(done, total int, ground string)
}

// A Ground is a trace on a fleet.
type Ground struct {
	Trace    string // its name in reports
	LeadTime string
	Grouping string // pooled or by category
	Source   *trace.Trace
	Fleet    sim.Fleet
	Options  Options
}

func (g *Ground) String() string { return g.Trace + ", " + g.LeadTime + ", " + g.Grouping }

// effort is about how long a run takes: policies work at arrivals, and by
// category at ticks.
func (g *Ground) effort() int64 {
	s := g.Source.Summary()
	return s.Rows + (s.Last-s.First)/int64(policy.DefaultTick)*int64(len(g.Fleet.Categories))/10
}

// Findings are what a study found, as its JSON holds it.
type Findings struct {
	Of        string    `json:"of"`
	Targets   []float64 `json:"targets"`
	Points    int       `json:"points_per_policy"`
	Resamples int       `json:"resamples"`
	Seed      uint64    `json:"seed"`
	Version   string    `json:"version"`
	// Cells are the grounds at each target, in the order asked for.
	Cells []Cell `json:"cells"`
	// Calibrated are the policies that aim at a hit rate by themselves.
	Calibrated []Calibrated `json:"self_calibrated"`
	// Skipped says which policies were not run where, and why.
	Skipped []Skip `json:"skipped"`
}

// A Skip is a policy that does not apply to a ground.
type Skip struct {
	Place
	Policy string `json:"policy"`
	Why    string `json:"why"`
}

// A Place names a ground.
type Place struct {
	Trace    string `json:"trace"`
	LeadTime string `json:"lead_time"`
	Grouping string `json:"grouping"`
}

// found is what one ground contributes.
type found struct {
	cells      []Cell
	calibrated []Calibrated
	skipped    []Skip
}

// Check finds fault with a study before anything runs.
func (s *Study) Check() error {
	if !slices.ContainsFunc(s.Specs, func(p policy.Spec) bool { return p.String() == s.Of }) {
		return fmt.Errorf("policy %s, which is held against the others, is not among them", s.Of)
	}
	for i := range s.Grounds {
		b, err := NewBench(s.Grounds[i].Source, s.Grounds[i].Fleet, s.Grounds[i].Options)
		if err != nil {
			return err
		}
		if err := b.CheckSweep(s.Specs); err != nil {
			return err
		}
	}
	return nil
}

// Run runs what the cache does not hold, cheap grounds first. The study has
// been checked.
func (s *Study) Run(ctx context.Context) (*Findings, error) {
	var kept *bucket.Folder
	if s.Cache != "" {
		var err error
		if kept, err = bucket.OpenFolder(ctx, s.Cache); err != nil {
			return nil, err
		}
		defer kept.Close()
	}
	order := make([]int, len(s.Grounds))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(s.Grounds[a].effort(), s.Grounds[b].effort()) })
	all := make([]found, len(s.Grounds))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2) // the long sweeps at one ground's end leave cores to the next
	var mu sync.Mutex
	done := 0
	for _, i := range order {
		group.Go(func() (err error) {
			if all[i], err = s.ground(ctx, &s.Grounds[i], kept); err != nil {
				return fmt.Errorf("%s: %w", &s.Grounds[i], err)
			}
			mu.Lock()
			defer mu.Unlock()
			if done++; s.Done != nil {
				s.Done(done, len(order), s.Grounds[i].String())
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	f := &Findings{
		Of: s.Of, Targets: s.Targets, Points: s.Points, Resamples: s.Resamples, Seed: s.Seed,
		Cells: []Cell{}, Calibrated: []Calibrated{}, Skipped: []Skip{},
	}
	for i, g := range all {
		f.Version = s.Grounds[i].Options.Version
		f.Cells = append(f.Cells, g.cells...)
		f.Calibrated = append(f.Calibrated, g.calibrated...)
		f.Skipped = append(f.Skipped, g.skipped...)
	}
	return f, nil
}

// ground sweeps all families on one ground and reads them at every target.
func (s *Study) ground(ctx context.Context, g *Ground, kept *bucket.Folder) (found, error) {
	place := Place{g.Trace, g.LeadTime, g.Grouping}
	g.Options.Days = true
	b, err := NewBench(g.Source, g.Fleet, g.Options)
	if err != nil {
		return found{}, err
	}
	var f found
	var specs []policy.Spec
	for _, spec := range s.Specs {
		if why := b.unfit(spec); why != nil {
			f.skipped = append(f.skipped, Skip{place, spec.String(), why.Error()})
			continue
		}
		specs = append(specs, spec)
	}
	g.Options.Shortfall = true
	alone, err := NewBench(g.Source, g.Fleet, g.Options)
	if err != nil {
		return found{}, err
	}
	curves, aimed, err := s.sweep(ctx, b, alone, memory{folder: kept, ground: b.fingerprint(g)}, specs)
	if err != nil {
		return found{}, err
	}
	apply := curves[:0:0]
	for i, c := range curves {
		if !hits(c) {
			f.skipped = append(f.skipped, Skip{place, specs[i].String(), "no setting ever hits on such a fleet"})
			aimed[i] = nil
			continue
		}
		apply = append(apply, c)
	}
	for k, target := range s.Targets {
		cell, err := s.cell(place, apply, target)
		if err != nil {
			return found{}, err
		}
		f.cells = append(f.cells, cell)
		for i, c := range aimed {
			if c != nil {
				f.calibrated = append(f.calibrated, calibrated(place, curves[i], c[k].Points[0], target, b.middle()))
			}
		}
	}
	return f, nil
}

// sweep makes the curves of policies on one bench, and on another what those
// that aim at a hit rate by themselves do at each target (nil for the others).
func (s *Study) sweep(ctx context.Context, b, alone *Bench, memo memory, specs []policy.Spec) (curves []Curve, aimed [][]Curve, err error) {
	curves, aimed = make([]Curve, len(specs)), make([][]Curve, len(specs))
	group, ctx := errgroup.WithContext(ctx)
	for i, spec := range specs {
		fresh := slices.Contains(s.Fresh, spec.Name) || slices.Contains(s.Fresh, "all")
		group.Go(func() (err error) {
			aim := s.aim()
			curves[i], err = memo.curve(ctx, spec, s.Points, aim, fresh, func() (Curve, error) { return b.Curve(ctx, spec, s.Points, aim) })
			return err
		})
		if !b.aims(spec) {
			continue
		}
		aimed[i] = make([]Curve, len(s.Targets))
		for k, target := range s.Targets {
			spec := spec.With("hit_rate", strconv.FormatFloat(target, 'g', -1, 64))
			group.Go(func() (err error) {
				aimed[i][k], err = memo.curve(ctx, spec, 1, Aim{}, fresh, func() (Curve, error) { return alone.single(ctx, spec) })
				return err
			})
		}
	}
	return curves, aimed, group.Wait()
}

// hits says whether any setting of a curve does.
func hits(c Curve) bool {
	return slices.ContainsFunc(c.Points, func(p *sim.Result) bool { return p.Hits > 0 })
}

// aim is where the curves have to be known: at the targets, and if need be a
// step beyond, towards half the misses that the highest allows, so that more
// resamples reach it too.
func (s *Study) aim() Aim {
	var a Aim
	for _, t := range s.Targets {
		a.Targets = append(a.Targets, Target{"hit_rate", t})
	}
	a.Reach = &Target{"hit_rate", 1 - (1-slices.Max(s.Targets))/2}
	return a
}

// unfit says why a policy cannot be swept on the bench; nil if it can.
func (b *Bench) unfit(spec policy.Spec) error {
	sweep, err := b.newSweep(spec, FewestPoints, Aim{})
	if err != nil || sweep.first.family == oracle {
		return err
	}
	if sweep.first.family.Name == sim.StaticByCategoryName && len(b.fleet.Categories) == 1 {
		return fmt.Errorf("there is one category only")
	}
	fleet := policy.Fleet{Config: b.fleet.PolicyConfig()}
	if sweep.first.family.Training {
		if fleet, err = b.training(); err != nil {
			return err
		}
	}
	_, err = sweep.first.family.Sizer(sweep.first.spec, fleet)
	return err
}

// aims says whether a policy steers by a hit rate that it is told.
func (b *Bench) aims(spec policy.Spec) bool {
	family, err := policy.Find(spec.Name)
	return err == nil && slices.ContainsFunc(family.Params, func(p policy.Param) bool { return p.Name == "hit_rate" })
}

// single is a policy at its own settings as a curve of one point.
func (b *Bench) single(ctx context.Context, spec policy.Spec) (Curve, error) {
	r, err := b.Run(ctx, spec, nil)
	if err != nil {
		return Curve{}, err
	}
	return Curve{Policy: spec.Name, Label: spec.String(), Implementable: r.Implementable, Points: []*sim.Result{r}}, nil
}

// middle is the number of the first day of the measured span that begins in
// the second half of the trace.
func (b *Bench) middle() int {
	from := max(b.opt.MeasureFrom, b.sum.First)
	half := b.sum.First + (b.sum.Last-b.sum.First)/2
	return int((max(half-from, 0) + sim.DayLength - 1) / sim.DayLength)
}
