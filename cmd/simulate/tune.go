package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"shadowpool/experiments"
	"shadowpool/experiments/space"
	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/trace/bucket"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// tuneFlags are those of tune beside those of the verbs that replay a trace.
type tuneFlags struct {
	studyFlags
	at, vary, minimise string
	budget             float64
	time               time.Duration
	pareto             bool
}

// tunedPolicies are those that compete when none are named.
func tunedPolicies(reusable bool) []policy.Spec {
	specs := parse("static", "headroom", "ewma", "adaptive")
	if reusable {
		specs = append(specs, parse("keepalive", "hybrid-histogram")...)
	}
	return specs
}

func newTuneCommand() *cobra.Command {
	f := &tuneFlags{}
	cmd := &cobra.Command{
		Use:   "tune",
		Short: "Find the policy and the parameters of least waste at a service",
		Long: `Searches policies and their parameters for the least waste (or cost) that gives the
service that --at names. What is measured of the trace is split into three: settings
are fitted on the first part, the best of them are compared on the second, and what is
chosen is reported on the third. With --out, what it chose is DIR/pool.yaml, which
live serve --config takes as it is.

Parameters vary where they are ranges, lists, or ranges in equal ratios:
adaptive:miss_price=log:1..1000, headroom:share=0.1..2, ssa-saa:block=15s|1m|5m. A policy
without any varies by default ranges. --vary does the same for the fleet's tick and
binding.`,
		Example: `  simulate tune --trace requests.parquet --at hit_rate=0.95 --out tuned
  simulate tune --trace requests.parquet --config pool.yaml --minimise cost --time 10m --out tuned
  simulate tune --trace jobs.csv.gz --reusable --at wait_mean=2s --policies keepalive:ttl=log:10s..1d,adaptive
  simulate tune --at hit_rate=0.99 --policies adaptive --vary "tick=log:1s..60s,binding=late|early"
  simulate tune --trace requests.parquet --pareto --out front`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.tune(cmd) },
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.at, "at", "", "`SERVICE` to reach: hit_rate=0.99, wait_mean=5s or wait_p99=30s (default the configuration's)")
	flags.StringVar(&f.minimise, "minimise", "waste", "`waste`, or cost in $")
	flags.StringVar(&f.vary, "vary", "", "`LIST` of what may vary of the fleet: tick=log:1s..60s,binding=late|early")
	flags.Float64Var(&f.budget, "budget", 100, "`NUMBER` of replays up to the end of the first part that all of it may take")
	flags.DurationVar(&f.time, "time", 0, "`SPAN` after which the search ends, in place of --budget")
	flags.BoolVar(&f.pareto, "pareto", false, "the front of waste (or cost) against the 99th percentile of the wait, in place of --at")
	cmd.MarkFlagsMutuallyExclusive("at", "pareto")
	cmd.MarkFlagsMutuallyExclusive("budget", "time")
	cmd.Flags().Lookup("measure-from").Usage = "the three parts begin at `POINT`: a share (25%), a span (96h, 7d) or an instant; what comes before fills the pool (default 25%)"
	cmd.Flags().Lookup("policies").Usage = "`LIST` of NAME or NAME:key=RANGE,..., separated by commas"
	return cmd
}

// unbounded is the budget where time is what bounds the search.
const unbounded = 1e5

func (f *tuneFlags) tune(cmd *cobra.Command) error {
	if f.measureFrom == "" {
		f.measureFrom = "25%"
	}
	var file *config.File
	var err error
	if f.config != "" {
		if file, err = f.readConfig(cmd); err != nil {
			return err
		}
	}
	t := &experiments.Tuning{Cost: f.minimise, Budget: f.budget}
	if t.Target, err = f.target(file); err != nil {
		return err
	}
	if f.time < 0 {
		return fmt.Errorf("--time %v is no span to search for", f.time)
	}
	if f.time > 0 {
		t.Budget = unbounded
		since := time.Now()
		// What comes after the search takes its part.
		t.Elapsed = func() float64 { return float64(time.Since(since)) / (0.9 * float64(f.time)) }
	}
	s, err := f.open(cmd, tunedPolicies, true)
	if err != nil {
		return err
	}
	t.Bench = s.bench
	var fleet []space.Dimension
	if f.vary != "" {
		if fleet, err = experiments.FleetRanges(f.vary); err != nil {
			return fmt.Errorf("--vary: %w", err)
		}
	}
	if t.Entries, err = experiments.Entries(s.specs, fleet, t.Target); err != nil {
		return fmt.Errorf("--policies: %w", err)
	}
	if file != nil {
		for i := range t.Entries {
			t.Entries[i].Aim(file)
		}
		t.Base = f.base(file)
	}
	if err := t.Check(); err != nil {
		return err
	}
	if !f.quiet {
		t.Tried = f.teller(cmd.ErrOrStderr(), t)
	}
	d, err := t.Run(cmd.Context())
	if err != nil {
		return failed(err)
	}
	return f.show(cmd, s, d)
}

// target is what --at names, or the configuration; nil for a front.
func (f *tuneFlags) target(file *config.File) (*experiments.Target, error) {
	switch {
	case f.pareto:
		return nil, nil
	case f.at != "":
		target, err := experiments.ParseTarget(f.at)
		if err != nil {
			return nil, fmt.Errorf("--at %w", err)
		}
		if target.Value <= 0 || target.Measure == "hit_rate" && target.Value >= 1 {
			return nil, fmt.Errorf("--at %s: no pool keeps that", f.at)
		}
		return target, nil
	case file != nil && file.Service.HitRate > 0:
		return &experiments.Target{Measure: "hit_rate", Value: file.Service.HitRate}, nil
	case file != nil && file.Service.WaitP99 > 0:
		return &experiments.Target{Measure: "wait_p99", Value: file.Service.WaitP99.Seconds()}, nil
	default:
		return nil, fmt.Errorf("--at is missing: the service to reach, such as hit_rate=0.95, or --pareto for the front")
	}
}

// base is the configuration's own policy, if it runs without a past.
func (f *tuneFlags) base(file *config.File) *experiments.Setting {
	spec := file.PolicySpec()
	if _, err := policy.Build(spec, policy.Fleet{Config: file.PolicyConfig()}); err != nil {
		return nil // the file is good, but is fitted on a past
	}
	return &experiments.Setting{Spec: spec}
}

// teller tells on standard error how far the search is, whenever a better
// setting or a tenth of the budget has passed.
func (f *tuneFlags) teller(w io.Writer, t *experiments.Tuning) func(float64, *experiments.Proved) {
	told, before := 0.0, ""
	since := time.Now()
	return func(spent float64, best *experiments.Proved) {
		text := "none reaches the target in a full run yet"
		if best != nil {
			text = best.Describe(t)
		}
		if text == before && spent < told+t.Budget/10 {
			return
		}
		told, before = spent, text
		_, _ = fmt.Fprintf(w, "%6s %6.1f runs  %s\n", time.Since(since).Round(time.Second), spent, text) // a note
	}
}

// show writes the answer, the directory and what failed.
func (f *tuneFlags) show(cmd *cobra.Command, s *study, d *experiments.Tuned) error {
	w := cmd.OutOrStdout()
	var err error
	switch f.format {
	case "json":
		err = experiments.WriteJSON(w, d)
	case "csv":
		err = experiments.WriteTrialsCSV(w, d)
	default:
		if _, err = fmt.Fprintf(w, "%s\n", s.bench.Heading()); err == nil {
			err = experiments.WriteTuned(w, d)
		}
	}
	if err != nil {
		return failed(err)
	}
	if f.out != "" {
		if err := f.write(cmd, s, d); err != nil {
			return failed(fmt.Errorf("--out: %w", err))
		}
	}
	if d.Target != nil && d.Chosen < 0 {
		return failed(fmt.Errorf("no setting that was tried reaches %s", d.Target))
	}
	return nil
}

// write fills the directory: figures, pictures, and what was chosen.
func (f *tuneFlags) write(cmd *cobra.Command, s *study, d *experiments.Tuned) error {
	if err := s.bench.WriteTuned(cmd.Context(), f.out, d); err != nil {
		return err
	}
	note := "wrote results to " + f.out
	if d.Chosen >= 0 {
		text, err := f.pool(cmd, s, d)
		if err != nil {
			return fmt.Errorf("pool.yaml: %w", err)
		}
		path := bucket.Join(f.out, "pool.yaml")
		if err := bucket.Write(cmd.Context(), path, func(w io.Writer) error {
			_, err := w.Write(text)
			return err
		}); err != nil {
			return err
		}
		note += "; live serve --config " + path + " runs what was chosen"
		if s.fleet.Pooled {
			note = "wrote results to " + f.out + "; a live server takes " + path + " as soon as it can pool categories"
		}
	}
	if !f.quiet {
		_, _ = fmt.Fprintln(cmd.ErrOrStderr(), note)
	}
	return nil
}

// pool is the pool.yaml of what was chosen.
func (f *tuneFlags) pool(cmd *cobra.Command, s *study, d *experiments.Tuned) ([]byte, error) {
	base, from, err := []byte(nil), ".", error(nil)
	if f.config != "" {
		from = bucket.Join(f.config, "..")
		base, err = bucket.Read(cmd.Context(), f.config)
	} else {
		base, err = experiments.FleetFile(&s.fleet)
	}
	if err != nil {
		return nil, err
	}
	return d.PoolFile(base, from, f.out, commandLine(cmd))
}

// commandLine is how the command was called, but for what changes nothing.
func commandLine(cmd *cobra.Command) string {
	var b strings.Builder
	b.WriteString("simulate " + cmd.Name())
	cmd.Flags().Visit(func(p *pflag.Flag) {
		if slices.Contains([]string{"quiet", "format"}, p.Name) {
			return
		}
		values := []string{p.Value.String()}
		if v, ok := p.Value.(pflag.SliceValue); ok {
			values = v.GetSlice()
		}
		for _, value := range values {
			b.WriteString(" --" + p.Name)
			if p.Value.Type() != "bool" {
				if strings.ContainsAny(value, " |&;<>()$`\\\"'*?[]#~") {
					value = "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
				}
				b.WriteString(" " + value)
			}
		}
	})
	return b.String()
}
