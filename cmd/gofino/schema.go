package main

import (
	"github.com/spf13/cobra"

	"gofino/tables"
)

func newSchema() *cobra.Command {
	var f programFlags
	c := &cobra.Command{
		Use:   "schema FILE.p4",
		Short: "Print the control-plane schema (bf-rt.json)",
		Args:  args(1, 1, "one P4 file"),
		RunE: func(c *cobra.Command, args []string) error {
			prog, err := f.compile(c, args[0])
			if err != nil {
				return err
			}
			store, err := tables.NewStore(prog, f.pipes)
			if err != nil {
				return err
			}
			return store.Schema().JSON(c.OutOrStdout())
		},
	}
	f.register(c.Flags())
	return c
}
