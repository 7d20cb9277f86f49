package pipeline

import (
	"gofino/pipeline/ir"
)

// Statements of parsers.

func (c *compiler) extract(i int) {
	h := c.header(i)
	if h == nil {
		return
	}
	if h.Bytes > 0xffff {
		c.fail("extract %s: %d bytes are more than 65535", h.Name, h.Bytes)
		return
	}
	if c.g.bitExact {
		c.bitOp(bitOp{kind: bitExtract, n: h.Wire(), place: c.emitOf(i), index: i})
		if h.Var.Width != 0 {
			c.storeConst(h.Var, 0)
		}
		c.extracted(int32(lead+h.Off), (h.Wire()+7)/8)
		return
	}
	v := c.place(h.Valid)
	op := opExtract
	if h.Bytes >= 1 && h.Bytes <= 64 {
		op = opExtractS
	}
	c.emit(instr{op: op, a: int32(lead + h.Off), n: uint16(h.Bytes), b: v.off, y: uint8(v.mask << v.shift), k: uint64(i)})
	c.extracted(int32(lead+h.Off), h.Bytes)
}

// extracted subtracts the header from the checksums that want it.
func (c *compiler) extracted(off int32, n int) {
	if c.deposit {
		c.emit(instr{op: opUnitExtract, a: off, n: uint16(n)})
	}
}

// stackNext is where the elements of a stack are extracted to.
type stackNext struct {
	next    place
	headers []int
	emits   []emit // bytes and valid bit per element
	wire    []int  // bits in the packet per element
}

func (c *compiler) extractNext(i int) {
	s := c.stack(i)
	if s == nil {
		return
	}
	if s.Next.Width == 0 {
		c.fail("extract next of %s: it has no index", s.Name)
		return
	}
	n := stackNext{next: c.place(s.Next), headers: s.Headers}
	for _, h := range s.Headers {
		n.emits = append(n.emits, c.emitOf(h))
		n.wire = append(n.wire, c.ir.Headers[h].Wire())
	}
	c.g.nexts = append(c.g.nexts, n)
	if c.g.bitExact {
		c.bitOp(bitOp{kind: bitNext, index: len(c.g.nexts) - 1})
		return
	}
	c.emit(instr{op: opExtractNext, a: int32(len(c.g.nexts) - 1)})
}

func (c *compiler) emitOf(i int) emit {
	h := c.header(i)
	if h == nil {
		return emit{}
	}
	v := c.place(h.Valid)
	return emit{off: int32(lead + h.Off), end: int32(lead + h.Off + h.Bytes), valid: v.off, validMask: uint8(v.mask << v.shift)}
}

func (c *compiler) advance(e ir.Expr) {
	e = simplify(e)
	if c.g.bitExact {
		c.bitAdvance(e)
		return
	}
	if k, ok := small(e); ok && k/8 <= 0xffff {
		c.emit(instr{op: opAdvanceK, n: uint16(k / 8)})
		return
	}
	r := c.amount(e)
	c.reg--
	c.emit(instr{op: opAdvance, x: r})
}

func (c *compiler) lookahead(s *ir.Lookahead) {
	w := s.Dst.Width
	if w == 0 || !c.check(s.Dst) {
		return
	}
	if w <= 64 {
		d := c.register()
		c.reg--
		if c.g.bitExact {
			c.bitOp(bitOp{kind: bitLook, reg: d, n: w, at: s.Off})
		} else {
			c.emit(instr{op: opLook, d: d, a: int32(s.Off), n: uint16(w), m: ones(w)})
		}
		c.store(s.Dst, d)
		return
	}
	c.wrote(s.Dst)
	c.g.looks = append(c.g.looks, look{loc: s.Dst, off: s.Off})
	if c.g.bitExact {
		c.bitOp(bitOp{kind: bitLookN, index: len(c.g.looks) - 1})
		return
	}
	c.emit(instr{op: opLookN, a: int32(len(c.g.looks) - 1)})
}

func (c *compiler) counterSet(s *ir.CounterSet) {
	if s == nil {
		return
	}
	r := c.amount(simplify(s.X))
	c.reg--
	if s.Field {
		c.g.ctrs = append(c.g.ctrs, *s)
		c.emit(instr{op: opCtrField, x: r, a: int32(len(c.g.ctrs) - 1)})
		return
	}
	c.emit(instr{op: opCtrSet, x: r})
}

func (c *compiler) counterAdd(s *ir.CounterAdd) {
	r := c.amount(simplify(s.Delta))
	c.reg--
	op := opCtrAdd
	if s.Neg {
		op = opCtrSub
	}
	c.emit(instr{op: op, x: r})
}

func (c *compiler) unitOK(u int) bool {
	if u < 0 || u >= c.g.units || u > 255 {
		c.fail("use checksum unit %d: the parser has %d", u, c.g.units)
		return false
	}
	return true
}

func (c *compiler) checksumAdd(s *ir.ChecksumAdd) {
	if !c.unitOK(s.Unit) {
		return
	}
	n := c.sum(s.Data)
	c.emit(instr{op: opUnit, x: uint8(s.Unit), y: uint8(b2u(s.Sub)), n: uint16(n)})
}

func (c *compiler) unitResult(o op, unit int, dst ir.Loc) {
	if !c.unitOK(unit) {
		return
	}
	d := c.register()
	c.reg--
	c.emit(instr{op: o, d: d, x: uint8(unit)})
	c.store(dst, d)
}

// sum adds up data, one list of bits from its first, in the pending sum; it
// returns the length in bytes. Runs of whole bytes in memory are summed there.
func (c *compiler) sum(data []ir.Expr) int {
	at := 0 // bits so far
	for _, e := range joined(data) {
		w := e.W()
		if l, ok := e.(*ir.Load); ok && l.Loc.Bit%8 == 0 && w%8 == 0 && at%8 == 0 && c.check(l.Loc) {
			for off, n := lead+l.Loc.Bit/8, w/8; n > 0; {
				k := min(n, 0xfff0)
				c.emit(instr{op: opSumMem, a: int32(off), n: uint16(k), y: uint8(at / 8 % 2)})
				off, n, at = off+k, n-k, at+k*8
			}
			continue
		}
		// Pieces of 48 bits from the top.
		for hi := w - 1; hi >= 0; {
			n := min(48, hi+1)
			x := c.expr(slice(e, hi, hi-n+1))
			c.reg--
			at, hi = at+n, hi-n
			if k, ok := small(slice(e, hi+n, hi+1)); ok && k == 0 {
				continue
			}
			c.emit(instr{op: opSumReg, x: x, sh: uint8((16 - at%16) % 16)})
		}
	}
	return (at + 7) / 8
}

// joined simplifies the list's items and joins neighbours in memory.
func joined(data []ir.Expr) []ir.Expr {
	var out []ir.Expr
	for _, e := range data {
		e = simplify(e)
		if b, ok := e.(*ir.Load); ok && len(out) > 0 {
			if a, ok := out[len(out)-1].(*ir.Load); ok && a.Loc.Bit+a.Loc.Width == b.Loc.Bit {
				out[len(out)-1] = &ir.Load{Loc: ir.Loc{Bit: a.Loc.Bit, Width: a.Loc.Width + b.Loc.Width}}
				continue
			}
		}
		out = append(out, e)
	}
	return out
}
