package lower

import (
	"math/big"

	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// callBuiltin lowers the methods that headers, unions and stacks have.
func (g *gress) callBuiltin(f *frame, e *syntax.CallExpr, c *types.Call) *value {
	name := c.Builtin
	switch name {
	case "minSizeInBits", "maxSizeInBits", "minSizeInBytes", "maxSizeInBytes":
		return g.sizeOf(f, c, name)
	}
	if c.Recv == nil {
		g.errorf(e.Pos(), "%s needs an object", name)
		return nil
	}
	boolean := &types.Basic{Kind: types.Bool}
	if name == "isValid" {
		v := g.validity(f, c.Recv)
		return &value{t: boolean, x: v}
	}
	p := g.placeOf(f, c.Recv)
	if p == nil || p.special != ordinary {
		g.badLvalue(f, c.Recv)
		return nil
	}
	void := &value{t: c.Result, kids: []*value{}}
	switch name {
	case "setValid":
		if p.hdr >= 0 {
			g.emit(&ir.SetValid{S: g.s(), Header: p.hdr})
			g.invalidateSiblings(f, c.Recv, p)
		}
	case "setInvalid":
		g.setInvalid(p)
	case "push_front", "pop_front":
		n := 1
		if a := argument(c, 0); a != nil {
			v, ok := g.constIndex(f, a)
			if !ok {
				g.errorf(a.Pos(), "%s needs a compile-time constant", name)
				return void
			}
			n = v
		}
		if p.stack < 0 {
			g.errorf(e.Pos(), "%s is supported for stacks of headers only", name)
			return void
		}
		if name == "push_front" {
			g.emit(&ir.Push{S: g.s(), Stack: p.stack, Count: n})
		} else {
			g.emit(&ir.Pop{S: g.s(), Stack: p.stack, Count: n})
		}
	default:
		g.errorf(e.Pos(), "method %s is not supported", name)
	}
	return void
}

func (g *gress) setInvalid(p *place) {
	if p.hdr >= 0 {
		g.emit(&ir.SetInvalid{S: g.s(), Header: p.hdr})
		return
	}
	for _, k := range p.kids {
		g.setInvalid(k)
	}
}

// invalidateSiblings keeps at most one header of a union valid.
func (g *gress) invalidateSiblings(f *frame, e syntax.Expr, p *place) {
	m, ok := unparen(e).(*syntax.MemberExpr)
	if !ok {
		return
	}
	u := g.placeOf(f, m.X)
	if u == nil || !isUnion(u.t) {
		return
	}
	for _, k := range u.kids {
		if k != p {
			g.setInvalid(k)
		}
	}
}

func (g *gress) validity(f *frame, recv syntax.Expr) ir.Expr {
	v := g.expr(f, recv)
	if isUnion(v.t) {
		return g.unionValid(v)
	}
	return g.headerValid(v)
}

func (g *gress) sizeOf(f *frame, c *types.Call, name string) *value {
	t := types.Type(nil)
	switch {
	case len(c.TypeArgs) > 0:
		t = f.typeOf(c.TypeArgs[0])
	case c.Recv != nil:
		t = g.typeOf(f, c.Recv)
	case argument(c, 0) != nil:
		t = g.typeOf(f, argument(c, 0))
	}
	n, _ := bitsOf(t)
	if name[:3] == "min" && t != nil {
		n = minBits(t)
	}
	if name[len(name)-5:] == "Bytes" {
		n = (n + 7) / 8
	}
	return &value{t: c.Result, big: big.NewInt(int64(n))}
}

// minBits is the least size: varbits are empty, a union as its smallest header.
func minBits(t types.Type) int {
	if _, ok := under(t).(*types.Varbit); ok {
		return 0
	}
	if !isAggregate(t) {
		n, _ := bitsOf(t)
		return n
	}
	n := 0
	for i, m := range members(t) {
		k := minBits(m.t)
		if isUnion(t) && i > 0 {
			n = min(n, k)
		} else {
			n += k
		}
	}
	return n
}

// callExternFunc lowers the architecture's functions.
func (g *gress) callExternFunc(f *frame, e *syntax.CallExpr, c *types.Call, dst *place) *value {
	name := ""
	if c.Callee != nil {
		name = c.Callee.ObjName()
	}
	rt := f.typeOf(c.Result)
	void := &value{t: rt, kids: []*value{}}
	switch name {
	case "max", "min":
		vs := g.exprs(f, c.Args)
		if len(vs) != 2 {
			return nil
		}
		a, b := g.scalar(g.convert(vs[0], rt)), g.scalar(g.convert(vs[1], rt))
		op := ir.Max
		if name == "min" {
			op = ir.Min
		}
		return &value{t: rt, x: binary(op, a.W(), isSigned(rt), a, b)}
	case "funnel_shift_right":
		g.funnelShift(f, e, c)
		return void
	case "invalidate":
		g.invalidate(f, e, c)
		return void
	case "is_validated":
		return &value{t: rt, x: g.isValidated(f, c)}
	case "sizeInBits", "sizeInBytes":
		n := 0
		if a := argument(c, 0); a != nil {
			n, _ = bitsOf(g.typeOf(f, a))
		}
		if name == "sizeInBytes" {
			n = (n + 7) / 8
		}
		return &value{t: rt, x: constInt(32, int64(n))}
	case "static_assert":
		g.staticAssert(f, e, c)
		return &value{t: &types.Basic{Kind: types.Bool}, x: boolConst(true)}
	case "port_metadata_unpack":
		return g.portMetadataUnpack(f, e, c, dst)
	case "verify":
		g.errorf(e.Pos(), "verify is not supported by the chip: use parser_err or a checksum's verify()")
		return void
	}
	g.unsupported(e.Pos(), "extern function "+name)
	return zero(rt)
}

func (g *gress) staticAssert(f *frame, e *syntax.CallExpr, c *types.Call) {
	a := argument(c, 0)
	if a == nil {
		return
	}
	v, ok := isConst(g.scalar(g.expr(f, a)))
	switch {
	case !ok:
		g.errorf(a.Pos(), "static_assert needs a compile-time constant")
	case v.Sign() == 0:
		text := "static assertion failed"
		if m := argument(c, 1); m != nil {
			if s := g.expr(f, m).str; s != "" {
				text += ": " + s
			}
		}
		g.errorf(e.Pos(), "%s", text)
	}
}

// funnelShift: dst = the low half of (src1 ++ src2) >> n.
func (g *gress) funnelShift(f *frame, e *syntax.CallExpr, c *types.Call) {
	if len(c.Args) != 4 {
		return
	}
	dst := g.placeOf(f, c.Args[0])
	if dst == nil || !dst.scalar() {
		g.badLvalue(f, c.Args[0])
		return
	}
	vs := g.exprs(f, c.Args[1:3])
	n, ok := g.constIndex(f, c.Args[3])
	w := dst.loc.Width
	if !ok || n < 0 {
		g.errorf(c.Args[3].Pos(), "the shift amount must be a compile-time constant")
		return
	}
	both := binary(ir.Cat, 2*w, false, g.scalar(g.convert(vs[0], dst.t)), g.scalar(g.convert(vs[1], dst.t)))
	x := binary(ir.Shr, 2*w, false, both, constInt(32, int64(n)))
	g.store(dst, slice(x, w-1, 0))
}

// invalidate clears the hidden validity of an intrinsic field, or makes a
// header invalid.
func (g *gress) invalidate(f *frame, e *syntax.CallExpr, c *types.Call) {
	a := argument(c, 0)
	if a == nil {
		return
	}
	p := g.placeOf(f, a)
	switch {
	case p == nil:
		g.errorf(a.Pos(), "invalidate needs a variable")
	case p.hdr >= 0:
		g.emit(&ir.SetInvalid{S: g.s(), Header: p.hdr})
	case p.vbit.Width > 0:
		g.emit(&ir.Assign{S: g.s(), Dst: p.vbit, X: boolConst(false)})
	case p.scalar():
		// Fields without a validity of their own read as zero when nothing
		// writes them.
		g.emit(&ir.Assign{S: g.s(), Dst: p.loc, X: constInt(p.loc.Width, 0)})
	default:
		g.errorf(e.Pos(), "invalidate needs a field or a header")
	}
}

func (g *gress) isValidated(f *frame, c *types.Call) ir.Expr {
	a := argument(c, 0)
	if a == nil {
		return boolConst(true)
	}
	p := g.placeOf(f, a)
	if p == nil {
		return boolConst(true)
	}
	if p.hdr >= 0 {
		return load(p.valid)
	}
	if p.vbit.Width > 0 {
		return load(p.vbit)
	}
	// A header's field is as valid as its header.
	if m, ok := unparen(a).(*syntax.MemberExpr); ok {
		if q := g.placeOf(f, m.X); q != nil && q.hdr >= 0 {
			return load(q.valid)
		}
	}
	return boolConst(true)
}
