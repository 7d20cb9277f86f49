package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"gofino/model"
	"gofino/p4"
	"gofino/p4/syntax"
	"gofino/pipeline/fit"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// A bundle is a program in one file, as a controller sends it to a switch where
// the chip's compiler leaves a binary: a line with a header, then the program
// flattened (p4.Flatten), which is P4 again.
//
//	// gofino bundle {"version":1,"name":"l2","target":"tofino"}
//	...

// bundleMagic begins a bundle.
const bundleMagic = "// gofino bundle "

const bundleVersion = 1

// maxBundle bounds what is compiled for a controller, in bytes: the largest
// public program has 2 MB.
const maxBundle = 32 << 20

// bundleHeader says how the program is compiled.
type bundleHeader struct {
	Version int      `json:"version"`
	Name    string   `json:"name"`
	Target  string   `json:"target"`
	Defines []string `json:"defines,omitempty"`
	Strict  bool     `json:"strict,omitempty"`
}

// loaded is a compiled program, and what it was compiled from.
type loaded struct {
	model.Placement
	bundle []byte
}

func placements(list []*loaded) []model.Placement {
	out := make([]model.Placement, len(list))
	for i, p := range list {
		out[i] = p.Placement
	}
	return out
}

// makeBundle flattens the program at path.
func (f *programFlags) makeBundle(path string, o p4.Options) ([]byte, []syntax.Diagnostic) {
	text, diags := p4.Flatten(path, o)
	if text == nil {
		return nil, diags
	}
	name := programName(path)
	h, err := json.Marshal(bundleHeader{bundleVersion, name, f.target, f.define, o.Strict})
	if err != nil {
		panic("BUG: encode a bundle's header: " + err.Error())
	}
	return slices.Concat([]byte(bundleMagic), h, []byte("\n"), text), diags
}

// errNoBundle: the bytes are something else.
var errNoBundle = errors.New("no bundle of gofino (gofino bundle makes one; a binary of the chip's own compiler does not run here)")

// compileBundle compiles a bundle, or P4 source that needs no other file.
func compileBundle(data []byte, target string) (*ir.Program, []syntax.Diagnostic, error) {
	if len(data) > maxBundle {
		return nil, nil, fmt.Errorf("%d bytes, more than %d", len(data), maxBundle)
	}
	head, text, _ := bytes.Cut(data, []byte("\n"))
	rest, ok := bytes.CutPrefix(head, []byte(bundleMagic))
	if !ok {
		return nil, nil, errNoBundle
	}
	var h bundleHeader
	if err := json.Unmarshal(rest, &h); err != nil {
		return nil, nil, fmt.Errorf("the bundle's header: %w", err)
	}
	f := programFlags{target: h.Target, fidelity: "relaxed", pipes: maxPrograms, define: h.Defines}
	switch {
	case h.Version != bundleVersion:
		return nil, nil, fmt.Errorf("a bundle of version %d (this program reads: %d)", h.Version, bundleVersion)
	case h.Name == "" || h.Name != filepath.Base(h.Name):
		return nil, nil, fmt.Errorf("the bundle's program is called %q, want a file's name without .p4", h.Name)
	case target != "" && h.Target != target:
		return nil, nil, fmt.Errorf("the bundle is for %s, the chip is a %s", h.Target, target)
	}
	if h.Strict {
		f.fidelity = "strict"
	}
	o, err := f.options()
	if err != nil {
		return nil, nil, fmt.Errorf("the bundle's header: %w", err)
	}
	prog, diags := p4.CompileSource(h.Name+".p4", text, o)
	return prog, diags, nil
}

func newBundle() *cobra.Command {
	var f programFlags
	var out string
	c := &cobra.Command{
		Use:   "bundle FILE.p4 -o DIR",
		Short: "Write what a controller sends to load a program",
		Long: "Writes the files that a controller sends with SetForwardingPipelineConfig, laid out as the chip's compiler\n" +
			"leaves them: DIR/NAME/bf-rt.json and, for each pipeline, DIR/NAME/PIPELINE/context.json and tofino.bin (or\n" +
			"tofino2.bin), which holds the program as gofino loads it.",
		Args: args(1, 1, "one P4 file"),
		RunE: func(c *cobra.Command, args []string) error {
			if out == "" {
				return usagef("bundle: want -o DIR")
			}
			o, err := f.options()
			if err != nil {
				return err
			}
			prog, err := f.compile(c, args[0])
			if err != nil {
				return err
			}
			bundle, _ := f.makeBundle(args[0], o)
			return writeBundle(filepath.Join(out, prog.Name), f.target, prog, bundle)
		},
	}
	f.register(c.Flags())
	c.Flags().StringVarP(&out, "output", "o", "", "write into `DIR`")
	return c
}

// writeBundle writes the files of one program into dir.
func writeBundle(dir, target string, prog *ir.Program, bundle []byte) error {
	var text bytes.Buffer
	schema, err := tables.NewSchemaOf(prog, tables.Compilers[0])
	if err != nil {
		return err
	}
	if err := schema.JSON(&text); err != nil {
		return err
	}
	files := map[string][]byte{"bf-rt.json": text.Bytes()}
	contexts, err := contextsOf(prog)
	if err != nil {
		return err
	}
	for i, pl := range prog.Pipelines {
		files[filepath.Join(pl.Name, "context.json")] = contexts[i]
		files[filepath.Join(pl.Name, target+".bin")] = bundle
	}
	return writeFiles(dir, files)
}

func writeFiles(dir string, files map[string][]byte) error {
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("write bundle: %w", err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return fmt.Errorf("write bundle: %w", err)
		}
	}
	return nil
}

// contextsOf is a context.json for each pipeline: where fit places the tables.
func contextsOf(prog *ir.Program) ([][]byte, error) {
	report := fit.Estimate(prog)
	var out [][]byte
	for i := range prog.Pipelines {
		var b bytes.Buffer
		if err := fit.WriteContext(&b, report, i); err != nil {
			return nil, fmt.Errorf("write the context of %s: %w", prog.Name, err)
		}
		out = append(out, b.Bytes())
	}
	return out, nil
}
