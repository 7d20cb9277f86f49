package fit

import (
	"slices"

	"gofino/pipeline/ir"
)

// aliases finds parameters of inlined controls, and other variables, that only
// carry a value in or out, and joins them with the field that they are copied
// from or to: the compiler's copy propagation does away with them, in table
// keys too.
//
// A parameter is joined when every copy of it is with the same field and stands
// in the list of statements that has all its uses, when the deparser does not
// read it, and when nothing else touches that field from the parameter's first
// use to its last.
type aliases struct {
	b    *builder
	at   int              // position in the walk
	use  map[int][]int    // by field: where it is touched
	pair map[int][]ir.Loc // by field: the places it is copied from or to
	copy map[int]bool     // positions that are copies
	list []span           // the lists of statements, by number
	in   []int            // the lists around the current statement
	home map[int][]int    // by field: the lists in which it is copied
	out  set              // what is read after the control
}

// span is a range of positions.
type span struct{ from, to int }

func (b *builder) alias(g *ir.Gress) {
	a := &aliases{b: b, use: map[int][]int{}, pair: map[int][]ir.Loc{}, copy: map[int]bool{}, home: map[int][]int{}}
	a.walk(g.Control)
	a.out = (&cleaner{b: b, t: &thread{g: g, p: b.p}}).out()
	for f := range g.Fields {
		if with, ok := a.joins(f); ok {
			b.p.join(f, with)
			b.carried[f] = true
		}
	}
}

func (a *aliases) walk(list []ir.Stmt) {
	n := len(a.list)
	a.list = append(a.list, span{from: a.at + 1})
	a.in = append(a.in, n)
	defer func() {
		a.list[n].to = a.at
		a.in = a.in[:len(a.in)-1]
	}()
	for i, s := range list {
		a.at++
		if a.reset(list[:i], s) {
			a.b.resets[s] = true
			continue
		}
		switch s := s.(type) {
		case *ir.If:
			in := a.b.p.set()
			a.b.p.expr(s.Cond, in)
			a.touch(in)
			a.walk(s.Then)
			a.walk(s.Else)
		case *ir.Switch:
			in := a.b.p.set()
			a.b.p.expr(s.Tag, in)
			a.touch(in)
			for _, c := range s.Cases {
				a.walk(c.Body)
			}
			a.walk(s.Default)
		case *ir.Block:
			a.walk(s.Body)
		case *ir.Apply:
			a.table(s)
		default:
			a.stmt(s)
		}
	}
}

// reset: the statement clears an out argument of a call that also takes it in:
// "v = f; f = 0" at one position. On the chip nothing clears it.
func (a *aliases) reset(before []ir.Stmt, s ir.Stmt) bool {
	x, ok := s.(*ir.Assign)
	if !ok || !isZero(x.X) {
		return false
	}
	for i := len(before) - 1; i >= 0 && before[i].At() == x.P; i-- {
		if y, ok := before[i].(*ir.Assign); ok {
			if l, ok := y.X.(*ir.Load); ok && l.Loc == x.Dst {
				return true
			}
		}
	}
	return false
}

func (a *aliases) stmt(s ir.Stmt) {
	r := a.b.reader()
	r.stmt(s)
	all := r.match
	all.or(r.act)
	all.or(r.write)
	a.touch(all)
	switch s := s.(type) {
	case *ir.Assign:
		if from, ok := source(s.X); ok {
			a.copied(s.Dst, from)
		}
	case *ir.Copy:
		a.structure(s)
	}
}

// structure splits a copy of many fields into copies of each.
func (a *aliases) structure(s *ir.Copy) {
	for _, f := range a.b.p.g.Fields {
		off := f.Loc.Bit - s.Dst.Bit
		if off >= 0 && f.Loc.Width > 0 && off+f.Loc.Width <= s.Dst.Width {
			a.copied(f.Loc, ir.Loc{Bit: s.Src.Bit + off, Width: f.Loc.Width})
		}
	}
}

// source is the place that an expression only copies, all or a slice of it.
func source(x ir.Expr) (ir.Loc, bool) {
	switch x := x.(type) {
	case *ir.Load:
		return x.Loc, true
	case *ir.Slice:
		if l, ok := x.X.(*ir.Load); ok {
			return ir.Loc{Bit: l.Loc.Bit + l.Loc.Width - 1 - x.Hi, Width: x.Hi - x.Lo + 1}, true
		}
	}
	return ir.Loc{}, false
}

// copied notes a copy of one place to another. What carries a value is a whole
// field; what it carries may be part of one.
func (a *aliases) copied(dst, src ir.Loc) {
	p := a.b.p
	d, s := p.field(dst), p.field(src)
	if d < 0 || s < 0 || dst.Width != src.Width || !p.whole(dst) {
		return
	}
	a.copy[a.at] = true
	l := a.in[len(a.in)-1]
	a.pair[d] = append(a.pair[d], src)
	a.home[d] = append(a.home[d], l)
	if p.whole(src) {
		a.pair[s] = append(a.pair[s], dst)
		a.home[s] = append(a.home[s], l)
	}
}

func (a *aliases) table(s *ir.Apply) {
	t := a.b.pl.Tables[s.Table]
	in := a.b.p.set()
	for _, k := range t.Keys {
		a.b.p.expr(k.Expr, in)
	}
	a.b.p.exprs(t.SelectorKeys, in)
	a.b.p.loc(s.Hit, in)
	a.b.p.loc(s.Action, in)
	for _, x := range t.Actions {
		r := a.b.reader()
		r.stmts(a.b.pl.Actions[x.Action].Body)
		in.or(r.match)
		in.or(r.act)
		in.or(r.write)
	}
	a.touch(in)
}

func (a *aliases) touch(units set) {
	last := -1
	units.each(func(u int) {
		if u >= a.b.p.n {
			return
		}
		if f := int(a.b.p.fields[u]); f >= 0 && f != last {
			a.use[f] = append(a.use[f], a.at)
			last = f
		}
	})
}

// joins finds the place to join f with.
func (a *aliases) joins(f int) (ir.Loc, bool) {
	p, none := a.b.p, ir.Loc{}
	pairs := a.pair[f]
	if len(pairs) == 0 || p.g.Fields[f].Header >= 0 || a.b.intrinsic(f) {
		return none, false
	}
	own := p.set()
	if p.loc(p.g.Fields[f].Loc, own); own.meets(a.out) {
		return none, false
	}
	place := pairs[0]
	with := p.field(place)
	if with == f || slices.ContainsFunc(pairs, func(x ir.Loc) bool { return x != place }) || a.b.carried[with] {
		return none, false
	}
	// Of two that could carry each other, the one declared later is the copy.
	if with > f && len(a.pair[with]) == len(pairs) && p.g.Fields[with].Header < 0 && !a.b.intrinsic(with) {
		return none, false
	}
	lo, hi := slices.Min(a.use[f]), slices.Max(a.use[f])
	for _, l := range a.home[f] {
		if lo < a.list[l].from || hi > a.list[l].to {
			return none, false // copied under a condition only
		}
	}
	for _, at := range a.use[with] {
		if at > lo && at < hi && !a.copy[at] {
			return none, false
		}
	}
	return place, true
}

func (b *builder) intrinsic(f int) bool {
	l := b.p.g.Fields[f].Loc
	for _, i := range b.p.g.Intr {
		if i == l {
			return true
		}
	}
	return false
}

// join makes the bits of field f those of another place.
func (p *places) join(f int, to ir.Loc) {
	from := p.g.Fields[f].Loc
	for i := range from.Width {
		p.unit[from.Bit+i] = p.unit[to.Bit+i]
		p.owner[from.Bit+i] = p.owner[to.Bit+i]
	}
}

// nothing: after joining, the statement copies a value onto itself, or clears
// what the caller's value takes the place of.
func (b *builder) nothing(s ir.Stmt) bool {
	if b.resets[s] {
		return true
	}
	switch s := s.(type) {
	case *ir.Assign:
		if from, ok := source(s.X); ok {
			return b.p.same(s.Dst, from)
		}
		return isZero(s.X) && b.param(s.Dst)
	case *ir.Copy:
		return b.p.same(s.Dst, s.Src)
	}
	return false
}

// param: the place is a joined parameter.
func (b *builder) param(l ir.Loc) bool {
	for f := range b.carried {
		if b.p.g.Fields[f].Loc == l {
			return true
		}
	}
	return false
}

func (p *places) same(x, y ir.Loc) bool {
	for i := range x.Width {
		if p.unit[x.Bit+i] != p.unit[y.Bit+i] {
			return false
		}
	}
	return x.Width == y.Width
}
