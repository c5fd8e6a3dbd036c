package main

import (
	"encoding/json"
	"fmt"

	"shadowpool/trace"

	"github.com/spf13/cobra"
)

func newTraceDescribeCommand() *cobra.Command {
	var flags readFlags
	var format string
	cmd := &cobra.Command{
		Use:   "describe FILE",
		Short: "Show the shape of a trace: rates, burstiness, classes, durations",
		Long: `Reads a trace (Parquet, or CSV plain or gzip) once and shows the arrivals by hour
and day, how bursty they are, durations, requests in service, and the classes
that take most requests.`,
		Example: `  simulate trace describe jobs.parquet --timezone Europe/Paris
  simulate trace describe genai.csv.gz --start 2024-11-15T16:57:50 --format json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "table" && format != "json" {
				return fmt.Errorf("--format is %q, want table or json", format)
			}
			zone, err := flags.zone()
			if err != nil {
				return err
			}
			o, err := flags.options(cmd.Context())
			if err != nil {
				return err
			}
			src, err := trace.Open(args[0], o)
			if err != nil {
				return err
			}
			d, err := trace.Describe(src, zone)
			if err != nil {
				return err
			}
			if format == "table" {
				return d.WriteText(cmd.OutOrStdout())
			}
			out := json.NewEncoder(cmd.OutOrStdout())
			out.SetIndent("", "  ")
			return out.Encode(d)
		},
	}
	flags.add(cmd)
	flags.addJitter(cmd)
	cmd.Flags().StringVar(&format, "format", "table", "table or json")
	return cmd
}

func newTraceValidateCommand() *cobra.Command {
	var flags readFlags
	cmd := &cobra.Command{
		Use:   "validate FILE...",
		Short: "Check that files are traces that every verb can read",
		Long: `Reads every row of every file. The first row that breaks a rule (a wrong type, a
negative duration, arrivals out of order, a truncated file) is the error, which
names file and place.`,
		Example: `  simulate trace validate jobs.parquet
  simulate trace validate foreign.parquet --columns arrival=submitted,duration=run_s`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := flags.options(cmd.Context())
			if err != nil {
				return err
			}
			for _, path := range args {
				rows, err := countRows(path, o)
				if err != nil {
					return err
				}
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: valid, %d requests\n", path, rows); err != nil {
					return err
				}
			}
			return nil
		},
	}
	flags.add(cmd)
	flags.addJitter(cmd)
	return cmd
}

// countRows reads every row of a trace; reading checks each.
func countRows(path string, o trace.Options) (int64, error) {
	src, err := trace.Open(path, o)
	if err != nil {
		return 0, err
	}
	rows := int64(0)
	for chunk, err := range src.Chunks() {
		if err != nil {
			return rows, err
		}
		rows += int64(chunk.Len())
	}
	return rows, nil
}
