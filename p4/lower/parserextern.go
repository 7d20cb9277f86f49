package lower

import (
	"math/big"

	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// extract: packet_in.extract of a header or of stack.next.
func (g *gress) extract(m *method) *value {
	if g.parser == nil {
		g.errorf(m.e.Pos(), "extract is possible in a parser only")
		return nil
	}
	a := m.arg(0)
	if a == nil {
		g.skipHeader(m)
		return nil
	}
	p := g.placeOf(m.f, a)
	if p == nil {
		g.badLvalue(m.f, a)
		return nil
	}
	if typeName(p.t) == egIntr {
		g.parser.egressMeta = true
	}
	switch {
	case p.special == stackNext:
		if p.owner.stack < 0 {
			g.errorf(a.Pos(), "extract into the next union of a stack is not supported")
			return nil
		}
		if m.arg(1) != nil {
			g.unsupported(a.Pos(), "extract of a varbit in a header stack")
			return nil
		}
		for _, k := range p.owner.kids {
			g.parser.writes[k.hdr] = true
		}
		g.emit(&ir.ExtractNext{S: g.s(), Stack: p.owner.stack})
	case p.hdr >= 0:
		g.parser.writes[p.hdr] = true
		if e := m.arg(1); e != nil {
			g.extractVar(p, e, m.f)
		} else {
			g.emit(&ir.Extract{S: g.s(), Header: p.hdr})
		}
		g.invalidateSiblings(m.f, a, p)
	default:
		g.errorf(a.Pos(), "extract needs a header, not %s", p.t)
	}
	return nil
}

// skipHeader: extract<T>(_) passes over a header.
func (g *gress) skipHeader(m *method) {
	if len(m.c.TypeArgs) > 0 {
		t := m.f.typeOf(m.c.TypeArgs[0])
		if n, ok := bitsOf(t); ok && isHeader(t) {
			g.emit(&ir.Advance{S: g.s(), Bits: constInt(32, int64(n))})
			return
		}
	}
	g.errorf(m.e.Pos(), "extract needs a header")
}

func (g *gress) advance(m *method) *value {
	a := m.arg(0)
	if a == nil {
		return nil
	}
	v := g.convert(g.expr(m.f, a), &types.Bits{Width: 32})
	x := g.scalar(v)
	if c, ok := isConst(x); ok {
		if new(big.Int).And(c, big.NewInt(7)).Sign() != 0 {
			g.errorf(a.Pos(), "advance by %s bits: it must be a multiple of 8", c)
		}
		if c.Sign() == 0 {
			return nil
		}
	}
	g.emit(&ir.Advance{S: g.s(), Bits: x})
	return nil
}

// look is a look-ahead of a part of a type.
type look struct {
	off int
	t   types.Type
	at  syntax.Pos
}

// lookaheadOf recognises pkt.lookahead<T>(), and a field or slice of it, so
// that only the bits that are needed are read.
func (g *gress) lookaheadOf(f *frame, e syntax.Expr) (look, bool) {
	switch e := e.(type) {
	case *syntax.ParenExpr:
		return g.lookaheadOf(f, e.X)
	case *syntax.CallExpr:
		c := g.info.Calls[e]
		if c == nil || c.Kind != types.CallMethod || c.Callee == nil || c.Callee.ObjName() != "lookahead" {
			return look{}, false
		}
		t := f.typeOf(c.Result)
		if len(c.TypeArgs) > 0 {
			t = f.typeOf(c.TypeArgs[0])
		}
		return look{0, t, e.Pos()}, true
	case *syntax.MemberExpr:
		l, ok := g.lookaheadOf(f, e.X)
		if !ok {
			return l, false
		}
		if _, isStack := under(l.t).(*types.Stack); isStack {
			return l, false
		}
		for _, m := range members(l.t) {
			if m.name == e.Sel.Value {
				return look{l.off, m.t, l.at}, true
			}
			w, _ := bitsOf(m.t)
			l.off += w
		}
	case *syntax.SliceExpr:
		l, ok := g.lookaheadOf(f, e.X)
		if !ok {
			return l, false
		}
		w, isScalar := scalarWidth(l.t)
		hi, ok1 := g.constIndex(f, e.Hi)
		lo, ok2 := g.constIndex(f, e.Lo)
		if !isScalar || !ok1 || !ok2 || lo < 0 || hi < lo || hi >= w {
			return l, false
		}
		return look{l.off + w - 1 - hi, &types.Bits{Width: hi - lo + 1}, l.at}, true
	}
	return look{}, false
}

func (g *gress) lookahead(l look) *value {
	if g.parser == nil {
		g.errorf(l.at, "lookahead is possible in a parser only")
		return zero(l.t)
	}
	p := g.temp(l.t)
	g.lookInto(p, l.off)
	return g.loadPlace(p)
}

// lookInto reads a value of p's type that starts off bits after the cursor.
func (g *gress) lookInto(p *place, off int) int {
	if p.scalar() {
		g.emit(&ir.Lookahead{S: g.s(), Dst: p.loc, Off: off})
		return off + p.loc.Width
	}
	if p.hdr >= 0 {
		if varbitWidth(p.t) > 0 {
			g.errorf(g.at, "lookahead of a header with a varbit is not possible (%s)", typeName(p.t))
		}
		n, _ := bitsOf(p.t)
		if n > 0 {
			g.emit(&ir.Lookahead{S: g.s(), Dst: ir.Loc{Bit: p.lo, Width: n}, Off: off})
		}
		g.emit(&ir.SetValid{S: g.s(), Header: p.hdr})
		return off + n
	}
	for _, k := range p.kids {
		off = g.lookInto(k, off)
	}
	return off
}

func (g *gress) lookaheadCall(m *method) *value {
	l, ok := g.lookaheadOf(m.f, m.e)
	if !ok {
		return nil
	}
	if m.dst != nil && g.parser != nil && types.Identical(m.dst.t, l.t) {
		g.lookInto(m.dst, l.off)
		g.validate(m.dst)
		return g.loadPlace(m.dst)
	}
	return g.lookahead(l)
}

// portMetadataUnpack reads the per-port word: every field ends on a byte
// boundary (tna-semantics.md, 2.1); then the whole area is skipped.
func (g *gress) portMetadataUnpack(f *frame, e *syntax.CallExpr, c *types.Call, dst *place) *value {
	t := f.typeOf(c.Result)
	if len(c.TypeArgs) > 0 {
		t = f.typeOf(c.TypeArgs[0])
	}
	if g.parser == nil || g.dir != ir.Ingress {
		g.errorf(e.Pos(), "port_metadata_unpack is possible in an ingress parser only")
		return zero(t)
	}
	area, skip := portMetadataBits(g.target)
	p := dst
	if p == nil || !types.Identical(p.t, t) {
		p = g.temp(t)
	}
	pm := g.pl.PortMetadata
	var fields []ir.PortField
	off := 0
	var read func(p *place, name string)
	read = func(p *place, name string) {
		if p.scalar() {
			w := p.loc.Width
			end := (off + w + 7) / 8 * 8
			fields = append(fields, ir.PortField{Name: name, Bit: end - w, Width: w})
			g.emit(&ir.Lookahead{S: g.s(), Dst: p.loc, Off: end - w})
			off = end
			return
		}
		for i, m := range members(p.t) {
			if i >= len(p.kids) {
				break
			}
			n := m.name
			if name != "" {
				n = name + "." + n
			}
			read(p.kids[i], n)
		}
		if p.hdr >= 0 {
			g.emit(&ir.SetValid{S: g.s(), Header: p.hdr})
		}
	}
	read(p, "")
	if len(fields) == 1 && fields[0].Name == "" {
		fields[0].Name = "f1"
	}
	if off > area {
		g.errorf(e.Pos(), "port metadata of %d bits: the chip has %d per port", off, area)
	}
	if pm != nil {
		pm.Fields = fields
	}
	g.emit(&ir.Advance{S: g.s(), Bits: constInt(32, int64(skip))})
	return g.loadPlace(p)
}

// portMetadataBits: bits per port, and bits before the packet.
func portMetadataBits(t ir.Target) (area, skip int) {
	if t == ir.Tofino {
		return 64, 64
	}
	return 128, 192
}

// checksumUnit is the unit that a parser's Checksum uses.
func (g *gress) checksumUnit(m *method) int {
	if g.parser == nil {
		g.errorf(m.e.Pos(), "this method of Checksum is possible in a parser only")
		return 0
	}
	if m.inst.unit < 0 {
		m.inst.unit = g.parser.units
		g.parser.units++
	}
	return m.inst.unit
}

func (g *gress) checksumData(m *method, sub bool) *value {
	if m.arg(0) == nil {
		return nil
	}
	u := g.checksumUnit(m)
	g.emit(&ir.ChecksumAdd{S: g.s(), Unit: u, Sub: sub, Data: g.flatten(g.expr(m.f, m.arg(0)))})
	return nil
}

func (g *gress) checksumAdd(m *method) *value      { return g.checksumData(m, false) }
func (g *gress) checksumSubtract(m *method) *value { return g.checksumData(m, true) }

func (g *gress) checksumVerify(m *method) *value {
	u := g.checksumUnit(m)
	dst, r := g.result(m, &types.Basic{Kind: types.Bool})
	g.emit(&ir.ChecksumVerify{S: g.s(), Unit: u, Dst: dst})
	return r
}

func (g *gress) checksumGet(m *method) *value {
	u := g.checksumUnit(m)
	dst, r := g.result(m, &types.Bits{Width: 16})
	g.emit(&ir.ChecksumGet{S: g.s(), Unit: u, Dst: dst})
	return r
}

func (g *gress) checksumDeposit(m *method) *value {
	u := g.checksumUnit(m)
	a := m.arg(0)
	if a == nil {
		return nil
	}
	p := g.placeOf(m.f, a)
	if p == nil || !p.scalar() || p.loc.Width != 16 {
		g.errorf(a.Pos(), "the residual checksum must be a variable of type bit<16>")
		return nil
	}
	g.emit(&ir.ChecksumDeposit{S: g.s(), Unit: u, Dst: p.loc})
	return nil
}

// counterSetting reads the arguments of ParserCounter.set and push from the
// first on (tna-semantics.md, section 8).
func (g *gress) counterSetting(m *method, long bool) *ir.CounterSet {
	if m.arg(0) == nil {
		return nil
	}
	v := g.expr(m.f, m.arg(0))
	x := g.scalar(v)
	if v.big != nil {
		x = constant(8, v.big)
	}
	s := &ir.CounterSet{S: g.s(), X: x}
	if !long {
		return s
	}
	n := [4]int{}
	for i := range n {
		if m.arg(i+1) == nil {
			continue
		}
		k, ok := g.constIndex(m.f, m.arg(i+1))
		if !ok {
			g.errorf(m.arg(i+1).Pos(), "the parameters of a parser counter must be compile-time constants")
			return nil
		}
		n[i] = k
	}
	s.Field = true
	s.Max, s.Rotate, s.Mask, s.Add = n[0], n[1], n[2], int(int8(n[3]))
	if g.target == ir.Tofino {
		// A 3-bit code (chip.md, section 2).
		s.Mask = 1<<(n[2]&7+1) - 1
	}
	return s
}

func (g *gress) counterSet(m *method) *value {
	if s := g.counterSetting(m, m.args() >= 5); s != nil {
		g.emit(s)
	}
	return nil
}

func (g *gress) counterPush(m *method) *value {
	long := m.args() >= 5
	s := g.counterSetting(m, long)
	if s == nil {
		return nil
	}
	p := &ir.CounterPush{S: g.s(), Set: s}
	last := 1
	if long {
		last = 5
	}
	if e := m.arg(last); e != nil {
		c, ok := isConst(g.scalar(g.expr(m.f, e)))
		if !ok {
			g.errorf(e.Pos(), "update_with_top must be a compile-time constant")
			return nil
		}
		p.Update = c.Sign() != 0
	}
	g.emit(p)
	return nil
}

func (g *gress) counterPop(m *method) *value {
	g.emit(&ir.CounterPop{S: g.s()})
	return nil
}

func (g *gress) counterAdd(m *method, neg bool) *value {
	if m.arg(0) == nil {
		return nil
	}
	v := g.convert(g.expr(m.f, m.arg(0)), &types.Bits{Width: 8})
	g.emit(&ir.CounterAdd{S: g.s(), Delta: g.scalar(v), Neg: neg})
	return nil
}

func (g *gress) counterIncrement(m *method) *value { return g.counterAdd(m, false) }
func (g *gress) counterDecrement(m *method) *value { return g.counterAdd(m, true) }

func (g *gress) counterIsZero(m *method) *value {
	return &value{t: &types.Basic{Kind: types.Bool}, x: &ir.CounterZero{}}
}

func (g *gress) counterIsNegative(m *method) *value {
	return &value{t: &types.Basic{Kind: types.Bool}, x: &ir.CounterNeg{}}
}

func (g *gress) prioritySet(m *method) *value {
	if m.arg(0) != nil {
		g.emit(&ir.ParserPriority{S: g.s(), Prio: g.scalar(g.expr(m.f, m.arg(0)))})
	}
	return nil
}
