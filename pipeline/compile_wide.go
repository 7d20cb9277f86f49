package pipeline

import (
	"math/big"

	"gofino/pipeline/ir"
)

// Expressions of more than 64 bits. Words are a stack like registers: the
// result's words are taken first, its operands' lie above, so that no operation
// reads words that it writes.

// wide compiles e, of more than 64 bits, and returns its first word; a
// narrower e is widened with zeros to n words.
func (c *compiler) wide(e ir.Expr, n int) int32 {
	d := c.wideWords(n)
	base := c.word
	c.wideTo(d, n, e)
	c.word = base
	return d
}

// wideTo compiles e into n words from d.
func (c *compiler) wideTo(d int32, n int, e ir.Expr) {
	w := e.W()
	if w <= 64 {
		r := c.expr(e)
		c.reg--
		c.wideOp(wop{kind: wFrom, d: d, n: int32(n), reg: r})
		return
	}
	if have := words(w); have < n {
		x := c.wide(e, have)
		c.wideOp(wop{kind: wCopy, d: d, n: int32(n), x: x, nx: int32(have)})
		return
	}
	o := wop{d: d, n: int32(n), w: int32(w)}
	switch e := e.(type) {
	case *ir.Const:
		o.kind, o.nx = wCopy, o.n
		o.x = c.constant(e.V, w)
	case *ir.Load:
		c.check(e.Loc)
		o.kind, o.loc = wLoad, e.Loc
	case *ir.Unary:
		o.x = c.wide(e.X, n)
		switch e.Op {
		case ir.BitNot:
			o.kind = wNot
		case ir.Neg:
			o.kind = wNeg
		default:
			c.fail("compile expression: no wide unary operator %d", e.Op)
		}
	case *ir.Binary:
		c.wideBinary(&o, e)
	case *ir.Slice:
		o.n = int32(words(e.X.W()))
		o.kind, o.k, o.x = wSlice, int32(e.Lo), c.wide(e.X, int(o.n))
	case *ir.Cast:
		have := words(e.X.W())
		o.x, o.nx, o.k = c.wide(e.X, have), int32(have), int32(e.X.W())
		o.kind = wCopy
		if e.Signed {
			o.kind = wSignX
		}
	case *ir.Cond:
		base := c.reg
		o.kind, o.reg = wSel, c.expr(e.C)
		o.x, o.y = c.wide(e.A, n), c.wide(e.B, n)
		c.reg = base
	case *ir.StackLast:
		o.kind, o.k = wLast, c.last(e)
	default:
		c.fail("compile expression: no wide rule for %T", e)
	}
	c.wideOp(o)
}

func (c *compiler) wideBinary(o *wop, e *ir.Binary) {
	n := int(o.n)
	o.signed = e.Signed
	switch e.Op {
	case ir.Cat:
		nx, ny := words(e.X.W()), words(e.Y.W())
		o.kind, o.k, o.nx = wCat, int32(e.Y.W()), int32(nx)
		o.x, o.y = c.wide(e.X, nx), c.wide(e.Y, ny)
		return
	case ir.Shl, ir.Shr:
		o.kind = wShl
		if e.Op == ir.Shr {
			o.kind = wShr
		}
		o.x = c.wide(e.X, n)
		o.reg = c.amount(e.Y)
		c.reg--
		return
	}
	kinds := map[ir.Op]wkind{ir.Add: wAdd, ir.Sub: wSub, ir.Mul: wMul, ir.AddSat: wAddSat, ir.SubSat: wSubSat,
		ir.And: wAnd, ir.Or: wOr, ir.Xor: wXor}
	k, ok := kinds[e.Op]
	switch {
	case ok:
		o.kind = k
		o.x, o.y = c.wide(e.X, n), c.wide(e.Y, n)
	case e.Op == ir.Min || e.Op == ir.Max:
		o.kind = wSel
		o.x, o.y = c.wide(e.X, n), c.wide(e.Y, n)
		o.reg = c.register()
		c.reg--
		cmp := wop{kind: wLt, x: o.x, y: o.y, n: o.n, w: o.w, signed: e.Signed, reg: o.reg}
		if e.Op == ir.Max {
			cmp.x, cmp.y = cmp.y, cmp.x
		}
		c.wideOp(cmp)
	default:
		c.fail("compile expression: operator %d on %d bits; divide and modulo take at most 64", e.Op, e.Width)
	}
}

// compareWide compiles a comparison whose operands have more than 64 bits.
func (c *compiler) compareWide(e *ir.Binary) uint8 {
	word, w := c.word, e.X.W()
	n := words(max(w, e.Y.W()))
	x, y := c.wide(e.X, n), c.wide(e.Y, n)
	d := c.register()
	o := wop{kind: wEq, x: x, y: y, n: int32(n), w: int32(w), signed: e.Signed, reg: d}
	invert := false
	switch e.Op {
	case ir.Eq:
	case ir.Ne:
		invert = true
	case ir.Lt:
		o.kind = wLt
	case ir.Le: // not y < x
		o.kind, o.x, o.y, invert = wLt, y, x, true
	default:
		c.fail("compile expression: no rule for operator %d on %d bits", e.Op, w)
	}
	c.wideOp(o)
	if invert {
		c.emit(instr{op: opXorK, d: d, x: d, k: 1})
	}
	c.word = word
	return d
}

// narrow compiles w <= 64 bits, from bit lo, of a wide expression.
func (c *compiler) narrow(e ir.Expr, lo, w int) uint8 {
	word := c.word
	n := words(e.W())
	x := c.wide(e, n)
	d := c.register()
	c.wideOp(wop{kind: wSliceR, x: x, n: int32(n), k: int32(lo), w: int32(w), reg: d})
	c.word = word
	return d
}

// amount compiles a shift amount; one of more than 64 bits is cut to the
// greatest.
func (c *compiler) amount(e ir.Expr) uint8 {
	if e.W() <= 64 {
		return c.expr(e)
	}
	word, n := c.word, words(e.W())
	x := c.wide(e, n)
	d := c.register()
	c.wideOp(wop{kind: wClamp, x: x, n: int32(n), reg: d})
	c.word = word
	return d
}

func (c *compiler) wideOp(o wop) {
	c.g.wides = append(c.g.wides, o)
	c.emit(instr{op: opWide, a: int32(len(c.g.wides) - 1)})
}

// constant is the first word of v, w bits wide, among the words that are never
// written; its number, until placeConstants knows where they lie.
func (c *compiler) constant(v *big.Int, w int) int32 {
	k := make([]uint64, words(w))
	x := new(big.Int).And(v, bigOnes(w))
	low := bigOnes(64)
	for i := range k {
		k[i] = new(big.Int).And(x, low).Uint64()
		x.Rsh(x, 64)
	}
	c.wconst = append(c.wconst, wideConst{v: k})
	return constBase + int32(len(c.wconst)-1)
}

// constBase marks an index of compiler.wconst where a word is meant.
const constBase = 1 << 24

// placeConstants puts the wide constants behind the words in use.
func (c *compiler) placeConstants() {
	at := c.words
	for i := range c.wconst {
		c.wconst[i].at = int32(at)
		at += len(c.wconst[i].v)
	}
	fix := func(w *int32) {
		if *w >= constBase {
			*w = c.wconst[*w-constBase].at
		}
	}
	for i := range c.g.wides {
		o := &c.g.wides[i]
		fix(&o.x)
		fix(&o.y)
		if o.kind == wMatch {
			fix(&o.k)
		}
	}
	c.g.wideInit = make([]uint64, at+1)
	for _, k := range c.wconst {
		copy(c.g.wideInit[k.at:], k.v)
	}
}

// assign compiles dst = e for any width.
func (c *compiler) assign(dst ir.Loc, e ir.Expr) {
	if dst.Width == 0 {
		return
	}
	if dst.Width != e.W() {
		c.fail("compile assignment: %d bits to a place of %d", e.W(), dst.Width)
		return
	}
	if !c.check(dst) {
		return
	}
	if src, ok := e.(*ir.Load); ok {
		c.copy(dst, src.Loc)
		return
	}
	if dst.Width > 64 {
		c.assignWide(dst, e)
		return
	}
	if k, ok := small(e); ok {
		c.storeConst(dst, k)
		return
	}
	if c.increment(dst, e) {
		return
	}
	r := c.expr(e)
	c.reg--
	c.storeExact(dst, r)
}

func (c *compiler) assignWide(dst ir.Loc, e ir.Expr) {
	// A zero-extended narrow value is two stores.
	if x, ok := e.(*ir.Cast); ok && !x.Signed && x.X.W() <= 64 && dst.Width-x.X.W() <= 64 {
		n := x.X.W()
		r := c.expr(x.X)
		c.storeConst(ir.Loc{Bit: dst.Bit, Width: dst.Width - n}, 0)
		c.reg--
		c.store(ir.Loc{Bit: dst.Bit + dst.Width - n, Width: n}, r)
		return
	}
	c.wrote(dst)
	word := c.word
	x := c.wide(e, words(dst.Width))
	c.wideOp(wop{kind: wStore, x: x, loc: dst})
	c.word = word
}

// increment compiles f = f + k (or - k) of a whole 8, 16 or 32 bit field.
func (c *compiler) increment(dst ir.Loc, e ir.Expr) bool {
	b, ok := e.(*ir.Binary)
	if !ok || b.Op != ir.Add && b.Op != ir.Sub {
		return false
	}
	x, isLoad := b.X.(*ir.Load)
	k, isConst := small(b.Y)
	p := c.place(dst)
	if !isLoad || !isConst || x.Loc != dst || !p.whole() || p.size > 4 {
		return false
	}
	if b.Op == ir.Sub {
		k = -k
	}
	c.wrote(dst)
	c.emit(instr{op: [...]op{1: opInc8, 2: opInc16, 4: opInc32}[p.size], a: p.off, k: k})
	return true
}

// copy compiles a move between places of equal width.
func (c *compiler) copy(dst, src ir.Loc) {
	if !c.check(src) || !c.check(dst) || dst == src {
		return
	}
	c.wrote(dst)
	if d, s := c.widen(dst), c.widen(src); d.Width == s.Width {
		dst, src = d, s
	}
	w := dst.Width
	if w%8 == 0 && dst.Bit%8 == 0 && src.Bit%8 == 0 {
		c.move(lead+dst.Bit/8, lead+src.Bit/8, w/8)
		return
	}
	if w <= 64 {
		d := c.register()
		c.reg--
		c.load(d, c.place(src))
		c.storeExact(dst, d)
		return
	}
	word := c.word
	x := c.wide(&ir.Load{Loc: src}, words(w))
	c.wideOp(wop{kind: wStore, x: x, loc: dst})
	c.word = word
}

// move emits a copy of n bytes, as one or two operations where it is short.
func (c *compiler) move(dst, src, n int) {
	one := func(o op, k int) {
		c.emit(instr{op: o, a: int32(dst), b: int32(src), n: uint16(k)})
		dst, src, n = dst+k, src+k, n-k
	}
	switch n {
	case 1:
		one(opMove1, 1)
	case 2:
		one(opMove2, 2)
	case 4:
		one(opMove4, 4)
	case 6:
		one(opMove6, 6)
	case 8:
		one(opMove8, 8)
	case 16:
		one(opMove16, 16)
	default:
		for n > 0 {
			one(opMoveN, min(n, 0xffff))
		}
	}
}
