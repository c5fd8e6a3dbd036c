package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"shadowpool/runtime/api"
)

func tokenCommand() *cobra.Command {
	c := &cobra.Command{Use: "token", Short: "Make the tokens by which a server knows who asks"}
	c.AddCommand(tokenCreateCommand())
	return c
}

func tokenCreateCommand() *cobra.Command {
	var file string
	var t api.Token
	c := &cobra.Command{
		Use: "create --file TOKENS --name NAME --verb VERB...", Short: "Make a token, and print it once",
		Long: `create adds a token to the file that api.tokens_file of a server names, and prints
it: the file has only its hash, so nobody can find it out later. A client takes
it from SHADOWPOOL_TOKEN or --token-file.

  claim    make, see and release claims, and announce requests
  read     see claims, instances, status and metrics
  operate  pause, reset, invalidate, drain, configure
  agent    take part as an agent

With --tenant it is for what is those tenants' only; it has claim and read then.
To take a token back, remove it from the file. A server reads the file when it
starts, and on SIGHUP.`,
		Args: arguments(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if file == "" {
				return usage(fmt.Errorf("no file: give --file TOKENS"))
			}
			text, err := api.CreateToken(file, t)
			if err != nil {
				return usage(err)
			}
			fmt.Fprintln(os.Stdout, text)
			return nil
		},
	}
	c.Flags().StringVar(&file, "file", "", "the file of tokens; it is made if it is not there")
	c.Flags().StringVar(&t.Name, "name", "", "whose it is, for the server's log")
	c.Flags().StringSliceVar(&t.Tenants, "tenant", nil, "whom it is for (default everyone)")
	c.Flags().StringSliceVar(&t.Verbs, "verb", nil, "what it allows: claim, read, operate, agent")
	return c
}
