// Command simulate replays traces of requests against policies of a warm
// pool and shows what each would have cost and how long requests would have
// waited.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	root := newRootCommand()
	err := root.ExecuteContext(ctx)
	stop()
	if err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "simulate: %v\n", err) // nowhere else to tell
	}
	os.Exit(exitStatus(err))
}

// newRootCommand is simulate with all its verbs. Without a verb it compares.
func newRootCommand() *cobra.Command {
	root := newCompareCommand()
	root.Use = "simulate"
	root.Short = "Replay requests against policies of a warm pool"
	root.Long = `Replays a trace of requests against policies that decide how many instances a
pool holds warm, and shows what each would have cost and how long requests would
have waited. The same policies, from the same code, run live with the command live.

Without a verb it compares; without a trace it does so on a built-in workload:
three weeks of an interactive data platform, the first of which trains those
policies that need it.

Policies (their parameters: simulate compare --help):
` + policyList(false)
	root.Example = `  simulate                                    compare policies on the built-in workload
  simulate --trace requests.parquet           the same on requests of your own
  simulate frontier --at hit_rate=0.99        what does each policy waste at 99 % hits?
  simulate study --out study                  adaptive against all others, on many traces
  simulate run adaptive --events log.parquet  one policy, with every decision it took
  simulate trace import slurm-sacct jobs.txt -o jobs.parquet`
	root.Version = version()
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "Flags.FlagUsages ", "Flags.FlagUsagesWrapped 100 "))
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(newCompareCommand(), newRunCommand(), newFrontierCommand(), newStudyCommand(), newLadderCommand(), newSweepCommand(),
		newReportCommand(), newPlanCommand(), newMergeCommand(), newForecastCommand(), newTraceCommand())
	return root
}

// A failure is an error that is not the user's: exit status 1, not 2.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

// failed marks an error as a failure.
func failed(err error) error {
	if err == nil {
		return nil
	}
	return failure{err}
}

// exitStatus is 0 when done, 1 when failed, 2 after bad usage or bad input.
func exitStatus(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.As(err, &failure{}), errors.Is(err, context.Canceled):
		return 1
	default:
		return 2
	}
}
