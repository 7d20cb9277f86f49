package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"gofino/internal/golden"
	"gofino/p4"
	"gofino/pipeline/fit"
	"gofino/pipeline/ir"
)

func newTest() *cobra.Command {
	var f programFlags
	var far remoteFlags
	var stages stagesFlag
	c := &cobra.Command{
		Use:   "test [FILE.p4] VECTOR...",
		Short: "Run packet vectors (docs/vectors.md)",
		Long:  "Runs .stf files, .txtar cases, or folders of them; FILE.p4 may be left out when every case brings its program.",
		Args:  args(1, -1, "a P4 file and vectors"),
		RunE: func(c *cobra.Command, args []string) error {
			t := &tester{cmd: c, flags: &f}
			if filepath.Ext(args[0]) == ".p4" {
				prog, err := f.compile(c, args[0])
				if err != nil {
					return err
				}
				t.prog, args = prog, args[1:]
				if t.stages, err = stages.of(c, 0, prog); err != nil {
					return err
				}
			}
			if len(args) == 0 {
				return usagef("test: want at least one vector (.stf, .txtar, or a folder)")
			}
			cases, err := golden.Load(args)
			if err != nil {
				return err
			}
			if far.address != "" {
				if t.prog == nil {
					return usagef("test --target-switch: want the P4 program that the switch runs")
				}
				if t.far, err = far.open(c.Context(), t.prog.Name); err != nil {
					return err
				}
				defer t.far.close()
			}
			for _, cs := range cases {
				if err := t.run(c.Context(), cs); err != nil {
					return err
				}
			}
			fmt.Fprintf(c.OutOrStdout(), "%d passed, %d failed\n", t.passed, t.failed)
			if t.failed > 0 {
				return errReported
			}
			return nil
		},
	}
	f.register(c.Flags())
	stages.register(c)
	far.register(c)
	return c
}

// tester runs cases and counts.
type tester struct {
	cmd            *cobra.Command
	flags          *programFlags
	prog           *ir.Program // of the command line; nil for none
	stages         *fit.Report // of prog; nil for the estimate
	far            *remote     // the switch that vectors run on; nil: one in memory
	passed, failed int
}

func (t *tester) run(ctx context.Context, cs *golden.Case) error {
	prog, err := t.program(cs)
	if err != nil {
		return err
	}
	for i, v := range cs.Vectors {
		err := t.vector(ctx, prog, v)
		if err == nil && i == 0 && cs.Trace != "" {
			err = t.trace(prog, v, cs.Trace)
		}
		t.report(v.Name, err)
	}
	return nil
}

func (t *tester) report(name string, err error) {
	w := t.cmd.OutOrStdout()
	if err == nil {
		t.passed++
		fmt.Fprintf(w, "ok %s\n", name)
		return
	}
	t.failed++
	fmt.Fprintf(w, "FAIL %s: %v\n", name, err)
}

// vector runs one vector on a fresh switch.
func (t *tester) vector(ctx context.Context, prog *ir.Program, v *golden.Vector) error {
	if t.far != nil {
		if err := t.far.reset(ctx); err != nil {
			return err
		}
		return golden.Run(ctx, v, t.far)
	}
	d, err := newDevice(prog, t.stagesOf(prog), t.flags, !v.Recirculates())
	if err != nil {
		return err
	}
	return golden.Run(ctx, v, d)
}

// stagesOf a program: nil for that of a case.
func (t *tester) stagesOf(prog *ir.Program) *fit.Report {
	if prog == t.prog {
		return t.stages
	}
	return nil
}

// trace compares the text trace of a vector's packets with the expected one.
func (t *tester) trace(prog *ir.Program, v *golden.Vector, want string) error {
	var got strings.Builder
	tr, err := newTracer(prog, t.stagesOf(prog), t.flags, &got, traceFlags{})
	if err != nil {
		return err
	}
	if err := tr.runVector(t.cmd.Context(), v); err != nil {
		return err
	}
	g, w := strings.Split(got.String(), "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if strings.TrimRight(g[i], " ") != strings.TrimRight(w[i], " ") {
			return fmt.Errorf("trace line %d: expected %q, got %q", i+1, w[i], g[i])
		}
	}
	if len(g) != len(w) {
		return fmt.Errorf("trace: expected %d lines, got %d", len(w)-1, len(g)-1)
	}
	return nil
}

// program is the case's own program, or that of the command line.
func (t *tester) program(cs *golden.Case) (*ir.Program, error) {
	if cs.Program == nil {
		if t.prog == nil {
			return nil, usagef("test: %s has no program of its own: want a P4 file first", cs.Name)
		}
		return t.prog, nil
	}
	return compileCase(t.cmd.ErrOrStderr(), t.flags, cs)
}

// compileCase compiles the program of a txtar case; its files are laid out in a
// folder so that #include finds them.
func compileCase(stderr io.Writer, f *programFlags, cs *golden.Case) (*ir.Program, error) {
	o, err := f.options()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "gofino-case-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	for name, data := range cs.Files {
		if !filepath.IsLocal(name) {
			return nil, fmt.Errorf("%s: file %q leaves the archive", cs.Name, name)
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return nil, err
		}
	}
	o.IncludeDirs = append([]string{dir}, o.IncludeDirs...)
	prog, diags := p4.CompileSource(cs.ProgramName, cs.Program, o)
	if report(stderr, diags) || prog == nil {
		return nil, errReported
	}
	return prog, nil
}
