package lower

import (
	"math/big"
	"slices"

	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// wireBits decides how wide h, of type t with size bits of fields, is in the
// packet. The chip extracts and emits whole bytes: a header of another width is
// an error under strict fidelity, except that its compiler fills @flexible ones
// up, in an order of its own. Here the fields of both lie packed, in the order
// of the source, as the language has it; headers that a Mirror or Resubmit
// prepends end in padding, because these prepend whole bytes.
func (g *gress) wireBits(h *ir.Header, t types.Type, size int, at syntax.Pos) {
	h.Bytes = (size + 7) / 8
	if w := varbitWidth(t); w > 0 {
		h.Bits = size - w
		if h.Bits%8 != 0 || w%8 != 0 {
			g.errorf(at, "header %s: its varbit and what precedes it must be multiples of 8 bits, not %d and %d", typeName(t), w, h.Bits)
		}
		return
	}
	if size%8 == 0 {
		return
	}
	if s, ok := under(t).(*types.Struct); ok && s.Decl != nil {
		at = s.Decl.Pos()
	}
	how := "bit-packed"
	if g.prepended(t) {
		how = "padded to whole bytes at its end"
	} else {
		h.Bits = size
	}
	if flexible(t) {
		g.warnf(at, "@flexible header %s is %d bits wide: here it is %s in the packet, a compiler for the chip chooses its own layout", typeName(t), size, how)
		return
	}
	g.limit(at, "header %s is %d bits wide: a header's width must be a multiple of 8", typeName(t), size)
}

// varbitWidth is the greatest width of the varbit of a header type, 0 where it
// has none.
func varbitWidth(t types.Type) int {
	for _, m := range members(t) {
		if v, ok := under(m.t).(*types.Varbit); ok {
			return v.Width
		}
	}
	return 0
}

// extractVar lowers extract(hdr, size): the chip parses the fixed part, then as
// much more as the size says.
func (g *gress) extractVar(p *place, size syntax.Expr, f *frame) {
	ms := members(p.t)
	if _, last := under(ms[len(ms)-1].t).(*types.Varbit); !last {
		g.unsupported(size.Pos(), "extract of a varbit that is not the last field of its header")
		return
	}
	for _, s := range g.out.Stacks {
		if slices.Contains(s.Headers, p.hdr) {
			g.unsupported(size.Pos(), "extract of a varbit in a header stack")
			return
		}
	}
	x := g.scalar(g.materialise(g.convert(g.expr(f, size), &types.Bits{Width: 32})))
	if n, ok := isConst(x); ok && (new(big.Int).And(n, big.NewInt(7)).Sign() != 0 || n.Cmp(big.NewInt(int64(varbitWidth(p.t)))) > 0) {
		g.errorf(size.Pos(), "extract of %s bits: a varbit<%d> holds a multiple of 8 up to that", n, varbitWidth(p.t))
	}
	g.emit(&ir.Extract{S: g.s(), Header: p.hdr})
	g.emit(&ir.ExtractVar{S: g.s(), Header: p.hdr, Bits: x})
}

// prepended tells whether a Mirror or Resubmit of the program emits headers of
// type t.
func (g *gress) prepended(t types.Type) bool {
	for _, c := range g.info.Calls {
		if c.Kind != types.CallMethod || c.Callee == nil || c.Callee.ObjName() != "emit" {
			continue
		}
		if n := typeName(c.RecvType); n != "Mirror" && n != "Resubmit" {
			continue
		}
		for _, a := range c.TypeArgs {
			if typeName(a) == typeName(t) {
				return true
			}
		}
	}
	return false
}

// flexible tells whether the layout of a header is left to the chip's compiler.
func flexible(t types.Type) bool {
	s, ok := under(t).(*types.Struct)
	if !ok {
		return false
	}
	if s.Decl != nil && annotation(s.Decl.Annotations, "flexible") != nil {
		return true
	}
	for _, f := range s.Fields {
		if f.Decl != nil && annotation(f.Decl.Annotations, "flexible") != nil || flexible(f.Type) {
			return true
		}
	}
	return false
}
