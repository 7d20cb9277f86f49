package fidelity

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the documents")

const (
	root = "../.."
	doc  = root + "/docs/fidelity.md"
)

// TestDocumentIsCurrent: docs/fidelity.md is what the list says.
func TestDocumentIsCurrent(t *testing.T) { current(t, doc, Markdown(Features())) }

// current compares a document with what it is generated from.
func current(t *testing.T, file, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is stale (go test ./internal/fidelity -update rewrites it)", file)
	}
}

// TestProofsExist: every test that the list names is there.
func TestProofsExist(t *testing.T) {
	known := map[string]*proofs{}
	for _, f := range Features() {
		if err := find(known, f.Test); err != "" {
			t.Errorf("%s / %s: %s", f.Area, f.Name, err)
		}
	}
	for _, wrong := range []string{"pre TestNoSuchTest", "p4 TestChipLimits/no such case", "p4/lower testdata/errors/none.p4", "nowhere TestX", "pre"} {
		if find(known, wrong) == "" {
			t.Errorf("%q counts as a proof", wrong)
		}
	}
}

// proofs of a folder.
type proofs struct {
	tests []string
	texts []string // string literals of its tests
}

func find(known map[string]*proofs, proof string) string {
	folder, name, ok := strings.Cut(proof, " ")
	if !ok {
		return "a proof is a folder and a test, not " + proof
	}
	if strings.HasPrefix(name, "testdata/") {
		if _, err := os.Stat(filepath.Join(root, folder, name)); err != nil {
			return err.Error()
		}
		return ""
	}
	p := known[folder]
	if p == nil {
		p = read(folder)
		known[folder] = p
	}
	test, sub, _ := strings.Cut(name, "/")
	if !slices.Contains(p.tests, test) {
		return "no test " + test + " in " + folder
	}
	if sub != "" && !slices.Contains(p.texts, sub) {
		return "no case " + sub + " in the tests of " + folder
	}
	return ""
}

func read(folder string) *proofs {
	p := &proofs{}
	files, _ := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv == nil && strings.HasPrefix(n.Name.Name, "Test") {
					p.tests = append(p.tests, n.Name.Name)
				}
			case *ast.BasicLit:
				if n.Kind == token.STRING {
					p.texts = append(p.texts, strings.Trim(n.Value, "\"`"))
				}
			}
			return true
		})
	}
	return p
}

// TestRowsAreWhole: rows of one area lie together, no feature is there twice,
// and what is not exact has a note.
func TestRowsAreWhole(t *testing.T) {
	areas, names := []string{}, map[string]bool{}
	for _, f := range Features() {
		if len(areas) == 0 || areas[len(areas)-1] != f.Area {
			if slices.Contains(areas, f.Area) {
				t.Errorf("area %s lies in two places", f.Area)
			}
			areas = append(areas, f.Area)
		}
		if names[f.Area+f.Name] {
			t.Errorf("%s / %s is there twice", f.Area, f.Name)
		}
		names[f.Area+f.Name] = true
		if f.State != Exact && f.Note == "" {
			t.Errorf("%s / %s has no note", f.Area, f.Name)
		}
		if f.Fact == "" || f.Test == "" {
			t.Errorf("%s / %s has no fact or no test", f.Area, f.Name)
		}
	}
}
