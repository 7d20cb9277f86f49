package pipeline

import (
	"gofino/pipeline/ir"
)

// Expressions of at most 64 bits. Registers are a stack: expr leaves its result
// in the register that was next free. Of two operands the one that needs more
// registers goes first (operands are pure), so the depth grows with the
// logarithm of the size.

// value compiles e into a register.
func (c *compiler) value(e ir.Expr) uint8 { return c.expr(simplify(e)) }

// expr compiles a simple expression.
func (c *compiler) expr(e ir.Expr) uint8 {
	if w := e.W(); w < 1 || w > 64 {
		c.fail("compile expression: %d bits do not fit a register", w)
		return 0
	}
	switch e := e.(type) {
	case *ir.Const:
		d := c.register()
		c.emit(instr{op: opConst, d: d, k: constBits(e.V, e.Width)})
		return d
	case *ir.Load:
		d := c.register()
		c.load(d, c.place(e.Loc))
		return d
	case *ir.Unary:
		return c.unary(e)
	case *ir.Binary:
		return c.binary(e)
	case *ir.Slice:
		if e.X.W() > 64 {
			return c.narrow(e.X, e.Lo, e.W())
		}
		d := c.expr(e.X)
		c.emit(instr{op: opShrK, d: d, x: d, sh: uint8(e.Lo), m: ones(e.W())})
		return d
	case *ir.Cast:
		d := c.expr(e.X) // wider: simplify made the others slices
		if e.Signed {
			c.emit(instr{op: opSext, d: d, x: d, sh: uint8(64 - e.X.W()), m: ones(e.Width)})
		}
		return d
	case *ir.Cond:
		return c.cond(e)
	case *ir.CounterZero:
		d := c.register()
		c.emit(instr{op: opCtrZero, d: d})
		return d
	case *ir.CounterNeg:
		d := c.register()
		c.emit(instr{op: opCtrNeg, d: d})
		return d
	case *ir.RegParam:
		d := c.register()
		if e.Param < 0 || e.Param >= len(c.pipe.st.Params) {
			c.fail("read register parameter %d: there are %d", e.Param, len(c.pipe.st.Params))
		}
		c.emit(instr{op: opParam, d: d, a: int32(e.Param), m: ones(e.Width)})
		return d
	case *ir.StackLast:
		d := c.register()
		c.emit(instr{op: opStackLast, d: d, a: c.last(e)})
		return d
	}
	c.fail("compile expression: no rule for %T", e)
	return 0
}

// load emits the read of a place.
func (c *compiler) load(d uint8, p place) {
	op := [...]op{1: opLd8, 2: opLd16, 4: opLd32, 8: opLd64, 9: opLd72}[p.size]
	c.emit(instr{op: op, d: d, a: p.off, sh: p.shift, m: p.mask})
}

// storeExact is store of a value that is no wider than the place.
func (c *compiler) storeExact(l ir.Loc, x uint8) {
	c.wrote(l)
	c.store(c.widen(l), x)
}

// store emits the write of a register, cut to the place, or with zeros above it
// in a place of more than 64 bits.
func (c *compiler) store(l ir.Loc, x uint8) {
	if l.Width == 0 || !c.check(l) {
		return
	}
	if up := l.Width - 64; up > 0 {
		reg := c.reg
		c.reg = max(c.reg, int(x)+1)
		c.zero(ir.Loc{Bit: l.Bit, Width: up})
		c.reg = reg
		l = ir.Loc{Bit: l.Bit + up, Width: 64}
	}
	c.wrote(l)
	p := c.place(l)
	if p.whole() {
		c.emit(instr{op: [...]op{1: opPut8, 2: opPut16, 4: opPut32, 8: opPut64}[p.size], x: x, a: p.off})
		return
	}
	switch p.size {
	case 1, 2, 4, 8:
		op := [...]op{1: opSt8, 2: opSt16, 4: opSt32, 8: opSt64}[p.size]
		c.emit(instr{op: op, x: x, a: p.off, sh: p.shift, m: p.mask << p.shift})
	case 9:
		c.emit(instr{op: opSt72, x: x, a: p.off, sh: p.shift, m: p.mask})
	}
}

// storeConst emits the write of a constant.
func (c *compiler) storeConst(l ir.Loc, v uint64) {
	c.wrote(l)
	p := c.place(c.widen(l))
	switch {
	case p.size == 9:
		d := c.register()
		c.emit(instr{op: opConst, d: d, k: v})
		c.emit(instr{op: opSt72, x: d, a: p.off, sh: p.shift, m: p.mask})
		c.reg--
	case p.whole():
		c.emit(instr{op: [...]op{1: opPutK8, 2: opPutK16, 4: opPutK32, 8: opPutK64}[p.size], a: p.off, k: v})
	case p.size != 0:
		op := [...]op{1: opSetK8, 2: opSetK16, 4: opSetK32, 8: opSetK64}[p.size]
		c.emit(instr{op: op, a: p.off, m: p.mask << p.shift, k: v << p.shift})
	}
}

func (c *compiler) unary(e *ir.Unary) uint8 {
	d := c.expr(e.X)
	m := ones(e.W())
	switch e.Op {
	case ir.Not:
		c.emit(instr{op: opXorK, d: d, x: d, k: 1})
	case ir.BitNot:
		c.emit(instr{op: opXorK, d: d, x: d, k: m})
	case ir.Neg:
		c.emit(instr{op: opNeg, d: d, x: d, m: m})
	default:
		c.fail("compile expression: no unary operator %d", e.Op)
	}
	return d
}

// pair compiles both operands and gives back the stack at the first.
func (c *compiler) pair(x, y ir.Expr) (d, rx, ry uint8) {
	base := c.reg
	if c.needs(y) > c.needs(x) {
		ry = c.expr(y)
		rx = c.expr(x)
	} else {
		rx = c.expr(x)
		ry = c.expr(y)
	}
	c.reg = base + 1
	return uint8(base), rx, ry
}

// needs is how many registers e takes.
func (c *compiler) needs(e ir.Expr) int {
	two := func(x, y ir.Expr) int {
		a, b := c.needs(x), c.needs(y)
		if a == b {
			return a + 1
		}
		return max(a, b)
	}
	n, ok := c.need[e]
	if ok {
		return n
	}
	switch e := e.(type) {
	case *ir.Unary:
		n = c.needs(e.X)
	case *ir.Slice:
		n = c.needs(e.X)
	case *ir.Cast:
		n = c.needs(e.X)
	case *ir.Binary:
		n = two(e.X, e.Y)
	case *ir.Cond:
		n = max(c.needs(e.C), c.needs(e.A), c.needs(e.B))
	default:
		n = 1
	}
	c.need[e] = n
	return n
}

// binOps are the operations of an operator: plain, signed, and with a constant
// on the right (0: none).
var binOps = [...]struct{ u, s, k op }{
	ir.Add:    {opAdd, opAdd, opAddK},
	ir.Sub:    {opSub, opSub, 0},
	ir.Mul:    {opMul, opMul, 0},
	ir.Div:    {opDiv, 0, 0},
	ir.Mod:    {opMod, 0, 0},
	ir.AddSat: {opAddSU, opAddSS, 0},
	ir.SubSat: {opSubSU, opSubSS, 0},
	ir.Shl:    {opShl, opShl, opShlK},
	ir.Shr:    {opShr, opSar, opShrK},
	ir.And:    {opAnd, opAnd, opAndK},
	ir.Or:     {opOr, opOr, opOrK},
	ir.Xor:    {opXor, opXor, opXorK},
	ir.LAnd:   {opAnd, opAnd, opAndK},
	ir.LOr:    {opOr, opOr, opOrK},
	ir.Eq:     {opEq, opEq, opEqK},
	ir.Ne:     {opNe, opNe, 0},
	ir.Lt:     {opLtU, opLtS, 0},
	ir.Le:     {opLeU, opLeS, 0},
	ir.Min:    {opMinU, opMinS, 0},
	ir.Max:    {opMaxU, opMaxS, 0},
	ir.Neg:    {},
}

func (c *compiler) binary(e *ir.Binary) uint8 {
	xw := e.X.W()
	m := ones(e.Width)
	switch e.Op {
	case ir.Shl, ir.Shr:
		return c.shift(e)
	case ir.Cat:
		d, x, y := c.pair(e.X, e.Y)
		c.emit(instr{op: opCat, d: d, x: x, y: y, sh: uint8(e.Y.W()), m: m})
		return d
	case ir.Gt, ir.Ge:
		op := ir.Lt
		if e.Op == ir.Ge {
			op = ir.Le
		}
		return c.binary(&ir.Binary{Op: op, Width: 1, Signed: e.Signed, X: e.Y, Y: e.X})
	}
	if xw > 64 || e.Y.W() > 64 {
		return c.compareWide(e)
	}
	if int(e.Op) >= len(binOps) || binOps[e.Op].u == 0 || e.Signed && binOps[e.Op].s == 0 {
		c.fail("compile expression: no rule for operator %d, signed %v", e.Op, e.Signed)
		return 0
	}
	row := binOps[e.Op]
	if k, ok := small(e.Y); ok {
		op := row.k
		if e.Op == ir.Sub {
			op, k = opAddK, -k&m
		}
		if op != 0 {
			d := c.expr(e.X)
			c.emit(instr{op: op, d: d, x: d, k: k, m: m})
			return d
		}
	}
	op := row.u
	if e.Signed {
		op = row.s
	}
	d, x, y := c.pair(e.X, e.Y)
	c.emit(instr{op: op, d: d, x: x, y: y, m: m, sh: uint8(64 - xw)})
	return d
}

// shift compiles a shift of a narrow value; the amount may be of any width.
func (c *compiler) shift(e *ir.Binary) uint8 {
	m := ones(e.Width)
	if k, ok := e.Y.(*ir.Const); ok {
		n := e.Width
		if k.V.IsInt64() && k.V.Int64() < int64(n) {
			n = int(k.V.Int64())
		}
		d := c.expr(e.X)
		switch {
		case e.Op == ir.Shr && e.Signed:
			r := c.register()
			c.emit(instr{op: opConst, d: r, k: uint64(n)})
			c.emit(instr{op: opSar, d: d, x: d, y: r, m: m, sh: uint8(64 - e.Width)})
			c.reg--
		case n == e.Width:
			c.emit(instr{op: opConst, d: d})
		case e.Op == ir.Shr:
			c.emit(instr{op: opShrK, d: d, x: d, sh: uint8(n), m: m})
		default:
			c.emit(instr{op: opShlK, d: d, x: d, sh: uint8(n), m: m})
		}
		return d
	}
	base := c.reg
	x := c.expr(e.X)
	y := c.amount(e.Y)
	c.reg = base + 1
	op := binOps[e.Op].u
	if e.Signed {
		op = binOps[e.Op].s
	}
	c.emit(instr{op: op, d: x, x: x, y: y, m: m, sh: uint8(64 - e.Width)})
	return x
}

// cond compiles C ? A : B. Both arms are pure, but only one is run.
func (c *compiler) cond(e *ir.Cond) uint8 {
	base := c.reg
	no, end := c.newLabel(), c.newLabel()
	c.branch(e.C, false, no)
	d := c.expr(e.A)
	c.jump(instr{op: opJump}, end)
	c.set(no)
	c.reg = base
	c.expr(e.B)
	c.set(end)
	c.reg = base + 1
	return d
}

// branchOn simplifies e and jumps to l when it is want.
func (c *compiler) branchOn(e ir.Expr, want bool, l *label) { c.branch(simplify(e), want, l) }

// branch jumps to l when the one-bit expression e is want, and goes on
// otherwise.
func (c *compiler) branch(e ir.Expr, want bool, l *label) {
	base := c.reg
	defer func() { c.reg = base }()
	switch e := e.(type) {
	case *ir.Const:
		if (e.V.Sign() != 0) == want {
			c.jump(instr{op: opJump}, l)
		}
		return
	case *ir.Load:
		c.branchMem(e.Loc, 0, !want, l)
		return
	case *ir.Unary:
		if e.Op == ir.Not || e.Op == ir.BitNot {
			c.branch(e.X, !want, l)
			return
		}
	case *ir.Binary:
		if c.branchBinary(e, want, l) {
			return
		}
	}
	x := c.expr(e)
	op := opBrZ
	if want {
		op = opBrNZ
	}
	c.jump(instr{op: op, x: x}, l)
}

func (c *compiler) branchBinary(e *ir.Binary, want bool, l *label) bool {
	switch e.Op {
	case ir.LAnd, ir.LOr:
		if (e.Op == ir.LAnd) == want {
			skip := c.newLabel()
			c.branch(e.X, !want, skip)
			c.branch(e.Y, want, l)
			c.set(skip)
		} else {
			c.branch(e.X, want, l)
			c.branch(e.Y, want, l)
		}
		return true
	case ir.Eq, ir.Ne:
		want = want == (e.Op == ir.Eq)
		x, k, ok := e.X, uint64(0), false
		if k, ok = small(e.Y); !ok {
			if k, ok = small(e.X); ok {
				x = e.Y
			}
		}
		if !ok {
			return false
		}
		if p, isLoad := x.(*ir.Load); isLoad {
			c.branchMem(p.Loc, k, want, l)
			return true
		}
		op := opBrNeK
		if want {
			op = opBrEqK
		}
		c.jump(instr{op: op, x: c.expr(x), m: ^uint64(0), k: k}, l)
		return true
	case ir.Lt, ir.Le, ir.Gt, ir.Ge:
		if e.Signed || e.X.W() > 64 {
			return false
		}
		x, y := e.X, e.Y
		less := want
		switch e.Op {
		case ir.Gt:
			x, y = y, x
		case ir.Le: // x <= y: not y < x
			x, y, less = y, x, !want
		case ir.Ge:
			less = !want
		}
		c.branchLess(x, y, less, l)
		return true
	}
	return false
}

// branchLess jumps when x < y (less) or x >= y.
func (c *compiler) branchLess(x, y ir.Expr, less bool, l *label) {
	if k, ok := small(y); ok && k > 0 {
		if less {
			c.jump(instr{op: opBrLtK, x: c.expr(x), k: k}, l)
		} else {
			c.jump(instr{op: opBrGtK, x: c.expr(x), k: k - 1}, l)
		}
		return
	}
	if k, ok := small(x); ok && k < ^uint64(0) {
		if less {
			c.jump(instr{op: opBrGtK, x: c.expr(y), k: k}, l)
		} else {
			c.jump(instr{op: opBrLtK, x: c.expr(y), k: k + 1}, l)
		}
		return
	}
	op := opBrGeU
	if less {
		op = opBrLtU
	}
	_, rx, ry := c.pair(x, y)
	c.jump(instr{op: op, x: rx, y: ry}, l)
}

// branchMem jumps when the place's value is k (want) or is not.
func (c *compiler) branchMem(loc ir.Loc, k uint64, want bool, l *label) {
	p := c.place(loc)
	if p.size == 9 {
		d := c.register()
		c.load(d, p)
		op := opBrNeK
		if want {
			op = opBrEqK
		}
		c.jump(instr{op: op, x: d, m: ^uint64(0), k: k}, l)
		return
	}
	eq := [...]op{0: opBrEq8, 1: opBrEq8, 2: opBrEq16, 4: opBrEq32, 8: opBrEq64}[p.size]
	if !want {
		eq++ // the Ne of the same size
	}
	c.jump(instr{op: eq, a: p.off, m: p.mask << p.shift, k: k << p.shift}, l)
}
