package fit

import (
	"slices"

	"gofino/pipeline/ir"
)

// aliases finds parameters of inlined controls that only carry a value in or
// out, and joins them with the field that they are copied from or to: the
// compiler's copy propagation does away with them.
//
// A parameter is joined when every copy of it is with the same field and stands
// in the list of statements that has all its uses, and nothing else touches that field from the parameter's first use to its last.
type aliases struct {
	b    *builder
	at   int           // position in the walk
	use  map[int][]int // by field: where it is touched
	pair map[int][]int // by field: the fields it is copied from or to
	copy map[int]bool  // positions that are copies
	list []span        // the lists of statements, by number
	in   []int         // the lists around the current statement
	home map[int][]int // by field: the lists in which it is copied
}

// span is a range of positions.
type span struct{ from, to int }

func (b *builder) alias(g *ir.Gress) {
	a := &aliases{b: b, use: map[int][]int{}, pair: map[int][]int{}, copy: map[int]bool{}, home: map[int][]int{}}
	a.walk(g.Control)
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
		if l, ok := s.X.(*ir.Load); ok {
			a.copied(s.Dst, l.Loc)
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

func (a *aliases) copied(dst, src ir.Loc) {
	p := a.b.p
	if !p.whole(dst) || !p.whole(src) || dst.Width != src.Width {
		return
	}
	d, s := p.field(dst), p.field(src)
	a.copy[a.at] = true
	a.pair[d] = append(a.pair[d], s)
	a.pair[s] = append(a.pair[s], d)
	l := a.in[len(a.in)-1]
	a.home[d] = append(a.home[d], l)
	a.home[s] = append(a.home[s], l)
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

// joins finds the field to join f with.
func (a *aliases) joins(f int) (int, bool) {
	p := a.b.p
	pairs := a.pair[f]
	if len(pairs) == 0 || p.g.Fields[f].Header >= 0 || a.b.intrinsic(f) {
		return 0, false
	}
	with := pairs[0]
	if with == f || slices.ContainsFunc(pairs, func(x int) bool { return x != with }) {
		return 0, false
	}
	if a.b.carried[with] {
		return 0, false
	}
	// Of two that could carry each other, the one declared later is the copy.
	if with > f && len(a.pair[with]) == len(pairs) && p.g.Fields[with].Header < 0 && !a.b.intrinsic(with) {
		return 0, false
	}
	lo, hi := slices.Min(a.use[f]), slices.Max(a.use[f])
	for _, l := range a.home[f] {
		if lo < a.list[l].from || hi > a.list[l].to {
			return 0, false // copied under a condition only
		}
	}
	for _, at := range a.use[with] {
		if at > lo && at < hi && !a.copy[at] {
			return 0, false
		}
	}
	return with, true
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

// join makes the bits of field f those of another.
func (p *places) join(f, with int) {
	from, to := p.g.Fields[f].Loc, p.g.Fields[with].Loc
	for i := range from.Width {
		p.unit[from.Bit+i] = p.unit[to.Bit+i]
		p.owner[from.Bit+i] = int32(with)
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
		if l, ok := s.X.(*ir.Load); ok {
			return b.p.same(s.Dst, l.Loc)
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
