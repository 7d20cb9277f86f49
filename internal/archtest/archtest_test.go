package archtest

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// TestHouse checks this tree.
func TestHouse(t *testing.T) {
	root := moduleRoot(t)
	broken, err := Check(os.DirFS(root), filesOf(t, root))
	require.NoError(t, err)
	for _, b := range broken {
		t.Error(b)
	}
}

func moduleRoot(t *testing.T) string {
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		require.NotEqual(t, dir, up, "no go.mod above the test")
		dir = up
	}
}

// filesOf lists what git would commit, or in an exported tree all there is.
func filesOf(t *testing.T, root string) []string {
	cmd := exec.Command("git", "-c", "safe.directory="+root, "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if out, err := cmd.Output(); err == nil {
		var files []string
		for _, f := range strings.Split(strings.TrimRight(string(out), "\x00"), "\x00") {
			if _, err := os.Lstat(filepath.Join(root, f)); err == nil { // not deleted since
				files = append(files, f)
			}
		}
		require.NotEmpty(t, files)
		return files
	}
	var files []string
	require.NoError(t, fs.WalkDir(os.DirFS(root), ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, p)
		}
		return err
	}))
	return files
}

// TestCheckFindsBrokenRules breaks every rule once, in trees that are good
// otherwise.
func TestCheckFindsBrokenRules(t *testing.T) {
	const doc = "// Package pre is one.\npackage pre\n"
	long := "package pre\n" + strings.Repeat("\n// line\n", 401)
	for name, c := range map[string]struct {
		file, text, want string
	}{
		"arrow":               {"pre/a.go", "package pre\n\nimport \"gofino/tables\"\n", "pre/a.go: imports gofino/tables, which is not among what pre may import (internal/bits, internal/clock, internal/snap)"},
		"arrow downwards":     {"tables/a.go", "package tables\n\nimport _ \"gofino/pipeline\"\n", "tables/a.go: imports gofino/pipeline"},
		"not a leaf":          {"pre/a.go", "package pre\n\nimport \"gofino/internal/veth\"\n", "pre/a.go: imports gofino/internal/veth"},
		"third party":         {"pre/a.go", "package pre\n\nimport \"golang.org/x/sys/unix\"\n", "pre/a.go: imports golang.org/x/sys/unix"},
		"not a prefix":        {"pipeline/a.go", "package pipeline\n\nimport \"gofino/tablesx\"\n", "pipeline/a.go: imports gofino/tablesx"},
		"cgo":                 {"pre/a.go", "package pre\n\nimport \"C\"\n", "pre/a.go: imports C"},
		"cgo in a test":       {"pre/a_test.go", "package pre\n\nimport \"C\"\n", "pre/a_test.go: imports C"},
		"gofmt":               {"pre/a.go", "package  pre\n", "pre/a.go: gofmt would change it"},
		"long":                {"pre/a.go", long, "pre/a.go: 803 lines, over 800"},
		"no doc.go":           {"tables/a.go", "package tables\n", "tables: no doc.go"},
		"empty doc.go":        {"tables/doc.go", "package tables\n", "tables: no doc.go"},
		"unknown top level":   {"toys/x.txt", "x", "toys: a top-level folder"},
		"unknown package":     {"p4/toys/doc.go", "// Package toys is one.\npackage toys\n", "p4/toys: a package without a row"},
		"path of one machine": {"README.md", "see /wo" + "rk/x\n", "README.md:1: a path of one machine"},
		"broken Go":           {"pre/a.go", "package\n", "pre/a.go: does not parse"},
	} {
		t.Run(name, func(t *testing.T) {
			tree := fstest.MapFS{"pre/doc.go": {Data: []byte(doc)}, c.file: {Data: []byte(c.text)}}
			broken, err := Check(tree, []string{"pre/doc.go", c.file})
			require.NoError(t, err)
			require.Contains(t, strings.Join(broken, "\n"), c.want)
		})
	}
}

func TestCheckAcceptsWhatIsAllowed(t *testing.T) {
	tree := fstest.MapFS{
		"pre/doc.go":        {Data: []byte("// Package pre is one.\npackage pre\n")},
		"pre/a.go":          {Data: []byte("package pre\n\nimport (\n\t\"gofino/internal/clock\"\n\t\"strings\"\n)\n")},
		"pre/a_test.go":     {Data: []byte("package pre\n\nimport _ \"gofino/model\"\n")},
		"pre/long.go":       {Data: []byte("package pre\n\n// size: a table of the chip's own numbers.\n" + strings.Repeat("\n// line\n", 500))},
		"sfu/call/doc.go":   {Data: []byte("// Package call is one.\npackage call\n\nimport _ \"gofino/sfu/av1\"\n")},
		"pre/testdata/x.go": {Data: []byte("package  broken")},
		"docs/x.md":         {Data: []byte("go build -o bin/work/x; /tmp/x\n")},
		".ci/run":           {Data: []byte("#!/bin/bash\n")},
	}
	var files []string
	for f := range tree {
		files = append(files, f)
	}
	broken, err := Check(tree, files)
	require.NoError(t, err)
	require.Empty(t, broken)
	_, err = Check(tree, []string{"none"})
	require.ErrorContains(t, err, "check the tree")
}
