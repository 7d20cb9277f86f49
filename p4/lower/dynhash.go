package lower

import (
	"fmt"

	"gofino/p4/syntax"
	"gofino/pipeline/ir"
)

// dynamicHash notes what a call of a hash reads. With one call in the program
// the control plane may change it (bfrt.md section 9); a second call of the
// instance takes that away, as in the chip's compiler.
func (g *gress) dynamicHash(m *method, id, n int) {
	h := g.pl.Hashes[id]
	switch at, ok := g.hashCalls[m.inst]; {
	case !ok:
		g.hashCalls[m.inst] = m.e
		h.Dynamic = true
	case at != m.e:
		for _, i := range []int{id, m.inst.id} { // symmetric makes a version per call
			g.pl.Hashes[i].Dynamic, g.pl.Hashes[i].Inputs = false, nil
		}
		return
	case !h.Dynamic:
		return
	}
	h.Inputs = nil
	if l, ok := unparen(m.arg(0)).(*syntax.ListExpr); ok {
		for _, e := range l.Elems {
			g.hashInput(m.f, h, e)
		}
		for _, e := range l.Fields {
			g.hashInput(m.f, h, e.Value)
		}
	}
	if len(h.Symmetric) > 0 && len(h.Inputs) != n {
		h.Dynamic, h.Inputs = false, nil // pairs are named by what the list has, not by parts
	}
}

// hashInput adds an element of the list: a concatenation is its parts.
func (g *gress) hashInput(f *frame, h *ir.Hash, e syntax.Expr) {
	e = unparen(e)
	if b, ok := e.(*syntax.BinaryExpr); ok && b.Op == syntax.Concat {
		g.hashInput(f, h, b.X)
		g.hashInput(f, h, b.Y)
		return
	}
	t := g.typeOf(f, e)
	if isAggregate(t) {
		vs := g.flatten(g.expr(f, e))
		for i, n := range g.dataNames(f, e, len(vs)) {
			h.Inputs = append(h.Inputs, ir.HashInput{Name: n, Width: vs[i].W()})
		}
		return
	}
	w, ok := scalarWidth(t)
	if !ok {
		return
	}
	in := ir.HashInput{Name: g.pathName(f, e), Width: w}
	if c, ok := e.(*syntax.IntLit); ok {
		in.Const = wrap(c.Value, w)
		in.Name = fmt.Sprintf("%dw%s", w, litText(c))
	}
	if in.Name == "" {
		in.Name = fmt.Sprintf("field%d", len(h.Inputs))
	}
	h.Inputs = append(h.Inputs, in)
}

// usedBits notes that the program takes bits lo.. of a hash's result: the chip
// computes no others.
func (g *gress) usedBits(f *frame, e syntax.Expr, lo, n int) {
	call, ok := unparen(e).(*syntax.CallExpr)
	if !ok {
		return
	}
	sel, ok := call.Fun.(*syntax.MemberExpr)
	if !ok || sel.Sel.Value != "get" {
		return
	}
	inst := g.instanceOf(f, sel.X)
	if inst == nil || inst.externName() != "Hash" || inst.id < 0 {
		return
	}
	if h := g.pl.Hashes[inst.id]; n < h.Width {
		h.UsedLo, h.UsedBits = lo, n
	}
}
