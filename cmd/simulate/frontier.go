package main

import (
	"fmt"
	"io"

	"shadowpool/experiments"
	"shadowpool/policy"

	"github.com/spf13/cobra"
)

// sweptPolicies are those whose curves are shown when none are named.
func sweptPolicies(reusable bool) []policy.Spec {
	specs := parse("static", "headroom", "schedule", "static-rolling", "ewma", "adaptive")
	if reusable {
		specs = append(specs, parse("keepalive")...)
	}
	return append(specs, parse("hindsight-rate")...)
}

func newFrontierCommand() *cobra.Command {
	f := &studyFlags{}
	var at string
	var points int
	cmd := &cobra.Command{
		Use:   "frontier",
		Short: "Waste against service: each policy with its knob swept",
		Long: `Sweeps one knob of each policy (static's level, adaptive's target, ...), so that
waste against service becomes a curve, every policy with the same number of
settings. With --at it shows what each policy wastes, idles and costs when all give
the same service, beside static's; figures between two settings are read along
the convex hull of the curve, since levels are whole numbers.

Policies are named without their knob: static,ewma:half_life=10m.`,
		Example: `  simulate frontier --at hit_rate=0.99
  simulate frontier --trace requests.parquet --at wait_p99=30s --out report
  simulate frontier --policies static,adaptive --points 30 --format csv`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var target *experiments.Target
			if at != "" {
				var err error
				if target, err = experiments.ParseTarget(at); err != nil {
					return fmt.Errorf("--at %w", err)
				}
			}
			if points < experiments.FewestPoints || points > experiments.MostPoints {
				return fmt.Errorf("--points %d is not between %d and %d", points, experiments.FewestPoints, experiments.MostPoints)
			}
			s, err := f.open(cmd, sweptPolicies, true)
			if err != nil {
				return err
			}
			if err := s.bench.CheckSweep(s.specs); err != nil {
				return err
			}
			return s.frontier(cmd, target, points)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&at, "at", "", "`SERVICE` to compare at: hit_rate=0.99, wait_mean=5s or wait_p99=30s")
	cmd.Flags().IntVar(&points, "points", 16, "`NUMBER` of settings of each policy")
	return cmd
}

func (s *study) frontier(cmd *cobra.Command, target *experiments.Target, points int) error {
	curves, err := s.bench.Sweep(cmd.Context(), s.specs, points, target)
	s.bar.end()
	if err != nil {
		return err
	}
	f := experiments.Frontier{
		Trace: s.bench.TraceInfo(), Config: s.bench.Setup(), PointsPerPolicy: points,
		Curves: curves, Matched: []experiments.Matched{},
	}
	if target != nil {
		f.Matched = experiments.Match(curves, *target)
	}
	if err := s.write(cmd, f, f.Results(), func(w io.Writer) error {
		return experiments.WriteFrontierTable(w, &f)
	}); err != nil {
		return failed(err)
	}
	return s.report(cmd, experiments.Report{Frontier: &f})
}
