package lower

import (
	"fmt"
	"math/big"
	"strings"

	"gofino/pipeline/ir"
)

// registers checks what stateful ALUs can do and how large registers can be
// (chip.md, sections 4 and 5).
func (c *limiter) registers() {
	consts := make([]map[string]bool, len(c.pl.Registers))
	for i, a := range c.pl.RegActions {
		if c.searches[i] {
			// min and max are units of their own, not the comparisons that the
			// model makes of them.
			continue
		}
		s := newSalu(a, c.target)
		s.stmts(a.Body)
		if n := len(s.compares); n > c.compareUnits {
			c.over(a.Pos, "register action %s makes %d comparisons: the chip's limit is %d", a.Name, n, c.compareUnits)
		}
		if s.op != "" && (c.target == ir.Tofino || s.op == "<<" || s.op == ">>" || s.op == "*") {
			c.over(s.at, "register action %s computes %s with its register's value: the chip's stateful ALU adds, subtracts, compares and combines bits", a.Name, s.op)
		}
		if consts[a.Register] == nil {
			consts[a.Register] = map[string]bool{}
		}
		for k := range s.consts {
			consts[a.Register][k] = true
		}
	}
	for i, r := range c.pl.Registers {
		if n := registerBlocks(r); n > stageMaps {
			c.over(r.Pos, "register %s fills %d memory blocks: the chip's limit is %d, those of one stage", r.Name, n, stageMaps)
		}
		if n := len(consts[i]); n > saluConstants {
			c.over(r.Pos, "the actions of register %s use %d constants and parameters beyond the small ones: the chip's limit is %d", r.Name, n, saluConstants)
		}
	}
}

// saluConstants is how many constants all actions of a register share, but for
// small ones, which are part of an instruction.
const saluConstants = 4

// salu collects what a register action asks of its ALU.
type salu struct {
	a        *ir.RegisterAction
	inline   int64 // constants from -inline to inline-1 are part of an instruction
	compares map[string]bool
	consts   map[string]bool
	op       string // an operation that the ALU does not have, on the cell
	at       ir.Pos
}

func newSalu(a *ir.RegisterAction, t ir.Target) *salu {
	inline := int64(8)
	if t == ir.Tofino2 {
		inline = 32
	}
	return &salu{a: a, inline: inline, compares: map[string]bool{}, consts: map[string]bool{}}
}

func (s *salu) stmts(list []ir.Stmt) {
	for _, x := range list {
		switch x := x.(type) {
		case *ir.Assign:
			s.expr(x.X, x.P)
			if overlap(x.Dst, s.a.Lo) || overlap(x.Dst, s.a.Hi) {
				s.operand(x.X)
			}
		case *ir.If:
			s.expr(x.Cond, x.P)
		case *ir.RegisterPredicate:
			s.expr(x.Lo, x.P)
			s.expr(x.Hi, x.P)
		case *ir.MathExec:
			s.expr(x.X, x.P)
		}
		for _, b := range bodies(x) {
			s.stmts(b)
		}
	}
}

func overlap(a, b ir.Loc) bool {
	return a.Width > 0 && b.Width > 0 && a.Bit < b.Bit+b.Width && b.Bit < a.Bit+a.Width
}

// absent are the operations that the opcode list lacks.
var absent = map[ir.Op]string{ir.Mul: "*", ir.Div: "/", ir.Mod: "%", ir.Shl: "<<", ir.Shr: ">>"}

// expr looks for comparisons and absent operations.
func (s *salu) expr(e ir.Expr, at ir.Pos) {
	switch x := e.(type) {
	case *ir.Unary:
		s.expr(x.X, at)
	case *ir.Slice:
		s.expr(x.X, at)
	case *ir.Cast:
		s.expr(x.X, at)
	case *ir.Cond:
		s.expr(x.C, at)
		s.expr(x.A, at)
		s.expr(x.B, at)
	case *ir.Binary:
		if name, ok := absent[x.Op]; ok && s.op == "" && s.readsCell(x.X) {
			if _, k := isConst(x.X); !k {
				s.op, s.at = name, at
			}
		}
		switch x.Op {
		case ir.Eq, ir.Ne, ir.Lt, ir.Le, ir.Gt, ir.Ge:
			if x.X.W() > 1 {
				s.compares[compareKey(x)] = true
				s.operand(x.X)
				s.operand(x.Y)
			}
			return
		}
		s.expr(x.X, at)
		s.expr(x.Y, at)
	}
}

// compareKey is the same for a comparison and its opposite, and with its sides
// exchanged: the ALU predicates on either outcome.
func compareKey(x *ir.Binary) string {
	a, b := exprKey(x.X), exprKey(x.Y)
	switch x.Op {
	case ir.Eq, ir.Ne:
		if b < a {
			a, b = b, a
		}
		return a + "==" + b
	case ir.Lt, ir.Ge:
		return fmt.Sprint(a, "<", b, x.Signed)
	}
	return fmt.Sprint(b, "<", a, x.Signed) // a > b, and its opposite
}

func exprKey(e ir.Expr) string {
	var b strings.Builder
	var w func(e ir.Expr)
	w = func(e ir.Expr) {
		switch x := e.(type) {
		case *ir.Const:
			b.WriteString(x.V.String())
		case *ir.Load:
			fmt.Fprintf(&b, "@%d.%d", x.Loc.Bit, x.Loc.Width)
		case *ir.Unary:
			fmt.Fprintf(&b, "u%d(", x.Op)
			w(x.X)
			b.WriteString(")")
		case *ir.Binary:
			b.WriteString("(")
			w(x.X)
			fmt.Fprintf(&b, " b%d ", x.Op)
			w(x.Y)
			b.WriteString(")")
		case *ir.Slice:
			w(x.X)
			fmt.Fprintf(&b, "[%d:%d]", x.Hi, x.Lo)
		case *ir.Cast:
			fmt.Fprintf(&b, "c%d", x.Width)
			w(x.X)
		case *ir.RegParam:
			fmt.Fprintf(&b, "param%d", x.Param)
		default:
			fmt.Fprintf(&b, "%p", e)
		}
	}
	w(e)
	return b.String()
}

func (s *salu) readsCell(e ir.Expr) bool {
	switch x := e.(type) {
	case *ir.Load:
		return overlap(x.Loc, s.a.Lo) || overlap(x.Loc, s.a.Hi)
	case *ir.Unary:
		return s.readsCell(x.X)
	case *ir.Slice:
		return s.readsCell(x.X)
	case *ir.Cast:
		return s.readsCell(x.X)
	case *ir.Binary:
		return s.readsCell(x.X) || s.readsCell(x.Y)
	}
	return false
}

// operand notes the constants of an ALU's input.
func (s *salu) operand(e ir.Expr) {
	switch x := e.(type) {
	case *ir.Const:
		v := signedOf(x.V, x.Width)
		if v.Cmp(big.NewInt(-s.inline)) < 0 || v.Cmp(big.NewInt(s.inline-1)) > 0 {
			s.consts[v.String()] = true
		}
	case *ir.RegParam:
		s.consts[fmt.Sprint("param", x.Param)] = true
	case *ir.Unary:
		s.operand(x.X)
	case *ir.Slice:
		s.operand(x.X)
	case *ir.Cast:
		s.operand(x.X)
	case *ir.Cond:
		s.operand(x.A)
		s.operand(x.B)
	case *ir.Binary:
		s.operand(x.X)
		s.operand(x.Y)
	}
}
