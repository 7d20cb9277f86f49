package golden

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"
)

// Case is what a vector argument names: an STF file, or a txtar archive with a
// program, vectors and the trace that is expected.
type Case struct {
	Name    string
	Vectors []*Vector
	// Program is the archive's P4 source ("*.p4"), empty where the vector runs
	// on the program of the command line; Files are the archive's other files,
	// for #include.
	ProgramName string
	Program     []byte
	Files       map[string][]byte
	// Trace is the expected text trace ("trace.txt"), empty for none.
	Trace string
}

// Load reads vector arguments: .stf and .txtar files, or directories of them
// (in name order, subdirectories too).
func Load(paths []string) ([]*Case, error) {
	var cases []*Case
	for _, p := range paths {
		files, err := expand(p)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			c, err := loadFile(f)
			if err != nil {
				return nil, err
			}
			cases = append(cases, c)
		}
	}
	return cases, nil
}

func expand(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read vector: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var files []string
	err = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && (filepath.Ext(p) == ".stf" || filepath.Ext(p) == ".txtar") {
			files = append(files, p)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read vectors: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no .stf or .txtar file in %s", path)
	}
	slices.Sort(files)
	return files, nil
}

func loadFile(path string) (*Case, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read vector: %w", err)
	}
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	if filepath.Ext(path) != ".txtar" {
		v, err := Parse(path, string(text))
		if err != nil {
			return nil, err
		}
		v.Name = name
		return &Case{Name: name, Vectors: []*Vector{v}}, nil
	}
	return ParseCase(path, name, text)
}

// ParseCase reads a txtar archive; path is for error texts.
func ParseCase(path, name string, text []byte) (*Case, error) {
	c := &Case{Name: name, Files: map[string][]byte{}}
	for _, f := range txtar.Parse(text).Files {
		switch {
		case strings.HasSuffix(f.Name, ".stf"):
			v, err := Parse(path+"/"+f.Name, string(f.Data))
			if err != nil {
				return nil, err
			}
			v.Name = name + "/" + strings.TrimSuffix(f.Name, ".stf")
			c.Vectors = append(c.Vectors, v)
		case strings.HasSuffix(f.Name, ".p4") && c.Program == nil:
			c.ProgramName, c.Program = f.Name, f.Data
		case f.Name == "trace.txt":
			c.Trace = string(f.Data)
		default:
			c.Files[f.Name] = f.Data
		}
	}
	if len(c.Vectors) == 0 {
		return nil, fmt.Errorf("%s: no .stf file in the archive", path)
	}
	return c, nil
}
