package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"shadowpool/experiments"
	"shadowpool/experiments/sweep"
	"shadowpool/trace/bucket"

	"github.com/spf13/cobra"
)

// pageName is the report's page, beside the table of results.
const pageName = "report.html"

// reportFlags are the flags of report.
type reportFlags struct {
	at, against, out, format, experiment string
	partial, quiet                       bool
	shards, resamples                    int
	seed                                 uint64
}

func newReportCommand() *cobra.Command {
	f := &reportFlags{}
	cmd := &cobra.Command{
		Use:   "report DIR...",
		Short: "Which setting of a sweep to run, what it saves, and how sure that is",
		Long: `Reads what simulate sweep left in one directory (or at one URL) or in several (parts of one sweep, or
sweeps of several experiments), and says on every trace and fleet which setting gives the
target's service at the least expense, what it saves a month over a baseline with its 95 %
interval, and which others cannot be told apart from it.

It writes one page that holds everything (report.html in the first DIR) and the table
results.parquet. With --experiment the traces are replayed once more with the chosen setting
and the baseline, so that the page shows pool against demand, the distribution of waits
and how well demand is foreseen.

While runs are missing it says which, and ends with status 1; --partial reports what is there.`,
		Example: `  simulate report sweep
  simulate report sweep --at hit_rate=0.99 --against static:level=14 --experiment experiment.yaml
  simulate report sweep --shards 8                 which shards have runs missing?
  simulate report part1 part2 --format md          for a pull request`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.report(cmd, args) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.at, "at", "", "`TARGET`: hit_rate=SHARE, wait_mean=SPAN or wait_p99=SPAN (default that of the experiment)")
	flags.StringVar(&f.against, "against", "static", "`POLICY` that the choice is held against: its best setting, or one with its parameters; none is \"\"")
	flags.StringVar(&f.experiment, "experiment", "", "`FILE` of the experiment, to replay its traces for pictures")
	flags.StringVar(&f.out, "out", "", "`FILE` or URL of the page (default report.html in the first DIR)")
	flags.StringVar(&f.format, "format", "table", "of standard output: `table`, json, md or html (the page itself, and no file)")
	flags.BoolVar(&f.partial, "partial", false, "report although runs are missing")
	flags.IntVar(&f.shards, "shards", 1, "`NUMBER` of shards that the sweep was split into, to say which lack runs")
	flags.IntVar(&f.resamples, "resamples", 2000, "`NUMBER` of times that the days are drawn again")
	flags.Uint64Var(&f.seed, "seed", 1, "`NUMBER` that the resamples are drawn by")
	flags.BoolVar(&f.quiet, "quiet", false, "no progress and no notes on standard error")
	return cmd
}

func (f *reportFlags) check() error {
	switch {
	case !slices.Contains([]string{"table", "json", "md", "html"}, f.format):
		return fmt.Errorf("--format %q is none of table, json, md and html", f.format)
	case f.format == "html" && f.out != "":
		return errors.New("--format html writes the page to standard output: leave out --out")
	case f.shards < 1 || f.shards > sweep.MaxRuns:
		return fmt.Errorf("--shards %d is not between 1 and %d", f.shards, sweep.MaxRuns)
	case f.resamples < 100 || f.resamples > 100_000:
		return fmt.Errorf("--resamples %d is not between 100 and 100000", f.resamples)
	}
	if f.at != "" {
		if _, err := experiments.ParseTarget(f.at); err != nil {
			return fmt.Errorf("--at: %w", err)
		}
	}
	return nil
}

func (f *reportFlags) report(cmd *cobra.Command, dirs []string) error {
	if err := f.check(); err != nil {
		return err
	}
	ctx := cmd.Context()
	var all []*sweep.Outcome
	var first sweep.Store
	for _, dir := range dirs {
		store, err := bucket.OpenFolder(ctx, dir)
		if err != nil {
			return err
		}
		defer store.Close()
		o, err := sweep.Read(ctx, store)
		if err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		if all = append(all, o); first == nil {
			first = store
		}
	}
	merged, err := sweep.Merge(all...)
	if err != nil {
		return err
	}
	missing := len(merged.Missing())
	if missing > 0 {
		f.tellMissing(cmd.ErrOrStderr(), dirs, all, merged)
		if !f.partial {
			return failed(fmt.Errorf("%d of %d runs are missing: run them, or report what is there with --partial", missing, len(merged.Results)))
		}
	}
	decisions, err := f.decide(cmd, merged, dirs)
	if err != nil {
		return err
	}
	closeups, err := f.closeups(cmd, decisions)
	if err != nil {
		return err
	}
	return failed(f.write(cmd, dirs[0], first, merged, decisions, closeups))
}

// tellMissing says which shards lack runs, and how they are run.
func (f *reportFlags) tellMissing(w io.Writer, dirs []string, all []*sweep.Outcome, merged *sweep.Outcome) {
	for i, o := range all {
		if slices.ContainsFunc(all[:i], func(other *sweep.Outcome) bool { return slices.Equal(other.Plan.Runs, o.Plan.Runs) }) {
			continue // another part of the same sweep
		}
		for shard, n := range merged.MissingOf(&o.Plan, f.shards) {
			if n == 0 {
				continue
			}
			again := fmt.Sprintf("simulate sweep EXPERIMENT --out %s --resume", dirs[i])
			what := "of the sweep"
			if f.shards > 1 {
				what = fmt.Sprintf("of shard %d/%d", shard, f.shards)
				again += fmt.Sprintf(" --shard %d/%d", shard, f.shards)
			}
			_, _ = fmt.Fprintf(w, "%s: %d runs %s are missing: %s\n", dirs[i], n, what, again) // a note; the error follows
		}
	}
}

// decide chooses on every trace and fleet.
func (f *reportFlags) decide(cmd *cobra.Command, merged *sweep.Outcome, dirs []string) (*experiments.Decisions, error) {
	grids, err := merged.Grids()
	if err != nil {
		return nil, err
	}
	r := &experiments.Decisions{
		Target: merged.Plan.Target, Minimise: merged.Plan.Minimise, Against: f.against, Runs: len(merged.Results), Missing: len(merged.Missing()),
		Resamples: f.resamples, Seed: f.seed, Version: version(), Again: f.commands(dirs),
	}
	if f.at != "" {
		r.Target = f.at
	}
	opt := experiments.DecideOptions{Minimise: r.Minimise, Against: f.against, Resamples: f.resamples, Seed: f.seed}
	if r.Target != "" {
		if opt.Target, err = experiments.ParseTarget(r.Target); err != nil {
			return nil, err
		}
	}
	for _, g := range grids {
		if len(g.Trials) == 0 {
			continue // all of it is missing
		}
		own := opt
		if !cmd.Flags().Changed("against") && !g.Has(f.against) {
			own.Against = ""
		}
		d, err := experiments.Decide(g, own)
		if err != nil {
			return nil, err
		}
		r.Grids = append(r.Grids, d)
	}
	if len(r.Grids) == 0 {
		return nil, failed(errors.New("there are no complete results yet"))
	}
	return r, nil
}

// commands are how to come to the same.
func (f *reportFlags) commands(dirs []string) []string {
	report := "simulate report " + strings.Join(dirs, " ")
	if f.at != "" {
		report += " --at " + f.at
	}
	if f.against != "static" {
		report += fmt.Sprintf(" --against %q", f.against)
	}
	experiment := "EXPERIMENT"
	if f.experiment != "" {
		experiment = f.experiment
		report += " --experiment " + f.experiment
	}
	if f.resamples != 2000 {
		report += fmt.Sprintf(" --resamples %d", f.resamples)
	}
	if f.seed != 1 {
		report += fmt.Sprintf(" --seed %d", f.seed)
	}
	if f.partial {
		report += " --partial"
	}
	return []string{"simulate sweep " + experiment + " --out " + dirs[0], report}
}

// closeups replay what was chosen and what it is held against.
func (f *reportFlags) closeups(cmd *cobra.Command, r *experiments.Decisions) ([]*experiments.Closeup, error) {
	if f.experiment == "" {
		return nil, nil
	}
	e, err := sweep.Load(cmd.Context(), f.experiment)
	if err != nil {
		return nil, err
	}
	s, err := e.Open(cmd.Context(), version())
	if err != nil {
		return nil, err
	}
	all := make([]*experiments.Closeup, len(r.Grids))
	for i, d := range r.Grids {
		if d.Chosen == nil {
			continue
		}
		b, err := s.Bench(&d.Grid, d.Seeds[0])
		if err != nil {
			return nil, fmt.Errorf("--experiment %s: %w", f.experiment, err)
		}
		if !f.quiet {
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "replaying %s\n", d.Name()) // a note
		}
		if all[i], err = b.Closeup(cmd.Context(), d); err != nil {
			return nil, failed(err)
		}
	}
	return all, nil
}

func (f *reportFlags) write(cmd *cobra.Command, dir string, store sweep.Store, merged *sweep.Outcome, r *experiments.Decisions, closeups []*experiments.Closeup) error {
	out := cmd.OutOrStdout()
	if r.Missing == 0 {
		if err := merged.KeepTable(cmd.Context(), store); err != nil {
			return err
		}
	}
	switch f.format {
	case "html":
		return experiments.WriteDecisionsPage(out, r, closeups)
	case "json":
		if err := experiments.WriteJSON(out, r); err != nil {
			return err
		}
	case "md":
		if err := experiments.WriteDecisionsMarkdown(out, r); err != nil {
			return err
		}
	default:
		if err := experiments.WriteDecisions(out, r); err != nil {
			return err
		}
	}
	var page bytes.Buffer
	if err := experiments.WriteDecisionsPage(&page, r, closeups); err != nil {
		return err
	}
	where := f.out
	if where == "" {
		where = bucket.Join(dir, pageName)
	}
	err := bucket.Write(cmd.Context(), where, func(w io.Writer) error {
		_, err := page.WriteTo(w)
		return err
	})
	if err == nil && !f.quiet {
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "the page is %s\n", where) // a note
	}
	return err
}
