package lower_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gofino/p4"
	"gofino/p4/syntax"
	"gofino/pipeline/ir"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// options reads "// target: tofino2" and "// strict" from a program's head.
func options(src []byte) p4.Options {
	opt := p4.Options{MaxErrors: 1000}
	head, _, _ := bytes.Cut(src, []byte("#include"))
	if bytes.Contains(head, []byte("target: tofino2")) {
		opt.Target = ir.Tofino2
	}
	opt.Strict = bytes.Contains(head, []byte("// strict"))
	return opt
}

// TestGolden compares programs with their ir, which was reviewed by reading.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.p4")
	if err != nil || len(files) == 0 {
		t.Fatalf("golden programs: %v, %v", files, err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			prog, diags := p4.Compile(path, options(src))
			for _, d := range diags {
				t.Logf("%v", d)
			}
			if prog == nil {
				t.Fatal("does not compile")
			}
			var got bytes.Buffer
			ir.Dump(&got, prog)
			again, _ := p4.Compile(path, options(src))
			var second bytes.Buffer
			ir.Dump(&second, again)
			if !bytes.Equal(got.Bytes(), second.Bytes()) || prog.Hash != again.Hash {
				t.Error("compiling twice gives two programs")
			}
			checkLayout(t, prog)
			checkStatements(t, prog)
			golden := strings.TrimSuffix(path, ".p4") + ".ir"
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s differs (go test -update rewrites it): %s", golden, firstDifference(got.String(), string(want)))
			}
		})
	}
}

// checkLayout: fields come in order of their place and do not overlap; headers
// hold their fields; everything lies inside the gress's memory.
func checkLayout(t *testing.T, prog *ir.Program) {
	t.Helper()
	for _, pl := range prog.Pipelines {
		for _, g := range []*ir.Gress{pl.Ingress, pl.Egress} {
			end := 0
			for _, f := range g.Fields {
				if f.Loc.Bit < end {
					t.Errorf("field %s at bit %d begins before the last one ends (%d)", f.Name, f.Loc.Bit, end)
				}
				end = f.Loc.Bit + f.Loc.Width
				if f.Header < 0 && end%8 != 0 {
					t.Errorf("field %s does not end on a byte", f.Name)
				}
			}
			if end > g.Bytes*8 {
				t.Errorf("%s: fields end at bit %d of %d", g.Dir, end, g.Bytes*8)
			}
			for _, h := range g.Headers {
				at := h.Off * 8
				for _, f := range h.Fields {
					if f.Loc.Bit != at {
						t.Errorf("header %s: field %s lies at bit %d, want %d", h.Name, f.Name, f.Loc.Bit, at)
					}
					at += f.Loc.Width
				}
			}
		}
	}
}

// checkStatements: every statement has its place in the source, and every
// label names one block.
func checkStatements(t *testing.T, prog *ir.Program) {
	t.Helper()
	for _, pl := range prog.Pipelines {
		labels := map[ir.Dir]map[int]bool{ir.Ingress: {}, ir.Egress: {}}
		var walk func(d ir.Dir, ss []ir.Stmt)
		walk = func(d ir.Dir, ss []ir.Stmt) {
			for _, s := range ss {
				if s.At().Line == 0 {
					t.Errorf("%T has no position", s)
				}
				switch s := s.(type) {
				case *ir.If:
					walk(d, s.Then)
					walk(d, s.Else)
				case *ir.Switch:
					for _, c := range s.Cases {
						walk(d, c.Body)
					}
					walk(d, s.Default)
				case *ir.Block:
					if labels[d][s.Label] {
						t.Errorf("label %d twice", s.Label)
					}
					labels[d][s.Label] = true
					walk(d, s.Body)
				}
			}
		}
		for _, g := range []*ir.Gress{pl.Ingress, pl.Egress} {
			for _, s := range g.Parser.States {
				walk(g.Dir, s.Body)
			}
			walk(g.Dir, g.Control)
			walk(g.Dir, g.Deparser)
		}
		for _, a := range pl.Actions {
			walk(a.Dir, a.Body)
		}
		for _, a := range pl.RegActions {
			walk(pl.Registers[a.Register].Dir, a.Body)
		}
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			return "line " + strconv.Itoa(i+1) + ": " + g[i]
		}
	}
	return "it is shorter"
}

var comment = regexp.MustCompile(`// (ERROR|WARNING) "(.*)"\s*$`)

// TestErrors: wrong and refused programs hold the message that each line must
// get; every other line must get none.
func TestErrors(t *testing.T) {
	files, err := filepath.Glob("testdata/errors/*.p4")
	if err != nil || len(files) == 0 {
		t.Fatalf("wrong programs: %v, %v", files, err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			prog, diags := p4.Compile(path, options(src))
			got := map[string]bool{}
			failed := false
			for _, d := range diags {
				kind := "WARNING"
				if d.Severity == syntax.SevError {
					kind, failed = "ERROR", true
				}
				key := strconv.Itoa(d.At.Line) + " " + kind + " " + d.Text
				if got[key] {
					t.Errorf("twice: %s", key)
				}
				got[key] = true
			}
			if (prog == nil) != failed {
				t.Errorf("program %v, errors %v", prog != nil, failed)
			}
			for i, line := range strings.Split(string(src), "\n") {
				m := comment.FindStringSubmatch(line)
				if m == nil {
					continue
				}
				text, err := strconv.Unquote(`"` + m[2] + `"`)
				if err != nil {
					t.Fatalf("%s:%d: %v", path, i+1, err)
				}
				found := false
				for key := range got {
					n, rest, _ := strings.Cut(key, " ")
					kind, have, _ := strings.Cut(rest, " ")
					if n == strconv.Itoa(i+1) && kind == m[1] && strings.Contains(have, text) {
						delete(got, key)
						found = true
					}
				}
				if !found {
					t.Errorf("%s:%d: no %s %q", path, i+1, m[1], text)
				}
			}
			for key := range got {
				t.Errorf("%s: unexpected %s", path, key)
			}
		})
	}
}
