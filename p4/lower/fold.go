package lower

import (
	"math/big"

	"gofino/pipeline/ir"
)

// The builders below make pure expressions and fold constants on the way.

func constant(w int, v *big.Int) *ir.Const { return &ir.Const{Width: w, V: wrap(v, w)} }

func constInt(w int, v int64) *ir.Const { return constant(w, big.NewInt(v)) }

func boolConst(b bool) *ir.Const {
	if b {
		return constInt(1, 1)
	}
	return constInt(1, 0)
}

func isConst(x ir.Expr) (*big.Int, bool) {
	c, ok := x.(*ir.Const)
	if !ok {
		return nil, false
	}
	return c.V, true
}

func load(l ir.Loc) ir.Expr { return &ir.Load{Loc: l} }

func unary(op ir.Op, x ir.Expr) ir.Expr {
	w := x.W()
	if v, ok := isConst(x); ok {
		switch op {
		case ir.Not:
			return boolConst(v.Sign() == 0)
		case ir.BitNot:
			return constant(w, new(big.Int).Xor(v, allOnes(w)))
		case ir.Neg:
			return constant(w, new(big.Int).Neg(v))
		}
	}
	if u, ok := x.(*ir.Unary); ok && u.Op == op {
		return u.X
	}
	return &ir.Unary{Op: op, X: x}
}

func slice(x ir.Expr, hi, lo int) ir.Expr {
	w := hi - lo + 1
	if lo == 0 && w == x.W() {
		return x
	}
	switch x := x.(type) {
	case *ir.Const:
		return constant(w, new(big.Int).Rsh(x.V, uint(lo)))
	case *ir.Load:
		return load(subLoc(x.Loc, hi, lo))
	case *ir.Slice:
		return slice(x.X, x.Lo+hi, x.Lo+lo)
	}
	return &ir.Slice{X: x, Hi: hi, Lo: lo}
}

// subLoc is bits hi..lo of a place.
func subLoc(l ir.Loc, hi, lo int) ir.Loc {
	return ir.Loc{Bit: l.Bit + l.Width - 1 - hi, Width: hi - lo + 1}
}

func cast(x ir.Expr, w int, signed bool) ir.Expr {
	if x.W() == w {
		return x
	}
	if v, ok := isConst(x); ok {
		if signed {
			v = signedOf(v, x.W())
		}
		return constant(w, v)
	}
	if w < x.W() {
		return slice(x, w-1, 0)
	}
	return &ir.Cast{Width: w, Signed: signed, X: x}
}

func cond(c, a, b ir.Expr) ir.Expr {
	if v, ok := isConst(c); ok {
		if v.Sign() != 0 {
			return a
		}
		return b
	}
	return &ir.Cond{C: c, A: a, B: b}
}

func and(x, y ir.Expr) ir.Expr { return binary(ir.LAnd, 1, false, x, y) }

func binary(op ir.Op, w int, signed bool, x, y ir.Expr) ir.Expr {
	xv, xc := isConst(x)
	yv, yc := isConst(y)
	if xc && yc {
		if v := foldBinary(op, w, signed, xv, yv, x.W(), y.W()); v != nil {
			return constant(w, v)
		}
	}
	switch op {
	case ir.LAnd, ir.LOr:
		absorbing := op == ir.LOr
		if xc {
			if (xv.Sign() != 0) == absorbing {
				return x
			}
			return y
		}
		if yc && (yv.Sign() != 0) != absorbing {
			return x
		}
	case ir.Add, ir.Sub, ir.Or, ir.Xor, ir.Shl, ir.Shr:
		if yc && yv.Sign() == 0 {
			return x
		}
	case ir.Cat:
		if x.W() == 0 {
			return y
		}
		if y.W() == 0 {
			return x
		}
	}
	return &ir.Binary{Op: op, Width: w, Signed: signed, X: x, Y: y}
}

// foldBinary computes a constant; nil where there is no value (division by
// zero, absurd shifts).
func foldBinary(op ir.Op, w int, signed bool, x, y *big.Int, xw, yw int) *big.Int {
	sx, sy := x, y
	if signed {
		sx, sy = signedOf(x, xw), signedOf(y, yw)
	}
	r := new(big.Int)
	truth := func(b bool) *big.Int {
		if b {
			return one
		}
		return r
	}
	switch op {
	case ir.Add:
		return r.Add(x, y)
	case ir.Sub:
		return r.Sub(x, y)
	case ir.Mul:
		return r.Mul(sx, sy)
	case ir.Div:
		if y.Sign() == 0 {
			return nil
		}
		return r.Quo(sx, sy)
	case ir.Mod:
		if y.Sign() == 0 {
			return nil
		}
		return r.Rem(sx, sy)
	case ir.AddSat:
		return saturate(r.Add(sx, sy), w, signed)
	case ir.SubSat:
		return saturate(r.Sub(sx, sy), w, signed)
	case ir.Shl:
		if y.Cmp(big.NewInt(int64(w))) >= 0 {
			return r
		}
		return r.Lsh(x, uint(y.Uint64()))
	case ir.Shr:
		if y.Cmp(big.NewInt(int64(xw))) >= 0 {
			if sx.Sign() < 0 {
				return big.NewInt(-1)
			}
			return r
		}
		return r.Rsh(sx, uint(y.Uint64()))
	case ir.And:
		return r.And(x, y)
	case ir.Or:
		return r.Or(x, y)
	case ir.Xor:
		return r.Xor(x, y)
	case ir.Cat:
		return r.Or(r.Lsh(x, uint(yw)), y)
	case ir.LAnd:
		return truth(x.Sign() != 0 && y.Sign() != 0)
	case ir.LOr:
		return truth(x.Sign() != 0 || y.Sign() != 0)
	case ir.Eq:
		return truth(x.Cmp(y) == 0)
	case ir.Ne:
		return truth(x.Cmp(y) != 0)
	case ir.Lt:
		return truth(sx.Cmp(sy) < 0)
	case ir.Le:
		return truth(sx.Cmp(sy) <= 0)
	case ir.Gt:
		return truth(sx.Cmp(sy) > 0)
	case ir.Ge:
		return truth(sx.Cmp(sy) >= 0)
	case ir.Min:
		if sx.Cmp(sy) <= 0 {
			return x
		}
		return y
	case ir.Max:
		if sx.Cmp(sy) >= 0 {
			return x
		}
		return y
	}
	return nil
}

func saturate(v *big.Int, w int, signed bool) *big.Int {
	lo, hi := new(big.Int), allOnes(w)
	if signed {
		hi = allOnes(w - 1)
		lo = new(big.Int).Not(hi)
	}
	if v.Cmp(lo) < 0 {
		return lo
	}
	if v.Cmp(hi) > 0 {
		return hi
	}
	return v
}

// touches tells whether evaluating x reads any bit of [lo, hi).
func touches(x ir.Expr, lo, hi int) bool {
	switch x := x.(type) {
	case *ir.Load:
		return x.Loc.Bit < hi && lo < x.Loc.Bit+x.Loc.Width
	case *ir.Unary:
		return touches(x.X, lo, hi)
	case *ir.Binary:
		return touches(x.X, lo, hi) || touches(x.Y, lo, hi)
	case *ir.Slice:
		return touches(x.X, lo, hi)
	case *ir.Cast:
		return touches(x.X, lo, hi)
	case *ir.Cond:
		return touches(x.C, lo, hi) || touches(x.A, lo, hi) || touches(x.B, lo, hi)
	case *ir.StackLast:
		return true
	}
	return false
}
