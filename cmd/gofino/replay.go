package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"gofino/model"
)

func newReplay() *cobra.Command {
	var f programFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "replay FILE.p4 RECORD",
		Short: "Repeat what gofino run --record wrote",
		Long: "Repeats every input of a recording, in virtual time, and compares what leaves and the final state\n" +
			"with what was recorded.",
		Args: args(2, 2, "one P4 file and one recording"),
		RunE: func(c *cobra.Command, args []string) error {
			prog, err := f.compile(c, args[0])
			if err != nil {
				return err
			}
			file, err := os.Open(args[1])
			if err != nil {
				return fmt.Errorf("replay: %w", err)
			}
			defer file.Close()
			rp, err := model.NewReplay(file, prog)
			if err != nil {
				return fmt.Errorf("%s: %w", args[1], err)
			}
			failed := rp.Run()
			hash := rp.Switch().StateHash()
			row := replayed{Inputs: rp.Inputs(), Outputs: rp.Outputs(), State: hex.EncodeToString(hash[:]), Same: failed == nil}
			if asJSON {
				e := json.NewEncoder(c.OutOrStdout())
				e.SetIndent("", "  ")
				if err := e.Encode(row); err != nil {
					return err
				}
			} else {
				fmt.Fprintf(c.OutOrStdout(), "inputs  %d\noutputs %d\nstate   %s\n", row.Inputs, row.Outputs, row.State)
			}
			if failed != nil {
				return fmt.Errorf("%s: %w", args[1], failed)
			}
			return nil
		},
	}
	f.register(c.Flags())
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return c
}

// replayed is what a replay came to. Same: all that left and the final state are
// as recorded.
type replayed struct {
	Inputs  uint64 `json:"inputs"`
	Outputs uint64 `json:"outputs"`
	State   string `json:"state"`
	Same    bool   `json:"same"`
}
