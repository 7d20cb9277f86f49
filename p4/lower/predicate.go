package lower

import (
	"strings"

	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// compareUnits is how many comparisons a stateful ALU makes (chip.md, section
// 5); its predicate has two to the power of that many bits.
func (g *gress) compareUnits() int {
	if g.target == ir.Tofino2 {
		return 4
	}
	return 2
}

// registerPredicate: the one-hot value of the comparisons, the first being the
// lowest bit of the number of the bit that is set. Without arguments they are
// those of the action's conditions, in the order of the source.
func (g *gress) registerPredicate(m *method) *value {
	if m.args() > g.compareUnits() {
		g.errorf(m.e.Pos(), "predicate() of %d comparisons: the chip's limit is %d", m.args(), g.compareUnits())
		return nil
	}
	var cs []ir.Expr
	if m.args() == 0 {
		for _, p := range g.compared {
			cs = append(cs, load(p.loc))
		}
	} else {
		var es []syntax.Expr
		for i := range m.c.Args {
			es = append(es, m.arg(i))
		}
		for es[len(es)-1] == nil {
			es = es[:len(es)-1]
		}
		for _, v := range g.exprs(m.f, es) {
			c := ir.Expr(boolConst(false))
			if v != nil {
				c = g.scalar(v)
			}
			cs = append(cs, c)
		}
	}
	for len(cs) < 2 {
		cs = append(cs, boolConst(false))
	}
	dst, r := g.result(m, m.rt)
	if len(cs) == 2 {
		g.emit(&ir.RegisterPredicate{S: g.s(), Lo: cs[0], Hi: cs[1], Dst: dst})
		return r
	}
	number := cs[len(cs)-1]
	for i := len(cs) - 2; i >= 0; i-- {
		number = binary(ir.Cat, number.W()+1, false, number, cs[i])
	}
	one := binary(ir.Shl, 16, false, constInt(16, 1), number)
	g.emit(&ir.Assign{S: g.s(), Dst: dst, X: cast(one, dst.Width, false)})
	return r
}

// comparisons evaluates the comparisons of a register action's body before the
// body changes the cell, where it calls predicate() without naming them: the
// chip's comparators see the cell as it was read.
func (g *gress) comparisons(f *frame, body *syntax.FuncDecl) {
	var call *syntax.CallExpr
	locals := map[types.Object]bool{}
	walkStmt(body.Body, func(s syntax.Stmt) {
		if d, ok := s.(*syntax.DeclStmt); ok {
			if v, ok := d.Decl.(*syntax.VarDecl); ok {
				locals[g.info.Defs[v.Name]] = true
			}
		}
	}, func(e syntax.Expr) bool {
		if x, ok := e.(*syntax.CallExpr); ok && len(x.Args) == 0 {
			if c := g.info.Calls[x]; c != nil && c.Callee != nil && c.Callee.ObjName() == "predicate" {
				call = x
			}
		}
		return true
	})
	if call == nil {
		return
	}
	leaves := g.conditions(body.Body)
	if len(leaves) > g.compareUnits() {
		g.errorf(call.Pos(), "predicate() of %d comparisons: the chip's limit is %d", len(leaves), g.compareUnits())
		return
	}
	for _, e := range leaves {
		known := true
		walkExpr(e, func(x syntax.Expr) bool {
			if n, ok := x.(*syntax.NameExpr); ok && locals[g.info.Uses[n.Name]] {
				known = false
			}
			return true
		})
		if !known {
			g.errorf(e.Pos(), "a comparison of a local variable beside predicate(): write the comparison as its argument")
			continue
		}
		p := g.tempBits(1)
		g.store(p, g.scalar(g.expr(f, e)))
		g.compared = append(g.compared, p)
	}
}

// conditions are the different comparisons that the conditions of a body are
// made of, in the order of the source.
func (g *gress) conditions(body *syntax.BlockStmt) []syntax.Expr {
	var out []syntax.Expr
	seen := map[string]bool{}
	var leaf func(e syntax.Expr)
	leaf = func(e syntax.Expr) {
		e = unparen(e)
		switch x := e.(type) {
		case *syntax.BinaryExpr:
			if x.Op == syntax.LAnd || x.Op == syntax.LOr {
				leaf(x.X)
				leaf(x.Y)
				return
			}
		case *syntax.UnaryExpr:
			if x.Op == syntax.Not {
				leaf(x.X)
				return
			}
		}
		if tv := g.info.Types[e]; tv.Known {
			return
		}
		var b strings.Builder
		if syntax.Print(&b, e) == nil && !seen[b.String()] {
			seen[b.String()] = true
			out = append(out, e)
		}
	}
	walkStmt(body, func(s syntax.Stmt) {
		if i, ok := s.(*syntax.IfStmt); ok {
			leaf(i.Cond)
		}
	}, func(e syntax.Expr) bool {
		if c, ok := e.(*syntax.CondExpr); ok {
			leaf(c.C)
		}
		return true
	})
	return out
}
