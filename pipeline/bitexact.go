package pipeline

import (
	"encoding/binary"

	"gofino/pipeline/ir"
)

// A gress that is ir.Gress.BitExact parses, skips or emits headers that are not
// whole bytes, or whose width varies: its cursor and the end of its Head may lie between two bytes.
// Every other gress counts in bytes and has none of the operations below.
//
// The payload then seldom starts where Head ends, so that it cannot be given
// back as a part of In: the run appends what the parser left, shifted, to Head
// and reports all of In as consumed. Pass.Pad says how many bits of Head's last
// byte are no packet.

// bitOp is an operation of such a gress: opBits runs one.
type bitOp struct {
	kind  bitKind
	reg   uint8
	n     int   // bits
	at    int   // bits after the cursor
	place emit  // of the header in memory
	size  place // of the length of its varbit, if it has one
	index int   // of the header, of gress.nexts, of gress.looks
}

type bitKind uint8

const (
	bitBegin   bitKind = iota // the packet starts
	bitExtract                // n bits to place
	bitVar                    // [reg] bits to place from its bit n on
	bitNext                   // stack nexts[index]
	bitAdvance                // by [reg] bits
	bitLook                   // [reg] = n <= 64 bits, at bits after the cursor
	bitLookN                  // the place and offset of looks[index]
	bitEmit                   // n bits from place, if valid
	bitTail                   // what the parser left
)

// bitFrame is what such a run works on, in bits.
type bitFrame struct {
	cursor int // in In
	end    int // of In
	head   int // of Head
}

// bitStep runs one operation; false ends the parser.
func (p *Pass) bitStep(g *gress, o *bitOp) bool {
	f := &p.bit
	left := f.end - f.cursor
	switch o.kind {
	case bitBegin:
		*f = bitFrame{end: max(8*len(p.In)-p.InPad, 0)}
		p.Consumed = len(p.In)
	case bitExtract:
		return p.bitExtract(g, &o.place, o.n, o.index)
	case bitVar:
		return p.bitVar(o)
	case bitNext:
		return p.bitNext(g, &g.nexts[o.index])
	case bitAdvance:
		n := p.regs[o.reg]
		if n > uint64(left) {
			p.Err |= ErrPartialHdr
			return false
		}
		f.cursor += int(n)
	case bitLook:
		if o.at+o.n > left {
			p.Err |= ErrPartialHdr
			return false
		}
		p.regs[o.reg] = lookBits(p.In[f.cursor/8:], f.cursor%8+o.at+o.n) & ones(o.n)
	case bitLookN:
		l := g.looks[o.index]
		if l.off+l.loc.Width > left {
			p.Err |= ErrPartialHdr
			return false
		}
		l.off += f.cursor % 8
		lookWide(p.mem, &l, p.In[f.cursor/8:])
	case bitEmit:
		if p.mem[o.place.valid]&o.place.validMask != 0 {
			p.bitAppend(p.mem[o.place.off:o.place.end], 0, o.n+int(o.size.load(p.mem)))
		}
	case bitTail:
		p.bitAppend(p.In, f.cursor, left)
		p.Pad = -f.head & 7
	}
	return true
}

// bitExtract copies n bits to e, whose last byte is filled up with zeros.
func (p *Pass) bitExtract(g *gress, e *emit, n, header int) bool {
	f := &p.bit
	if n > f.end-f.cursor {
		p.Err |= ErrPartialHdr
		return false
	}
	b := p.mem[e.off:e.end]
	copyBits(b, 0, p.In, f.cursor, n)
	clear(b[(n+7)/8:]) // a varbit, whose bits come later
	f.cursor += n
	p.mem[e.valid] |= e.validMask
	if g.track {
		p.dirty[header>>6] |= 1 << (header & 63)
	}
	return true
}

// bitVar extracts the varbit at the end of a header.
func (p *Pass) bitVar(o *bitOp) bool {
	f := &p.bit
	n := p.regs[o.reg]
	if n > uint64(8*(o.place.end-o.place.off)-int32(o.n)) {
		return false
	}
	if int(n) > f.end-f.cursor {
		p.Err |= ErrPartialHdr
		return false
	}
	b := p.mem[o.place.off:o.place.end]
	copyBits(b, o.n, p.In, f.cursor, int(n))
	f.cursor += int(n)
	o.size.store(p.mem, n)
	for i := range p.units {
		if u := &p.units[i]; u.later != 0 {
			v := b[o.n/8 : (o.n+int(n)+7)/8]
			u.add(sumBytes(v), len(v), true)
		}
	}
	return true
}

func (p *Pass) bitNext(g *gress, s *stackNext) bool {
	at := s.next.load(p.mem)
	if at >= uint64(len(s.emits)) {
		p.Verdict = ParserReject
		return false
	}
	e := &s.emits[at]
	if !p.bitExtract(g, e, s.wire[at], s.headers[at]) {
		return false
	}
	s.next.store(p.mem, at+1)
	p.subtractHeader(p.mem[e.off:e.end])
	return true
}

// bitAppend adds n bits of b, from bit from on, to Head.
func (p *Pass) bitAppend(b []byte, from, n int) {
	size := (p.bit.head + n + 7) / 8
	p.reserve(size)
	p.Head = p.head[Headroom : Headroom+size]
	copyBits(p.Head, p.bit.head, b, from, n)
	p.bit.head += n
}

// reserve makes room for a Head of so many bytes. The buffer grows with the
// longest packet, then stays.
func (p *Pass) reserve(size int) {
	room := max(emitChunk, p.pipe.opt.Tailroom)
	if Headroom+size+room <= len(p.head) {
		return
	}
	old := p.head
	p.head = make([]byte, Headroom+2*size+room)
	copy(p.head, old)
}

// copyBits copies n bits from bit from of src to bit to of dst. What precedes
// them in dst stays; what follows them in their last byte becomes zero.
func copyBits(dst []byte, to int, src []byte, from, n int) {
	if n <= 0 {
		return
	}
	d := dst[to/8:]
	if k := to % 8; k != 0 {
		m := min(n, 8-k)
		v := byte(lookBits(src[from/8:], from%8+m) & ones(m))
		d[0] = d[0]&^(0xff>>k) | v<<(8-k-m)
		d, from, n = d[1:], from+m, n-m
	}
	s, sh := src[from/8:], uint(from%8)
	whole := n / 8
	if sh == 0 {
		copy(d[:whole], s)
	} else {
		i := 0
		for ; i+8 <= whole; i += 8 {
			binary.BigEndian.PutUint64(d[i:], binary.BigEndian.Uint64(s[i:])<<sh|uint64(s[i+8])>>(8-sh))
		}
		for ; i < whole; i++ {
			d[i] = s[i]<<sh | s[i+1]>>(8-sh)
		}
	}
	if m := n % 8; m != 0 {
		d[whole] = byte(lookBits(s[whole:], int(sh)+m)&ones(m)) << (8 - m)
	}
}

// Compiling.

func (c *compiler) bitOp(o bitOp) {
	c.g.bitOps = append(c.g.bitOps, o)
	i := instr{op: opBits, a: int32(len(c.g.bitOps) - 1)}
	c.emit(i)
}

// extractVar: the header's fixed part was extracted just before, and its bytes
// cleared.
func (c *compiler) extractVar(s *ir.ExtractVar) {
	h := c.header(s.Header)
	if h == nil {
		return
	}
	if h.Var.Width == 0 || h.Wire()%8 != 0 {
		c.fail("extract varbit of %s: its place is not a whole byte or there is none", h.Name)
		return
	}
	r := c.amount(simplify(s.Bits))
	c.reg--
	c.bitOp(bitOp{kind: bitVar, reg: r, n: h.Wire(), place: c.emitOf(s.Header), size: c.place(h.Var)})
}

func (c *compiler) bitAdvance(e ir.Expr) {
	r := c.amount(e)
	c.reg--
	c.bitOp(bitOp{kind: bitAdvance, reg: r})
}
