package pipeline

import (
	"math/bits"
	"unsafe"

	"gofino/pipeline/ir"
	"gofino/tables"
)

// maxStates is how many parser states the hardware runs before its timeout
// (chip.md section 2).
const maxStates = 128

// ctrDepth is the depth of Tofino 2's parser counter stack (chip.md section 2).
const ctrDepth = 4

// frame is what a run works on. It belongs to its Pass.
type frame struct {
	mem    []byte      // lead, the gress's memory, scratch for byte strings, tail
	wide   []uint64    // values of more than 64 bits, least significant word first
	regs   [256]uint64 // values of at most 64 bits
	dirty  []uint64    // bit per header that the last run extracted
	units  []unit      // parser checksum units
	ctr    counter
	sum    uint64         // pending checksum
	states int            // parser states run
	bit    bitFrame       // used by gresses that count bits
	back   unsafe.Pointer // instruction after a table's action
	cell   uint32         // the direct cells of the entry that ran last
	entry  *tables.Entry  // what opLookup found
	hit    bool
	lo,
	hi uint64 // selector hash
}

// unit is a parser checksum unit.
type unit struct {
	sum   uint64 // sum of 16-bit words, folded when read
	odd   bool   // the list so far has an odd number of bytes
	later int32  // number of the deposit since which every header is subtracted; 0: none
}

// counter is the parser counter with its stack.
type counter struct {
	v     uint8
	n     uint8
	stack [ctrDepth]struct {
		v      uint8
		follow bool // the entry changes as the top does
	}
}

func (c *counter) add(d uint8) {
	c.v += d
	for i := int(c.n) - 1; i >= 0 && c.stack[i].follow; i-- {
		c.stack[i].v += d
	}
}

// push saves the counter. A full stack loses its oldest entry.
func (c *counter) push(follow bool) {
	if c.n == ctrDepth {
		copy(c.stack[:], c.stack[1:])
		c.n--
	}
	c.stack[c.n].v, c.stack[c.n].follow = c.v, follow
	c.n++
}

// pop takes the counter back; 0 from an empty stack.
func (c *counter) pop() {
	if c.n == 0 {
		c.v = 0
		return
	}
	c.n--
	c.v = c.stack[c.n].v
}

func newPass(pi *Pipe, d ir.Dir) *Pass {
	g := pi.gress[d]
	p := &Pass{pipe: pi, dir: d}
	p.head = make([]byte, Headroom+g.headSize+max(emitChunk, pi.opt.Tailroom))
	p.Head = p.head[Headroom:Headroom]
	p.Mirror.Index, p.Resubmit.Index, p.Digest.Index, p.Pktgen.Index = -1, -1, -1, -1
	p.mem = make([]byte, g.memSize)
	p.wide = append([]uint64(nil), g.wideInit...)
	p.dirty = make([]uint64, (len(g.headers)+63)/64)
	p.units = make([]unit, g.units)
	return p
}

// begin makes the frame what it is when a packet starts.
func (p *Pass) begin(g *gress) {
	for _, z := range g.zero {
		clear(p.mem[z.lo:z.hi])
	}
	if g.track {
		for i, w := range p.dirty {
			for ; w != 0; w &= w - 1 {
				h := g.headers[i*64+bits.TrailingZeros64(w)]
				clear(p.mem[h.lo:h.hi])
			}
			p.dirty[i] = 0
		}
	}
	if len(p.units) > 0 {
		clear(p.units)
	}
	p.ctr.v, p.ctr.n = 0, 0
	p.cell, p.states, p.sum = 0, 0, 0
	p.Verdict, p.Err, p.Consumed = Forward, 0, 0
	p.Head = p.head[Headroom:Headroom]
	p.Mirror.Index, p.Resubmit.Index, p.Digest.Index = -1, -1, -1
	p.Mirror.Session, p.Mirror.Data, p.Resubmit.Data, p.Digest.Data = 0, nil, nil, nil
	if p.Pktgen.Index >= 0 { // rare: a look costs less than clearing
		p.Pktgen = Emission{Index: -1}
	}
	if g.tstamp.width != 0 {
		g.tstamp.store(p.mem, p.GlobalTstamp)
	}
	if g.ver.width != 0 {
		g.ver.store(p.mem, uint64(p.GlobalVer))
	}
}
