package main

import (
	"strings"

	"github.com/spf13/cobra"

	"gofino/tables"
)

func newSchema() *cobra.Command {
	var f programFlags
	var compiler string
	c := &cobra.Command{
		Use:   "schema FILE.p4",
		Short: "Print the control-plane schema (bf-rt.json)",
		Args:  args(1, 1, "one P4 file"),
		RunE: func(c *cobra.Command, args []string) error {
			prog, err := f.compile(c, args[0])
			if err != nil {
				return err
			}
			schema, err := tables.NewSchemaOf(prog, compiler)
			if err != nil {
				return err
			}
			return schema.JSON(c.OutOrStdout())
		},
	}
	f.register(c.Flags())
	c.Flags().StringVar(&compiler, "compiler", tables.Compilers[0],
		"number fields as this `VERSION` of the chip's compiler does: "+strings.Join(tables.Compilers, ", "))
	return c
}
