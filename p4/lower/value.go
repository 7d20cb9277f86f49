package lower

import (
	"math/big"

	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// value is what an expression yields: a pure scalar expression, the contents
// of a place, or an aggregate of values.
type value struct {
	t     types.Type
	x     ir.Expr  // scalar
	big   *big.Int // of type int
	str   string   // of type string
	pl    *place   // an aggregate that lies in a place, or a scalar's place
	kids  []*value
	valid ir.Expr // of a header that is not in a place; nil means valid
	inst  *instance
}

func (v *value) isConst() bool {
	if v.big != nil || v.inst != nil {
		return true
	}
	if v.x != nil {
		_, ok := isConst(v.x)
		return ok
	}
	if v.pl != nil {
		return false
	}
	for _, k := range v.kids {
		if !k.isConst() {
			return false
		}
	}
	if v.valid != nil {
		_, ok := isConst(v.valid)
		return ok
	}
	return true
}

// constOf turns a compile-time constant into a value of type t.
func constOf(c types.Value, t types.Type) *value {
	v := &value{t: t}
	switch c := c.(type) {
	case *big.Int:
		if w, ok := scalarWidth(t); ok {
			v.x = constant(w, c)
		} else {
			v.big = c
		}
	case bool:
		v.x = boolConst(c)
	case string:
		v.str = c
	case *types.EnumMember:
		n := big.NewInt(int64(c.Index))
		if c.Value != nil {
			n = c.Value
		}
		w, ok := scalarWidth(t)
		if !ok {
			w = 8
		}
		v.x = constant(w, n)
	case *types.ErrorObj:
		v.x = constInt(16, int64(c.Index))
	case []types.Value:
		ms := members(t)
		for i, k := range c {
			kt := types.Type(&types.Basic{Kind: types.Int})
			if i < len(ms) {
				kt = ms[i].t
			} else if l, ok := under(t).(*types.List); ok {
				kt = l.Elem
			}
			v.kids = append(v.kids, constOf(k, kt))
		}
		if v.kids == nil {
			v.kids = []*value{}
		}
	}
	return v
}

// zero is the value of a variable that nobody wrote; headers are invalid.
func zero(t types.Type) *value {
	v := &value{t: t}
	if w, ok := scalarWidth(t); ok {
		v.x = constInt(w, 0)
		return v
	}
	if isInt(t) {
		v.big = new(big.Int)
		return v
	}
	v.kids = []*value{}
	for _, m := range members(t) {
		v.kids = append(v.kids, zero(m.t))
	}
	if isHeader(t) {
		v.valid = boolConst(false)
	}
	return v
}

// loadPlace reads a place.
func (g *gress) loadPlace(p *place) *value {
	v := &value{t: p.t, pl: p}
	switch {
	case p.special == stackLast && p.loc.Width > 0:
		v.pl = nil
		v.x = &ir.StackLast{Stack: p.owner.stack, Off: p.lastOff, Width: p.loc.Width}
	case p.special != ordinary:
		g.errorf(g.at, "reading %s as a whole is not supported: only its fields can be read", p.name)
		return zero(p.t)
	case p.scalar():
		g.noteRead(p.lo, p.hi)
		v.x = load(p.loc)
	}
	return v
}

// kid is part i of an aggregate.
func (g *gress) kid(v *value, i int) *value {
	if v.pl != nil && i < len(v.pl.kids) {
		return g.loadPlace(v.pl.kids[i])
	}
	if v.pl == nil && i < len(v.kids) {
		return v.kids[i]
	}
	ms := members(v.t)
	if i < len(ms) {
		return zero(ms[i].t)
	}
	return zero(&types.Bits{Width: 1})
}

func (g *gress) kidCount(v *value) int {
	if v.pl != nil {
		return len(v.pl.kids)
	}
	return len(v.kids)
}

// headerValid is the validity of a header value.
func (g *gress) headerValid(v *value) ir.Expr {
	if v.pl != nil && v.pl.hdr >= 0 {
		return load(v.pl.valid)
	}
	if v.valid != nil {
		return v.valid
	}
	return boolConst(true)
}

// unionValid: a union is valid when one of its headers is.
func (g *gress) unionValid(v *value) ir.Expr {
	x := ir.Expr(boolConst(false))
	for i := 0; i < g.kidCount(v); i++ {
		x = binary(ir.LOr, 1, false, x, g.headerValid(g.kid(v, i)))
	}
	return x
}

// scalar is v's expression with the width of its type.
func (g *gress) scalar(v *value) ir.Expr {
	if v.x != nil {
		return v.x
	}
	if v.big != nil {
		// An int that no context gave a width: as wide as it needs to be.
		w := max(v.big.BitLen(), 1)
		if v.big.Sign() < 0 {
			w++
		}
		return constant(w, v.big)
	}
	// One-element aggregates stand for their element (casts from {x}).
	if g.kidCount(v) == 1 {
		return g.scalar(g.kid(v, 0))
	}
	return constInt(1, 0)
}

// convert makes v a value of type t, as the language's implicit and explicit
// conversions do.
func (g *gress) convert(v *value, t types.Type) *value {
	if t == nil || v.inst != nil {
		return v
	}
	if w, ok := scalarWidth(t); ok {
		if v.x == nil && v.big == nil && g.kidCount(v) != 1 {
			return v
		}
		x := ir.Expr(nil)
		switch {
		case v.big != nil:
			x = constant(w, v.big)
		default:
			x = g.scalar(v)
			if x.W() == w {
				if v.pl != nil {
					return &value{t: t, x: x, pl: v.pl}
				}
				return &value{t: t, x: x}
			}
			x = cast(x, w, isSigned(v.t))
		}
		return &value{t: t, x: x}
	}
	if isInt(t) || !isAggregate(t) {
		return v
	}
	if v.pl != nil {
		if (v.pl.hdr >= 0) == isHeader(t) {
			return v
		}
	} else if v.kids == nil {
		return v
	}
	ms := members(t)
	out := &value{t: t, kids: []*value{}, valid: v.valid}
	for i, m := range ms {
		if i < g.kidCount(v) {
			out.kids = append(out.kids, g.convert(g.kid(v, i), m.t))
		} else {
			out.kids = append(out.kids, zero(m.t))
		}
	}
	if ms == nil {
		return v
	}
	return out
}

// materialise copies a value that later statements could change.
func (g *gress) materialise(v *value) *value {
	if v.isConst() {
		return v
	}
	t := v.t
	if v.x != nil && v.pl == nil {
		if w, ok := scalarWidth(t); !ok || w != v.x.W() {
			t = &types.Bits{Width: v.x.W()}
		}
	}
	p := g.temp(t)
	g.assign(p, v)
	return g.loadPlace(p)
}

// reads tells whether v depends on bits [lo, hi).
func (g *gress) reads(v *value, lo, hi int) bool {
	if v.pl != nil && v.pl.special == ordinary {
		return v.pl.lo < hi && lo < v.pl.hi
	}
	if v.x != nil {
		return touches(v.x, lo, hi)
	}
	for _, k := range v.kids {
		if g.reads(k, lo, hi) {
			return true
		}
	}
	return v.valid != nil && touches(v.valid, lo, hi)
}

// assign stores v in dst; validity goes along.
func (g *gress) assign(dst *place, v *value) {
	if dst.special != ordinary {
		g.errorf(g.at, "assigning to %s is not supported: use an index", dst.name)
		return
	}
	if v.pl != nil && v.pl.special == ordinary && !dst.scalar() {
		g.copyPlace(dst, v.pl)
		return
	}
	if dst.scalar() {
		if v.pl != nil && v.pl.vbit.Width > 0 && v.pl.scalar() && v.pl.loc.Width == dst.loc.Width && dst.vbit.Width > 0 && dst.vbit != v.pl.vbit {
			// Reading an intrinsic field yields its value; assigning validates.
			g.store(dst, v.x)
			return
		}
		g.store(dst, g.scalar(v))
		return
	}
	if g.reads(v, dst.lo, dst.hi) {
		v = g.materialise(v)
		g.assign(dst, v)
		return
	}
	if dst.hdr >= 0 {
		if c, ok := isConst(g.headerValid(v)); ok && c.Sign() == 0 {
			g.emit(&ir.SetInvalid{S: g.s(), Header: dst.hdr})
			return
		}
	}
	if isUnion(dst.t) {
		g.assignUnion(dst, v)
		return
	}
	for i, k := range dst.kids {
		if i < len(v.kids) {
			g.assign(k, g.convert(v.kids[i], k.t))
		}
	}
	if dst.hdr >= 0 {
		if c, ok := isConst(g.headerValid(v)); ok && c.Sign() != 0 {
			g.emit(&ir.SetValid{S: g.s(), Header: dst.hdr})
		} else {
			g.emit(&ir.Assign{S: g.s(), Dst: dst.valid, X: g.headerValid(v)})
		}
	}
	if dst.stack >= 0 {
		g.emit(&ir.Assign{S: g.s(), Dst: dst.next, X: constInt(8, 0)})
	}
}

func (g *gress) assignUnion(dst *place, v *value) {
	for i, k := range dst.kids {
		if i < len(v.kids) {
			g.assign(k, v.kids[i])
		} else {
			g.emit(&ir.SetInvalid{S: g.s(), Header: k.hdr})
		}
	}
}

// equal compares two values of the same type.
func (g *gress) equal(x, y *value) ir.Expr {
	t := x.t
	if !isAggregate(t) {
		t = y.t
	}
	if !isAggregate(t) {
		a, b := g.scalar(x), g.scalar(y)
		if a.W() != b.W() {
			w := max(a.W(), b.W())
			a, b = cast(a, w, isSigned(x.t)), cast(b, w, isSigned(y.t))
		}
		return binary(ir.Eq, 1, false, a, b)
	}
	if x.pl == nil {
		x = g.convert(x, t)
	}
	if y.pl == nil {
		y = g.convert(y, t)
	}
	if isHeader(t) {
		vx, vy := g.headerValid(x), g.headerValid(y)
		same := g.equalKids(x, y)
		if x.pl != nil && y.pl != nil {
			if n, ok := bitsOf(t); ok && n > 0 {
				a, b := x.pl, y.pl
				same = binary(ir.Eq, 1, false, load(ir.Loc{Bit: a.lo, Width: n}), load(ir.Loc{Bit: b.lo, Width: n}))
			}
		}
		bothInvalid := and(unary(ir.Not, vx), unary(ir.Not, vy))
		return binary(ir.LOr, 1, false, bothInvalid, and(and(vx, vy), same))
	}
	return g.equalKids(x, y)
}

func (g *gress) equalKids(x, y *value) ir.Expr {
	r := ir.Expr(boolConst(true))
	n := max(g.kidCount(x), g.kidCount(y))
	for i := 0; i < n; i++ {
		r = and(r, g.equal(g.kid(x, i), g.kid(y, i)))
	}
	return r
}

// flatten lists the scalars of v in order, as hash, checksum and emit inputs.
func (g *gress) flatten(v *value) []ir.Expr {
	if v.x != nil {
		return []ir.Expr{v.x}
	}
	if v.big != nil {
		return []ir.Expr{g.scalar(v)}
	}
	var out []ir.Expr
	for i := 0; i < g.kidCount(v); i++ {
		out = append(out, g.flatten(g.kid(v, i))...)
	}
	return out
}

// unparen strips parentheses.
func unparen(e syntax.Expr) syntax.Expr {
	for {
		p, ok := e.(*syntax.ParenExpr)
		if !ok {
			return e
		}
		e = p.X
	}
}
