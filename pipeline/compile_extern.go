package pipeline

import (
	"math/big"

	"gofino/pipeline/ir"
)

// Externs of controls: hashes, random numbers, counters, registers, math units.

func (c *compiler) hashGet(s *ir.HashGet) {
	h, f := c.hashFunc(s.Hash)
	if f == nil || s.Dst.Width == 0 || !c.check(s.Dst) {
		return
	}
	scratch := c.scratch
	defer func() { c.scratch = scratch }()
	if slot := c.pipe.dynSlot(s.Hash); slot != nil {
		c.dynamicGet(s, h, f, slot)
		return
	}
	off, n := c.hashBytes(h, s.Data)
	c.g.hashes = append(c.g.hashes, f)
	i := instr{op: opHash, a: int32(len(c.g.hashes) - 1), b: int32(off), n: uint16(n)}
	if s.Dst.Width <= 64 {
		i.d = c.register()
		c.reg--
		i.m = ones(s.Dst.Width)
		c.emit(i)
		c.store(s.Dst, i.d)
		return
	}
	size := (s.Dst.Width + 7) / 8
	at := c.bytes(size)
	i.op, i.k, i.m = opHashN, uint64(lead+at), uint64(size)
	c.emit(i)
	c.copy(s.Dst, ir.Loc{Bit: at*8 + size*8 - s.Dst.Width, Width: s.Dst.Width})
}

func (c *compiler) randomGet(s *ir.RandomGet) {
	w := s.Dst.Width
	if w == 0 {
		w = 1 // the draw still happens
		if s.Random >= 0 && s.Random < len(c.pipe.pl.Randoms) {
			w = c.pipe.pl.Randoms[s.Random].Width
		}
	}
	if w <= 64 {
		d := c.register()
		c.reg--
		c.emit(instr{op: opRandom, d: d, m: ones(w)})
		c.store(s.Dst, d)
		return
	}
	word := c.word
	x := c.wideWords(words(w))
	c.wideOp(wop{kind: wRandom, d: x, n: int32(words(w)), w: int32(w)})
	if s.Dst.Width != 0 && c.check(s.Dst) {
		c.wrote(s.Dst)
		c.wideOp(wop{kind: wStore, x: x, loc: s.Dst})
	}
	c.word = word
}

func (c *compiler) count(s *ir.Count) {
	if s.Counter < 0 || s.Counter >= len(c.pipe.st.Counters) {
		c.fail("count: no counter %d (there are %d)", s.Counter, len(c.pipe.st.Counters))
		return
	}
	base := c.reg
	i := instr{op: opCountCell, a: int32(s.Counter)}
	if s.Index != nil {
		i.op, i.x = opCount, c.amount(simplify(s.Index))
	}
	if s.Adjust != nil {
		i.y, i.n = c.amount(simplify(s.Adjust)), 1
	}
	if lateCounter(c.pipe.pl, s.Counter) {
		i.b = int32(b2u(s.Index == nil))
		i.op = opCountLate
	}
	c.emit(i)
	c.reg = base
}

// regOK returns the description of register i, or nil after an error.
func (c *compiler) regOK(i int) *ir.Register {
	if i < 0 || i >= len(c.pipe.pl.Registers) || i >= len(c.pipe.st.Registers) {
		c.fail("use register %d: there are %d", i, len(c.pipe.pl.Registers))
		return nil
	}
	return c.pipe.pl.Registers[i]
}

// cellIndex compiles the index of a register's cell.
func (c *compiler) cellIndex(reg int, index ir.Expr, log bool) uint8 {
	switch {
	case log:
		d := c.register()
		c.emit(instr{op: opRegLog, d: d, a: int32(reg)})
		return d
	case index == nil:
		d := c.register()
		c.emit(instr{op: opRegCell, d: d})
		return d
	}
	return c.amount(simplify(index))
}

// registerExec compiles the whole read-modify-write in line. Outside the
// register nothing happens and the result is 0.
func (c *compiler) registerExec(s *ir.RegisterExec) {
	pl := c.pipe.pl
	if s.Action < 0 || s.Action >= len(pl.RegActions) {
		c.fail("execute register action %d: there are %d", s.Action, len(pl.RegActions))
		return
	}
	ra := pl.RegActions[s.Action]
	if c.regOK(ra.Register) == nil || !c.check(ra.Lo) || !c.check(ra.Hi) || !c.check(ra.Out) {
		return
	}
	base := c.reg
	index := c.cellIndex(ra.Register, s.Index, s.Log)
	none, end := c.newLabel(), c.newLabel()
	lo, hi := c.register(), c.register()
	c.jump(instr{op: opRegGet, a: int32(ra.Register), x: index, d: lo}, none)
	c.store(ra.Lo, lo)
	c.store(ra.Hi, hi)
	c.reg -= 2
	if ra.Out.Width != 0 {
		c.zero(ra.Out)
	}
	c.block(ra.Body)
	c.regSet(ra.Register, index, c.loadOr0(ra.Lo), c.loadOr0(ra.Hi))
	c.reg = base
	if s.Dst.Width == 0 {
		c.set(none)
		return
	}
	if ra.Out.Width != 0 {
		c.assign(s.Dst, resize(&ir.Load{Loc: ra.Out}, s.Dst.Width))
		c.jump(instr{op: opJump}, end)
	}
	c.set(none)
	c.zero(s.Dst)
	c.set(end)
}

// resize cuts or zero-extends e.
func resize(e ir.Expr, w int) ir.Expr { return simplify(&ir.Cast{Width: w, X: e}) }

// zero clears a place of any width.
func (c *compiler) zero(l ir.Loc) {
	c.assign(l, &ir.Const{Width: l.Width, V: new(big.Int)})
}

// loadOr0 reads a place into a register; no place reads as 0.
func (c *compiler) loadOr0(l ir.Loc) uint8 {
	if l.Width == 0 {
		d := c.register()
		c.emit(instr{op: opConst, d: d})
		return d
	}
	return c.expr(&ir.Load{Loc: l})
}

func (c *compiler) regSet(reg int, index, lo, hi uint8) {
	c.emit(instr{op: opRegSet, a: int32(reg), x: index, y: lo, d: hi})
}

// valueOr0 compiles e, or 0 where there is none.
func (c *compiler) valueOr0(e ir.Expr) uint8 {
	if e == nil {
		d := c.register()
		c.emit(instr{op: opConst, d: d})
		return d
	}
	return c.value(e)
}

// registerPredicate: bit number hi*2+lo of the result is one.
func (c *compiler) registerPredicate(s *ir.RegisterPredicate) {
	base := c.reg
	lo, hi := c.valueOr0(s.Lo), c.valueOr0(s.Hi)
	c.emit(instr{op: opCat, d: hi, x: hi, y: lo, sh: 1, m: 3})
	c.emit(instr{op: opConst, d: lo, k: 1})
	c.emit(instr{op: opShl, d: lo, x: lo, y: hi, m: ^uint64(0)})
	c.store(s.Dst, lo)
	c.reg = base
}

func (c *compiler) registerRead(s *ir.RegisterRead) {
	if c.regOK(s.Register) == nil {
		return
	}
	base := c.reg
	index := c.cellIndex(s.Register, s.Index, false)
	none, end := c.newLabel(), c.newLabel()
	lo, hi := c.register(), c.register()
	c.jump(instr{op: opRegGet, a: int32(s.Register), x: index, d: lo}, none)
	c.store(s.Lo, lo)
	c.store(s.Hi, hi)
	c.jump(instr{op: opJump}, end)
	c.set(none)
	c.reg = base
	for _, l := range []ir.Loc{s.Lo, s.Hi} {
		if l.Width != 0 {
			c.zero(l)
		}
	}
	c.set(end)
}

func (c *compiler) registerWrite(s *ir.RegisterWrite) {
	if c.regOK(s.Register) == nil {
		return
	}
	base := c.reg
	index := c.cellIndex(s.Register, s.Index, false)
	c.regSet(s.Register, index, c.valueOr0(s.Lo), c.valueOr0(s.Hi))
	c.reg = base
}

func (c *compiler) registerClear(s *ir.RegisterClear) {
	if c.regOK(s.Register) == nil {
		return
	}
	base := c.reg
	lo, hi := c.valueOr0(s.Lo), c.valueOr0(s.Hi)
	c.emit(instr{op: opRegClear, a: int32(s.Register), y: lo, d: hi})
	c.reg = base
}

func (c *compiler) mathExec(s *ir.MathExec) {
	pl := c.pipe.pl
	if s.Unit < 0 || s.Unit >= len(pl.MathUnits) {
		c.fail("execute math unit %d: there are %d", s.Unit, len(pl.MathUnits))
		return
	}
	x := c.value(s.X)
	c.reg--
	c.g.math = append(c.g.math, *pl.MathUnits[s.Unit])
	c.emit(instr{op: opMath, d: x, x: x, a: int32(len(c.g.math) - 1), m: ones(min(64, s.Dst.Width))})
	c.store(s.Dst, x)
}

// Statements of deparsers.

func (c *compiler) checksumUpdate(s *ir.ChecksumUpdate) {
	c.sum(s.Data)
	base := c.reg
	i := instr{op: opSumEnd}
	if s.ZerosAsOnes != nil {
		e := simplify(s.ZerosAsOnes)
		if k, ok := small(e); !ok || k != 0 {
			i.x, i.y = c.expr(e), 1
		}
	}
	i.d = c.register()
	c.emit(i)
	c.store(s.Dst, i.d)
	c.reg = base
}

// emitHeader adds to the run of emits before it, or starts one.
func (c *compiler) emitHeader(i int) {
	e := c.emitOf(i)
	c.g.headSize += int(e.end - e.off)
	if c.g.bitExact && c.err == nil {
		h := c.ir.Headers[i]
		c.bitOp(bitOp{kind: bitEmit, n: h.Wire(), place: e, size: c.place(h.Var)})
		return
	}
	if n := len(c.g.code); n > 0 && c.g.code[n-1].op == opEmit && c.noLabelHere() {
		list := &c.g.emits[c.g.code[n-1].a]
		*list = append(*list, e)
		return
	}
	c.g.emits = append(c.g.emits, []emit{e})
	c.emit(instr{op: opEmit, a: int32(len(c.g.emits) - 1)})
}

// noLabelHere tells whether no jump leads to the next instruction.
func (c *compiler) noLabelHere() bool {
	for _, l := range c.labels {
		if l.pc == int32(len(c.g.code)) {
			return false
		}
	}
	return true
}

// emission lays out the data of a mirror or resubmit, zeros after it to whole
// bytes, where nothing else writes.
func (c *compiler) emission(data []ir.Expr) (off, n int) {
	items := make([]ir.Expr, 0, len(data)+1)
	total := 0
	for _, e := range data {
		items = append(items, simplify(e))
		total += e.W()
	}
	if pad := -total & 7; pad > 0 {
		items = append(items, &ir.Const{Width: pad, V: new(big.Int)})
	}
	off, n = c.streamBytes(items)
	if off < lead+c.ir.Bytes && n > 0 {
		at := c.bytes(n)
		c.move(lead+at, off, n)
		off = lead + at
	}
	return off, n
}

// onlyType jumps to l unless the intrinsic field has the value that the
// instance was made for: the chip looks the session up by it.
func (c *compiler) onlyType(field ir.Intrinsic, t int, l *label) {
	loc := c.ir.Intr[field]
	if t < 0 || loc.Width == 0 || loc.Width > 64 {
		return
	}
	c.branchMem(loc, uint64(t), false, l)
}

func (c *compiler) mirrorEmit(s *ir.MirrorEmit) {
	pl := c.pipe.pl
	if s.Mirror < 0 || s.Mirror >= len(pl.Mirrors) {
		c.fail("emit mirror %d: there are %d", s.Mirror, len(pl.Mirrors))
		return
	}
	end := c.newLabel()
	c.onlyType(ir.MirrorType, pl.Mirrors[s.Mirror].Type, end)
	off, n := c.emission(s.Data)
	r := c.amountOr0(s.Session)
	c.reg--
	c.emit(instr{op: opMirror, a: int32(s.Mirror), x: r, b: int32(off), n: uint16(n)})
	c.set(end)
}

func (c *compiler) amountOr0(e ir.Expr) uint8 {
	if e == nil {
		return c.valueOr0(nil)
	}
	return c.amount(simplify(e))
}

func (c *compiler) resubmitEmit(s *ir.ResubmitEmit) {
	pl := c.pipe.pl
	if s.Resubmit < 0 || s.Resubmit >= len(pl.Resubmits) {
		c.fail("emit resubmit %d: there are %d", s.Resubmit, len(pl.Resubmits))
		return
	}
	end := c.newLabel()
	c.onlyType(ir.ResubmitType, pl.Resubmits[s.Resubmit].Type, end)
	off, n := c.emission(s.Data)
	c.emit(instr{op: opResub, a: int32(s.Resubmit), b: int32(off), n: uint16(n)})
	c.set(end)
}
