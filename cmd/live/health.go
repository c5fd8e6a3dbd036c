package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

// healthCommand is for what looks after a server where there is no curl.
func healthCommand() *cobra.Command {
	var flags clientFlags
	var timeout time.Duration
	c := &cobra.Command{
		Use: "health", Short: "Tell by the exit status whether a server takes claims",
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := flags.client()
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(c.Context(), timeout)
			defer cancel()
			if err := client.Ready(ctx); err != nil {
				return fmt.Errorf("%s takes no claims: %w", flags.server, err)
			}
			return nil
		},
	}
	flags.add(c)
	c.Flags().DurationVar(&timeout, "timeout", 4*time.Second, "how long it may take to answer")
	return c
}
