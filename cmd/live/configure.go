package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

// configureCommand shows and changes what holds on a server.
func configureCommand() *cobra.Command {
	var flags clientFlags
	var back, only bool
	c := &cobra.Command{
		Use: "configure [FILE]", Short: "Show, change or take back a server's configuration",
		Long: `configure prints the configuration that holds. With a FILE it shows what differs
and makes that hold instead, without dropping a claim: policy, fleet and
processes. The server checks it first; where anything is wrong, nothing changes.
It writes it over its own file and keeps the former one beside it, for --back.`,
		Example: `  live configure > pool.yaml           # edit it, then
  live configure pool.yaml --diff      # what would change
  live configure pool.yaml
  live configure --back                # as it was before`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := flags.client()
			if err != nil {
				return err
			}
			holds, err := client.Configuration(c.Context(), false)
			if err != nil {
				return err
			}
			var wanted []byte
			switch {
			case back && len(args) > 0:
				return usage(fmt.Errorf("--back and a file exclude each other"))
			case back:
				wanted, err = client.Configuration(c.Context(), true)
			case len(args) > 0:
				wanted, err = os.ReadFile(args[0])
			default:
				_, err = os.Stdout.Write(holds)
				return err
			}
			if err != nil {
				return err
			}
			fmt.Print(unifiedDiff("holds", "wanted", lines(holds), lines(wanted)))
			if only {
				return nil
			}
			return client.Configure(c.Context(), wanted)
		},
	}
	flags.add(c)
	c.Flags().BoolVar(&back, "back", false, "make the former configuration hold again")
	c.Flags().BoolVar(&only, "diff", false, "only show what differs")
	return c
}
