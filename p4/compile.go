package p4

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"gofino/p4/arch"
	"gofino/p4/lower"
	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// Options of a compilation. The zero value compiles for Tofino, relaxed.
type Options struct {
	IncludeDirs []string // -I, searched before the built-in architecture files
	Defines     []string // -D NAME or NAME=VALUE
	Target      ir.Target
	// Strict makes what breaks a limit of the chip an error instead of a
	// warning.
	Strict bool
	// MaxErrors ends reading and checking; 0 means 20.
	MaxErrors int
}

func (o Options) target() ir.Target {
	if o.Target == 0 {
		return ir.Tofino
	}
	return o.Target
}

// syntaxConfig adds what the chip's own compiler defines: the target, and a
// compiler version, which programs compare with.
func (o Options) syntaxConfig() syntax.Config {
	defines := []string{
		fmt.Sprintf("__TARGET_TOFINO__=%d", o.target()),
		"__p4c__=1", "__p4c_major__=9", "__p4c_minor__=13", "__p4c_patchlevel__=0",
		`__p4c_version__="9.13.0"`,
	}
	return syntax.Config{
		IncludeDirs: o.IncludeDirs,
		Defines:     append(defines, o.Defines...),
		Builtin:     arch.Builtin,
		Hint:        otherArchitecture,
		MaxErrors:   o.MaxErrors,
	}
}

// Compile compiles the program in the file at path. The program is nil if any
// diagnostic is an error.
func Compile(path string, opt Options) (*ir.Program, []syntax.Diagnostic) {
	file, diags := syntax.ParseFile(path, opt.syntaxConfig())
	return compile(file, path, diags, opt)
}

// CompileSource compiles src, which is called name in diagnostics.
func CompileSource(name string, src []byte, opt Options) (*ir.Program, []syntax.Diagnostic) {
	file, diags := syntax.ParseSource(name, src, opt.syntaxConfig())
	return compile(file, name, diags, opt)
}

// Check runs the front end only: any architecture that the includes declare is
// accepted.
func Check(path string, opt Options) []syntax.Diagnostic {
	file, diags := syntax.ParseFile(path, opt.syntaxConfig())
	_, diags = check(file, diags, opt)
	return diags
}

// HasErrors tells whether any diagnostic is an error.
func HasErrors(diags []syntax.Diagnostic) bool {
	return slices.ContainsFunc(diags, func(d syntax.Diagnostic) bool { return d.Severity == syntax.SevError })
}

func check(file *syntax.File, diags []syntax.Diagnostic, opt Options) (*types.Info, []syntax.Diagnostic) {
	if HasErrors(diags) {
		return nil, diags
	}
	info, more := types.Check(file, types.Config{MaxErrors: opt.MaxErrors})
	return info, append(diags, more...)
}

func compile(file *syntax.File, path string, diags []syntax.Diagnostic, opt Options) (*ir.Program, []syntax.Diagnostic) {
	info, diags := check(file, diags, opt)
	if HasErrors(diags) {
		return nil, diags
	}
	name := strings.TrimSuffix(filepath.Base(path), ".p4")
	prog, more := lower.Lower(info, lower.Options{Target: opt.target(), Strict: opt.Strict, Name: name})
	diags = append(diags, more...)
	if HasErrors(diags) || prog == nil {
		return nil, diags
	}
	prog.Hash = fingerprint(file, opt)
	return prog, diags
}

// fingerprint identifies what was compiled: the preprocessed source as the
// printer writes it, the target and the definitions.
func fingerprint(file *syntax.File, opt Options) (sum [32]byte) {
	h := sha256.New()
	fmt.Fprintf(h, "%d\n%q\n", opt.target(), opt.Defines)
	// A hash takes every byte: Print cannot fail.
	if err := syntax.Print(h, file); err != nil {
		panic("BUG: print program: " + err.Error())
	}
	h.Sum(sum[:0])
	return sum
}

// otherArchitecture says what becomes of programs for other architectures.
func otherArchitecture(include string) string {
	switch include {
	case "v1model.p4", "psa.p4", "pna.p4", "t3na.p4", "ebpf_model.p4", "ubpf_model.p4", "xdp_model.p4":
		return ": architecture " + strings.TrimSuffix(include, ".p4") + " is not supported (supported: tna, t2na); with -I its programs are type-checked"
	}
	return ""
}
