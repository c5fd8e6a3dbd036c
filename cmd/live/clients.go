package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"shadowpool/policy/config"
	"shadowpool/runtime"
	"shadowpool/runtime/api"
)

// clientFlags are those of every client.
type clientFlags struct {
	server string
	format string
	reach  api.ClientOptions
}

func (f *clientFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.server, "server", config.DefaultListen, "the server's address")
	c.Flags().StringVar(&f.format, "format", "table", "table or json")
	c.Flags().StringVar(&f.reach.TokenFile, "token-file", "", "the file that has the token (default: it is in "+api.TokenVariable+")")
	c.Flags().StringVar(&f.reach.CAFile, "ca-file", "", "certificates to check the server's against (default: the system's)")
	c.Flags().StringVar(&f.reach.CertFile, "cert-file", "", "a certificate to show the server")
	c.Flags().StringVar(&f.reach.KeyFile, "key-file", "", "the key of that certificate")
}

func (f *clientFlags) client() (*api.Client, error) {
	if f.format != "table" && f.format != "json" {
		return nil, usage(fmt.Errorf("--format %q is neither table nor json", f.format))
	}
	c, err := api.NewClient(f.server, f.reach)
	return c, usage(err)
}

// print writes v as JSON, or as the table that table writes.
func (f *clientFlags) print(v any, table func(w io.Writer)) error {
	if f.format == "json" {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	table(w)
	return w.Flush()
}

func claimCommand() *cobra.Command {
	var flags clientFlags
	var q api.ClaimRequest
	var brings brings
	var deadline, hold time.Duration
	c := &cobra.Command{
		Use: "claim", Short: "Wait for an instance and take it",
		Long: `claim waits until an instance is promoted and prints its claim and address. It is
yours until "live release CLAIM", or, with --hold, until that time is over.`,
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := flags.client()
			if err != nil {
				return err
			}
			ctx, cancel := interrupted(c.Context())
			defer cancel()
			q.DeadlineS = deadline.Seconds()
			if err := brings.add(&q); err != nil {
				return usage(err)
			}
			claim, err := client.Claim(ctx, q)
			if err != nil {
				return err
			}
			err = flags.print(claim, func(w io.Writer) {
				fmt.Fprintf(w, "claim\t%s\naddress\t%s\ninstance\t%s\npid\t%d\noutcome\t%s\nwait\t%.6f s\n",
					claim.Claim, claim.Address, claim.Instance, claim.PID, claim.Outcome, claim.WaitS)
			})
			if err != nil || hold == 0 {
				return err
			}
			select {
			case <-time.After(hold):
			case <-ctx.Done():
			}
			return client.Release(c.Context(), claim.Claim)
		},
	}
	flags.add(c)
	c.Flags().StringVar(&q.Category, "category", "", "kind of instance; may be left out where the server has one")
	c.Flags().StringVar(&q.Tenant, "tenant", "", "who asks")
	c.Flags().StringVar(&q.TaskType, "task-type", "", "what for")
	c.Flags().StringVar(&q.Zone, "zone", "", "where (default anywhere)")
	c.Flags().StringVar(&q.Image, "image", "", "with which image")
	c.Flags().StringVar(&q.Dataset, "dataset", "", "the data it works on")
	c.Flags().StringVar(&q.Warm, "warm", "", "prefer (the default), require or never: whether it must, or must not, get a warm instance")
	brings.flags(c.Flags(), &q)
	c.Flags().DurationVar(&deadline, "deadline", 0, "how long to wait at most (0: the server's default)")
	c.Flags().DurationVar(&hold, "hold", 0, "hold it for so long, then release it (0: leave that to live release)")
	return c
}

func releaseCommand() *cobra.Command {
	var flags clientFlags
	c := &cobra.Command{
		Use: "release CLAIM...", Short: "Give claimed instances back",
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, claims []string) error {
			client, err := flags.client()
			if err != nil {
				return err
			}
			for _, claim := range claims {
				if err := client.Release(c.Context(), claim); err != nil {
					return fmt.Errorf("claim %s: %w", claim, err)
				}
			}
			return nil
		},
	}
	flags.add(c)
	return c
}

func statusCommand() *cobra.Command {
	var flags clientFlags
	var watched bool
	c := &cobra.Command{
		Use: "status", Short: "Show what a server does and has done",
		Long: `status prints what a server does and has done. With --watch it shows levels, waits
and the latest decisions, drawn anew every second; NO_COLOR=1 leaves colours out.`,
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := flags.client()
			if err != nil {
				return err
			}
			if watched {
				if flags.format != "table" {
					return usage(fmt.Errorf("--watch and --format %s exclude each other; /v1/dashboard/events has the same as JSON", flags.format))
				}
				ctx, cancel := interrupted(c.Context())
				defer cancel()
				return watch(ctx, client, os.Stdout)
			}
			s, err := client.Status(c.Context())
			if err != nil {
				return err
			}
			return flags.print(s, func(w io.Writer) { writeStatus(w, &s) })
		},
	}
	flags.add(c)
	c.Flags().BoolVar(&watched, "watch", false, "draw it anew every second, until interrupted")
	return c
}

func drainCommand() *cobra.Command {
	var flags clientFlags
	var wait bool
	c := &cobra.Command{
		Use: "drain", Short: "Make a server take no new claims and end what is idle",
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := flags.client()
			if err != nil {
				return err
			}
			ctx, cancel := signal.NotifyContext(c.Context(), os.Interrupt)
			defer cancel()
			s, err := client.Drain(ctx)
			for wait && err == nil && busy(&s) {
				select {
				case <-time.After(200 * time.Millisecond):
					s, err = client.Status(ctx)
				case <-ctx.Done():
					err = ctx.Err()
				}
			}
			if err != nil {
				return err
			}
			return flags.print(s, func(w io.Writer) { writeStatus(w, &s) })
		},
	}
	flags.add(c)
	c.Flags().BoolVar(&wait, "wait", false, "until every claim is released")
	return c
}

func busy(s *runtime.Status) bool {
	for _, p := range s.Pools {
		if p.InUse+p.Waiting > 0 {
			return true
		}
	}
	return false
}

func writeStatus(w io.Writer, s *runtime.Status) {
	state := "serving"
	if s.Draining {
		state = "draining"
	}
	if s.DryRun {
		state += ", dry run"
	}
	fmt.Fprintf(w, "%s, policy %s, up %v\n", state, s.Policy, time.Duration(s.UptimeS*1e9).Round(time.Second))
	fmt.Fprintf(w, "%d requests: %d hits, %d partial hits, %d misses (hit rate %.4f, mean wait %.4f s); %d withdrawn\n",
		s.Requests, s.Hits, s.PartialHits, s.Misses, s.HitRate, s.WaitMeanS, s.Withdrawn)
	fmt.Fprintf(w, "%d launches (%d failed), %d terminations, %d lost\n", s.Launches, s.FailedLaunches, s.Terminations, s.Lost)
	if s.RecordingError != "" {
		fmt.Fprintln(w, s.RecordingError)
	}
	fmt.Fprintln(w, "\ncategory\tlevel\twarm\tlaunching\twaiting\tin use")
	for _, p := range s.Pools {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\n", p.Category, p.Level, p.Warm, p.Launching, p.Waiting, p.InUse)
	}
	writeUsage(w, s)
}
