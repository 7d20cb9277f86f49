package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gofino/sfu/rewrite"
)

// experiments are by name.
var experiments = []string{"rewriting"}

func newExperiment() *cobra.Command {
	var packets int
	var seed uint64
	var asJSON bool
	c := &cobra.Command{
		Use:   "experiment NAME",
		Short: "Repeat a published experiment",
		Long: "Experiments: " + strings.Join(experiments, ", ") + ".\n" +
			"rewriting: retransmissions that a receiver asks for in vain, by loss, when sequence numbers are rewritten\n" +
			"exactly and by the two heuristics of Scallop (its figure 27).",
		Args: args(1, 1, "an experiment"),
		RunE: func(c *cobra.Command, args []string) error {
			if args[0] != experiments[0] {
				return usagef("unknown experiment %q (experiments: %s)", args[0], strings.Join(experiments, ", "))
			}
			if packets < 100 || packets > 10_000_000 {
				return usagef("--packets %d: want 100 to 10000000", packets)
			}
			rows := rewrite.Compare(packets, seed)
			if asJSON {
				e := json.NewEncoder(c.OutOrStdout())
				e.SetIndent("", "  ")
				return e.Encode(rows)
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', tabwriter.AlignRight)
			fmt.Fprintln(w, "packets a frame\tloss\texact\trepeated\tS-LM\trepeated\tS-LR\trepeated\t")
			for _, r := range rows {
				fmt.Fprintf(w, "%d to 7\t%.0f %%\t", r.MinPerOne, 100*r.Loss)
				for _, o := range []rewrite.Outcome{r.Exact, r.SLM, r.SLR} {
					fmt.Fprintf(w, "%.2f %%\t%d\t", o.Extra, o.Duplicates)
				}
				fmt.Fprintln(w)
			}
			return w.Flush()
		},
	}
	c.Flags().IntVar(&packets, "packets", 10_000, "packets of each stream")
	c.Flags().Uint64Var(&seed, "seed", 42, "seed of the streams")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
