package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"shadowpool/experiments"
	"shadowpool/forecast"
	"shadowpool/trace"

	"github.com/spf13/cobra"
)

// forecastFlags are the flags of forecast.
type forecastFlags struct {
	read                           readFlags
	trace, series                  string
	forecasters, horizon, holidays string
	measureFrom, by, out, format   string
	tick                           time.Duration
	quiet                          bool
}

func newForecastCommand() *cobra.Command {
	f := &forecastFlags{}
	cmd := &cobra.Command{
		Use:   "forecast",
		Short: "Judge forecasters of demand on a trace",
		Long: `Lets every forecaster see the arrivals of a trace as they come, asks it from rolling
origins for the distribution of the arrivals over a horizon, and judges it by what
came: quantile loss, calibration of its bands, error of its mean beside that of
seasonal naive, log score. Policies size pools by such forecasts over the lead time.

Forecasters:
` + forecasterList(),
		Example: `  simulate forecast --trace requests.parquet --horizon 2m,1h --timezone Europe/Berlin
  simulate forecast --trace jobs.csv.gz --forecasters ewma-1h,adaptive --by tenant
  simulate forecast --series taxis.csv.gz --horizon 30m,24h --holidays days.csv`,
		Args: cobra.NoArgs,
		RunE: f.run,
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.trace, "trace", "", "`FILE` or URL of requests: Parquet, or CSV (also .gz); without, the built-in workload platform")
	flags.StringVar(&f.series, "series", "", "`FILE` of counts in place of a trace: CSV (also .gz) with the columns time_s,count")
	flags.StringVar(&f.forecasters, "forecasters", "", "`NAMES` separated by commas (default all)")
	flags.StringVar(&f.horizon, "horizon", "", "`SPANS` to forecast, separated by commas (default 2m, or of a series its interval)")
	flags.StringVar(&f.measureFrom, "measure-from", "33.34%", "judge forecasts from `POINT` on: a share (25%), a span (96h, 7d) or an instant")
	flags.StringVar(&f.by, "by", "", "judge also forecasts of the parts of demand, and of the whole by its parts: by task_type, tenant or category (`ATTRIBUTE`)")
	flags.DurationVar(&f.tick, "tick", 30*time.Second, "`SPAN` of the intervals by which requests are counted")
	flags.StringVar(&f.holidays, "holidays", "", "`FILE` of days unlike others: CSV (also .gz) with the columns date,name")
	flags.StringVar(&f.read.timezone, "timezone", "UTC", "IANA `ZONE` of hours and days, and of the trace's wall-clock times")
	flags.StringVar(&f.read.start, "start", "", "`INSTANT` at which a trace of unknown origin begins, as in 2024-11-15T16:57:50")
	flags.StringVar(&f.read.columns, "columns", "", "`NAMES` of the trace's columns, as in arrival=ts,duration=dur_s")
	flags.StringVar(&f.read.timeUnit, "time-unit", "", "`UNIT` of instants that are bare numbers: ns, us, ms or s")
	flags.StringVar(&f.read.durationUnit, "duration-unit", "", "`UNIT` of durations that are bare numbers: ns, us, ms or s")
	flags.BoolVar(&f.read.sort, "sort", false, "put requests that are not in order of arrival in order")
	flags.DurationVar(&f.read.jitter, "jitter", 0, jitterHelp)
	flags.Uint64Var(&f.read.seed, "seed", 1, "`NUMBER` that the jitter and the built-in workload are drawn by")
	flags.StringVar(&f.out, "out", "", "`DIR` or URL for report.html, pictures, JSON and CSV")
	flags.StringVar(&f.format, "format", "table", "of standard output: `table`, json or csv")
	flags.BoolVar(&f.quiet, "quiet", false, "no progress and no notes on standard error")
	cmd.MarkFlagsMutuallyExclusive("trace", "series")
	cmd.MarkFlagsMutuallyExclusive("series", "by")
	cmd.MarkFlagsMutuallyExclusive("series", "tick")
	cmd.MarkFlagsMutuallyExclusive("series", "jitter")
	return cmd
}

func forecasterList() string {
	var b strings.Builder
	for _, family := range forecast.Families() {
		fmt.Fprintf(&b, "  %-20s %s\n", family.Name, wrapped(family.Summary, 76, 23))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (f *forecastFlags) run(cmd *cobra.Command, _ []string) error {
	if !slices.Contains([]string{"table", "json", "csv"}, f.format) {
		return fmt.Errorf("--format %q is none of table, json, csv", f.format)
	}
	families, err := f.families()
	if err != nil {
		return err
	}
	zone, err := f.read.zone()
	if err != nil {
		return err
	}
	opt := experiments.BacktestOptions{Zone: zone}
	if f.holidays != "" {
		if opt.Holidays, err = trace.LoadHolidays(f.holidays); err != nil {
			return err
		}
	}
	counts, sum, err := f.counts(cmd.Context(), &opt)
	if err != nil {
		return err
	}
	if opt.Horizons, err = f.horizons(counts); err != nil {
		return err
	}
	from, err := sum.Point(f.measureFrom, opt.Zone)
	if err != nil {
		return fmt.Errorf("--measure-from: %w", err)
	}
	opt.From = float64(from) / 1e9
	bar := newProgress(cmd.ErrOrStderr(), f.quiet)
	opt.Progress = bar.at
	b, err := experiments.NewBacktester(counts, opt)
	if err != nil {
		return err
	}
	t := experiments.Backtest{}
	t.Trace, t.Config = b.Describe(version())
	t.Results, err = b.Run(cmd.Context(), families)
	if err == nil && f.by != "" {
		t.Attribute, err = b.RunParts(cmd.Context(), families)
	}
	bar.end()
	if err != nil {
		return err
	}
	if err := f.write(cmd, t); err != nil {
		return failed(err)
	}
	if f.out == "" {
		return nil
	}
	if err := b.Write(cmd.Context(), f.out, t, families); err != nil {
		return failed(fmt.Errorf("--out: %w", err))
	}
	f.note(cmd, "wrote results to "+f.out)
	return nil
}

// note says something beside the result.
func (f *forecastFlags) note(cmd *cobra.Command, text string) {
	if !f.quiet {
		_, _ = fmt.Fprintln(cmd.ErrOrStderr(), text) // nowhere else to tell
	}
}

func (f *forecastFlags) write(cmd *cobra.Command, t experiments.Backtest) error {
	w := cmd.OutOrStdout()
	if f.format != "table" {
		f.note(cmd, strings.TrimSuffix(t.Heading(), "\n"))
	}
	f.note(cmd, updates(t.Results))
	switch f.format {
	case "json":
		return experiments.WriteJSON(w, t)
	case "csv":
		return experiments.WriteBacktestCSV(w, t.Results)
	}
	if _, err := fmt.Fprintf(w, "%s\n", t.Heading()); err != nil {
		return err
	}
	return t.WriteTable(w)
}

// updates tells how long observations took.
func updates(scores []experiments.ForecastScore) string {
	var times []string
	for _, s := range scores {
		times = append(times, fmt.Sprintf("%s %v", s.Forecaster, s.Update))
	}
	return "an observation took on average: " + strings.Join(times, ", ")
}

func (f *forecastFlags) families() ([]forecast.Family, error) {
	if f.forecasters == "" {
		return forecast.Families(), nil
	}
	var families []forecast.Family
	for name := range strings.SplitSeq(f.forecasters, ",") {
		family, err := forecast.Find(name)
		if err != nil {
			return nil, fmt.Errorf("--forecasters: %w", err)
		}
		if slices.ContainsFunc(families, func(o forecast.Family) bool { return o.Name == name }) {
			return nil, fmt.Errorf("--forecasters: %s is asked for twice", name)
		}
		families = append(families, family)
	}
	return families, nil
}

// counts reads what forecasters are to be judged on. The built-in workload
// brings its zone.
func (f *forecastFlags) counts(ctx context.Context, opt *experiments.BacktestOptions) (*experiments.Counts, trace.Summary, error) {
	if f.tick < time.Second || f.tick > 24*time.Hour {
		return nil, trace.Summary{}, fmt.Errorf("--tick %v is not between 1s and 24h", f.tick)
	}
	o, err := f.read.options(ctx)
	if err != nil {
		return nil, trace.Summary{}, err
	}
	if f.series != "" {
		s, err := trace.LoadSeries(f.series, o)
		if err != nil {
			return nil, trace.Summary{}, err
		}
		return experiments.CountSeries(s), s.Summary(), nil
	}
	var src trace.Source
	if f.trace == "" {
		preset := trace.Presets()[0]
		opt.Zone = preset.Start.Location()
		src, err = preset.Generate(f.read.seed)
	} else {
		src, err = trace.Open(f.trace, o)
	}
	if err != nil {
		return nil, trace.Summary{}, err
	}
	c, err := experiments.CountTrace(src, f.tick, f.by)
	if err != nil {
		return nil, trace.Summary{}, fmt.Errorf("--by, --tick: %w", err)
	}
	return c, src.Summary(), nil
}

func (f *forecastFlags) horizons(c *experiments.Counts) ([]time.Duration, error) {
	switch {
	case f.horizon == "" && f.series != "":
		return []time.Duration{time.Duration(c.Step * 1e9)}, nil
	case f.horizon == "":
		return []time.Duration{max(2*time.Minute, f.tick)}, nil
	}
	var horizons []time.Duration
	for text := range strings.SplitSeq(f.horizon, ",") {
		h, err := time.ParseDuration(text)
		if err != nil || h <= 0 {
			return nil, fmt.Errorf("--horizon: %q is no span such as 2m or 24h", text)
		}
		if slices.Contains(horizons, h) {
			return nil, fmt.Errorf("--horizon: %v is asked for twice", h)
		}
		horizons = append(horizons, h)
	}
	return horizons, nil
}
