package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"shadowpool/trace"
	"shadowpool/trace/importers"

	"github.com/spf13/cobra"
)

// importFlags are the flags of the verbs that read foreign formats.
type importFlags struct {
	readFlags
	name, duration, values string
	seed                   uint64
	prefill, decode        time.Duration
}

func (f *importFlags) add(cmd *cobra.Command) {
	f.readFlags.add(cmd)
	cmd.Flags().StringVar(&f.name, "name", "", "what reports call the trace (the first file's name)")
	cmd.Flags().StringVar(&f.duration, "duration", "", "law of durations where the source has none: 60s, lognormal:median=45s,p99=120s, pareto:min=30s,shape=1.2")
	cmd.Flags().StringVar(&f.values, "values", "counter", "what Prometheus series hold: counter, rate (per second) or count (per step)")
	cmd.Flags().Uint64Var(&f.seed, "seed", 1, "seed of what is drawn at random: arrivals within a count's interval, durations")
	cmd.Flags().DurationVar(&f.prefill, "prefill", importers.DefaultPrefill, "time per input token (azure-llm)")
	cmd.Flags().DurationVar(&f.decode, "decode", importers.DefaultDecode, "time per output token (azure-llm)")
}

func (f *importFlags) options(ctx context.Context, paths []string) (importers.Options, error) {
	table, err := f.readFlags.options(ctx)
	if err != nil {
		return importers.Options{}, err
	}
	zone, err := f.zone()
	if err != nil {
		return importers.Options{}, err
	}
	if f.prefill <= 0 || f.decode <= 0 {
		return importers.Options{}, fmt.Errorf("--prefill and --decode must be above 0")
	}
	o := importers.Options{
		Name: f.name, Seed: f.seed, Location: zone, Prefill: f.prefill, Decode: f.decode,
		Values: f.values, Start: f.start, Table: table,
	}
	if f.duration != "" {
		if o.Duration, err = trace.ParseDistribution(f.duration); err != nil {
			return importers.Options{}, fmt.Errorf("--duration: %w", err)
		}
	}
	if o.Name == "" && len(paths) > 0 && paths[0] != "-" {
		o.Name = strings.TrimSuffix(filepath.Base(paths[0]), ".gz")
		o.Name = strings.TrimSuffix(o.Name, filepath.Ext(o.Name))
	}
	return o, nil
}

func newTraceImportCommand() *cobra.Command {
	var flags importFlags
	var output string
	cmd := &cobra.Command{
		Use:   "import FORMAT FILE...",
		Short: "Turn a log, a public trace or an API's answer into a Parquet trace",
		Long: `Reads files of one format (plain or gzip; - is standard input) and writes their
requests as Parquet, in order of arrival. What is left out is counted by reason
on standard error; input that breaks its format is an error.

Formats:
` + formatTable(func(importers.Format) bool { return true }),
		Example: `  sacct --allusers --parsable2 --format=JobID,Submit,Start,End,Partition,User,NCPUS |
    simulate trace import slurm-sacct - -o jobs.parquet --timezone Europe/Paris
  simulate trace import swf NASA-iPSC-1993-3.1-cln.swf.gz -o nasa.parquet
  simulate trace import azure-functions-2019 invocations.csv durations.csv -o day.parquet --seed 7
  simulate trace import prometheus range.json -o api.parquet --values rate \
    --duration lognormal:median=2s,p99=30s
  simulate trace import csv jobs.csv -o jobs.parquet --columns arrival=ts,duration=dur_s`,
		Args:              cobra.MinimumNArgs(2),
		ValidArgsFunction: completeFormats,
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := flags.options(cmd.Context(), args[1:])
			if err != nil {
				return err
			}
			inputs, closeAll, err := openInputs(cmd, args[1:])
			if err != nil {
				return err
			}
			defer closeAll()
			r, err := importers.Import(args[0], inputs, o)
			if err != nil {
				return err
			}
			reportDropped(cmd.ErrOrStderr(), r)
			return writeTrace(cmd, output, r.Trace)
		},
	}
	flags.add(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "", "Parquet file to write, by path or URL")
	mustRequire(cmd, "output")
	return cmd
}

func reportDropped(w io.Writer, r *importers.Result) {
	for _, d := range r.Dropped {
		_, _ = fmt.Fprintf(w, "left out %d: %s\n", d.Count, d.Reason)
	}
}

// formatTable lists formats for help texts, in 100 columns.
func formatTable(which func(importers.Format) bool) string {
	var b strings.Builder
	for _, f := range importers.Formats() {
		if which(f) {
			_, _ = fmt.Fprintf(&b, "  %-21s %s\n      %s\n", f.Name, f.Inputs, f.About)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func completeFormats(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var names []string
	for _, f := range importers.Formats() {
		names = append(names, f.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// mustRequire marks a flag as needed. It panics only where the flag does not
// exist, which is a slip in this package.
func mustRequire(cmd *cobra.Command, flag string) {
	if err := cmd.MarkFlagRequired(flag); err != nil {
		panic(err)
	}
}
