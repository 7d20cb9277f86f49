package fit

import (
	"fmt"

	"gofino/pipeline/ir"
)

// access is what a table or a statement touches. A read at the crossbar (a
// key, a condition, the input of a hash or of a stateful ALU, an index) needs
// the value when the stage begins; a read by an action only when actions run.
type access struct {
	match, act, write set
	// filter is the part of write that an LPF or WRED gives. The compiler
	// orders no two such writes of one field.
	filter set
}

func (p *places) access() access {
	return access{match: p.set(), act: p.set(), write: p.set(), filter: p.set()}
}

// again is where both write, without what both write as filters.
func (a *access) again(b *access) set {
	w := a.write.clone()
	w.and(b.write)
	f := a.filter.clone()
	f.and(b.filter)
	w.minus(f)
	return w
}

// needs is what a statement takes of a stage besides PHV.
type needs struct {
	hash     []hashUse
	counters []int // indirect
	meters   []int
	filters  []int
	regs     []int
	random   bool
	indexed  bool // an index goes through the hash distribution
}

// hashUse is an output of the hash that goes to the distribution unit: equal
// ones in a stage are one.
type hashUse struct {
	in  string // the units, and what is done with them
	out int    // bits
}

// distribution slices that an output takes (chip.md section 4: 16 bits,
// expandable to 23).
func (h hashUse) slices() int {
	if h.out <= hashExpanded {
		return 1
	}
	return ceil(h.out, 16)
}

// reader collects what statements touch.
type reader struct {
	p  *places
	pl *ir.Pipeline
	access
	needs
	// params are places of action data: no dependency, but room on the bus.
	params map[int]bool
}

func (b *builder) reader() *reader {
	return &reader{p: b.p, pl: b.pl, access: b.p.access(), params: b.params}
}

func (r *reader) stmts(list []ir.Stmt) {
	for _, s := range list {
		r.stmt(s)
	}
}

func (r *reader) stmt(s ir.Stmt) {
	p := r.p
	switch s := s.(type) {
	case *ir.Assign:
		p.expr(s.X, r.act)
		p.loc(s.Dst, r.write)
	case *ir.Copy:
		p.loc(s.Src, r.act)
		p.loc(s.Dst, r.write)
	case *ir.If:
		p.expr(s.Cond, r.act)
		r.stmts(s.Then)
		r.stmts(s.Else)
	case *ir.Switch:
		p.expr(s.Tag, r.act)
		for _, c := range s.Cases {
			r.stmts(c.Body)
		}
		r.stmts(s.Default)
	case *ir.Block:
		r.stmts(s.Body)
	case *ir.SetValid:
		p.loc(p.g.Headers[s.Header].Valid, r.write)
	case *ir.SetInvalid:
		p.loc(p.g.Headers[s.Header].Valid, r.write)
	case *ir.Push:
		p.stack(s.Stack, r.act)
		p.stack(s.Stack, r.write)
	case *ir.Pop:
		p.stack(s.Stack, r.act)
		p.stack(s.Stack, r.write)
	default:
		r.extern(s)
	}
}

func (r *reader) extern(s ir.Stmt) {
	p := r.p
	switch s := s.(type) {
	case *ir.HashGet:
		p.exprs(s.Data, r.match)
		p.loc(s.Dst, r.write)
		r.hash = append(r.hash, hashUse{fmt.Sprint("hash ", s.Hash, r.keyOf(s.Data)), s.Dst.Width})
	case *ir.RandomGet:
		p.loc(s.Dst, r.write)
		r.random = true
	case *ir.Count:
		r.index(s.Index)
		if s.Index != nil {
			r.counters = append(r.counters, s.Counter)
		}
	case *ir.MeterExec:
		r.index(s.Index)
		p.expr(s.Color, r.match)
		p.loc(s.Dst, r.write)
		if s.Index != nil {
			r.meters = append(r.meters, s.Meter)
		}
	case *ir.FilterExec:
		r.index(s.Index)
		p.expr(s.X, r.match)
		p.loc(s.Dst, r.write)
		p.loc(s.Dst, r.filter)
		if s.Index != nil {
			r.filters = append(r.filters, s.Filter)
		}
	case *ir.RegisterExec:
		r.index(s.Index)
		p.loc(s.Dst, r.write)
		a := r.pl.RegActions[s.Action]
		r.regs = append(r.regs, a.Register)
		r.registerAction(a)
	case *ir.Apply:
		p.loc(s.Hit, r.write)
		p.loc(s.Action, r.write)
	case *ir.RegisterRead:
		r.index(s.Index)
		p.loc(s.Lo, r.write)
		p.loc(s.Hi, r.write)
		r.regs = append(r.regs, s.Register)
	case *ir.RegisterClear:
		p.expr(s.Lo, r.match)
		p.expr(s.Hi, r.match)
		r.regs = append(r.regs, s.Register)
	case *ir.RegisterWrite:
		r.index(s.Index)
		p.expr(s.Lo, r.match)
		p.expr(s.Hi, r.match)
		r.regs = append(r.regs, s.Register)
	}
}

// keyOf says which units expressions read.
func (r *reader) keyOf(xs []ir.Expr) []int {
	in := r.p.set()
	r.p.exprs(xs, in)
	var units []int
	in.each(func(u int) { units = append(units, u) })
	return units
}

// index of a counter, meter or register: from action data or a constant it is
// free, from PHV it takes the crossbar and the hash distribution.
func (r *reader) index(x ir.Expr) {
	if x == nil {
		return
	}
	in := r.p.set()
	r.p.expr(x, in)
	if in.empty() {
		return
	}
	if l, ok := x.(*ir.Load); ok && r.params[l.Loc.Bit/8] {
		return
	}
	r.match.or(in)
	r.indexed = true
	r.hash = append(r.hash, hashUse{fmt.Sprint("index", r.keyOf([]ir.Expr{x})), x.W()})
}

// registerAction reads its operands at the crossbar; what it writes first is
// its own.
func (r *reader) registerAction(a *ir.RegisterAction) {
	in := &reader{p: r.p, pl: r.pl, access: r.p.access(), params: r.params}
	in.stmts(a.Body)
	own := in.write
	r.p.loc(a.Lo, own)
	r.p.loc(a.Hi, own)
	r.p.loc(a.Out, own)
	in.act.minus(own)
	r.match.or(in.act)
	r.match.or(in.match)
}

// pure statements may go when nobody reads what they write.
func pure(s ir.Stmt) bool {
	switch s.(type) {
	case *ir.Assign, *ir.Copy, *ir.HashGet, *ir.RandomGet, *ir.MathExec, *ir.RegisterPredicate:
		return true
	}
	return false
}
