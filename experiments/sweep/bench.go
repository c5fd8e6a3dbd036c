package sweep

import (
	"fmt"

	"shadowpool/experiments"
)

// Bench is where the runs of a grid with a seed can be done again, with the
// pool's state over time for pictures.
func (s *Sweep) Bench(grid *experiments.Grid, seed uint64) (*experiments.Bench, error) {
	for i, run := range s.Plan.Runs {
		g := s.grounds[s.of[i]]
		same := run.Fingerprint == grid.Fingerprint && run.MeasureFrom == grid.MeasureFrom && run.Config == grid.Config &&
			run.StartWarm == grid.StartWarm && run.Hints == grid.Hints && run.Seed == seed
		if !same {
			continue
		}
		again := ground{source: g.source, variant: g.variant, options: g.options}
		again.options.Timeline = experiments.TimelineSamples(g.source.trace.Summary(), g.options.MeasureFrom)
		return again.open()
	}
	return nil, fmt.Errorf("the experiment is not that of the sweep: it has no trace %s (%s) with the configuration %s", grid.Trace, grid.Fingerprint, grid.Config)
}
