package types_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gofino/p4/arch"
	"gofino/p4/syntax"
	"gofino/p4/types"
)

// FuzzCheck: no program makes Check panic or run long.
func FuzzCheck(f *testing.F) {
	for _, glob := range []string{"testdata/*.p4", "testdata/errors/*.p4"} {
		files, err := filepath.Glob(glob)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range files {
			src, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(src)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) > 1<<16 {
			return
		}
		start := time.Now()
		file, _ := syntax.ParseSource("fuzz.p4", src, syntax.Config{Builtin: arch.Builtin})
		parsed := time.Now()
		types.Check(file, types.Config{})
		if d := time.Since(parsed); d > 5*time.Second {
			t.Fatalf("Check took %v (reading took %v)", d, parsed.Sub(start))
		}
	})
}

// TestHostilePrograms: programs made to explode end soon, with a message or
// without.
func TestHostilePrograms(t *testing.T) {
	chain := func(first, line string, n int) string {
		var b strings.Builder
		b.WriteString(first)
		for i := 1; i <= n; i++ {
			b.WriteString(strings.NewReplacer("#", itoa(i), "@", itoa(i-1)).Replace(line))
		}
		return b.String()
	}
	for name, src := range map[string]string{
		"typedef tuples":  chain("typedef bit<8> t0;\n", "typedef tuple<t@, t@> t#;\n", 60),
		"nested structs":  chain("struct s0 { bit<8> a; }\n", "struct s# { s@ a; s@ b; }\n", 60),
		"generic structs": chain("struct s0<T> { T a; }\n", "struct s#<T> { s@<T> a; s@<tuple<T, T>> b; }\n", 40) + "typedef s40<bit<8>> x;\n",
		"squares":         chain("const int c0 = 3;\n", "const int c# = c@ * c@;\n", 60),
		"shifts":          "const int a = 1 << 100000000000;\nconst bit<64> b = 64w1 << 100000000000000000000000;\n",
		"concat":          chain("const bit<512> c0 = 1;\n", "const bit<8> c# = (bit<8>)(c@ ++ c@ ++ c@);\n", 20),
		"wide":            "const bit<99999999999999999999> a = 0; header h { bit<4294967297> x; } typedef h[2000000000] s;\n",
		"deep parens":     "const int a = " + strings.Repeat("(", 900) + "1" + strings.Repeat(")", 900) + ";\n",
		"deep lists":      "const int a = " + strings.Repeat("{", 900) + "1" + strings.Repeat("}", 900) + ";\n",
		"long sum":        "const int a = 1" + strings.Repeat(" + 1", 9000) + ";\n",
		"strings":         chain("const string s0 = \"0123456789\";\n", "const string s# = s@ ++ s@;\n", 60),
		"big lists":       chain("const tuple<int, int> l0 = {1, 2};\n", "const int l# = {l@, l@};\n", 60),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, _, ds := check("hostile.p4", []byte(src))
			if d := time.Since(start); d > 5*time.Second {
				t.Errorf("took %v", d)
			}
			for _, d := range ds {
				if len(d.Text) > 2000 {
					t.Errorf("message of %d bytes", len(d.Text))
				}
			}
		})
	}
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}
