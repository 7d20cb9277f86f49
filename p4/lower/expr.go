package lower

import (
	"math/big"

	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// maxDepth bounds recursion over expressions and inlined bodies; a legal
// program is far below it.
const maxDepth = 400

// typeOf is the type of an expression in this activation.
func (g *gress) typeOf(f *frame, e syntax.Expr) types.Type {
	return f.typeOf(g.info.Types[e].Type)
}

// expr evaluates e. Calls with effects become statements before the point of
// use; what is returned is pure.
func (g *gress) expr(f *frame, e syntax.Expr) *value {
	g.depth++
	defer func() { g.depth-- }()
	if g.depth > maxDepth {
		g.errorf(e.Pos(), "expression is nested too deeply (limit %d)", maxDepth)
		return zero(g.typeOf(f, e))
	}
	tv, known := g.info.Types[e]
	t := f.typeOf(tv.Type)
	var v *value
	if tv.Value != nil {
		v = constOf(tv.Value, t)
	} else {
		v = g.exprNode(f, e, t)
	}
	if v == nil {
		v = zero(t)
	}
	if known && v.inst == nil && t != nil {
		if v.big != nil && !isInt(t) {
			v = g.convert(v, t)
		}
		if tv.Conv != nil {
			v = g.convert(v, f.typeOf(tv.Conv))
		}
	}
	return v
}

func (g *gress) exprNode(f *frame, e syntax.Expr, t types.Type) *value {
	switch e := e.(type) {
	case *syntax.ParenExpr:
		return g.expr(f, e.X)
	case *syntax.NameExpr:
		return g.nameExpr(f, e, t)
	case *syntax.IntLit:
		if e.Width > 0 {
			return &value{t: &types.Bits{Width: e.Width, Signed: e.Signed}, x: constant(e.Width, e.Value)}
		}
		return &value{t: &types.Basic{Kind: types.Int}, big: e.Value}
	case *syntax.BoolLit:
		return &value{t: &types.Basic{Kind: types.Bool}, x: boolConst(e.Value)}
	case *syntax.StringLit:
		return &value{t: t, str: e.Value}
	case *syntax.MemberExpr:
		return g.memberExpr(f, e)
	case *syntax.IndexExpr:
		return g.indexExpr(f, e)
	case *syntax.SliceExpr:
		return g.sliceExpr(f, e)
	case *syntax.UnaryExpr:
		return g.unaryExpr(f, e, t)
	case *syntax.BinaryExpr:
		return g.binaryExpr(f, e, t)
	case *syntax.CondExpr:
		return g.condExpr(f, e, t)
	case *syntax.CastExpr:
		return g.convert(g.expr(f, e.X), f.typeOf(g.info.TypeOf[e.Type]))
	case *syntax.ListExpr:
		return g.listExpr(f, e, t)
	case *syntax.CallExpr:
		return g.callExpr(f, e, nil)
	case *syntax.InvalidExpr, *syntax.DotsExpr:
		if c := g.info.Types[e].Conv; c != nil {
			t = f.typeOf(c)
		}
		return zero(t)
	case *syntax.DefaultExpr:
		return zero(t)
	}
	g.errorf(e.Pos(), "this expression cannot be evaluated at run time")
	return zero(t)
}

func (g *gress) nameExpr(f *frame, e *syntax.NameExpr, t types.Type) *value {
	obj := g.info.Uses[e.Name]
	if obj == nil {
		return zero(t)
	}
	if v, ok := g.known[obj]; ok {
		return v
	}
	switch b := g.resolve(f, obj).(type) {
	case *place:
		return g.loadPlace(b)
	case *value:
		return b
	case *instance:
		return &value{t: t, inst: b}
	}
	g.errorf(e.Pos(), "%s has no value here", e.Name.Value)
	return zero(t)
}

// resolve finds what an object stands for: a *place, *value or *instance, or
// nil. Global instances come into being at their first use.
func (g *gress) resolve(f *frame, obj types.Object) any {
	if b, ok := f.lookup(obj); ok {
		return b
	}
	switch o := obj.(type) {
	case *types.Const:
		if o.Value != nil {
			return constOf(o.Value, f.typeOf(o.Type))
		}
		if o.Decl != nil && o.Decl.Value != nil {
			return g.convert(g.expr(f, o.Decl.Value), f.typeOf(o.Type))
		}
	case *types.Inst:
		if inst := g.globalInstance(o); inst != nil {
			return inst
		}
	}
	return nil
}

// placeOf is the storage that e denotes, or nil if e is not (only) a path to
// storage. It emits nothing.
func (g *gress) placeOf(f *frame, e syntax.Expr) *place {
	switch e := e.(type) {
	case *syntax.ParenExpr:
		return g.placeOf(f, e.X)
	case *syntax.NameExpr:
		obj := g.info.Uses[e.Name]
		if obj == nil {
			return nil
		}
		if _, ok := g.known[obj]; ok {
			return nil
		}
		p, _ := f.lookup(obj)
		pl, _ := p.(*place)
		return pl
	case *syntax.MemberExpr:
		if g.info.Types[e.X].IsType {
			return nil
		}
		p := g.placeOf(f, e.X)
		if p == nil {
			return nil
		}
		return g.memberPlace(p, e.Sel.Value)
	case *syntax.IndexExpr:
		p := g.placeOf(f, e.X)
		if p == nil || p.special != ordinary {
			return nil
		}
		i, ok := g.constIndex(f, e.I)
		if !ok || i < 0 || i >= len(p.kids) {
			return nil
		}
		return p.kids[i]
	case *syntax.SliceExpr:
		p := g.placeOf(f, e.X)
		if p == nil || !p.scalar() || p.special != ordinary {
			return nil
		}
		hi, ok1 := g.constIndex(f, e.Hi)
		lo, ok2 := g.constIndex(f, e.Lo)
		if !ok1 || !ok2 || lo < 0 || hi < lo || hi >= p.loc.Width {
			return nil
		}
		return p.sub(hi, lo)
	}
	return nil
}

func (g *gress) memberPlace(p *place, name string) *place {
	if _, ok := under(p.t).(*types.Stack); ok {
		elem := under(p.t).(*types.Stack).Elem
		switch name {
		case "next":
			return &place{t: elem, name: p.name + ".next", hdr: -1, stack: -1, special: stackNext, owner: p, lo: p.lo, hi: p.hi}
		case "last":
			return &place{t: elem, name: p.name + ".last", hdr: -1, stack: -1, special: stackLast, owner: p, lo: p.lo, hi: p.hi}
		}
		return nil
	}
	for i, m := range members(p.t) {
		if m.name != name {
			continue
		}
		if p.special == stackLast {
			off := p.lastOff
			for _, before := range members(p.t)[:i] {
				w, _ := bitsOf(before.t)
				off += w
			}
			w, _ := scalarWidth(m.t)
			return &place{t: m.t, name: p.name + "." + name, hdr: -1, stack: -1, special: stackLast, owner: p.owner,
				lastOff: off, loc: ir.Loc{Width: w}, lo: p.lo, hi: p.hi}
		}
		if p.special == ordinary && i < len(p.kids) {
			return p.kids[i]
		}
	}
	return nil
}

// constIndex evaluates a compile-time integer.
func (g *gress) constIndex(f *frame, e syntax.Expr) (int, bool) {
	v := g.constInt(f, e)
	if v == nil || !v.IsInt64() {
		return 0, false
	}
	return int(v.Int64()), true
}

// constInt evaluates e if it is known at compile time; else nil. It emits no
// statement.
func (g *gress) constInt(f *frame, e syntax.Expr) *big.Int {
	if c, ok := g.info.Types[e].Value.(*big.Int); ok {
		return c
	}
	if g.hasEffects(e) {
		return nil
	}
	v := g.expr(f, e)
	if v.big != nil {
		return v.big
	}
	if v.x == nil {
		return nil
	}
	c, ok := isConst(v.x)
	if !ok {
		return nil
	}
	if isSigned(v.t) {
		return signedOf(c, v.x.W())
	}
	return c
}

func (g *gress) memberExpr(f *frame, e *syntax.MemberExpr) *value {
	t := g.typeOf(f, e)
	if call, ok := unparen(e.X).(*syntax.CallExpr); ok {
		if c := g.info.Calls[call]; c != nil && c.Kind == types.CallTable {
			return g.applyResult(f, call, c, e.Sel.Value)
		}
	}
	if p := g.placeOf(f, e); p != nil {
		return g.loadPlace(p)
	}
	if la, ok := g.lookaheadOf(f, e); ok {
		return g.lookahead(la)
	}
	xt := under(g.typeOf(f, e.X))
	if _, ok := xt.(*types.Stack); ok {
		return g.stackMember(f, e, t)
	}
	v := g.expr(f, e.X)
	if v.inst != nil {
		g.errorf(e.Pos(), "%s has no value here", e.Sel.Value)
		return zero(t)
	}
	for i, m := range members(v.t) {
		if m.name == e.Sel.Value {
			return g.kid(v, i)
		}
	}
	g.errorf(e.Pos(), "member %s cannot be evaluated here", e.Sel.Value)
	return zero(t)
}

func (g *gress) stackMember(f *frame, e *syntax.MemberExpr, t types.Type) *value {
	p := g.placeOf(f, e.X)
	st := under(g.typeOf(f, e.X)).(*types.Stack)
	switch e.Sel.Value {
	case "size":
		return &value{t: t, x: constInt(32, int64(st.Size))}
	case "lastIndex":
		if p != nil {
			return &value{t: t, x: binary(ir.Sub, 32, false, cast(load(p.next), 32, false), constInt(32, 1))}
		}
	}
	g.errorf(e.Pos(), "%s of this stack cannot be evaluated here", e.Sel.Value)
	return zero(t)
}

func (g *gress) indexExpr(f *frame, e *syntax.IndexExpr) *value {
	if p := g.placeOf(f, e); p != nil {
		return g.loadPlace(p)
	}
	t := g.typeOf(f, e)
	i, ok := g.constIndex(f, e.I)
	if !ok {
		g.errorf(e.I.Pos(), "a stack index that is not a compile-time constant is not supported by the chip")
		return zero(t)
	}
	v := g.expr(f, e.X)
	if i < 0 || i >= g.kidCount(v) {
		g.errorf(e.I.Pos(), "index %d is out of range (0 to %d)", i, g.kidCount(v)-1)
		return zero(t)
	}
	return g.kid(v, i)
}

func (g *gress) sliceExpr(f *frame, e *syntax.SliceExpr) *value {
	if p := g.placeOf(f, e); p != nil {
		return g.loadPlace(p)
	}
	t := g.typeOf(f, e)
	if la, ok := g.lookaheadOf(f, e); ok {
		return g.lookahead(la)
	}
	hi, ok1 := g.constIndex(f, e.Hi)
	lo, ok2 := g.constIndex(f, e.Lo)
	x := g.scalar(g.expr(f, e.X))
	if !ok1 || !ok2 || lo < 0 || hi < lo || hi >= x.W() {
		g.errorf(e.Pos(), "slice bounds must be compile-time constants within %d bits", x.W())
		return zero(t)
	}
	g.usedBits(f, e.X, lo, hi-lo+1)
	return &value{t: t, x: slice(x, hi, lo)}
}

func (g *gress) unaryExpr(f *frame, e *syntax.UnaryExpr, t types.Type) *value {
	v := g.expr(f, e.X)
	if v.big != nil {
		r := new(big.Int)
		switch e.Op {
		case syntax.Neg:
			r.Neg(v.big)
		case syntax.BitNot:
			r.Not(v.big)
		default:
			r = v.big
		}
		return &value{t: v.t, big: r}
	}
	x := g.scalar(v)
	switch e.Op {
	case syntax.Not:
		x = unary(ir.Not, x)
	case syntax.BitNot:
		x = unary(ir.BitNot, x)
	case syntax.Neg:
		x = unary(ir.Neg, x)
	}
	return &value{t: t, x: x}
}

var binaryOps = map[syntax.Op]ir.Op{
	syntax.Add: ir.Add, syntax.Sub: ir.Sub, syntax.Mul: ir.Mul, syntax.Div: ir.Div, syntax.Mod: ir.Mod,
	syntax.AddSat: ir.AddSat, syntax.SubSat: ir.SubSat, syntax.Shl: ir.Shl, syntax.Shr: ir.Shr,
	syntax.And: ir.And, syntax.Or: ir.Or, syntax.Xor: ir.Xor, syntax.Concat: ir.Cat,
	syntax.LAnd: ir.LAnd, syntax.LOr: ir.LOr, syntax.Eq: ir.Eq, syntax.Ne: ir.Ne,
	syntax.Lt: ir.Lt, syntax.Le: ir.Le, syntax.Gt: ir.Gt, syntax.Ge: ir.Ge,
}

func (g *gress) binaryExpr(f *frame, e *syntax.BinaryExpr, t types.Type) *value {
	if e.Op == syntax.LAnd || e.Op == syntax.LOr {
		return g.logical(f, e, t)
	}
	vs := g.exprs(f, []syntax.Expr{e.X, e.Y})
	v := g.binaryValue(e.Op, vs[0], vs[1], t)
	g.arithmetic(e.Pos(), v)
	return v
}

// binaryValue applies a binary operator to evaluated operands.
func (g *gress) binaryValue(op syntax.Op, a, b *value, t types.Type) *value {
	switch op {
	case syntax.Eq, syntax.Ne:
		x := g.equal(a, b)
		if op == syntax.Ne {
			if bx, ok := x.(*ir.Binary); ok && bx.Op == ir.Eq {
				x = binary(ir.Ne, 1, false, bx.X, bx.Y)
			} else {
				x = unary(ir.Not, x)
			}
		}
		return &value{t: t, x: x}
	}
	if a.big != nil && b.big != nil {
		if r := foldInt(op, a.big, b.big); r != nil {
			return &value{t: a.t, big: r}
		}
	}
	x, y := g.scalar(a), g.scalar(b)
	signed := isSigned(a.t)
	shift := op == syntax.Shl || op == syntax.Shr
	if !shift && op != syntax.Concat && x.W() != y.W() {
		// One side is an int without a width.
		switch {
		case a.big != nil:
			x = constant(y.W(), a.big)
			signed = isSigned(b.t)
		case b.big != nil:
			y = constant(x.W(), b.big)
		default:
			y = cast(y, x.W(), isSigned(b.t))
		}
	}
	if shift && a.big != nil {
		if w, ok := scalarWidth(t); ok {
			x = constant(w, a.big)
		}
	}
	w := x.W()
	switch op {
	case syntax.Concat:
		w = x.W() + y.W()
	case syntax.Lt, syntax.Le, syntax.Gt, syntax.Ge:
		w = 1
	}
	return &value{t: t, x: binary(binaryOps[op], w, signed, x, y)}
}

// foldInt computes on arbitrary-precision ints.
func foldInt(op syntax.Op, a, b *big.Int) *big.Int {
	r := new(big.Int)
	switch op {
	case syntax.Add:
		return r.Add(a, b)
	case syntax.Sub:
		return r.Sub(a, b)
	case syntax.Mul:
		return r.Mul(a, b)
	case syntax.Div:
		if b.Sign() != 0 {
			return r.Quo(a, b)
		}
	case syntax.Mod:
		if b.Sign() != 0 {
			return r.Rem(a, b)
		}
	case syntax.Shl:
		if b.Sign() >= 0 && b.BitLen() < 16 {
			return r.Lsh(a, uint(b.Uint64()))
		}
	case syntax.Shr:
		if b.Sign() >= 0 && b.BitLen() < 32 {
			return r.Rsh(a, uint(b.Uint64()))
		}
	case syntax.And:
		return r.And(a, b)
	case syntax.Or:
		return r.Or(a, b)
	case syntax.Xor:
		return r.Xor(a, b)
	}
	return nil
}

// logical evaluates && and ||; the right side's calls happen only where the
// left side asks for them.
func (g *gress) logical(f *frame, e *syntax.BinaryExpr, t types.Type) *value {
	op := binaryOps[e.Op]
	x := g.scalar(g.expr(f, e.X))
	if v, ok := isConst(x); ok && (v.Sign() != 0) == (op == ir.LOr) {
		return &value{t: t, x: x}
	}
	var y ir.Expr
	body := g.capture(func() { y = g.scalar(g.expr(f, e.Y)) })
	if len(body) == 0 {
		return &value{t: t, x: binary(op, 1, false, x, y)}
	}
	tmp := g.tempBits(1)
	g.emit(&ir.Assign{S: g.s(), Dst: tmp.loc, X: x})
	body = append(body, &ir.Assign{S: g.s(), Dst: tmp.loc, X: y})
	c := load(tmp.loc)
	if op == ir.LOr {
		c = unary(ir.Not, c)
	}
	g.emit(&ir.If{S: g.s(), Cond: c, Then: body})
	return &value{t: t, x: load(tmp.loc)}
}

func (g *gress) condExpr(f *frame, e *syntax.CondExpr, t types.Type) *value {
	c := g.scalar(g.expr(f, e.C))
	if v, ok := isConst(c); ok {
		if v.Sign() != 0 {
			return g.expr(f, e.A)
		}
		return g.expr(f, e.B)
	}
	var a, b *value
	then := g.capture(func() { a = g.expr(f, e.A) })
	els := g.capture(func() { b = g.expr(f, e.B) })
	if len(then) == 0 && len(els) == 0 && !isAggregate(t) {
		if isInt(t) {
			// Both branches are ints; the width must come from the context.
			w := max(g.scalar(a).W(), g.scalar(b).W(), 32)
			t = &types.Bits{Width: w}
		}
		a, b = g.convert(a, t), g.convert(b, t)
		return &value{t: t, x: cond(c, g.scalar(a), g.scalar(b))}
	}
	tmp := g.temp(t)
	then = append(then, g.capture(func() { g.assign(tmp, g.convert(a, t)) })...)
	els = append(els, g.capture(func() { g.assign(tmp, g.convert(b, t)) })...)
	g.emit(&ir.If{S: g.s(), Cond: c, Then: then, Else: els})
	return g.loadPlace(tmp)
}

func (g *gress) listExpr(f *frame, e *syntax.ListExpr, t types.Type) *value {
	if c := g.info.Types[e].Conv; c != nil {
		t = f.typeOf(c)
	}
	if !e.Named {
		kids := g.exprs(f, e.Elems)
		if kids == nil {
			kids = []*value{}
		}
		v := &value{t: t, kids: kids}
		if e.Dots {
			for _, m := range members(t)[min(len(kids), len(members(t))):] {
				v.kids = append(v.kids, zero(m.t))
			}
		}
		return g.convert(v, t)
	}
	es := make([]syntax.Expr, len(e.Fields))
	for i, n := range e.Fields {
		es[i] = n.Value
	}
	vs := g.exprs(f, es)
	out := &value{t: t, kids: []*value{}}
	ms := members(t)
	if ms == nil {
		out.kids = vs
		return out
	}
	for _, m := range ms {
		kid := (*value)(nil)
		for i, n := range e.Fields {
			if n.Name.Value == m.name {
				kid = g.convert(vs[i], m.t)
			}
		}
		if kid == nil {
			kid = zero(m.t)
		}
		out.kids = append(out.kids, kid)
	}
	return out
}

// exprs evaluates expressions from left to right. A value that a later
// expression's calls could change is saved first.
func (g *gress) exprs(f *frame, es []syntax.Expr) []*value {
	last := -1
	for i, e := range es {
		if e != nil && g.mayWrite(e) {
			last = i
		}
	}
	var vs []*value
	for i, e := range es {
		if e == nil {
			vs = append(vs, nil)
			continue
		}
		v := g.expr(f, e)
		if i < last {
			v = g.materialise(v)
		}
		vs = append(vs, v)
	}
	return vs
}
