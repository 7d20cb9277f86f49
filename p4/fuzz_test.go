package p4_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"gofino/p4"
	"gofino/pipeline/ir"
)

// FuzzCompile: no source makes the compiler panic, and a program without
// errors is complete.
func FuzzCompile(f *testing.F) {
	files, err := filepath.Glob("lower/testdata/*/*.p4")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range files {
		src, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src, false)
		f.Add(src, true)
	}
	f.Add([]byte(program{}.source()), false)
	f.Fuzz(func(t *testing.T, src []byte, tofino2 bool) {
		opt := p4.Options{}
		if tofino2 {
			opt.Target = ir.Tofino2
		}
		// A program that takes long is as bad as one that ends in a panic.
		stop := time.AfterFunc(20*time.Second, func() { panic("compiling takes too long") })
		defer stop.Stop()
		prog, diags := p4.CompileSource("fuzz.p4", src, opt)
		if (prog == nil) != p4.HasErrors(diags) {
			t.Fatalf("program %v, diagnostics %v", prog != nil, diags)
		}
	})
}
