package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shadowpool/policy/config"
)

// healthCommand is for what looks after a server where there is no curl.
func healthCommand() *cobra.Command {
	var server string
	var timeout time.Duration
	c := &cobra.Command{
		Use: "health", Short: "Tell by the exit status whether a server takes claims",
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if !strings.Contains(server, "://") {
				server = "http://" + server
			}
			ctx, cancel := context.WithTimeout(c.Context(), timeout)
			defer cancel()
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(server, "/")+"/healthz", nil)
			if err != nil {
				return usage(err)
			}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				return err
			}
			answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				return fmt.Errorf("%s takes no claims: %s", server, answer.Status)
			}
			return nil
		},
	}
	c.Flags().StringVar(&server, "server", config.DefaultListen, "the server's address")
	c.Flags().DurationVar(&timeout, "timeout", 4*time.Second, "how long it may take to answer")
	return c
}
