package pipeline

import (
	"math/big"

	"gofino/pipeline/ir"
)

// simplify rewrites an expression into an equal one that compiles to fewer
// operations: slices, casts and concatenations of places become places.
func simplify(e ir.Expr) ir.Expr {
	switch e := e.(type) {
	case *ir.Unary:
		return &ir.Unary{Op: e.Op, X: simplify(e.X)}
	case *ir.Binary:
		x, y := simplify(e.X), simplify(e.Y)
		if e.Op == ir.Cat {
			return cat(x, y)
		}
		return &ir.Binary{Op: e.Op, Width: e.Width, Signed: e.Signed, X: x, Y: y}
	case *ir.Slice:
		return slice(simplify(e.X), e.Hi, e.Lo)
	case *ir.Cast:
		x := simplify(e.X)
		switch w := x.W(); {
		case e.Width == w:
			return x
		case e.Width < w:
			return slice(x, e.Width-1, 0)
		}
		if k, ok := x.(*ir.Const); ok && (!e.Signed || k.V.Bit(k.Width-1) == 0) {
			return &ir.Const{Width: e.Width, V: k.V}
		}
		return &ir.Cast{Width: e.Width, Signed: e.Signed, X: x}
	case *ir.Cond:
		c, a, b := simplify(e.C), simplify(e.A), simplify(e.B)
		if k, ok := c.(*ir.Const); ok {
			if k.V.Sign() != 0 {
				return a
			}
			return b
		}
		return &ir.Cond{C: c, A: a, B: b}
	}
	return e
}

// slice is bits hi to lo of x, which is simple already.
func slice(x ir.Expr, hi, lo int) ir.Expr {
	w := hi - lo + 1
	if w == x.W() {
		return x
	}
	switch x := x.(type) {
	case *ir.Load:
		return &ir.Load{Loc: ir.Loc{Bit: x.Loc.Bit + x.Loc.Width - 1 - hi, Width: w}}
	case *ir.Const:
		v := new(big.Int).Rsh(x.V, uint(lo))
		return &ir.Const{Width: w, V: v.And(v, bigOnes(w))}
	case *ir.Slice:
		return slice(x.X, hi+x.Lo, lo+x.Lo)
	case *ir.Cast:
		if hi < x.X.W() {
			return slice(x.X, hi, lo)
		}
	case *ir.Binary:
		if n := x.Y.W(); x.Op == ir.Cat && hi < n {
			return slice(x.Y, hi, lo)
		} else if x.Op == ir.Cat && lo >= n {
			return slice(x.X, hi-n, lo-n)
		}
	}
	return &ir.Slice{X: x, Hi: hi, Lo: lo}
}

// cat is x above y, both simple already.
func cat(x, y ir.Expr) ir.Expr {
	w := x.W() + y.W()
	switch a := x.(type) {
	case *ir.Const:
		if a.V.Sign() == 0 {
			return &ir.Cast{Width: w, X: y}
		}
		if b, ok := y.(*ir.Const); ok {
			v := new(big.Int).Lsh(a.V, uint(y.W()))
			return &ir.Const{Width: w, V: v.Or(v, b.V)}
		}
	case *ir.Load:
		if b, ok := y.(*ir.Load); ok && a.Loc.Bit+a.Loc.Width == b.Loc.Bit {
			return &ir.Load{Loc: ir.Loc{Bit: a.Loc.Bit, Width: w}}
		}
	case *ir.Binary:
		// The end of a chain: (p ++ q) ++ y with q and y adjacent.
		if a.Op == ir.Cat {
			if q, ok := a.Y.(*ir.Load); ok {
				if b, ok := y.(*ir.Load); ok && q.Loc.Bit+q.Loc.Width == b.Loc.Bit {
					return cat(a.X, &ir.Load{Loc: ir.Loc{Bit: q.Loc.Bit, Width: q.Loc.Width + b.Loc.Width}})
				}
			}
		}
	}
	return &ir.Binary{Op: ir.Cat, Width: w, X: x, Y: y}
}

// bigOnes is n one bits.
func bigOnes(n int) *big.Int {
	v := new(big.Int).Lsh(big.NewInt(1), uint(n))
	return v.Sub(v, big.NewInt(1))
}

func bigAnd(x, y *big.Int) *big.Int { return new(big.Int).And(x, y) }
