package lower

import (
	"math/big"

	"gofino/p4/syntax"
	"gofino/pipeline/ir"
)

// arithmetic reports what no ALU of a match-action stage or parser computes:
// they shift by constants, and neither multiply nor divide but by powers of two,
// which are shifts and masks. Stateful ALUs have rules of their own.
func (g *gress) arithmetic(at syntax.Pos, v *value) {
	b, ok := v.x.(*ir.Binary)
	if !ok || g.regAction != nil {
		return
	}
	switch b.Op {
	case ir.Mul:
		if !powerOfTwo(b.X) && !powerOfTwo(b.Y) {
			g.limit(at, "the chip multiplies by powers of two only")
		}
	case ir.Div, ir.Mod:
		if !powerOfTwo(b.Y) {
			g.limit(at, "the chip divides by powers of two only")
		}
	case ir.Shl, ir.Shr:
		if _, ok := b.Y.(*ir.Const); !ok {
			g.limit(at, "the chip shifts by constants only")
		}
	}
}

func powerOfTwo(x ir.Expr) bool {
	c, ok := x.(*ir.Const)
	return ok && c.V.Sign() > 0 && new(big.Int).And(c.V, new(big.Int).Sub(c.V, big.NewInt(1))).Sign() == 0
}
