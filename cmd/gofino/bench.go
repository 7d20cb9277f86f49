package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"gofino/bench"
	"gofino/internal/veth"
	"gofino/pipeline/ir"
)

func newBench() *cobra.Command {
	var f programFlags
	var asJSON bool
	var duration time.Duration
	all := append(bench.ScenarioNames(), bench.VethNames()...)
	c := &cobra.Command{
		Use:   "bench [NAME...]",
		Short: "Measure what this machine can do",
		Long: "Benchmarks: " + strings.Join(all, ", ") + ".\n" +
			"Those over virtual cables (veth-...) need root and are measured beside a plain copy loop.",
		RunE: func(c *cobra.Command, args []string) error {
			o, err := f.options()
			if err != nil {
				return err
			}
			names := args
			if len(names) == 0 {
				names = bench.ScenarioNames()
				if why := veth.Missing(); why == nil {
					names = all
				} else {
					fmt.Fprintf(c.ErrOrStderr(), "without veth-...: %v\n", why)
				}
			}
			var rows []bench.Row
			for _, n := range names {
				if !slices.Contains(all, n) {
					return usagef("no benchmark %q (benchmarks: %s)", n, strings.Join(all, ", "))
				}
				row, err := measure(c.Context(), n, o.Target, f.seed, duration)
				if err != nil {
					return err
				}
				rows = append(rows, row)
			}
			return printRows(c.OutOrStdout(), rows, asJSON)
		},
	}
	f.register(c.Flags())
	c.Flags().BoolVar(&asJSON, "json", false, "JSON rows")
	c.Flags().DurationVar(&duration, "duration", time.Second, "how long each is measured")
	return c
}

func measure(ctx context.Context, name string, target ir.Target, seed uint64, d time.Duration) (bench.Row, error) {
	if slices.Contains(bench.VethNames(), name) {
		return bench.MeasureVeth(ctx, name, target, d)
	}
	s, err := bench.NewScenario(name, target, seed)
	if err != nil {
		return bench.Row{}, err
	}
	return s.Measure(d), nil
}

func printRows(w io.Writer, rows []bench.Row, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(rows)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "name\tpackets/s\tns/packet\tallocs/packet\tcopies/s\t")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%.0f\t%.0f\t%.2f\t%.0f\t\n", r.Name, r.PerSecond, r.NsPacket, r.Allocs, r.CopiesPerS)
	}
	return t.Flush()
}
