package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"shadowpool/experiments"
	"shadowpool/policy"
	"shadowpool/sim"
	"shadowpool/trace"
	"shadowpool/trace/bucket"

	"github.com/spf13/cobra"
)

// ladderFlags are those of ladder.
type ladderFlags struct {
	trace, measureFrom, out, format string
	hitRate                         float64
	points, resamples               int
	seed                            uint64
	quiet                           bool
}

func newLadderCommand() *cobra.Command {
	f := &ladderFlags{}
	cmd := &cobra.Command{
		Use:   "ladder STEP STEP...",
		Short: "What each change of fleet and policy is worth, step by step",
		Long: `Takes several pool.yaml and tells what each needs to give the same service: the mean
wait, and the p99 wait, that the first gives at a hit rate. The knob of each policy is
swept, unless the file gives it. Cost is what is paid beyond bare serving, which is
policy none on the first fleet; shares are of the first step's, with intervals of
days drawn again.

A step is FILE or NAME=FILE; @POLICY after it takes another policy than the file's,
and may name those that only the simulator knows, such as static-by-category; #HINTS at
the end announces a share of the requests, as --hints does elsewhere.`,
		Example: `  simulate ladder static.yaml adaptive.yaml prepared.yaml --trace requests.parquet
  simulate ladder "adaptive=a.yaml" "and a tenth announced=a.yaml#share=0.1,notice=10m,jitter=2m"
  simulate ladder "static=a.yaml@static-by-category:hit_rate=0.95" "with spot=b.yaml" --trace jobs.csv.gz,start=2024-11-15T16:57:50,timezone=Asia/Shanghai --out ladder`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return f.ladder(cmd, args) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.trace, "trace", "", "`FILE[,KEY=VALUE...]` of requests; keys are name, start, timezone and jitter (default the built-in workload)")
	flags.StringVar(&f.measureFrom, "measure-from", "25%", "measure requests from `POINT` on: a share (25%) or a span (96h, 7d); what comes before trains policies")
	flags.Float64Var(&f.hitRate, "hit-rate", 0.95, "`SHARE` of hits of the first step, at whose service all are read")
	flags.IntVar(&f.points, "points", 24, "`NUMBER` of settings of each step")
	flags.IntVar(&f.resamples, "resamples", 2000, "`NUMBER` of times that the days are drawn again")
	flags.Uint64Var(&f.seed, "seed", 1, "`NUMBER` that all that is random is drawn by")
	flags.StringVar(&f.out, "out", "", "`DIR` or URL for report.html, the picture and ladder.json")
	flags.StringVar(&f.format, "format", "table", "of standard output: `table` or json")
	flags.BoolVar(&f.quiet, "quiet", false, "no progress on standard error")
	return cmd
}

func (f *ladderFlags) ladder(cmd *cobra.Command, args []string) error {
	if f.format != "table" && f.format != "json" {
		return fmt.Errorf("--format %q is neither table nor json", f.format)
	}
	if !(f.hitRate > 0 && f.hitRate < 1) {
		return fmt.Errorf("--hit-rate %v is not between 0 and 1", f.hitRate)
	}
	if least := 2 * experiments.FewestPoints; f.points < least || f.points > experiments.MostPoints {
		return fmt.Errorf("--points %d is not between %d and %d", f.points, least, experiments.MostPoints)
	}
	src, err := f.source(cmd.Context())
	if err != nil {
		return err
	}
	l := experiments.Ladder{HitRate: f.hitRate, Points: f.points, Resamples: f.resamples, Seed: f.seed}
	for _, arg := range args {
		step, err := f.step(cmd.Context(), arg, src)
		if err != nil {
			return err
		}
		l.Steps = append(l.Steps, step)
	}
	if err := l.Check(); err != nil {
		return err
	}
	res, err := l.Run(cmd.Context(), func(step string) {
		if !f.quiet {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s\n", step)
		}
	})
	if err != nil {
		return failed(err)
	}
	if f.out != "" {
		if err := experiments.WriteLadderReport(cmd.Context(), f.out, res); err != nil {
			return failed(fmt.Errorf("--out: %w", err))
		}
	}
	if f.format == "json" {
		return failed(experiments.WriteJSON(cmd.OutOrStdout(), res))
	}
	return failed(experiments.WriteLadder(cmd.OutOrStdout(), res))
}

// source reads the trace.
func (f *ladderFlags) source(ctx context.Context) (*trace.Trace, error) {
	if f.trace == "" {
		all, err := (&gridFlags{seed: f.seed}).sources(ctx)
		if err != nil {
			return nil, err
		}
		return all[0].trace, nil
	}
	s, err := readSource(ctx, f.trace, f.seed)
	return s.trace, err
}

// step reads NAME=FILE@POLICY#HINTS.
func (f *ladderFlags) step(ctx context.Context, arg string, src *trace.Trace) (experiments.Step, error) {
	arg, text, _ := strings.Cut(arg, "#")
	hints, err := sim.ParseHints(text)
	if err != nil {
		return experiments.Step{}, fmt.Errorf("step %s: %w", arg, err)
	}
	file, other, replaced := strings.Cut(arg, "@")
	name, path, named := strings.Cut(file, "=")
	if !named || bucket.IsURL(file) { // which may hold a = of its own
		path = file
		if bucket.IsURL(file) {
			file, _, _ = strings.Cut(file, "?")
		}
		name = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	}
	step, err := f.read(ctx, name, path, other, replaced, hints, src)
	step.Name = name
	return step, err
}

// read makes the step of a file, and of another policy if its is replaced.
func (f *ladderFlags) read(ctx context.Context, name, path, other string, replaced bool, hints sim.Hints, src *trace.Trace) (experiments.Step, error) {
	file, err := loadConfig(ctx, path)
	if err != nil {
		return experiments.Step{}, err
	}
	spec := file.Policy
	if replaced {
		specs, err := policy.ParseSpecs(other)
		if err != nil || len(specs) != 1 {
			return experiments.Step{}, fmt.Errorf("step %s: @%s is no policy such as static:level=20", name, other)
		}
		spec = specs[0]
	}
	fleet, err := sim.FleetFromConfig(file, src)
	if err != nil {
		return experiments.Step{}, err
	}
	from, err := src.Summary().Point(f.measureFrom, file.Location)
	if err != nil {
		return experiments.Step{}, fmt.Errorf("--measure-from: %w", err)
	}
	bench, err := experiments.NewBench(src, fleet, experiments.Options{Seed: f.seed, MeasureFrom: from, Days: true, Hints: hints, Version: version()})
	if err != nil {
		return experiments.Step{}, err
	}
	return experiments.Step{Bench: bench, Spec: spec}, nil
}
