package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// maxLines of a Go file that does not explain its length.
const maxLines = 800

// Check reads the named files of a tree and returns one line per broken rule,
// sorted. Names are slash-separated and relative to the module's root.
func Check(tree fs.FS, files []string) ([]string, error) {
	c := checker{folders: map[string]*folder{}}
	for _, name := range files {
		data, err := fs.ReadFile(tree, name)
		if err != nil {
			return nil, fmt.Errorf("check the tree: %w", err)
		}
		c.file(name, data)
	}
	c.all()
	sort.Strings(c.broken)
	return slices.Compact(c.broken), nil
}

// folder is what is known of one folder with Go files.
type folder struct{ doc, code bool }

type checker struct {
	folders map[string]*folder
	broken  []string
}

func (c *checker) report(where, rule string, args ...any) {
	c.broken = append(c.broken, where+": "+fmt.Sprintf(rule, args...))
}

func (c *checker) file(name string, data []byte) {
	c.topLevel(name)
	c.paths(name, data)
	if strings.HasSuffix(name, ".go") && !strings.Contains("/"+name, "/testdata/") {
		c.goFile(name, data)
	}
}

// topLevel refuses a folder at the root that the architecture does not know.
func (c *checker) topLevel(name string) {
	top, _, inside := strings.Cut(name, "/")
	if !inside || strings.HasPrefix(top, ".") || slices.Contains(withoutGo, top) {
		return
	}
	for f := range arrows {
		if strings.HasPrefix(f+"/", top+"/") {
			return
		}
	}
	c.report(top, "a top-level folder that the architecture does not have")
}

// machinePaths exist on one machine only. They are written in two pieces, so
// that this file does not break the rule.
var machinePaths = []string{"/wo" + "rk/", "/tmp/" + "ext", "/tmp/" + "brief", "/ro" + "ot/", "/ho" + "me/"}

func (c *checker) paths(name string, data []byte) {
	if bytes.IndexByte(data, 0) >= 0 {
		return // not a text
	}
	for i, line := range bytes.Split(data, []byte("\n")) {
		for _, p := range machinePaths {
			at := bytes.Index(line, []byte(p))
			if at < 0 || at > 0 && isNameByte(line[at-1]) { // a/work/b is relative
				continue
			}
			c.report(fmt.Sprintf("%s:%d", name, i+1), "a path of one machine, %s", p)
		}
	}
}

func isNameByte(b byte) bool {
	return b == '.' || b == '_' || b == '-' || b == '~' || b == '}' || b == ')' ||
		b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

func (c *checker) goFile(name string, data []byte) {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, name, data, parser.ParseComments)
	if err != nil {
		c.report(name, "does not parse: %v", err)
		return
	}
	isTest := strings.HasSuffix(name, "_test.go")
	dir := path.Dir(name)
	fo := c.folders[dir]
	if fo == nil {
		fo = new(folder)
		c.folders[dir] = fo
	}
	fo.code = fo.code || !isTest
	if path.Base(name) == "doc.go" {
		fo.doc = f.Doc != nil && strings.HasPrefix(f.Doc.Text(), "Package "+f.Name.Name+" ") ||
			f.Doc != nil && f.Name.Name == "main"
	}
	if formatted, err := format.Source(data); err != nil || !bytes.Equal(formatted, data) {
		c.report(name, "gofmt would change it")
	}
	c.imports(name, dir, f, isTest)
	if !strings.HasSuffix(name, ".pb.go") {
		c.size(name, data, f)
	}
}

func (c *checker) imports(name, dir string, f *ast.File, isTest bool) {
	rule, known := ruleOf(dir)
	for _, i := range f.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		if p == "C" {
			c.report(name, "imports C; the project is pure Go")
			continue
		}
		if !isTest && known && !rule.allows(p) {
			c.report(name, "imports %s, which is not among what %s may import (%s)", p, dir, rule.list())
		}
	}
}

// size wants a reason for a long file: a comment that begins with "size:".
func (c *checker) size(name string, data []byte, f *ast.File) {
	lines := bytes.Count(data, []byte("\n"))
	if lines <= maxLines {
		return
	}
	for _, g := range f.Comments {
		for _, l := range g.List {
			if strings.HasPrefix(strings.TrimSpace(strings.TrimPrefix(l.Text, "//")), "size:") {
				return
			}
		}
	}
	c.report(name, "%d lines, over %d, and no comment \"// size: why\"", lines, maxLines)
}

// all are the rules about whole folders.
func (c *checker) all() {
	for dir, f := range c.folders {
		if !f.code {
			continue
		}
		if _, known := ruleOf(dir); !known {
			c.report(dir, "a package without a row in internal/archtest/arrows.go")
		}
		if !f.doc {
			c.report(dir, "no doc.go that says what the package is")
		}
	}
}
