package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"shadowpool/experiments"
	"shadowpool/policy"
	"shadowpool/sim"
	"shadowpool/trace"
	"shadowpool/trace/bucket"

	"github.com/spf13/cobra"
)

// gridFlags are the flags of study, which spans a grid of cells.
type gridFlags struct {
	traces, leadTimes        []string
	groupings, fresh         []string
	targets                  []string
	policies, of             string
	measureFrom, out, format string
	reusable, quiet          bool
	points, resamples        int
	seed                     uint64
}

// groupings are what --grouping takes, with what cells are called for it.
var groupings = map[string]string{"pooled": "pooled", "category": "by category"}

func newStudyCommand() *cobra.Command {
	f := &gridFlags{}
	cmd := &cobra.Command{
		Use:   "study",
		Short: "One policy against all others, on many traces, lead times and targets",
		Long: `Sweeps every policy on every trace, with every lead time, pooled and by category,
each with the same number of evaluations, and reads them all at the same hit rates.
A difference of waste counts only where its 95 % interval, over resampled days,
lies on one side of zero. Policies that aim at a hit rate by themselves are also run
at it as given, and measured on the second half of the trace.

Without --trace it studies the built-in workloads. Every policy's runs are kept in
the directory of --out, so that a study goes on where it was interrupted; --fresh
runs policies again whose code has changed (their results are known by the trace,
the fleet and the parameters, not by the code).`,
		Example: `  simulate study --out study
  simulate study --trace jobs.parquet --trace vms.csv.gz,jitter=300s --lead-time 120s
  simulate study --trace genai.csv.gz,start=2024-11-15T16:57:50,timezone=Asia/Shanghai
  simulate study --policies static,ewma,adaptive --targets 0.99 --grouping pooled
  simulate study --out study --fresh adaptive`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.study(cmd) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVar(&f.traces, "trace", nil, "`FILE[,KEY=VALUE...]` of requests, or a URL for FILE, once for each; keys are name, start, timezone and jitter (default the built-in workloads)")
	flags.StringArrayVar(&f.leadTimes, "lead-time", []string{"10s", "120s", "600s", "lognormal:median=45s,p99=120s"}, "from order to warm: a `SPAN` or law, once for each")
	flags.StringSliceVar(&f.groupings, "grouping", []string{"pooled", "category"}, "`LIST` of pooled (one pool for all categories) and category")
	flags.StringSliceVar(&f.targets, "targets", []string{"0.95", "0.99"}, "`LIST` of hit rates to compare at")
	flags.StringVar(&f.policies, "policies", "", "`LIST` of policies without their knobs (default all, and what sees the future)")
	flags.StringVar(&f.of, "of", "adaptive", "`POLICY` that is held against the others")
	flags.StringVar(&f.measureFrom, "measure-from", "25%", "measure requests from `POINT` on: a share (25%) or a span (96h, 7d); what comes before trains policies")
	flags.BoolVar(&f.reusable, "reusable", false, "an instance returns warm to the pool after its request, instead of ending with it")
	flags.IntVar(&f.points, "points", 16, "`NUMBER` of settings of each policy")
	flags.IntVar(&f.resamples, "resamples", 2000, "`NUMBER` of times that the days of a cell are drawn again")
	flags.Uint64Var(&f.seed, "seed", 1, "`NUMBER` that the random lead times, jitter, resamples and the built-in workloads are drawn by")
	flags.StringSliceVar(&f.fresh, "fresh", nil, "`LIST` of policies to run again whatever is kept, or all")
	flags.StringVar(&f.out, "out", "study", "`DIR` or URL for report.html, pictures, study.json, study.csv, and the runs that are kept")
	flags.StringVar(&f.format, "format", "table", "of standard output: `table`, json or csv")
	flags.BoolVar(&f.quiet, "quiet", false, "no progress on standard error")
	return cmd
}

func (f *gridFlags) study(cmd *cobra.Command) error {
	s, err := f.plan(cmd)
	if err != nil {
		return err
	}
	findings, err := s.Run(cmd.Context())
	if err != nil {
		return failed(err)
	}
	if err := experiments.WriteStudy(cmd.Context(), f.out, findings); err != nil {
		return failed(fmt.Errorf("--out: %w", err))
	}
	write := experiments.WriteSummary
	switch f.format {
	case "json":
		write = experiments.WriteStudyJSON
	case "csv":
		write = experiments.WriteStudyCSV
	}
	return failed(write(cmd.OutOrStdout(), findings))
}

// plan checks the flags and reads the traces.
func (f *gridFlags) plan(cmd *cobra.Command) (*experiments.Study, error) {
	if !slices.Contains([]string{"table", "json", "csv"}, f.format) {
		return nil, fmt.Errorf("--format %q is none of table, json, csv", f.format)
	}
	if f.points < experiments.FewestPoints || f.points > experiments.MostPoints {
		return nil, fmt.Errorf("--points %d is not between %d and %d", f.points, experiments.FewestPoints, experiments.MostPoints)
	}
	if f.resamples < 100 || f.resamples > 1_000_000 {
		return nil, fmt.Errorf("--resamples %d is not between 100 and 1000000", f.resamples)
	}
	s := &experiments.Study{
		Of: f.of, Points: f.points, Resamples: f.resamples, Seed: f.seed,
		Cache: bucket.Join(f.out, "runs"), Fresh: f.fresh,
	}
	if !f.quiet {
		since := time.Now()
		s.Done = func(done, total int, ground string) {
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%s  %d of %d: %s\n", time.Since(since).Round(time.Second), done, total, ground) // a note
		}
	}
	for _, text := range f.targets {
		target, err := strconv.ParseFloat(text, 64)
		if err != nil || !(target > 0 && target < 1) {
			return nil, fmt.Errorf("--targets %q is no share between 0 and 1, such as 0.99", text)
		}
		s.Targets = append(s.Targets, target)
	}
	if len(s.Targets) == 0 || len(f.leadTimes) == 0 || len(f.groupings) == 0 {
		return nil, fmt.Errorf("--targets, --lead-time and --grouping need at least one value each")
	}
	var err error
	if s.Specs, err = f.specs(); err != nil {
		return nil, err
	}
	for _, name := range f.fresh {
		if name != "all" && !slices.ContainsFunc(s.Specs, func(p policy.Spec) bool { return p.Name == name }) {
			return nil, fmt.Errorf("--fresh %s: no such policy is studied; name one, or all", name)
		}
	}
	sources, err := f.sources(cmd.Context())
	if err != nil {
		return nil, err
	}
	for _, src := range sources {
		if err := f.addGrounds(s, src); err != nil {
			return nil, err
		}
	}
	return s, s.Check()
}

// specs are the policies asked for, or all; the one that is held against the
// others and static, to which they are related, are always among them.
func (f *gridFlags) specs() ([]policy.Spec, error) {
	list := f.policies
	if list == "" {
		var all []string
		for _, family := range policy.Families() {
			if family.Knob != "" {
				all = append(all, family.Name)
			}
		}
		list = strings.Join(append(all, sim.StaticByCategoryName, "hindsight-rate", "oracle"), ",")
	}
	specs, err := policy.ParseSpecs(list)
	if err != nil {
		return nil, fmt.Errorf("--%w", err)
	}
	of, err := policy.ParseSpecs(f.of)
	if err != nil || len(of) != 1 {
		return nil, fmt.Errorf("--of %q is not one policy", f.of)
	}
	for _, s := range []policy.Spec{of[0], {Name: "static"}} {
		if !slices.ContainsFunc(specs, func(p policy.Spec) bool { return p.String() == s.String() }) {
			specs = append(specs, s)
		}
	}
	return specs, nil
}

// A source is a trace with the zone of its hours and days.
type source struct {
	trace *trace.Trace
	zone  *time.Location
}

// sources reads each trace once.
func (f *gridFlags) sources(ctx context.Context) ([]source, error) {
	var all []source
	if len(f.traces) == 0 {
		for _, preset := range trace.Presets() {
			t, err := preset.Generate(f.seed)
			if err != nil {
				return nil, err
			}
			all = append(all, source{t, preset.Start.Location()})
		}
	}
	for _, text := range f.traces {
		s, err := readSource(ctx, text, f.seed)
		if err != nil {
			return nil, fmt.Errorf("--trace %s: %w", text, err)
		}
		if slices.ContainsFunc(all, func(o source) bool { return o.trace.Name == s.trace.Name }) {
			return nil, fmt.Errorf("--trace %s: another trace is called %s; add ,name=NAME to %s", text, s.trace.Name, text)
		}
		all = append(all, s)
	}
	return all, nil
}

// readSource reads FILE,KEY=VALUE,...
func readSource(ctx context.Context, text string, seed uint64) (source, error) {
	parts := strings.Split(text, ",")
	flags := readFlags{timezone: "UTC", seed: seed}
	name := ""
	for _, part := range parts[1:] {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "name":
			name = value
		case "start":
			flags.start = value
		case "timezone":
			flags.timezone = value
		case "jitter":
			var err error
			if flags.jitter, err = time.ParseDuration(value); err != nil {
				return source{}, fmt.Errorf("jitter %q is no span such as 300s", value)
			}
		default:
			return source{}, fmt.Errorf("%q is none of name=, start=, timezone=, jitter=", part)
		}
	}
	zone, err := flags.zone()
	if err != nil {
		return source{}, err
	}
	opt, err := flags.options(ctx)
	if err != nil {
		return source{}, err
	}
	t, err := trace.Load(parts[0], opt)
	if err != nil {
		return source{}, err
	}
	if name != "" {
		t.Name = name
	}
	return source{t, zone}, nil
}

// addGrounds spans lead times and groupings over one trace.
func (f *gridFlags) addGrounds(s *experiments.Study, src source) error {
	from, err := src.trace.Summary().Point(f.measureFrom, src.zone)
	if err != nil {
		return fmt.Errorf("--measure-from: trace %s: %w", src.trace.Name, err)
	}
	for _, grouping := range f.groupings {
		called, ok := groupings[grouping]
		if !ok {
			return fmt.Errorf("--grouping %q is neither pooled nor category", grouping)
		}
		for _, text := range f.leadTimes {
			lead, err := sim.ParseLeadTime(text)
			if err != nil {
				return fmt.Errorf("--lead-time: %w", err)
			}
			template := sim.Category{Category: policy.Category{Reusable: f.reusable}, Lead: lead, Price: 1}
			fleet, err := sim.FleetOf(src.trace, template, grouping == "pooled")
			if err != nil {
				return err
			}
			if grouping == "category" && len(fleet.Categories) == 1 && slices.Contains(f.groupings, "pooled") {
				continue // the same as pooled
			}
			fleet.Location = src.zone
			s.Grounds = append(s.Grounds, experiments.Ground{
				Trace: src.trace.Name, LeadTime: lead.String(), Grouping: called, Source: src.trace, Fleet: fleet,
				Options: experiments.Options{Seed: f.seed, MeasureFrom: from, Version: version()},
			})
		}
	}
	return nil
}
