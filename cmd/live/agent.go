package main

import (
	"fmt"
	"log/slog"
	"os"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"shadowpool/runtime/agent"
)

// variables are where an agent finds what its server has told its instance.
var variables = struct{ url, token, ca string }{"SHADOWPOOL_AGENT_URL", "SHADOWPOOL_AGENT_TOKEN", "SHADOWPOOL_AGENT_CA"}

func agentCommand() *cobra.Command {
	var opt agent.Options
	var startOn string
	var quiet bool
	c := &cobra.Command{
		Use: "agent [-- COMMAND [ARGUMENT...]]", Short: "Run in an instance: make it warm, and hand it over",
		Long: `agent registers with the server, is told a plan of what the next requests are
expected to need, and does that ahead: it reads datasets into a cache on disk and
files into the page cache, and runs commands, as an unprivileged user. When the
instance is promoted it stops all that within a second, puts the configuration of
the request in its place, and leaves the instance to it.

The server gives each instance what its agent needs to know:

  SHADOWPOOL_AGENT_URL     where the server is; https, unless on this machine
  SHADOWPOOL_AGENT_TOKEN   the instance's own token
  SHADOWPOOL_AGENT_CA      certificates that are trusted beside the system's

A command is the instance's service. The agent starts it at once, or, with
--start-on promote, when a request comes, and then with the request's environment.
It finds there:

  SHADOWPOOL_FILES         folder with the request's files
  SHADOWPOOL_SECRETS       folder in memory with its secrets, one file each
  SHADOWPOOL_PROMOTION     file that says that all is there (JSON), made last
  SHADOWPOOL_DATASETS      folder with the datasets that are there whole
  SHADOWPOOL_DATA_URL      datasets by name over HTTP, with ranges: from the disk
                           as far as they are there, else from where they are

All of that goes when the agent ends, even if it is killed. An agent whose server
is gone tries again and again, and after a while, which the server's configuration
says, finishes what it serves and ends.

  live agent -- jupyter lab --port 8888
  live agent --start-on promote --ready-line 'listening on (\S+)' -- ./serve`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			switch startOn {
			case "launch":
			case "promote":
				opt.OnPromote = true
			default:
				return usage(fmt.Errorf("--start-on %q is neither launch nor promote", startOn))
			}
			if dash := c.ArgsLenAtDash(); len(args) > 0 && dash != 0 {
				return usage(fmt.Errorf("a command comes after --, as in live agent -- %s", args[0]))
			}
			level := slog.LevelInfo
			if quiet {
				level = slog.LevelWarn
			}
			opt.Command, opt.Out, opt.Errs = args, os.Stdout, os.Stderr
			opt.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
			fill(&opt.Server, variables.url)
			fill(&opt.Authority, variables.ca)
			fill(&opt.Token, variables.token)
			ctx, cancel := interrupted(c.Context())
			defer cancel()
			return agent.Run(ctx, opt)
		},
	}
	f := c.Flags()
	f.StringVar(&opt.Server, "server", "", "`URL` of the server (default $SHADOWPOOL_AGENT_URL)")
	f.StringVar(&opt.Authority, "ca", "", "`FILE` with certificates that are trusted beside the system's (default $SHADOWPOOL_AGENT_CA)")
	f.StringVar(&startOn, "start-on", "launch", "when to start the command: `launch` or promote")
	f.StringVar(&opt.ReadyLine, "ready-line", "", "regular expression (RE2) that a line of the command's output matches when it is ready; its group is the instance's address")
	f.StringVar(&opt.Address, "address", "", "where the instance is reached, if the command does not say it")
	f.StringVar(&opt.State, "state", "", "`FOLDER` in which the agent makes one of its own (default the system's temporary one)")
	f.StringVar(&opt.Memory, "secrets", "", "`FOLDER` in memory for secrets (default one on a tmpfs, if there is any)")
	f.DurationVar(&opt.OrphanTimeout, "orphan-timeout", 10*time.Minute, "how long to try to reach a server that was never reached")
	f.DurationVar(&opt.StopGrace, "stop-grace", 3*time.Second, "how long the command may take to end when it is asked to")
	f.BoolVar(&quiet, "quiet", false, "log only what goes wrong")
	return c
}

// fill sets what no flag has from the environment, which then forgets it.
func fill(to *string, variable string) {
	if *to == "" {
		*to = os.Getenv(variable)
	}
	_ = os.Unsetenv(variable)
}

// confineCommand is what an agent starts beside itself.
func confineCommand() *cobra.Command {
	return &cobra.Command{
		Use: "confine", Short: "Run a command of the predictive workload", Hidden: true,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			syscall.Exit(agent.Confine(args, os.Stdin, os.Stdout)) // at once: there is nothing to clear up
			return nil
		},
	}
}
