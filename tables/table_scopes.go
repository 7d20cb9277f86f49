package tables

import "gofino/pipeline/ir"

// placed is where a part of a scoped table is.
type placed struct {
	tag uint32 // the scope, in handles
	at  Target // the scope, in entries
}

func (p *placed) place(n int, at Target) { p.tag, p.at = uint32(n)<<scopeShift, at }
func (p *placed) moved([]scopedPart)     {}
func (p *placed) install([]pipeState)    {}

// matchScopes is a match table: a matchTable for each of its scopes.
type matchScopes struct {
	*scoped[*matchTable]
	t         *ir.Table
	followers []follower // its profile and its selector
}

func newMatchScopes(st *Store, spec *TableSpec, pl *ir.Pipeline, index int, first *matchSet, pipes []pipeState) *matchScopes {
	t := pl.Tables[index]
	part := func(m *matchSet, pipes []pipeState) *matchTable {
		mt := newMatchTable(st, spec, pl, index, m, pipes)
		if t.IdleTimeout {
			mt.idle = newIdleTable(mt, st.target)
		}
		return mt
	}
	s := newScoped(st, spec, pipes, part(first, pipes), func(p []pipeState) *matchTable { return part(newSet(t), p) })
	s.strict = true
	return &matchScopes{scoped: s, t: t}
}

// follow says what the table's entries refer to. selector may be nil.
func (s *matchScopes) follow(profile *scoped[*profileTable], selector *scoped[*selectorTable]) {
	s.followers = []follower{profile}
	if selector != nil {
		s.followers = append(s.followers, selector)
	}
	s.store.links = append(s.store.links, func() {
		for _, p := range s.everywhere() {
			p.t.profile = profile.same(p.pipes)
			if selector != nil {
				p.t.selector = selector.same(p.pipes)
			}
		}
	})
}

// settle ends a batch.
func (s *matchScopes) settle() {
	for _, p := range s.parts {
		p.t.settle()
	}
}

// within are the parts in the target.
func (s *matchScopes) within(op string, t Target) ([]inScope[*matchTable], error) {
	if t.Pipe == 0 || s.scope.symmetric() {
		return s.parts, nil
	}
	if p, ok := s.in(t.Pipe - 1); ok {
		return []inScope[*matchTable]{*p}, nil
	}
	return nil, s.fail(op, ErrInvalid, "pipe %d is in no scope (pipes: %s)", t.Pipe-1, s.firsts())
}

// Operation runs a table operation in the target's scopes.
func (s *matchScopes) Operation(t Target, op string) error {
	parts, err := s.within("operate on", t)
	if err != nil {
		return err
	}
	if op == opUpdateHitState {
		parts = s.parts // the driver asks all pipes, whichever is named
	}
	for _, p := range parts {
		if err := p.t.operate(op); err != nil {
			return err
		}
	}
	return nil
}

// operate copies direct counters or registers, or hit states.
func (mt *matchTable) operate(op string) error {
	switch {
	case op == "SyncCounters" && len(mt.counters) > 0:
		for _, c := range mt.counters {
			c.sync()
		}
	case op == "SyncRegisters" && len(mt.regs) > 0:
		for _, r := range mt.regs {
			r.sync()
		}
	case op == opUpdateHitState && mt.idle != nil:
		return mt.idle.update()
	default:
		return mt.fail("operate on", ErrNotSupported, "no operation %q (operations: %s)", op, choices(mt.spec.Operations))
	}
	return nil
}

func (mt *matchTable) count() int { return mt.m.used }

func (mt *matchTable) place(n int, at Target) { mt.tag, mt.at = uint32(n)<<scopeShift, at }

// moved takes over what the attributes of the table say.
func (mt *matchTable) moved(from []scopedPart) {
	old := from[0].(*matchTable)
	if mt.m.mask != nil {
		mt.m.mask.Store(old.m.mask.Load())
	}
	if mt.idle != nil {
		mt.idle.conf, mt.idle.last, mt.idle.next = old.idle.conf, old.idle.last, old.idle.next
	}
	mt.startCells(0)
}

// install makes the packet path of the pipes look here.
func (mt *matchTable) install(pipes []pipeState) {
	for _, p := range pipes {
		p.Mu.Lock()
		*p.Match[mt.index] = mt.m.Match
		p.Mu.Unlock()
	}
}
