package pipeline

import (
	"fmt"
	"math/big"

	"gofino/pipeline/ir"
)

// compiler turns one gress into flat code. An error is kept in err, the first
// one wins; code made after it is never run.
type compiler struct {
	pipe *Pipe
	ir   *ir.Gress
	g    *gress
	pos  ir.Pos // of the statement being compiled
	err  error

	reg     int // next free register
	word    int // next free word of frame.wide
	words   int // most words ever used
	scratch int // next free scratch byte, from the gress's own first byte
	most    int // most scratch bytes ever used

	labels  []*label       // all, to be resolved at the end
	target  map[int]*label // by instruction that jumps
	breaks  map[int]*label // of the blocks around
	exit    *label         // where Exit goes
	control bool           // in the control: tables may be applied
	actions map[int]*label // bodies of table actions
	queue   []int          // actions whose body is to be compiled

	written  map[int]bool // headers that anything but Extract writes
	deposit  bool         // the parser has a ChecksumDeposit
	deposits []*ir.ChecksumDeposit
	switches []*swtch
	wconst   []wideConst
	need     map[ir.Expr]int
	values   map[ir.Loc]bool // whole values outside headers: see wholeValue
}

// wideConst is a constant of frame.wide that is set once per Pass.
type wideConst struct {
	at int32 // set when the words in use are known
	v  []uint64
}

// label is a place in the code to jump to.
type label struct {
	pc   int32 // -1 until set
	uses []int // instructions whose b is the label
	sw   []*int32
}

// maxRegs leaves room for the last operation's own operands.
const maxRegs = 250

func compile(pi *Pipe, g *ir.Gress) (*gress, error) {
	c := &compiler{
		pipe: pi, ir: g,
		g:       &gress{dir: g.Dir},
		breaks:  map[int]*label{},
		target:  map[int]*label{},
		actions: map[int]*label{},
		written: map[int]bool{},
		need:    map[ir.Expr]int{},
		scratch: g.Bytes,
		most:    g.Bytes,
	}
	c.program()
	c.finish()
	if c.err != nil {
		return nil, c.err
	}
	if err := c.g.verify(); err != nil {
		return nil, fmt.Errorf("load %s: %w", g.Dir, err)
	}
	return c.g, nil
}

// fail keeps the first error.
func (c *compiler) fail(format string, args ...any) {
	if c.err != nil {
		return
	}
	err := fmt.Errorf(format, args...)
	if c.pos.Line != 0 {
		err = fmt.Errorf("%s: load %s: %w", Pos(c.pos), c.ir.Dir, err)
	} else {
		err = fmt.Errorf("load %s: %w", c.ir.Dir, err)
	}
	c.err = err
}

func (c *compiler) emit(i instr) int {
	c.g.code = append(c.g.code, i)
	return len(c.g.code) - 1
}

func (c *compiler) newLabel() *label {
	l := &label{pc: -1}
	c.labels = append(c.labels, l)
	return l
}

// set puts the label here.
func (c *compiler) set(l *label) { l.pc = int32(len(c.g.code)) }

// jump emits a jumping instruction.
func (c *compiler) jump(i instr, l *label) {
	at := c.emit(i)
	l.uses = append(l.uses, at)
	c.target[at] = l
}

func (c *compiler) program() {
	g := c.ir
	c.g.tstamp, c.g.ver = c.intr(ir.GlobalTstamp), c.intr(ir.GlobalVer)
	c.g.parserErr = c.intr(ir.ParserErr)
	for i := range c.g.intr {
		c.g.intr[i] = c.intr(ir.Intrinsic(i))
	}
	c.emit(instr{op: opEnd}) // no label is 0: see slot
	if c.g.bitExact = g.BitExact(); c.g.bitExact {
		c.bitOp(bitOp{kind: bitBegin})
	}
	c.g.parserEnd = 1
	c.parser(g.Parser)
	c.emit(instr{op: opParserEnd})
	control := c.newLabel()
	c.exit, c.control = control, true
	c.block(g.Control)
	c.set(control)
	c.exit, c.control = c.newLabel(), false
	c.block(g.Deparser)
	c.set(c.exit)
	if c.g.bitExact {
		c.bitOp(bitOp{kind: bitTail})
	}
	c.emit(instr{op: opEnd})
	c.exit = control
	for len(c.queue) > 0 {
		a := c.queue[0]
		c.queue = c.queue[1:]
		c.set(c.actions[a])
		c.block(c.pipe.pl.Actions[a].Body)
		c.emit(instr{op: opReturn})
	}
	if c.err == nil {
		c.g.maxParse = maxParse(g.Parser, g)
	}
}

func (c *compiler) intr(i ir.Intrinsic) place {
	l := c.ir.Intr[i]
	if l.Width > 64 {
		c.fail("place intrinsic %d: %d bits are more than 64", i, l.Width)
		return place{}
	}
	return c.place(l)
}

// finish resolves labels and lays out memory.
func (c *compiler) finish() {
	// The pointer to the next instruction never leaves the code.
	c.emit(instr{op: opEnd})
	for _, l := range c.labels {
		// A jump to a jump goes where that one goes.
		for n := 0; l.pc >= 0 && int(l.pc) < len(c.g.code) && c.g.code[l.pc].op == opJump && n < 100; n++ {
			t := c.target[int(l.pc)]
			if t == nil || t.pc < 0 {
				break
			}
			l.pc = t.pc
		}
		if l.pc < 0 && (len(l.uses) > 0 || len(l.sw) > 0) {
			c.fail("resolve jump: the target is not in the code")
			return
		}
		for _, u := range l.uses {
			c.g.code[u].b = l.pc
		}
		for _, s := range l.sw {
			*s = l.pc
		}
	}
	c.g.memSize = lead + c.most + tail
	for _, s := range c.switches {
		c.g.sw = append(c.g.sw, *s)
	}
	c.placeConstants()
	c.clearPlan()
}

// clearAll is the size in bytes up to which all memory is cleared for every
// packet: one clear is cheaper than the books.
const clearAll = 640

// clearPlan decides what begin clears. A header that only Extract writes is
// cleared after the packets that extracted it.
func (c *compiler) clearPlan() {
	g := c.ir
	if g.Bytes <= clearAll {
		c.g.zero = []span{{lead, int32(lead + g.Bytes)}}
		return
	}
	c.g.track = true
	c.g.headers = make([]span, len(g.Headers))
	keep := make([]bool, g.Bytes)
	for i, h := range g.Headers {
		c.g.headers[i] = span{int32(lead + h.Off), int32(lead + h.Off + h.Bytes)}
		if !c.written[i] {
			for b := h.Off; b < h.Off+h.Bytes; b++ {
				keep[b] = true
			}
		}
	}
	// A gap shorter than this is cleared with its neighbours.
	const gap = 32
	for b := 0; b < g.Bytes; b++ {
		if keep[b] {
			continue
		}
		if n := len(c.g.zero); n > 0 && int(c.g.zero[n-1].hi)-lead+gap >= b {
			c.g.zero[n-1].hi = int32(lead + b + 1)
			continue
		}
		c.g.zero = append(c.g.zero, span{int32(lead + b), int32(lead + b + 1)})
	}
}

// wrote notes that a statement other than Extract writes the place.
func (c *compiler) wrote(l ir.Loc) {
	for i, h := range c.ir.Headers {
		if l.Bit < (h.Off+h.Bytes)*8 && l.Bit+l.Width > h.Off*8 {
			c.written[i] = true
		}
	}
}

// inHeader tells whether any part of the place lies in a header.
func (c *compiler) inHeader(l ir.Loc) bool {
	for _, h := range c.ir.Headers {
		if l.Bit < (h.Off+h.Bytes)*8 && l.Bit+l.Width > h.Off*8 {
			return true
		}
	}
	return false
}

// check refuses places outside the memory.
func (c *compiler) check(l ir.Loc) bool {
	if l.Width < 0 || l.Bit < 0 || l.Bit+l.Width > 8*c.most {
		c.fail("place %d bits at bit %d: outside the %d bytes of memory", l.Width, l.Bit, c.ir.Bytes)
		return false
	}
	return true
}

// place prepares a place of at most 64 bits.
func (c *compiler) place(l ir.Loc) place {
	if !c.check(l) {
		return place{}
	}
	return placeOf(l)
}

// bytes reserves scratch memory until c.scratch is set back.
func (c *compiler) bytes(n int) int {
	at := c.scratch
	c.scratch += n
	c.most = max(c.most, c.scratch)
	return at
}

// register takes a register; the caller sets c.reg back.
func (c *compiler) register() uint8 {
	if c.reg >= maxRegs {
		c.fail("compile expression: it needs more than %d registers", maxRegs)
		return 0
	}
	c.reg++
	return uint8(c.reg - 1)
}

// wideWords takes n words; the caller sets c.word back.
func (c *compiler) wideWords(n int) int32 {
	at := c.word
	c.word += n
	c.words = max(c.words, c.word)
	return int32(at)
}

func (c *compiler) block(body []ir.Stmt) {
	for _, s := range body {
		c.stmt(s)
	}
}

// small tells whether v is a constant of at most 64 bits, and which.
func small(e ir.Expr) (uint64, bool) {
	k, ok := e.(*ir.Const)
	if !ok || k.Width > 64 {
		return 0, false
	}
	return constBits(k.V, k.Width), true
}

// constBits is v modulo 2^width.
func constBits(v *big.Int, width int) uint64 {
	if v.Sign() < 0 || v.BitLen() > width {
		v = new(big.Int).And(v, bigOnes(width))
	}
	return v.Uint64()
}
