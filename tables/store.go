package tables

import (
	"fmt"

	"gofino/pipeline/ir"
)

// Store is the run-time state of a program in every pipe.
type Store struct {
	states []*State // by pipe
}

// NewStore makes the state of a program in so many pipes, with the program's
// own entries and default actions in place.
func NewStore(p *ir.Program, pipes int) (*Store, error) {
	if pipes < 1 {
		return nil, fmt.Errorf("make tables: %d pipes", pipes)
	}
	st := &Store{}
	var shared []*State
	for _, pl := range p.Pipelines {
		s := newShared(pl)
		shared = append(shared, s)
		for i, t := range pl.Tables {
			s.Match[i].program(t)
		}
	}
	for pipe := range pipes {
		n := pipelineOf(p, pipe)
		st.states = append(st.states, newState(p.Pipelines[n], shared[n]))
	}
	return st, nil
}

// pipelineOf is the index of the pipeline that a pipe runs.
func pipelineOf(p *ir.Program, pipe int) int {
	if len(p.Scope) == 0 {
		return 0
	}
	return p.Scope[pipe%len(p.Scope)]
}

// State of a pipe, for its packet path.
func (s *Store) State(pipe int) *State { return s.states[pipe] }
