package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"shadowpool/runtime/api"
)

// all reads every page of a list.
func all[T any](tenant string, page func(api.List) (part []T, next string, err error)) ([]T, error) {
	list := []T{}
	for l := (api.List{Limit: 1000, Tenant: tenant}); ; {
		part, next, err := page(l)
		list = append(list, part...)
		if err != nil || next == "" {
			return list, err
		}
		l.Cursor = next
	}
}

func claimsCommand() *cobra.Command {
	var flags clientFlags
	var tenant string
	c := &cobra.Command{
		Use: "claims", Short: "List the claims that wait or are held",
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := flags.client()
			if err != nil {
				return err
			}
			list, err := all(tenant, func(l api.List) ([]api.Claim, string, error) {
				page, err := client.Claims(c.Context(), l)
				return page.Claims, page.Next, err
			})
			if err != nil {
				return err
			}
			return flags.print(list, func(w io.Writer) {
				fmt.Fprintln(w, "claim\tstate\tcategory\ttenant\tinstance\taddress\tarrived")
				for _, one := range list {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", one.Claim, one.State, one.Category, one.Tenant, one.Instance, one.Address, instant(one.Arrived))
				}
			})
		},
	}
	flags.add(c)
	c.Flags().StringVar(&tenant, "tenant", "", "only this one's")
	return c
}

func instancesCommand() *cobra.Command {
	var flags clientFlags
	var tenant string
	c := &cobra.Command{
		Use: "instances", Short: "List the instances that exist",
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := flags.client()
			if err != nil {
				return err
			}
			list, err := all(tenant, func(l api.List) ([]api.Instance, string, error) {
				page, err := client.Instances(c.Context(), l)
				return page.Instances, page.Next, err
			})
			if err != nil {
				return err
			}
			return flags.print(list, func(w io.Writer) {
				fmt.Fprintln(w, "instance\tpool\tstate\tsince\taddress\tclaim\ttenant")
				for _, one := range list {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", one.Instance, one.Pool, one.State, instant(&one.Since), one.Address, one.Claim, one.Tenant)
				}
			})
		},
	}
	flags.add(c)
	c.Flags().StringVar(&tenant, "tenant", "", "only those that serve, or are reserved for, this one")
	return c
}

func instant(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Local().Format(time.DateTime)
}
