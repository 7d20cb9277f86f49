package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"gofino/pipeline/fit"
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
	file, err := os.Open(context)
	if err != nil {
		return nil, fmt.Errorf("open context: %w", err)
	}
	defer file.Close()
	report, err := fit.ReadContext(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", context, err)
	}
	name := strings.TrimSuffix(filepath.Base(path), ".p4")
	if report.Program != name {
		fmt.Fprintf(c.ErrOrStderr(), "%s: warning: it is of program %q, not of %q\n", context, report.Program, name)
	}
	return report, nil
}
