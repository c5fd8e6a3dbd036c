package main

import (
	"fmt"
	"math"

	"shadowpool/trace"

	"github.com/spf13/cobra"
)

func newTraceSplitCommand() *cobra.Command {
	var flags readFlags
	var points, outputs []string
	cmd := &cobra.Command{
		Use:   "split FILE",
		Short: "Cut a trace in time, as into a part to fit on and one to test on",
		Long: `Cuts a trace at one or more instants and writes the parts, first to last, each
to its own --output. An instant is a share of the time span (75%), a span from
the first arrival (96h, 14d) or a time (2026-06-15T00:00:00, local to
--timezone). A request that arrives at a cut belongs to the later part.`,
		Example: `  simulate trace split jobs.parquet --at 75% -o train.parquet -o test.parquet
  simulate trace split jobs.parquet --at 7d --at 14d -o a.parquet -o b.parquet -o c.parquet`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(points) == 0 {
				points = []string{"75%"}
			}
			if len(outputs) != len(points)+1 {
				return fmt.Errorf("%d cuts make %d parts, but --output names %d files", len(points), len(points)+1, len(outputs))
			}
			o, err := flags.options(cmd.Context())
			if err != nil {
				return err
			}
			zone, err := flags.zone()
			if err != nil {
				return err
			}
			t, err := trace.Load(args[0], o)
			if err != nil {
				return err
			}
			cuts := []int64{math.MinInt64}
			for _, text := range points {
				at, err := t.Summary().Point(text, zone)
				if err != nil {
					return fmt.Errorf("--at: %w", err)
				}
				if at <= cuts[len(cuts)-1] {
					return fmt.Errorf("--at %s does not come after the cut before it", text)
				}
				cuts = append(cuts, at)
			}
			cuts = append(cuts, math.MaxInt64)
			for i, path := range outputs {
				part := t.Between(cuts[i], cuts[i+1])
				if err := writeTrace(cmd, path, part); err != nil {
					return err
				}
			}
			return nil
		},
	}
	flags.add(cmd)
	flags.addJitter(cmd)
	cmd.Flags().StringArrayVar(&points, "at", nil, "where to cut, once per cut: 75%, 96h, 14d or an instant (75% if not given)")
	cmd.Flags().StringArrayVarP(&outputs, "output", "o", nil, "Parquet file of each part, by path or URL, once per part")
	mustRequire(cmd, "output")
	return cmd
}
