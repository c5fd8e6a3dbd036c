package main

import (
	"os"
	"time"

	"github.com/spf13/cobra"

	"shadowpool/runtime/worker"
)

// workerCommand is what the process provisioner starts when no command is
// configured.
func workerCommand() *cobra.Command {
	var warmUp time.Duration
	c := &cobra.Command{
		Use: "worker", Short: "The built-in instance", Hidden: true,
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := interrupted(c.Context())
			defer cancel()
			return worker.Run(ctx, os.Stdout, warmUp)
		},
	}
	c.Flags().DurationVar(&warmUp, "warm-up", 0, "how long it takes to get warm")
	return c
}
