package tables

import (
	"sync/atomic"

	"gofino/pipeline/ir"
)

// newState makes the run-time state of one pipe. Match tables and parameters are
// the same in every pipe, at first: they come from shared. Counters, registers
// and port metadata are the pipe's own.
func newState(pl *ir.Pipeline, shared *shared, target ir.Target) *State {
	s := &State{Params: shared.params, Hashes: shared.hashes, Debug: Debug{Tables: make([]DebugTable, len(pl.Tables))}}
	for _, m := range shared.sets {
		view := m.Match
		s.Match = append(s.Match, &view)
	}
	for _, v := range pl.ValueSets {
		s.ValueSets = append(s.ValueSets, newValueSet(v, target))
	}
	for _, c := range pl.Counters {
		n := c.Size
		if c.Table >= 0 {
			n = directCells(pl.Tables[c.Table])
		}
		s.Counters = append(s.Counters, newCounter(c.Kind, n))
	}
	for _, r := range pl.Registers {
		n := r.Size
		if r.Table >= 0 {
			n = directCells(pl.Tables[r.Table])
		}
		s.Registers = append(s.Registers, newRegister(r, n))
	}
	if pl.PortMetadata != nil {
		s.PortMetadata = make([]atomic.Pointer[[]byte], localPorts)
		zero := make([]byte, pl.PortMetadata.Bytes)
		for i := range s.PortMetadata {
			s.PortMetadata[i].Store(&zero)
		}
	}
	return s
}

// directCells is what a direct counter, register, meter or filter starts with;
// it grows with its table. The program's own entries have cells from the start.
func directCells(t *ir.Table) int { return max(minDirectCells, 1+len(t.Entries)) }

const (
	minDirectCells = 16
	// localPorts of a pipe (chip.md section 1).
	localPorts = 72
)

// shared is what all pipes of a pipeline share.
type shared struct {
	sets   []*matchSet // by index in ir.Pipeline.Tables
	params []*Param
	hashes []*DynHash
}

func newShared(pl *ir.Pipeline) *shared {
	s := &shared{}
	for _, t := range pl.Tables {
		s.sets = append(s.sets, newSet(t))
	}
	for _, p := range pl.RegParams {
		v := new(Param)
		v.v.Store(paramInitial(p))
		s.params = append(s.params, v)
	}
	s.hashes = newDynHashes(pl)
	return s
}

// newSet makes the empty entries of a table, with the program's default action.
func newSet(t *ir.Table) *matchSet {
	m := newMatch(t.Keys)
	if masked(t) {
		m.allowMask()
	} else if t.ProxyHash != nil {
		m.setProxy(t.ProxyHash)
	}
	m.def.act.Store(&ActionData{Action: t.Default.Action, Data: t.Default.Data})
	return m
}

// paramInitial is a RegisterParam's initial value, two's complement in its
// width.
func paramInitial(p *ir.RegisterParam) uint64 {
	if p.Initial == nil {
		return 0
	}
	v := p.Initial.Uint64() // of the magnitude
	if p.Initial.Sign() < 0 {
		v = -v
	}
	return v & (^uint64(0) >> (64 - uint(p.Width)))
}
