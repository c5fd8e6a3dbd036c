// Command live runs a warm pool: a server that hands out instances which it
// has made before they were asked for, and its clients.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"shadowpool/runtime/api"
)

func main() { os.Exit(run(os.Args[1:])) }

// run returns the exit status: 0 done, 1 failed, 2 bad usage or bad input.
func run(args []string) int {
	root := &cobra.Command{
		Use:   "live",
		Short: "A live warm pool: serve instances, claim them, record and verify",
		Long: `live runs a warm pool: instances that are made before they are asked for, and
handed out at once.

  live serve                 a pool of two processes on localhost:8080, no configuration
  live claim                 take an instance and print its address
  live release CLAIM         give it back
  live status                what the pool does
  live agent -- COMMAND      in an instance: make it warm, and hand it over
`,
		Version:       version(),
		Args:          arguments(cobra.NoArgs),
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		SilenceErrors: true, SilenceUsage: true,
	}
	root.AddCommand(serveCommand(), claimCommand(), releaseCommand(), statusCommand(), drainCommand(), replayCommand(), verifyCommand(), workerCommand())
	root.AddCommand(claimsCommand(), instancesCommand(), hintCommand(), pauseCommand(), resumeCommand(), resetCommand(), invalidateCommand(), tokenCommand(), healthCommand(), configureCommand(), reopenCommand(), tournamentCommand(), retuneCommand(), agentCommand(), confineCommand())
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage(fmt.Errorf("%w; see %s --help", err, c.CommandPath()))
	})
	root.SetArgs(args)
	err := root.ExecuteContext(context.Background())
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, "live:", err)
	return exitStatus(err)
}

// A usageError is bad usage or bad input.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

func exitStatus(err error) int {
	var bad usageError
	var problem *api.Problem
	if errors.As(err, &bad) || errors.As(err, &problem) && problem.Status == 422 {
		return 2
	}
	return 1
}

// arguments checks the number of a command's arguments, as usage.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usage(fmt.Errorf("%w; usage: %s", err, c.UseLine()))
		}
		return nil
	}
}

// interrupted ends with SIGINT or SIGTERM.
func interrupted(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}

// release is set by the linker: see Makefile.
var release string

// version is the release's, or what the Go tool knows of this program.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (v == "" || v == "(devel)") {
			v = s.Value[:min(12, len(s.Value))]
		}
	}
	if v == "" {
		v = "devel"
	}
	return v
}
