package lower

import (
	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// Sizes of the deparser's side channels, in bytes (tna-semantics.md, 6 and 7).
const maxMirrorHeader = 32

func resubmitBytes(t ir.Target) int {
	if t == ir.Tofino {
		return 8
	}
	return 16
}

// emitHeader: packet_out.emit of a header, or of every header in a struct,
// stack or union, in order.
func (g *gress) emitHeader(m *method) *value {
	if g.block != inDeparser {
		g.errorf(m.e.Pos(), "emit is possible in a deparser only")
		return nil
	}
	if m.arg(0) == nil {
		return nil
	}
	g.emitValue(m, g.expr(m.f, m.arg(0)))
	return nil
}

func (g *gress) emitValue(m *method, v *value) {
	if isHeader(v.t) {
		if v.pl == nil {
			p := g.temp(v.t)
			g.assign(p, v)
			v = g.loadPlace(p)
		}
		if v.pl.hdr >= 0 {
			g.emit(&ir.Emit{S: g.s(), Header: v.pl.hdr})
		}
		return
	}
	if !isAggregate(v.t) {
		g.errorf(m.e.Pos(), "emit needs a header, not %s", v.t)
		return
	}
	for i := 0; i < g.kidCount(v); i++ {
		g.emitValue(m, g.kid(v, i))
	}
}

// padded completes data to whole bytes with zero bits at the end.
func padded(data []ir.Expr) ([]ir.Expr, int) {
	bits := 0
	for _, x := range data {
		bits += x.W()
	}
	if r := bits % 8; r != 0 {
		data = append(data, constInt(8-r, 0))
		bits += 8 - r
	}
	return data, bits / 8
}

// emitData evaluates the header of a mirror or resubmit emission. A list takes
// the widths of the type argument, where one is written.
func (g *gress) emitData(m *method, e syntax.Expr) ([]ir.Expr, int) {
	v := g.expr(m.f, e)
	if len(m.c.TypeArgs) > 0 {
		if t := m.f.typeOf(m.c.TypeArgs[0]); isAggregate(t) {
			v = g.convert(v, t)
		}
	}
	return padded(g.flatten(v))
}

func (g *gress) mirrorEmit(m *method) *value {
	id := g.mirror(m.inst)
	if m.arg(0) == nil {
		return nil
	}
	x := &ir.MirrorEmit{S: g.s(), Mirror: id}
	if m.arg(1) != nil && g.mayWrite(m.arg(1)) {
		x.Session = g.scalar(g.materialise(g.expr(m.f, m.arg(0))))
	} else {
		x.Session = g.scalar(g.expr(m.f, m.arg(0)))
	}
	if e := m.arg(1); e != nil {
		var n int
		x.Data, n = g.emitData(m, e)
		if n > maxMirrorHeader {
			g.limit(e.Pos(), "mirror header of %d bytes: the chip's limit is %d", n, maxMirrorHeader)
		}
	}
	g.emit(x)
	return nil
}

func (g *gress) resubmitEmit(m *method) *value {
	x := &ir.ResubmitEmit{S: g.s(), Resubmit: g.resubmit(m.inst)}
	if e := m.arg(0); e != nil {
		var n int
		x.Data, n = g.emitData(m, e)
		if limit := resubmitBytes(g.target); n > limit {
			g.limit(e.Pos(), "resubmit header of %d bytes: the chip's limit is %d", n, limit)
		}
	}
	g.emit(x)
	return nil
}

// checksumUpdate computes a checksum in a deparser.
func (g *gress) checksumUpdate(m *method) *value {
	if m.arg(0) == nil {
		return nil
	}
	vs := g.exprs(m.f, []syntax.Expr{m.arg(0), m.arg(1)})
	x := &ir.ChecksumUpdate{S: g.s(), Data: g.flatten(vs[0]), ZerosAsOnes: boolConst(false)}
	if vs[1] != nil {
		x.ZerosAsOnes = g.scalar(vs[1])
	}
	// The destination is often part of the data's header: read first, the
	// engine writes last.
	dst, r := g.result(m, &types.Bits{Width: 16})
	x.Dst = dst
	g.emit(x)
	return r
}
