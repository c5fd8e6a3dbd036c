package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"shadowpool/trace"
	"shadowpool/trace/bucket"
	"shadowpool/trace/importers"

	"github.com/spf13/cobra"
)

// newTraceCommand is the group of verbs that make, read and cut traces.
func newTraceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "trace",
		Short: "Import, generate, describe, check and split traces",
		Long: `Traces are tables of past requests in Parquet: when each arrived, how long it
held an instance, and what it needed. Every other verb takes one by --trace.`,
		Example: `  simulate trace import slurm-sacct jobs.txt -o jobs.parquet --timezone Europe/Paris
  simulate trace describe jobs.parquet --timezone Europe/Paris
  simulate trace split jobs.parquet --at 75% -o train.parquet -o test.parquet
  simulate trace generate platform -o platform.parquet --days 14`,
	}
	cmd.AddCommand(
		newTraceImportCommand(), newTraceGenerateCommand(), newTraceDescribeCommand(),
		newTraceValidateCommand(), newTraceSplitCommand(), newTraceLeadtimesCommand(),
	)
	return cmd
}

// readFlags are the flags of the verbs that read a trace.
type readFlags struct {
	columns, timeUnit, durationUnit, start, timezone string
	sort                                             bool
	jitter                                           time.Duration
	seed                                             uint64 // of the jitter
}

func (f *readFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.columns, "columns", "", "names of the file's columns, as in arrival=ts,duration=dur_s")
	cmd.Flags().StringVar(&f.timeUnit, "time-unit", "", "unit of instants that are bare numbers: ns, us, ms or s")
	cmd.Flags().StringVar(&f.durationUnit, "duration-unit", "", "unit of durations that are bare numbers: ns, us, ms or s")
	cmd.Flags().BoolVar(&f.sort, "sort", false, "put requests that are not in order of arrival in order")
	f.addPlace(cmd)
}

// addJitter adds the flags of the verbs that read what is a trace already.
func (f *readFlags) addJitter(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&f.jitter, "jitter", 0, jitterHelp)
	cmd.Flags().Uint64Var(&f.seed, "seed", 1, "number that the jitter is drawn by")
}

const jitterHelp = "move each arrival later by a random part of a `SPAN`: for traces whose instants lie on a grid"

// addPlace adds the flags of where and when a trace is.
func (f *readFlags) addPlace(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.start, "start", "", "when a trace of unknown origin begins, as in 2024-11-15T16:57:50")
	cmd.Flags().StringVar(&f.timezone, "timezone", "UTC", "IANA time zone of local times, hours and days, as in Europe/Paris")
}

func (f *readFlags) options(ctx context.Context) (trace.Options, error) {
	columns, err := trace.ParseColumns(f.columns)
	if err != nil {
		return trace.Options{}, fmt.Errorf("--columns: %w", err)
	}
	timeUnit, err := trace.ParseUnit(f.timeUnit)
	if err != nil {
		return trace.Options{}, fmt.Errorf("--time-unit: %w", err)
	}
	durationUnit, err := trace.ParseUnit(f.durationUnit)
	if err != nil {
		return trace.Options{}, fmt.Errorf("--duration-unit: %w", err)
	}
	return trace.Options{
		Columns: columns, Sort: f.sort, TimeUnit: timeUnit, DurationUnit: durationUnit,
		Start: f.start, Timezone: f.timezone, Jitter: f.jitter, Seed: f.seed, Open: bucket.Opener(ctx),
	}, nil
}

func (f *readFlags) zone() (*time.Location, error) {
	zone, err := time.LoadLocation(f.timezone)
	if err != nil {
		return nil, fmt.Errorf("--timezone %q is no IANA time zone such as Europe/Paris", f.timezone)
	}
	return zone, nil
}

// openInputs opens the files of an import, "-" being standard input.
func openInputs(cmd *cobra.Command, paths []string) (inputs []importers.Input, closeAll func(), err error) {
	var files []io.Closer
	closeAll = func() {
		for _, f := range files {
			_ = f.Close() // only read
		}
	}
	for _, path := range paths {
		if path == "-" {
			inputs = append(inputs, importers.Input{Name: "standard input", Reader: cmd.InOrStdin()})
			continue
		}
		f, err := os.Open(path)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		files = append(files, f)
		inputs = append(inputs, importers.Input{Name: path, Reader: f})
	}
	return inputs, closeAll, nil
}
