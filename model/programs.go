package model

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"gofino/pipeline/fit"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// Placement is a program and the pipes that run it. Placements without Pipes
// take turns at the pipes that no other names: two programs get 0, 2 and 1, 3, as
// two pipelines of one program do.
type Placement struct {
	Program *ir.Program
	Pipes   []int
	// Stages is where the chip's compiler put the tables (fit.ReadContext);
	// nil is fit's own estimate, made when something asks for it.
	Stages *fit.Report

	cycles latencies // of a saved switch; nil for a new one
}

// program is one that the chip runs, with the tables of its own.
type program struct {
	Placement // Pipes are filled in
	api       *api
	placed    sync.Once
	report    *fit.Report // guarded by placed
}

// stages tells in which stage each table sits.
func (p *program) stages() *fit.Report {
	p.placed.Do(func() {
		if p.report = p.Stages; p.report == nil {
			p.report = estimateOf(p.Program)
		}
	})
	return p.report
}

// ErrReplaced is the cause when somebody uses a switch whose programs were
// replaced: it has handed over to another.
var ErrReplaced = errors.New("the switch runs other programs now")

// place checks that every pipe has one program, and fills in which.
func place(list []Placement, pipes int) ([]Placement, error) {
	owner := make([]int, pipes)
	for i := range owner {
		owner[i] = -1
	}
	take := func(i, pipe int) error {
		if pipe < 0 || pipe >= pipes {
			return fmt.Errorf("make switch: program %s in pipe %d (pipes: 0..%d)", list[i].Program.Name, pipe, pipes-1)
		}
		if o := owner[pipe]; o >= 0 {
			return fmt.Errorf("make switch: pipe %d is given to %s and to %s", pipe, list[o].Program.Name, list[i].Program.Name)
		}
		owner[pipe] = i
		return nil
	}
	if len(list) == 0 {
		return nil, errors.New("make switch: no program")
	}
	for i, p := range list {
		if p.Program.Target != list[0].Program.Target {
			return nil, fmt.Errorf("make switch: %s is for %s, %s for %s", list[0].Program.Name, chipName(list[0].Program.Target),
				p.Program.Name, chipName(p.Program.Target))
		}
		for _, pipe := range p.Pipes {
			if err := take(i, pipe); err != nil {
				return nil, err
			}
		}
	}
	out := slices.Clone(list)
	var open []int // placements that take what is left
	for i := range out {
		if out[i].Pipes == nil {
			open = append(open, i)
		}
	}
	turn := 0
	for pipe := range owner {
		if owner[pipe] < 0 && len(open) > 0 {
			i := open[turn%len(open)]
			owner[pipe], turn = i, turn+1
			out[i].Pipes = append(out[i].Pipes, pipe)
		}
	}
	if turn < len(open) {
		return nil, fmt.Errorf("make switch: no pipe is left for program %s", out[open[turn]].Program.Name)
	}
	if n := slices.Index(owner, -1); n >= 0 {
		return nil, fmt.Errorf("make switch: pipe %d runs no program", n)
	}
	return out, nil
}

// addPrograms makes the programs' tables.
func (s *Switch) addPrograms(list []Placement) error {
	parts := make([]tables.Part, len(list))
	for i, p := range list {
		parts[i] = tables.Part{Program: p.Program, Pipes: p.Pipes}
		for _, pl := range p.Program.Pipelines {
			if err := refuse(pl); err != nil {
				return err
			}
		}
	}
	stores, err := tables.NewStores(parts, s.conf.Pipes)
	if err != nil {
		return err
	}
	for i, p := range list {
		prog := &program{Placement: p, api: &api{Store: stores[i], s: s, index: i}}
		prog.api.Place(prog.spots)
		s.programs = append(s.programs, prog)
	}
	return nil
}

// programOf is the program that a pipe runs.
func (s *Switch) programOf(pipe int) *program {
	for _, p := range s.programs {
		if slices.Contains(p.Pipes, pipe) {
			return p
		}
	}
	panic("BUG: a pipe without a program")
}

// pipeline is what a pipe runs of its program.
func (p *program) pipeline(pipe int) *ir.Pipeline {
	if len(p.Program.Scope) == 0 {
		return p.Program.Pipelines[0]
	}
	return p.Program.Pipelines[p.Program.Scope[pipe%len(p.Program.Scope)]]
}

// publish tells the subscribers of every program.
func (s *Switch) publish(n tables.Notification) {
	for _, p := range s.programs {
		p.api.Publish(n)
	}
}

// Programs are what the switch runs, and where.
func (s *Switch) Programs() []Placement {
	out := make([]Placement, len(s.programs))
	for i, p := range s.programs {
		out[i] = Placement{Program: p.Program, Pipes: slices.Clone(p.Pipes), Stages: p.Stages}
	}
	return out
}

// API is the table API of the first program.
func (s *Switch) API() tables.API { return s.programs[0].api }

// ProgramAPI is the table API of a program, by its place in Programs: the
// program's own tables and, the same behind each, the chip's. Notifications of
// a pipe go to the subscribers of its program, those of ports to all.
func (s *Switch) ProgramAPI(i int) tables.API { return s.programs[i].api }

// Prepare makes a switch that runs other programs, to take this one's place: as
// New would make it, with this one's configuration and clock. Tables, ports,
// mirror sessions and replication are as after New, to be filled: on the chip a
// warm init, in either of its modes, restarts the pipes too. This switch goes on
// until HandOver.
func (s *Switch) Prepare(list []Placement) (*Switch, error) {
	if len(list) > 0 && list[0].Program.Target != s.target {
		return nil, fmt.Errorf("replace programs: the chip is a %s, %s is for %s", chipName(s.target), list[0].Program.Name, chipName(list[0].Program.Target))
	}
	n, err := NewPlaced(list, s.conf)
	if err != nil {
		return nil, fmt.Errorf("replace programs: %w", err)
	}
	return n, nil
}

// KeepScopes gives the match tables of a switch that was prepared the EntryScope
// that they have here, by their names: a hitless warm init leaves it as it was.
func (s *Switch) KeepScopes(to *Switch) {
	const scope = "EntryScope"
	ctx := context.Background()
	for _, q := range to.programs {
		for _, t := range q.api.Schema().Tables {
			if !strings.HasPrefix(t.Type, "MatchAction") {
				continue
			}
			for _, p := range s.programs {
				if data, err := p.api.Store.Attribute(ctx, tables.AllPipes, t.Name, scope); err == nil {
					// In a program that runs in other pipes its own scope stays.
					_ = q.api.Store.SetAttribute(ctx, tables.AllPipes, t.Name, scope, data)
					break
				}
			}
		}
	}
}

// HandOver gives this switch's links and wire to another, which nobody has given
// frames yet, and ends: frames that it is still given vanish, and whoever uses its
// tables is told ErrReplaced.
func (s *Switch) HandOver(to *Switch) error {
	if err := s.end(to); err != nil {
		return fmt.Errorf("replace programs: %w", err)
	}
	s.Close()
	return nil
}

// end is HandOver between two inputs.
func (s *Switch) end(to *Switch) error {
	resume := s.pause()
	defer resume()
	switch {
	case s.journal.Load() != nil:
		return errors.New("the switch is being recorded, and a recording is of one set of programs")
	case s.ended.Load():
		return ErrReplaced
	}
	s.mu.Lock()
	links := s.link
	s.mu.Unlock()
	for p, up := range links {
		if !up {
			to.PortUp(Port(p), false)
		}
	}
	to.SetWire(s.wire)
	s.ended.Store(true)
	return nil
}

// Replace prepares a switch that runs other programs and hands over to it. Where
// the programs do not fit, nothing happens.
func (s *Switch) Replace(list []Placement) (*Switch, error) {
	n, err := s.Prepare(list)
	if err != nil {
		return nil, err
	}
	if err := s.HandOver(n); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}
