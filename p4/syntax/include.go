package syntax

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxFileBytes bounds one source file.
const maxFileBytes = 64 << 20

// readSource reads a source file, and nothing that is not a file.
func readSource(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	switch {
	case info.IsDir():
		return nil, errors.New("is a directory")
	case !info.Mode().IsRegular():
		return nil, errors.New("is not a regular file")
	case info.Size() > maxFileBytes:
		return nil, fmt.Errorf("is larger than %d bytes", maxFileBytes)
	}
	return os.ReadFile(path)
}

// include carries out #include "x", #include <x> and #include MACRO.
func (p *preprocessor) include(f *source, at Pos) {
	name, angled := f.scan.headerName()
	rest := restOfLine(f.scan)
	if !angled {
		var ok bool
		if name, angled, ok = p.computedHeader(at, rest); !ok {
			return
		}
	} else if len(rest) > 0 {
		p.diags.warnf(rest[0].pos, "text after #include <%s> is ignored", name)
	}
	if name == "" {
		p.diags.errorf(at, "#include names no file")
		return
	}
	found, ok := p.find(name, angled, f.dir)
	if !ok {
		hint := ""
		if p.cfg.Hint != nil {
			hint = p.cfg.Hint(name)
		}
		p.diags.errorf(at, "include %q: no such file (searched: %s)%s", name, p.searched(name, angled, f.dir), hint)
		return
	}
	if found.err != nil {
		p.diags.errorf(at, "include %q: %s: %v", name, found.path, found.err)
		return
	}
	if !p.once[found.path] {
		p.enter(found.path, found.text, found.dir, at)
	}
}

// computedHeader reads a header's name from the tokens of an #include line:
// "x", or macros that make "x" or <x>.
func (p *preprocessor) computedHeader(at Pos, line []token) (name string, angled, ok bool) {
	if len(line) > 0 && line[0].kind != tString {
		line = p.expandAll(line, token{text: "include", pos: at})
	}
	switch n := len(line); {
	case n > 0 && line[0].kind == tString:
		if n > 1 {
			p.diags.warnf(line[1].pos, "text after #include %s is ignored", line[0].text)
		}
		return strings.Trim(line[0].text, `"`), false, true
	case n > 2 && line[0].kind == tLt && line[n-1].kind == tGt:
		return spell(line[1 : n-1]), true, true
	}
	p.diags.errorf(at, `expected "file" or <file> after #include, found %s`, first(line))
	return "", false, false
}

// header is a file that #include found.
type header struct {
	path string
	dir  string
	text []byte
	err  error // it is there but cannot be read
}

// find looks a header up: beside the including file if its name is quoted,
// then in IncludeDirs, then among the built-in files.
func (p *preprocessor) find(name string, angled bool, dir string) (header, bool) {
	for _, path := range p.candidates(name, angled, dir) {
		text, ok := p.texts[path]
		if !ok {
			var err error
			if text, err = readSource(path); errors.Is(err, fs.ErrNotExist) {
				continue
			} else if err != nil {
				if info, serr := os.Stat(path); serr != nil || info.IsDir() {
					continue // a directory of that name, or a path through a file
				}
				return header{path: path, err: err}, true
			}
			p.texts[path] = text
		}
		return header{path: path, dir: filepath.Dir(path), text: text}, true
	}
	if p.cfg.Builtin != nil {
		if text, ok := p.cfg.Builtin(name); ok {
			return header{path: "<" + name + ">", text: []byte(text)}, true
		}
	}
	return header{}, false
}

// candidates are the paths at which a header may be, best first. A built-in
// file has no folder, so what it includes is not looked for beside it.
func (p *preprocessor) candidates(name string, angled bool, dir string) (paths []string) {
	if filepath.IsAbs(name) {
		return []string{name}
	}
	if !angled && dir != "" {
		paths = append(paths, filepath.Join(dir, name))
	}
	for _, d := range p.cfg.IncludeDirs {
		paths = append(paths, filepath.Join(d, name))
	}
	return paths
}

func (p *preprocessor) searched(name string, angled bool, dir string) string {
	var dirs []string
	for _, path := range p.candidates(name, angled, dir) {
		d := strings.TrimSuffix(path, filepath.Clean(name))
		if d = strings.TrimSuffix(d, string(filepath.Separator)); d == "" {
			d = "."
		}
		dirs = append(dirs, d)
	}
	if p.cfg.Builtin != nil {
		dirs = append(dirs, "the built-in files")
	}
	if len(dirs) == 0 {
		return "nothing: no include folder is given"
	}
	return strings.Join(dirs, ", ")
}
