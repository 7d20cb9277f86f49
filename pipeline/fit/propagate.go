package fit

import "gofino/pipeline/ir"

// propagate replaces, in bare statements and conditions, a value that was just
// copied by what it was copied from, as the compiler does: "n = 1; r.execute(n)"
// becomes one table. env is by field.
func (b *builder) propagate(s *seq, env map[int]ir.Expr) {
	for _, n := range s.nodes {
		switch {
		case n.kind == gateway:
			n.key[0] = b.subst(n.key[0], env)
		case n.kind == keyless && n.table == nil:
			for i, st := range n.body {
				n.body[i] = b.copyInto(st, env)
			}
		}
		for _, br := range n.next {
			inner := map[int]ir.Expr{}
			for k, v := range env {
				inner[k] = v
			}
			b.propagate(br.seq, inner)
		}
		b.forget(n, env)
		for _, br := range n.next {
			br.seq.walk(func(m *node) {
				b.forget(m, env)
				for _, st := range m.body {
					b.kill(st, env)
				}
			})
		}
	}
}

// forget drops what the actions of a table may write.
func (b *builder) forget(n *node, env map[int]ir.Expr) {
	for _, body := range n.run {
		for _, st := range body {
			b.kill(st, env)
		}
	}
	for _, st := range n.body {
		if a, ok := st.(*ir.Apply); ok {
			w := b.p.set()
			b.p.loc(a.Hit, w)
			b.p.loc(a.Action, w)
			b.drop(w, env)
		}
	}
}

func (b *builder) kill(st ir.Stmt, env map[int]ir.Expr) {
	r := b.reader()
	r.stmt(st)
	b.drop(r.write, env)
}

// drop what lies in w or was copied from there.
func (b *builder) drop(w set, env map[int]ir.Expr) {
	for f, x := range env {
		s := b.p.set()
		b.p.loc(b.p.g.Fields[f].Loc, s)
		b.p.expr(x, s)
		if s.meets(w) {
			delete(env, f)
		}
	}
}

func (b *builder) copyInto(st ir.Stmt, env map[int]ir.Expr) ir.Stmt {
	switch x := st.(type) {
	case *ir.Assign:
		y := *x
		y.X = b.subst(x.X, env)
		b.kill(st, env)
		f := b.p.field(x.Dst)
		if f >= 0 && b.p.whole(x.Dst) && b.p.g.Fields[f].Header < 0 && simple(y.X) {
			in, w := b.p.set(), b.p.set()
			b.p.expr(y.X, in)
			b.p.loc(x.Dst, w)
			if !in.meets(w) {
				env[f] = y.X
			}
		}
		return &y
	case *ir.RegisterExec:
		y := *x
		if x.Index != nil {
			y.Index = b.subst(x.Index, env)
		}
		b.kill(st, env)
		return &y
	case *ir.Count:
		y := *x
		if x.Index != nil {
			y.Index = b.subst(x.Index, env)
		}
		return &y
	case *ir.HashGet:
		y := *x
		y.Data = make([]ir.Expr, len(x.Data))
		for i, d := range x.Data {
			y.Data[i] = b.subst(d, env)
		}
		b.kill(st, env)
		return &y
	}
	b.kill(st, env)
	return st
}

func simple(x ir.Expr) bool {
	switch x := x.(type) {
	case *ir.Const, *ir.Load:
		return true
	case *ir.Cast:
		return simple(x.X)
	case *ir.Slice:
		return simple(x.X)
	}
	return false
}

func (b *builder) subst(x ir.Expr, env map[int]ir.Expr) ir.Expr {
	if len(env) == 0 {
		return x
	}
	switch x := x.(type) {
	case *ir.Load:
		if f := b.p.field(x.Loc); f >= 0 && b.p.whole(x.Loc) {
			if v := env[f]; v != nil {
				return v
			}
		}
	case *ir.Unary:
		return &ir.Unary{Op: x.Op, X: b.subst(x.X, env)}
	case *ir.Binary:
		y := *x
		y.X, y.Y = b.subst(x.X, env), b.subst(x.Y, env)
		return &y
	case *ir.Slice:
		return &ir.Slice{X: b.subst(x.X, env), Hi: x.Hi, Lo: x.Lo}
	case *ir.Cast:
		return &ir.Cast{Width: x.Width, Signed: x.Signed, X: b.subst(x.X, env)}
	case *ir.Cond:
		return &ir.Cond{C: b.subst(x.C, env), A: b.subst(x.A, env), B: b.subst(x.B, env)}
	}
	return x
}
