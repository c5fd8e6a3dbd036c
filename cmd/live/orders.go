package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"shadowpool/runtime/api"
)

func pauseCommand() *cobra.Command {
	return poolCommand("pause", "Launch nothing for pools until live resume", (*api.Client).Pause)
}

func resumeCommand() *cobra.Command {
	return poolCommand("resume", "Launch for pools again", (*api.Client).Resume)
}

func resetCommand() *cobra.Command {
	return poolCommand("reset", "Forget the failures for which pools do not launch", (*api.Client).Reset)
}

// poolCommand gives an order for pools, all of them where none is named.
func poolCommand(verb, short string, order func(*api.Client, context.Context, string) error) *cobra.Command {
	var flags clientFlags
	c := &cobra.Command{
		Use: verb + " [POOL...]", Short: short,
		RunE: func(c *cobra.Command, pools []string) error {
			client, err := flags.client()
			if err != nil {
				return err
			}
			if len(pools) == 0 {
				pools = []string{""}
			}
			for _, pool := range pools {
				if err := order(client, c.Context(), pool); err != nil {
					return fmt.Errorf("pool %s: %w", pool, err)
				}
			}
			return nil
		},
	}
	flags.add(c)
	return c
}

func reopenCommand() *cobra.Command {
	var flags clientFlags
	c := &cobra.Command{
		Use: "reopen", Short: "Take a drain back: take claims again",
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := flags.client()
			if err != nil {
				return err
			}
			return client.Reopen(c.Context())
		},
	}
	flags.add(c)
	return c
}

func invalidateCommand() *cobra.Command {
	var flags clientFlags
	c := &cobra.Command{
		Use: "invalidate CATEGORY...", Short: "Replace every instance made so far",
		Long: `invalidate makes every instance of a category that exists now stale: what is idle
is never handed out and is replaced, what serves ends at its release.`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, categories []string) error {
			client, err := flags.client()
			if err != nil {
				return err
			}
			for _, category := range categories {
				if err := client.Invalidate(c.Context(), category); err != nil {
					return fmt.Errorf("category %s: %w", category, err)
				}
			}
			return nil
		},
	}
	flags.add(c)
	return c
}

func hintCommand() *cobra.Command {
	var flags clientFlags
	var h api.Hint
	var in, during time.Duration
	var withdraw string
	c := &cobra.Command{
		Use: "hint", Short: "Announce requests that are to come",
		Long: `hint tells the pool that --count requests come, --in so long from now, within
--during, and prints the name of the hint. live hint --withdraw NAME takes it back.`,
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := flags.client()
			if err != nil {
				return err
			}
			if withdraw != "" {
				return client.Withdraw(c.Context(), withdraw)
			}
			if in < 0 || during < 0 {
				return usage(fmt.Errorf("--in and --during must not be negative"))
			}
			h.From = time.Now().Add(in)
			h.To = h.From.Add(during)
			name, err := client.Announce(c.Context(), h)
			if err != nil {
				return err
			}
			return flags.print(api.Announced{Hint: name}, func(w io.Writer) { fmt.Fprintln(w, name) })
		},
	}
	flags.add(c)
	c.Flags().StringVar(&h.Category, "category", "", "kind of instance; may be left out where the server has one")
	c.Flags().StringVar(&h.Tenant, "tenant", "", "who will ask")
	c.Flags().StringVar(&h.TaskType, "task-type", "", "what for")
	c.Flags().StringVar(&h.Zone, "zone", "", "where (default anywhere)")
	c.Flags().StringVar(&h.Image, "image", "", "with which image")
	c.Flags().StringVar(&h.Dataset, "dataset", "", "the data they work on")
	c.Flags().IntVar(&h.Count, "count", 1, "how many requests")
	c.Flags().DurationVar(&in, "in", 0, "from now until the first may come")
	c.Flags().DurationVar(&during, "during", time.Minute, "from then until the last has come")
	c.Flags().Float64Var(&h.Probability, "probability", 1, "that they come at all")
	c.Flags().StringVar(&h.Source, "source", "", "who says so: how much hints are worth is learned by source")
	c.Flags().StringVar(&withdraw, "withdraw", "", "take this hint back instead")
	return c
}
