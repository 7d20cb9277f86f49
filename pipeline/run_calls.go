package pipeline

import (
	"math/bits"
	"unsafe"

	"gofino/pipeline/ir"
	"gofino/tables"
)

// What the dispatch loop calls.

// divide is x / y; there is no hardware for y = 0, which gives 0.
func divide(x, y uint64) uint64 {
	if y == 0 {
		return 0
	}
	return x / y
}

func modulo(x, y uint64) uint64 {
	if y == 0 {
		return 0
	}
	return x % y
}

// addSigned adds values of 64-sh bits, or gives the nearest one. At the top of
// 64 bits their sign and overflow are those of int64.
func addSigned(x, y uint64, sh uint8) uint64 {
	a, b := int64(x<<sh), int64(y<<sh)
	s := a + b
	if (a < 0) == (b < 0) && (s < 0) != (a < 0) {
		s = -1 << 63
		if a >= 0 {
			s = 1<<63 - 1
		}
	}
	return uint64(s) >> sh
}

func subSigned(x, y uint64, sh uint8) uint64 {
	a, b := int64(x<<sh), int64(y<<sh)
	s := a - b
	if (a < 0) != (b < 0) && (s < 0) != (a < 0) {
		s = -1 << 63
		if a >= 0 {
			s = 1<<63 - 1
		}
	}
	return uint64(s) >> sh
}

// counterField is the value of ParserCounter.set with a field
// (tna-semantics.md section 8); false when the field is out of range.
func counterField(s *ir.CounterSet, x uint64) (uint8, bool) {
	if x > uint64(s.Max) {
		return 0, false
	}
	return bits.RotateLeft8(uint8(x), -s.Rotate)&uint8(s.Mask) + uint8(s.Add), true
}

// lookBits is the up to 64 bits of in that end at bit end, and more above them.
func lookBits(in []byte, end int) uint64 {
	last := (end + 7) / 8
	shift := uint8(-end & 7)
	if last >= 9 {
		return load9(in[last-9:], shift)
	}
	var v, hi uint64
	for i, b := range in[:last] {
		if last-i > 8 {
			hi = uint64(b)
		}
		v = v<<8 | uint64(b)
	}
	return hi<<(64-shift) | v>>shift
}

// lookWide copies what l looks up to memory.
func lookWide(mem []byte, l *look, in []byte) {
	for left := l.loc.Width; left > 0; {
		n := min(left, 64)
		p := placeOf(ir.Loc{Bit: l.loc.Bit + left - n, Width: n})
		p.store(mem, lookBits(in, l.off+left))
		left -= n
	}
}

// extractNext extracts into the next element; true after an error, or when the
// stack is full, which P4 rejects.
func (p *Pass) extractNext(g *gress, s *stackNext, in []byte) (int, bool) {
	at := s.next.load(p.mem)
	if at >= uint64(len(s.emits)) {
		p.Verdict = ParserReject
		return 0, true
	}
	e := &s.emits[at]
	n := int(e.end - e.off)
	if n > len(in) {
		p.Err |= ErrPartialHdr
		return 0, true
	}
	copy(p.mem[e.off:e.end], in)
	p.mem[e.valid] |= e.validMask
	if g.track {
		h := uint(s.headers[at])
		p.dirty[h>>6] |= 1 << (h & 63)
	}
	s.next.store(p.mem, at+1)
	p.subtractHeader(p.mem[e.off:e.end])
	return n, false
}

// subtractHeader subtracts an extracted header from the checksum units that
// want every later one.
func (p *Pass) subtractHeader(h []byte) {
	for i := range p.units {
		if u := &p.units[i]; u.later != 0 {
			u.add(sumBytes(h), len(h), true)
		}
	}
}

// endParser decides what a parser error means (tna-semantics.md section 2.2):
// true when the packet is dropped. Ingress drops on any error unless its control
// reads parser_err, and on NO_MATCH always; egress never drops.
func (p *Pass) endParser(g *gress) bool {
	if g.parserErr.width != 0 {
		g.parserErr.store(p.mem, uint64(p.Err))
	}
	if g.dir == ir.Egress {
		p.Verdict = Forward
		return false
	}
	if p.Err&ErrNoMatch != 0 || p.Err != 0 && !g.readsErr {
		p.Verdict = ParserDrop
	}
	return p.Verdict != Forward
}

// lookup finds the entry for the key in memory, or the default.
func (a *apply) lookup(mem []byte) (e *tables.Entry, hit bool) {
	if !a.keyless {
		if e = a.match.Lookup(mem[a.key : a.key+a.n]); e != nil {
			if a.ages {
				e.Touch()
			}
			return e, true
		}
	}
	return a.match.Default(), false
}

// start notes what was found and copies the action's data; nil when there is no
// action to run.
func (p *Pass) start(a *apply, e *tables.Entry, hit bool, data *tables.ActionData) *act {
	p.cell = e.Cell()
	if a.debug.Counts() {
		a.debug.Count(hit)
	}
	if a.hit.width != 0 {
		a.hit.store(p.mem, b2u(hit))
	}
	if data == nil || uint(data.Action) >= uint(len(a.acts)) {
		if a.action.width != 0 {
			a.action.store(p.mem, noAction)
		}
		return nil
	}
	if a.action.width != 0 {
		a.action.store(p.mem, uint64(data.Action))
	}
	act := &a.acts[data.Action]
	copy(p.mem[act.off:act.off+act.n], data.Data)
	return act
}

// noAction is what Apply writes as the action's index when none ran.
const noAction = ^uint64(0)

// nextLog is the cell that execute_log uses next: the cells in turn.
func (pi *Pipe) nextLog(reg int) uint64 {
	at := pi.logNext[reg]
	next := at + 1
	if int(next) >= pi.st.Registers[reg].Len() {
		next = 0
	}
	pi.logNext[reg] = next
	return uint64(at)
}

// emitChunk is how many bytes emit copies at a time. It may copy up to a chunk
// more than the header has: frame.mem ends in tail bytes and Pass.head in a
// chunk of its own.
const emitChunk = 16

// emit appends the valid headers of a list to Head.
func (p *Pass) emit(list []emit) {
	m, h := unsafe.Pointer(&p.mem[0]), unsafe.Pointer(&p.head[Headroom])
	n := int32(len(p.Head))
	for i := range list {
		e := &list[i]
		if *at8(m, e.valid)&e.validMask == 0 {
			continue
		}
		for off, to := e.off, n; off < e.end; off, to = off+emitChunk, to+emitChunk {
			v, w := be64(m, off), be64(m, off+8)
			put64(h, to, v)
			put64(h, to+8, w)
		}
		n += e.end - e.off
	}
	p.Head = p.Head[:n]
}
