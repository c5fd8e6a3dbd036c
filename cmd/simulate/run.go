package main

import (
	"fmt"
	"io"

	"shadowpool/experiments"
	"shadowpool/policy"
	"shadowpool/sim"

	"github.com/spf13/cobra"
)

// decisions tell two runs that decided alike from others.
type decisions struct {
	Count  int64  `json:"count"`
	CRC32C string `json:"crc32c"`
}

// single is the JSON of run: a comparison of one, and its decisions.
type single struct {
	experiments.Comparison
	Decisions *decisions `json:"decisions,omitempty"`
}

func newRunCommand() *cobra.Command {
	f := &studyFlags{shortfall: true}
	var events string
	cmd := &cobra.Command{
		Use:   "run [POLICY]",
		Short: "Run one policy, with a log of every decision",
		Long: `Replays the trace against one policy (the configuration's, or adaptive) and shows
all its figures, and where the requests fall that did not hit: by hour of the week,
in episodes, and by tenant. With --events it writes every action of the controller, in order
and with its reason, as Parquet: time, action (launch, assign, end, move, stop, resume,
replace), reason, outcome (hit, partial_hit, miss), category, instance and request (the
row of the trace).

The number of decisions and their checksum tell whether two runs decided alike.`,
		Example: `  simulate run static:level=20 --trace requests.parquet --pooled
  simulate run adaptive:hit_rate=0.95 --events decisions.parquet --format json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				if f.policies != "" {
					return fmt.Errorf("the policy is named twice: %s and --policies %s", args[0], f.policies)
				}
				f.policies = args[0]
			}
			named := f.policies != "" || f.config != ""
			s, err := f.open(cmd, func(bool) []policy.Spec {
				if named {
					return nil
				}
				return parse("adaptive")
			}, false)
			if err != nil {
				return err
			}
			if len(s.specs) != 1 {
				return fmt.Errorf("run takes one policy, not %d; to see several use compare", len(s.specs))
			}
			return s.run(cmd, events)
		},
	}
	f.add(cmd)
	f.addParts(cmd)
	cmd.Flags().StringVar(&events, "events", "", "`FILE` for the decision log, as Parquet")
	cmd.MarkFlagsMutuallyExclusive("events", "parts")
	cmd.MarkFlagsMutuallyExclusive("events", "part")
	return cmd
}

func (s *study) run(cmd *cobra.Command, events string) error {
	var log *policy.Log
	var file *eventFile
	parted := s.parted(cmd)
	if s.flags.of > 0 {
		return s.writePart(cmd, "run", s.specs)
	}
	if !parted && (s.specs[0].Name != "oracle" || events != "") { // a part does not know the instances' numbers
		log = policy.NewLog(nil)
	}
	if events != "" {
		var err error
		if file, err = createEvents(events, s.fleet); err != nil {
			return failed(err)
		}
		log = policy.NewLog(file.write)
	}
	res, err := s.bench.Run(cmd.Context(), s.specs[0], log)
	s.bar.end()
	if file != nil {
		if err = file.close(err); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	answer := single{Comparison: experiments.Comparison{
		Trace: s.bench.TraceInfo(), Config: s.bench.Setup(), Results: []*sim.Result{res},
	}}
	if log != nil {
		count, sum := log.Digest()
		answer.Decisions = &decisions{count, fmt.Sprintf("%08x", sum)}
	}
	if err := s.write(cmd, answer, answer.Results, func(w io.Writer) error {
		if err := experiments.WriteDetails(w, res); err != nil {
			return err
		}
		if log != nil {
			if _, err := fmt.Fprintf(w, "decisions            %d, crc32c %s\n", answer.Decisions.Count, answer.Decisions.CRC32C); err != nil {
				return err
			}
		}
		return experiments.WriteShortfall(w, res, s.zone)
	}); err != nil {
		return failed(err)
	}
	return s.report(cmd, experiments.Report{Comparison: &answer.Comparison})
}
