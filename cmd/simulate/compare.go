package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"shadowpool/experiments"
	"shadowpool/policy"
	"shadowpool/sim"

	"github.com/spf13/cobra"
)

// comparedPolicies are those that a comparison shows when none are named.
func comparedPolicies(reusable bool) []policy.Spec {
	specs := parse("static:level=14", "static:level=3", "headroom:share=0.5", "schedule:hit_rate=0.95",
		"static-rolling:hit_rate=0.95", "ewma:quantile=0.995", "adaptive:hit_rate=0.95")
	if reusable {
		specs = append(specs, parse("keepalive:ttl=10m")...)
	}
	return specs
}

func newCompareCommand() *cobra.Command {
	f := &studyFlags{}
	cmd := &cobra.Command{
		Use:   "compare",
		Short: "Compare policies on one trace, side by side",
		Long: `Replays the trace against each policy and puts the figures side by side: the
share of requests that found an instance warm (hit), how long requests waited,
what was wasted (idle, and launching for nothing), what it cost, and how many
instances were launched for each request. None, which keeps no pool, and oracle,
which sees the future, always stand beside.

Policies are NAME or NAME:key=value,...; a comma before a new name separates them.

` + policyList(true),
		Example: `  simulate compare --trace requests.parquet --measure-from 25%
  simulate compare --policies static:level=5,ewma:quantile=0.99,adaptive:hit_rate=0.99
  simulate compare --trace jobs.csv.gz --pooled --lead-time lognormal:median=45s,p99=120s
  simulate compare --trace jobs.csv.gz --reusable --policies keepalive:ttl=600s --out report
  simulate compare --config pool.yaml --trace requests.parquet --format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := f.open(cmd, comparedPolicies, false)
			if err != nil {
				return err
			}
			if s.parted(cmd) && f.of > 0 {
				return s.writePart(cmd, "compare", experiments.WithBounds(s.specs))
			}
			results, err := s.bench.Compare(cmd.Context(), s.specs)
			s.bar.end()
			if err != nil {
				return err
			}
			c := experiments.Comparison{Trace: s.bench.TraceInfo(), Config: s.bench.Setup(), Results: results}
			if err := s.write(cmd, c, results, func(w io.Writer) error {
				return experiments.WriteTable(w, results)
			}); err != nil {
				return failed(err)
			}
			return s.report(cmd, experiments.Report{Comparison: &c})
		},
	}
	f.add(cmd)
	f.addParts(cmd)
	return cmd
}

// policyList names all policies with what they do, and their parameters with
// their defaults.
func policyList(parameters bool) string {
	var b strings.Builder
	line := func(name, text string) { fmt.Fprintf(&b, "  %-15s %s\n", name, wrapped(text, 80, 18)) }
	for _, family := range append(policy.Families(), experiments.Named()...) {
		line(family.Name, family.Summary)
		for _, p := range family.Params {
			if parameters {
				line("", fmt.Sprintf("  %s=%s: %s", p.Name, cmp.Or(p.Default, "..."), p.Help))
			}
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// wrapped breaks text into lines of at most width, all but the first indented.
func wrapped(text string, width, indent int) string {
	var b strings.Builder
	column := 0
	for word := range strings.SplitSeq(text, " ") {
		if column+len(word) > width {
			b.WriteString("\n" + strings.Repeat(" ", indent+4))
			column = 4
		} else if column > 0 || b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
		column += len(word) + 1
	}
	return b.String()
}

// write puts the answer on standard output in the format asked for.
func (s *study) write(cmd *cobra.Command, answer any, results []*sim.Result, table func(io.Writer) error) error {
	return write(cmd, s.flags.format, s.flags.quiet, s.bench.Heading(), answer, results, table)
}

func write(cmd *cobra.Command, format string, quiet bool, heading string, answer any, results []*sim.Result, table func(io.Writer) error) error {
	w := cmd.OutOrStdout()
	if format != "table" && !quiet {
		_, _ = fmt.Fprint(cmd.ErrOrStderr(), heading) // a note
	}
	switch format {
	case "json":
		return experiments.WriteJSON(w, answer)
	case "csv":
		return experiments.WriteCSV(w, results)
	default:
		if _, err := fmt.Fprintf(w, "%s\n", heading); err != nil {
			return err
		}
		return table(w)
	}
}
