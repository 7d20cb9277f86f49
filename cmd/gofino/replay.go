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
		Use:   "replay FILE.p4[@PIPES]... RECORD",
		Short: "Repeat what gofino run --record wrote",
		Long: "Repeats every input of a recording, in virtual time, and compares what leaves and the final state\n" +
			"with what was recorded. The programs, or bundles, are those that ran, in the same order.",
		Args: args(2, maxPrograms+1, "one to four programs and a recording"),
		RunE: func(c *cobra.Command, args []string) error {
			last := len(args) - 1
			list, err := f.load(c, args[:last])
			if err != nil {
				return err
			}
			record := args[last]
			file, err := os.Open(record)
			if err != nil {
				return fmt.Errorf("replay: %w", err)
			}
			defer file.Close()
			rp, err := model.NewReplayPlaced(file, placements(list))
			if err != nil {
				return fmt.Errorf("%s: %w", record, err)
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
				return fmt.Errorf("%s: %w", record, failed)
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
