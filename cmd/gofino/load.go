package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"gofino/agent"
	"gofino/model"
	"gofino/p4/syntax"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// programName is what controllers call the program in a file.
func programName(path string) string { return strings.TrimSuffix(filepath.Base(path), ".p4") }

// load compiles the programs of a command line: FILE.p4 or a bundle, each with
// the pipes that run it behind an @.
func (f *programFlags) load(c *cobra.Command, args []string) ([]*loaded, error) {
	var out []*loaded
	for _, arg := range args {
		path, pipes, err := splitPipes(arg)
		if err != nil {
			return nil, err
		}
		p, err := f.loadOne(c, path)
		if err != nil {
			return nil, err
		}
		p.Pipes = pipes
		out = append(out, p)
	}
	return out, nil
}

// splitPipes reads FILE@PIPE,PIPE...
func splitPipes(arg string) (path string, pipes []int, err error) {
	at := strings.LastIndexByte(arg, '@')
	if at < 0 {
		return arg, nil, nil
	}
	if _, err := os.Stat(arg); err == nil {
		return arg, nil, nil // a file with an @ in its name
	}
	for _, t := range strings.Split(arg[at+1:], ",") {
		n, err := strconv.Atoi(t)
		if err != nil {
			return "", nil, usagef("%q: want FILE.p4@PIPE,PIPE... with pipes 0 to 3", arg)
		}
		pipes = append(pipes, n)
	}
	return arg[:at], pipes, nil
}

func (f *programFlags) loadOne(c *cobra.Command, path string) (*loaded, error) {
	o, err := f.options()
	if err != nil {
		return nil, err
	}
	if data, err := os.ReadFile(path); err == nil && bytes.HasPrefix(data, []byte(bundleMagic)) {
		prog, diags, err := compileBundle(data, f.target)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if report(c.ErrOrStderr(), diags) || prog == nil {
			return nil, errReported
		}
		return &loaded{Placement: model.Placement{Program: prog}, bundle: data}, nil
	}
	prog, err := f.compile(c, path)
	if err != nil {
		return nil, err
	}
	bundle, _ := f.makeBundle(path, o)
	return &loaded{Placement: model.Placement{Program: prog}, bundle: bundle}, nil
}

// loader is the device behind the server of a live switch: its programs can be
// replaced.
type loader struct {
	live   *live
	target string // immutable

	mu       sync.Mutex
	programs []*agent.Program // guarded by mu
	next     *model.Switch    // guarded by mu: prepared, until End
}

func newLoader(l *live, f *programFlags, programs []*loaded) *loader {
	d := &loader{live: l, target: f.target}
	d.programs = served(l.now(), programs)
	return d
}

// served are the programs of a switch as controllers see them.
func served(sw *model.Switch, programs []*loaded) []*agent.Program {
	var out []*agent.Program
	for i, p := range sw.Programs() {
		a := &agent.Program{Name: p.Program.Name, API: sw.ProgramAPI(i)}
		contexts, err := contextsOf(p.Program)
		for j, pl := range p.Program.Pipelines {
			f := agent.Profile{Name: pl.Name, Binary: programs[i].bundle}
			if err == nil {
				f.Context = contexts[j]
			}
			for _, pipe := range p.Pipes {
				if len(p.Program.Scope) == 0 || p.Program.Scope[pipe%len(p.Program.Scope)] == j {
					f.Pipes = append(f.Pipes, uint32(pipe))
				}
			}
			a.Profiles = append(a.Profiles, f)
		}
		out = append(out, a)
	}
	return out
}

// Programs that run.
func (d *loader) Programs() []*agent.Program {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.programs
}

// Verify compiles the programs.
func (d *loader) Verify(ctx context.Context, l *agent.Load) error {
	_, err := d.compile(ctx, l)
	return err
}

// compile makes placements of what a controller sent.
func (d *loader) compile(ctx context.Context, l *agent.Load) ([]*loaded, error) {
	var out []*loaded
	for i := range l.Programs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p, err := d.compileOne(&l.Programs[i], len(l.Programs) == 1)
		if err != nil {
			return nil, fmt.Errorf("load program %s: %w: %w", l.Programs[i].Name, tables.ErrInvalid, err)
		}
		out = append(out, p)
	}
	return out, nil
}

// compileOne compiles one program. Its profiles are its pipelines, all with the
// same binary.
func (d *loader) compileOne(c *agent.ProgramConfig, alone bool) (*loaded, error) {
	bin := c.Profiles[0].Binary
	for _, f := range c.Profiles[1:] {
		if !bytes.Equal(f.Binary, bin) {
			return nil, fmt.Errorf("profile %s has another binary than profile %s: want the same bundle in each", f.Name, c.Profiles[0].Name)
		}
	}
	prog, diags, err := compileBundle(bin, d.target)
	if err != nil {
		return nil, err
	}
	if prog == nil {
		for _, g := range diags {
			if g.Severity == syntax.SevError {
				return nil, fmt.Errorf("%s", g)
			}
		}
		return nil, errNoBundle
	}
	prog.Name = c.Name
	if err := sameSchema(prog, c); err != nil {
		return nil, err
	}
	out := &loaded{model.Placement{Program: prog}, bin}
	if !alone {
		out.Pipes = pipesOf(c.Profiles)
	}
	return out, nil
}

// sameSchema checks that the profiles are the program's pipelines.
func sameSchema(prog *ir.Program, c *agent.ProgramConfig) error {
	if !strings.HasPrefix(strings.TrimSpace(string(c.Schema)), "{") {
		return fmt.Errorf("bfruntime_info is no bf-rt.json")
	}
	var have []string
	for _, pl := range prog.Pipelines {
		have = append(have, pl.Name)
	}
	for _, f := range c.Profiles {
		if !slices.Contains(have, f.Name) {
			return fmt.Errorf("profile %s is no pipeline of the program (pipelines: %s)", f.Name, strings.Join(have, ", "))
		}
	}
	return nil
}

// pipesOf are the pipes of all profiles.
func pipesOf(profiles []agent.Profile) []int {
	var out []int
	for _, f := range profiles {
		for _, n := range f.Pipes {
			out = append(out, int(n))
		}
	}
	return out
}

// Begin prepares the programs. With Hitless the old ones forward until End;
// without it, packets are lost until then.
func (d *loader) Begin(ctx context.Context, l *agent.Load) error {
	list, err := d.compile(ctx, l)
	if err != nil {
		return err
	}
	if err := keepFiles(d.target, l); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	sw, err := d.live.now().Prepare(placements(list))
	if err != nil {
		return err
	}
	if l.Hitless {
		d.live.now().KeepScopes(sw)
	}
	if d.next != nil {
		d.next.Close() // prepared before, and never ended
	}
	d.next = sw
	d.live.held.Store(!l.Hitless)
	d.programs = served(sw, list)
	return nil
}

// End lets packets pass the programs.
func (d *loader) End(context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.next == nil {
		return fmt.Errorf("end warm init: %w: none has begun", tables.ErrInvalid)
	}
	if err := d.live.now().HandOver(d.next); err != nil {
		return err
	}
	d.live.sw.Store(d.next)
	d.next = nil
	d.live.held.Store(false)
	return nil
}

// keepFiles writes what a controller sent below the folder that it names.
func keepFiles(target string, l *agent.Load) error {
	if l.BasePath == "" {
		return nil
	}
	for _, p := range l.Programs {
		if !filepath.IsLocal(p.Name) {
			return fmt.Errorf("keep files: %w: program name %q", tables.ErrInvalid, p.Name)
		}
		files := map[string][]byte{"bf-rt.json": p.Schema}
		for _, f := range p.Profiles {
			if !filepath.IsLocal(f.Name) {
				return fmt.Errorf("keep files: %w: profile name %q", tables.ErrInvalid, f.Name)
			}
			files[filepath.Join(f.Name, "context.json")] = f.Context
			files[filepath.Join(f.Name, target+".bin")] = f.Binary
		}
		if err := writeFiles(filepath.Join(l.BasePath, p.Name), files); err != nil {
			return err
		}
	}
	return nil
}
