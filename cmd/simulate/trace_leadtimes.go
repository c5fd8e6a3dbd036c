package main

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"shadowpool/trace/importers"

	"github.com/spf13/cobra"
)

func newTraceLeadtimesCommand() *cobra.Command {
	var flags importFlags
	var output, stage string
	cmd := &cobra.Command{
		Use:   "leadtimes FORMAT FILE...",
		Short: "Collect samples of lead-time stages, for --lead-time empirical:FILE",
		Long: `Writes how long instances took from one stage of their start to the next, as
the source recorded it: one CSV row stage,latency_ms a sample; or, where
--output does not end in .csv, one latency in seconds a line, of one stage.
Without --output the CSV goes to standard output.

Formats that hold stages:
` + stageTable(),
		Example: `  kubectl get events -A -o json | simulate trace leadtimes kubernetes-events - -o stages.csv
  simulate trace leadtimes kubernetes-events events.json --stage pull -o pull.txt
  simulate --lead-time empirical:pull.txt`,
		Args:              cobra.MinimumNArgs(2),
		ValidArgsFunction: completeFormats,
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := flags.options(cmd.Context(), args[1:])
			if err != nil {
				return err
			}
			o.Stages = true
			inputs, closeAll, err := openInputs(cmd, args[1:])
			if err != nil {
				return err
			}
			defer closeAll()
			r, err := importers.Import(args[0], inputs, o)
			if err != nil {
				return err
			}
			samples, err := ofStage(r.Stages, stage)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			reportDropped(cmd.ErrOrStderr(), r)
			if output == "" {
				return writeStagesCSV(cmd.OutOrStdout(), samples)
			}
			write := writeSeconds
			if strings.HasSuffix(output, ".csv") {
				write = writeStagesCSV
			} else if names := stageNames(samples); len(names) > 1 {
				return fmt.Errorf("there are several stages (%s): choose one by --stage, or write a .csv", strings.Join(names, ", "))
			}
			if err := writeTo(output, samples, write); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.ErrOrStderr(), "%s: %d samples\n", output, len(samples))
			return err
		},
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&stage, "stage", "", "only samples of this stage")
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write: stage,latency_ms if it ends in .csv, else seconds a line")
	return cmd
}

func stageTable() string {
	var b strings.Builder
	for _, f := range importers.Formats() {
		if len(f.Stages) > 0 {
			_, _ = fmt.Fprintf(&b, "  %-20s %s\n", f.Name, strings.Join(f.Stages, ", "))
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// ofStage keeps the samples of a stage, all if it is empty.
func ofStage(samples []importers.Sample, stage string) ([]importers.Sample, error) {
	if len(samples) == 0 {
		return nil, fmt.Errorf("no stage of any lead time in it")
	}
	if stage == "" {
		return samples, nil
	}
	names := stageNames(samples)
	samples = slices.DeleteFunc(samples, func(s importers.Sample) bool { return s.Stage != stage })
	if len(samples) == 0 {
		return nil, fmt.Errorf("no stage %q; there are %s", stage, strings.Join(names, ", "))
	}
	return samples, nil
}

func stageNames(samples []importers.Sample) []string {
	seen := map[string]bool{}
	for _, s := range samples {
		seen[s.Stage] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

func writeTo(path string, samples []importers.Sample, write func(io.Writer, []importers.Sample) error) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if closing := f.Close(); err == nil {
			err = closing
		}
	}()
	return write(f, samples)
}

func writeStagesCSV(w io.Writer, samples []importers.Sample) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"stage", "latency_ms"}) // errors show in Error below
	for _, s := range samples {
		ms := float64(s.Latency) / float64(time.Millisecond)
		_ = out.Write([]string{s.Stage, strconv.FormatFloat(ms, 'f', -1, 64)})
	}
	out.Flush()
	return out.Error()
}

func writeSeconds(w io.Writer, samples []importers.Sample) error {
	out := bufio.NewWriter(w)
	_, _ = fmt.Fprintf(out, "# latency in seconds, stage %s\n", samples[0].Stage)
	for _, s := range samples {
		_, _ = out.WriteString(strconv.FormatFloat(s.Latency.Seconds(), 'f', -1, 64) + "\n")
	}
	return out.Flush()
}
