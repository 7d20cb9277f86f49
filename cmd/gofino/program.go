package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gofino/p4"
	"gofino/p4/syntax"
	"gofino/pipeline/ir"
)

// programFlags are the flags of every command that takes a P4 program.
type programFlags struct {
	include  []string
	define   []string
	target   string
	fidelity string
	pipes    int
	seed     uint64
}

func (f *programFlags) register(fs *pflag.FlagSet) {
	fs.StringArrayVarP(&f.include, "include", "I", nil, "search `DIR` for #include (repeatable)")
	fs.StringArrayVarP(&f.define, "define", "D", nil, "define the macro `NAME[=VALUE]` (repeatable)")
	fs.StringVar(&f.target, "target", "tofino", "chip: tofino or tofino2")
	fs.StringVar(&f.fidelity, "fidelity", "relaxed", "what the chip forbids: relaxed (warn) or strict (refuse)")
	fs.IntVar(&f.pipes, "pipes", 4, "number of pipes, 1 to 4")
	fs.Uint64Var(&f.seed, "seed", 0, "seed of everything random")
}

func flagNames(c *cobra.Command) string {
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	return strings.Join(names, ", ")
}

// options checks the flags and turns them into the compiler's options.
func (f *programFlags) options() (p4.Options, error) {
	o := p4.Options{IncludeDirs: f.include, Defines: f.define}
	targets := []string{"tofino", "tofino2"}
	i := slices.Index(targets, f.target)
	if i < 0 {
		return o, usagef("unknown target %q (targets: %s)", f.target, strings.Join(targets, ", "))
	}
	o.Target = []ir.Target{ir.Tofino, ir.Tofino2}[i]
	switch f.fidelity {
	case "strict":
		o.Strict = true
	case "relaxed":
	default:
		return o, usagef("unknown fidelity %q (fidelities: relaxed, strict)", f.fidelity)
	}
	if f.pipes < 1 || f.pipes > 4 {
		return o, usagef("--pipes %d: want 1 to 4", f.pipes)
	}
	return o, nil
}

// compile compiles a program and prints its diagnostics; the error is
// errReported when it is wrong.
func (f *programFlags) compile(c *cobra.Command, path string) (*ir.Program, error) {
	o, err := f.options()
	if err != nil {
		return nil, err
	}
	prog, diags := p4.Compile(path, o)
	if report(c.ErrOrStderr(), diags) || prog == nil {
		return nil, errReported
	}
	return prog, nil
}

// report prints diagnostics and tells whether one is an error.
func report(w io.Writer, diags []syntax.Diagnostic) (failed bool) {
	for _, d := range diags {
		fmt.Fprintln(w, d)
		failed = failed || d.Severity == syntax.SevError
	}
	return failed
}

func newCheck() *cobra.Command {
	var f programFlags
	var frontend bool
	c := &cobra.Command{
		Use:   "check FILE.p4",
		Short: "Check a P4 program",
		Args:  args(1, 1, "one P4 file"),
		RunE: func(c *cobra.Command, args []string) error {
			if !frontend {
				_, err := f.compile(c, args[0])
				return err
			}
			o, err := f.options()
			if err != nil {
				return err
			}
			if report(c.ErrOrStderr(), p4.Check(args[0], o)) {
				return errReported
			}
			return nil
		},
	}
	f.register(c.Flags())
	c.Flags().BoolVar(&frontend, "frontend-only", false, "stop after type checking (any architecture found through -I)")
	return c
}
