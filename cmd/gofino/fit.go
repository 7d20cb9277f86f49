package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"gofino/pipeline/fit"
	"gofino/pipeline/ir"
)

func newFit() *cobra.Command {
	var f programFlags
	var context string
	var asJSON bool
	c := &cobra.Command{
		Use:   "fit FILE.p4",
		Short: "Show which stage holds which table, and what it costs",
		Long: "Places the program's tables into the chip's stages and tells what each stage holds, what it spends, why a\n" +
			"table could not be earlier, and how many cycles a packet takes. From source it is an estimate; with\n" +
			"--context it is what the compiler of that file did (docs/timing.md).",
		Args: args(1, 1, "one P4 file"),
		RunE: func(c *cobra.Command, args []string) error {
			report, err := f.fit(c, args[0], context)
			if err != nil {
				return err
			}
			if !asJSON {
				return report.Write(c.OutOrStdout())
			}
			enc := json.NewEncoder(c.OutOrStdout())
			enc.SetIndent("", "  ")
			return enc.Encode(report)
		},
	}
	f.register(c.Flags())
	c.Flags().StringVar(&context, "context", "", "read the placement from a compiler's context.json `FILE` instead of estimating it")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// fit reports on a program, or on what a compiler made of it.
func (f *programFlags) fit(c *cobra.Command, path, context string) (*fit.Report, error) {
	if context == "" {
		prog, err := f.compile(c, path)
		if err != nil {
			return nil, err
		}
		return fit.Estimate(prog), nil
	}
	if _, err := f.options(); err != nil {
		return nil, err
	}
	return readContext(c, programName(path), context)
}

// readContext reads what a compiler made of the program.
func readContext(c *cobra.Command, program, context string) (*fit.Report, error) {
	file, err := os.Open(context)
	if err != nil {
		return nil, fmt.Errorf("open context: %w", err)
	}
	defer file.Close()
	report, err := fit.ReadContext(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", context, err)
	}
	if report.Program != program {
		fmt.Fprintf(c.ErrOrStderr(), "%s: warning: it is of program %q, not of %q\n", context, report.Program, program)
	}
	return report, nil
}

// stagesFlag is the stages of the programs of a command line, which time its
// packets: a compiler's, or by default our estimate.
type stagesFlag struct{ contexts []string }

func (s *stagesFlag) register(c *cobra.Command) {
	c.Flags().StringArrayVar(&s.contexts, "context", nil,
		"time packets by the stages of a compiler's context.json `FILE`, not by an estimate (repeatable: the next is for the next program)")
}

// of the n-th program; nil is the estimate.
func (s *stagesFlag) of(c *cobra.Command, n int, prog *ir.Program) (*fit.Report, error) {
	if n >= len(s.contexts) {
		return nil, nil
	}
	file := s.contexts[n]
	r, err := readContext(c, prog.Name, file)
	if err != nil {
		return nil, err
	}
	target := map[ir.Target]string{ir.Tofino: "tofino", ir.Tofino2: "tofino2"}[prog.Target]
	switch {
	case r.Target != target:
		return nil, fmt.Errorf("%s: it is for %s, the program is for %s", file, r.Target, target)
	case len(prog.Pipelines) > 1:
		return nil, fmt.Errorf("%s: it holds one pipeline, %s has %d", file, prog.Name, len(prog.Pipelines))
	}
	return r, nil
}
