package main

import (
	"fmt"
	"strings"
	"time"

	"shadowpool/trace"

	"github.com/spf13/cobra"
)

func newTraceGenerateCommand() *cobra.Command {
	var output string
	var seed uint64
	var days float64
	var presets strings.Builder
	for _, w := range trace.Presets() {
		_, _ = fmt.Fprintf(&presets, "  %-10s %s\n", w.Name, w.About)
	}
	cmd := &cobra.Command{
		Use:   "generate PRESET",
		Short: "Make a workload of known truth",
		Long: `Draws the requests of a named workload and writes them as Parquet. The same
preset, seed and days give the same file.

Presets:
` + strings.TrimSuffix(presets.String(), "\n"),
		Example: `  simulate trace generate platform -o platform.parquet
  simulate trace generate flash -o flash.parquet --seed 7 --days 28`,
		Args: cobra.ExactArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, w := range trace.Presets() {
				names = append(names, w.Name)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := trace.Preset(args[0])
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("days") {
				if !(days > 0 && days <= 3650) {
					return fmt.Errorf("--days is %v, want more than 0 and at most 3650", days)
				}
				w.Span = time.Duration(days * 24 * float64(time.Hour))
			}
			t, err := w.Generate(seed)
			if err != nil {
				return err
			}
			return writeTrace(cmd, output, t)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "Parquet file to write, by path or URL")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "seed of all draws")
	cmd.Flags().Float64Var(&days, "days", 0, "length in days (the preset's own)")
	mustRequire(cmd, "output")
	return cmd
}
