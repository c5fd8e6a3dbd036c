package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"shadowpool/experiments"

	"github.com/spf13/cobra"
)

func newMergeCommand() *cobra.Command {
	var format string
	var quiet bool
	cmd := &cobra.Command{
		Use:   "merge PART...",
		Short: "Put the parts of a split run together",
		Long: `Takes what compare --part 0/N, 1/N, ... wrote (or run --part), one file each, and
prints what compare without --part would have printed, to the byte (run without its
number of decisions and their checksum). All parts are needed; which are missing,
or are of something else, it says.`,
		Example: `  simulate compare --trace big.parquet --policies static:level=5 --part 0/2 > 0.json
  simulate compare --trace big.parquet --policies static:level=5 --part 1/2 > 1.json
  simulate merge 0.json 1.json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			verb, parts, err := readParts(args)
			if err != nil {
				return err
			}
			c, err := experiments.MergeParts(parts)
			if err != nil {
				return err
			}
			return writeMerged(cmd, verb, c, format, quiet)
		},
	}
	cmd.Flags().StringVar(&format, "format", "table", "of standard output: `table`, json or csv")
	cmd.Flags().BoolVar(&quiet, "quiet", false, "no notes on standard error")
	return cmd
}

// readParts reads files that the same verb has written.
func readParts(paths []string) (verb string, parts []*experiments.ComparisonPart, err error) {
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return "", nil, err
		}
		var p partFile
		if err := json.Unmarshal(text, &p); err != nil {
			return "", nil, fmt.Errorf("%s: %w", path, err)
		}
		if p.ComparisonPart == nil || p.Of == 0 {
			return "", nil, fmt.Errorf("%s is not what compare --part or run --part writes", path)
		}
		if verb == "" {
			verb = p.Verb
		}
		if p.Verb != verb {
			return "", nil, fmt.Errorf("%s is of %s --part, %s of %s --part", path, p.Verb, paths[0], verb)
		}
		parts = append(parts, p.ComparisonPart)
	}
	return verb, parts, nil
}

// writeMerged writes what the verb would have written.
func writeMerged(cmd *cobra.Command, verb string, c *experiments.Comparison, format string, quiet bool) error {
	zone, err := time.LoadLocation(c.Config.Timezone)
	if err != nil {
		return err
	}
	table := func(w io.Writer) error { return experiments.WriteTable(w, c.Results) }
	if verb == "run" {
		table = func(w io.Writer) error {
			if err := experiments.WriteDetails(w, c.Results[0]); err != nil {
				return err
			}
			return experiments.WriteShortfall(w, c.Results[0], zone)
		}
	}
	return failed(write(cmd, format, quiet, c.Heading(), c, c.Results, table))
}
