package pipeline

import (
	"fmt"
	"math/big"

	"gofino/pipeline/ir"
)

// reference is the slow twin: it walks the ir statement by statement with big
// numbers, shares no code with the fast engine beyond the externs' state and
// hash functions, and reports every step.
type reference struct {
	pi   *Pipe
	pl   *ir.Pipeline
	g    *ir.Gress
	p    *Pass
	mem  []byte // the gress's memory
	sink Sink   // nil: no events
	// capture is of the control that runs; nil: none.
	capture *Capture
	clock   Clock // nil: none
	cycle   int   // of the events

	bitExact bool
	cursor   int // bits of p.In parsed
	end      int // bits of p.In
	head     int // bits of p.Head
	counters []refCounter
	units    []refUnit
	cell     uint32
	rejected bool
}

// refCounter is the parser counter (the last element) or one that was pushed.
type refCounter struct {
	v      int8
	follow bool
}

// refUnit is a parser checksum unit.
type refUnit struct {
	sum     int
	bytes   int
	deposit *ir.ChecksumDeposit
}

// flow is how a statement ended: the next one runs, or what has to be left.
type flow struct {
	kind  flowKind
	label int
}

type flowKind uint8

const (
	goOn   flowKind = iota
	leave           // the block called label
	exited          // the control
	ended           // the parser, with an error or a reject
)

var next = flow{}

// trace runs one packet through the reference engine.
func (pi *Pipe) trace(p *Pass, dir ir.Dir, l Look) {
	if p.pipe != pi || p.dir != dir {
		panic("BUG: a Pass runs in the pipe and gress that made it")
	}
	g := pi.pl.Ingress
	if dir == ir.Egress {
		g = pi.pl.Egress
	}
	clear(p.mem)
	r := &reference{pi: pi, pl: pi.pl, g: g, p: p, mem: p.mem[lead : lead+g.Bytes], sink: l.Sink, capture: l.Capture, clock: l.Clock, counters: []refCounter{{}}}
	p.Verdict, p.Err, p.Consumed = Forward, 0, 0
	p.Head = p.head[Headroom:Headroom]
	p.Mirror, p.Resubmit, p.Digest, p.Pktgen = Emission{Index: -1}, Emission{Index: -1}, Emission{Index: -1}, Emission{Index: -1}
	r.write(g.Intr[ir.GlobalTstamp], new(big.Int).SetUint64(p.GlobalTstamp))
	r.write(g.Intr[ir.GlobalVer], big.NewInt(int64(p.GlobalVer)))
	r.bitExact, r.end = g.BitExact(), 8*len(p.In)
	if r.bitExact {
		r.end = max(r.end-p.InPad, 0)
		p.reserve(pi.gress[dir].headSize + len(p.In))
		p.Head = p.head[Headroom:Headroom]
	}
	r.all()
	// The fast engine clears after itself by these marks.
	for i := range pi.gress[dir].headers {
		p.dirty[i/64] |= 1 << (i % 64)
	}
}

// all runs parser, control and deparser.
func (r *reference) all() {
	if r.g.Parser != nil && len(r.g.Parser.States) > 0 {
		r.parse(r.g.Parser)
	}
	if r.clock != nil {
		r.cycle = r.clock.Control()
	}
	r.p.Consumed = r.cursor / 8
	if r.bitExact {
		r.p.Consumed = len(r.p.In)
	}
	r.write(r.g.Intr[ir.ParserErr], big.NewInt(int64(r.p.Err)))
	r.verdict()
	if r.sink != nil {
		r.event(KindParserEnd, ir.Pos{}, "", "error", r.p.Err.String(), "consumed", byteCount(r.cursor), "verdict", r.p.Verdict.String())
	}
	if r.p.Verdict != Forward {
		return
	}
	if r.capture != nil {
		r.capture.begin(r.mem)
	}
	r.block(r.g.Control)
	r.capture = nil
	if r.clock != nil {
		r.cycle = r.clock.Deparser()
	}
	r.block(r.g.Deparser)
	if r.bitExact {
		r.appendBits(r.p.In, r.cursor, r.end-r.cursor)
		r.p.Pad = -r.head & 7
	}
	if r.sink != nil {
		r.event(KindDeparser, ir.Pos{}, "", "head", fmt.Sprintf("%x", r.p.Head))
	}
}

// verdict: tna-semantics.md section 2.2.
func (r *reference) verdict() {
	if r.g.Dir == ir.Egress {
		return // never dropped
	}
	switch {
	case r.p.Err&ErrNoMatch != 0:
		r.p.Verdict = ParserDrop
	case r.p.Err != 0 && !r.g.Parser.ReadsErr:
		r.p.Verdict = ParserDrop
	case r.rejected:
		r.p.Verdict = ParserReject
	}
}

// event reports a step; kv are names and values of attributes.
func (r *reference) event(k Kind, pos ir.Pos, name string, kv ...string) {
	if r.sink == nil {
		return
	}
	e := Event{Kind: k, Dir: r.g.Dir.String(), Cycle: r.cycle, Pos: Pos(pos), Name: name}
	for i := 0; i+1 < len(kv); i += 2 {
		e.Attrs = append(e.Attrs, Attr{kv[i], kv[i+1]})
	}
	r.sink.Event(e)
}

// hexText writes v as wide as w bits are.
func hexText(v *big.Int, w int) string {
	return fmt.Sprintf("0x%0*x", (w+3)/4, v)
}

// read returns the bits of a place as a number.
func (r *reference) read(l ir.Loc) *big.Int {
	if l.Width == 0 {
		return new(big.Int)
	}
	last := l.Bit + l.Width - 1
	v := new(big.Int).SetBytes(r.mem[l.Bit/8 : last/8+1])
	v.Rsh(v, uint(7-last%8))
	return v.And(v, bigOnes(l.Width))
}

// write puts the low bits of v into a place, bit by bit.
func (r *reference) write(l ir.Loc, v *big.Int) {
	for i := range l.Width {
		at := l.Bit + l.Width - 1 - i
		m := byte(0x80) >> (at % 8)
		if v.Bit(i) == 1 {
			r.mem[at/8] |= m
		} else {
			r.mem[at/8] &^= m
		}
	}
}

// fieldName names a place: its field, or a part of one; hidden ones are left
// out of traces.
func (r *reference) fieldName(l ir.Loc) (name string, hidden bool) {
	for _, f := range r.g.Fields {
		if f.Loc == l {
			return f.Name, f.Hidden
		}
	}
	for _, f := range r.g.Fields {
		if f.Loc.Bit <= l.Bit && l.Bit+l.Width <= f.Loc.Bit+f.Loc.Width {
			lo := f.Loc.Bit + f.Loc.Width - l.Bit - l.Width
			return fmt.Sprintf("%s[%d:%d]", f.Name, lo+l.Width-1, lo), f.Hidden
		}
	}
	return fmt.Sprintf("bits %d to %d", l.Bit, l.Bit+l.Width-1), true
}

// set writes a place and reports the change.
func (r *reference) set(pos ir.Pos, l ir.Loc, v *big.Int) {
	if l.Width == 0 {
		return
	}
	if r.sink != nil {
		if name, hidden := r.fieldName(l); !hidden {
			v := new(big.Int).And(v, bigOnes(l.Width))
			r.event(KindAssign, pos, name, "old", hexText(r.read(l), l.Width), "new", hexText(v, l.Width))
		}
	}
	r.write(l, v)
}

func (r *reference) valid(h *ir.Header) bool { return r.read(h.Valid).Sign() != 0 }

// stateName of a transition's target.
func (r *reference) stateName(i int) string {
	switch i {
	case ir.Accept:
		return "accept"
	case ir.Reject:
		return "reject"
	}
	return r.g.Parser.States[i].Name
}

func (r *reference) parse(p *ir.Parser) {
	r.units = make([]refUnit, p.Checksums)
	at := 0
	for n := 1; at >= 0; n++ {
		if n > maxStates {
			r.p.Err |= ErrTimeoutHW
			break
		}
		s := p.States[at]
		if r.clock != nil {
			r.cycle = r.clock.State(at)
		}
		r.event(KindState, s.Pos, s.Name)
		f := r.block(s.Body)
		if f.kind == ended {
			break
		}
		if f.kind == exited {
			break
		}
		to, ok := r.transition(s)
		if !ok {
			r.p.Err |= ErrNoMatch
			break
		}
		at = to
		if at == ir.Reject {
			r.rejected = true
		}
	}
	for _, s := range p.States {
		walk(s.Body, func(s ir.Stmt) {
			d, ok := s.(*ir.ChecksumDeposit)
			if ok && r.units[d.Unit].deposit == d {
				r.set(d.P, d.Dst, big.NewInt(int64(r.units[d.Unit].sum)))
			}
		})
	}
}

// transition evaluates a state's select.
func (r *reference) transition(s *ir.State) (int, bool) {
	if len(s.Keys) == 0 {
		return s.Next, true
	}
	keys := make([]*big.Int, len(s.Keys))
	for i, k := range s.Keys {
		keys[i] = r.eval(k)
	}
	to, pos, ok := 0, s.Pos, false
	for _, c := range s.Cases {
		if r.caseMatches(s, c, keys) {
			to, pos, ok = c.Next, c.Pos, true
			break
		}
	}
	if r.sink != nil {
		var kv []string
		for i, k := range keys {
			kv = append(kv, fmt.Sprintf("key%d", i), hexText(k, s.Keys[i].W()))
		}
		name := "no match"
		if ok {
			name = r.stateName(to)
		}
		r.event(KindSelect, pos, s.Name, append(kv, "next", name)...)
	}
	return to, ok
}

func (r *reference) caseMatches(s *ir.State, c *ir.Case, keys []*big.Int) bool {
	if c.ValueSet >= 0 {
		return r.pi.st.ValueSets[c.ValueSet].Has(r.p.port(), rightAligned(s.Keys, keys))
	}
	for i, m := range c.Match {
		k := keys[i]
		switch {
		case m.Range:
			if k.Cmp(m.Lo) < 0 || k.Cmp(m.Hi) > 0 {
				return false
			}
		case m.Mask != nil:
			d := new(big.Int).Xor(k, m.Value)
			if d.And(d, m.Mask).Sign() != 0 {
				return false
			}
		}
	}
	return true
}

// rightAligned is the byte string of a key: each element in whole bytes.
func rightAligned(exprs []ir.Expr, values []*big.Int) []byte {
	var out []byte
	for i, v := range values {
		out = append(out, v.FillBytes(make([]byte, (exprs[i].W()+7)/8))...)
	}
	return out
}

// stream concatenates values, the first on top, and returns the number and its
// width.
func (r *reference) stream(exprs []ir.Expr) (*big.Int, int) {
	v, w := new(big.Int), 0
	for _, e := range exprs {
		v.Lsh(v, uint(e.W()))
		v.Or(v, r.eval(e))
		w += e.W()
	}
	return v, w
}

// streamLeft is a stream as bytes with zero bits before it.
func (r *reference) streamLeft(exprs []ir.Expr) []byte {
	v, w := r.stream(exprs)
	return v.FillBytes(make([]byte, (w+7)/8))
}

// streamRight is a stream as bytes with zero bits after it.
func (r *reference) streamRight(exprs []ir.Expr) []byte {
	v, w := r.stream(exprs)
	v.Lsh(v, uint(-w&7))
	return v.FillBytes(make([]byte, (w+7)/8))
}

func (r *reference) eval(e ir.Expr) *big.Int {
	v := r.evalWide(e)
	return v.And(v, bigOnes(e.W()))
}

// evalWide gives a new number that is right modulo 2^width.
func (r *reference) evalWide(e ir.Expr) *big.Int {
	switch e := e.(type) {
	case *ir.Const:
		return new(big.Int).Set(e.V)
	case *ir.Load:
		return r.read(e.Loc)
	case *ir.Unary:
		x := r.eval(e.X)
		switch e.Op {
		case ir.Not:
			return flag(x.Sign() == 0)
		case ir.BitNot:
			return x.Not(x)
		case ir.Neg:
			return x.Neg(x)
		}
	case *ir.Binary:
		return r.binary(e)
	case *ir.Slice:
		x := r.eval(e.X)
		return x.Rsh(x, uint(e.Lo))
	case *ir.Cast:
		x := r.eval(e.X)
		if e.Signed {
			return signed(x, e.X.W())
		}
		return x
	case *ir.Cond:
		if r.eval(e.C).Sign() != 0 {
			return r.eval(e.A)
		}
		return r.eval(e.B)
	case *ir.CounterZero:
		return flag(r.counter().v == 0)
	case *ir.CounterNeg:
		return flag(r.counter().v < 0)
	case *ir.RegParam:
		return new(big.Int).SetUint64(r.pi.st.Params[e.Param].Load())
	case *ir.StackLast:
		s := r.g.Stacks[e.Stack]
		n := int(r.read(s.Next).Int64())
		if n == 0 || n > len(s.Headers) {
			return new(big.Int)
		}
		h := r.g.Headers[s.Headers[n-1]]
		return r.read(ir.Loc{Bit: h.Off*8 + e.Off, Width: e.Width})
	}
	panic(fmt.Sprintf("BUG: expression %T", e))
}

func flag(b bool) *big.Int {
	if b {
		return big.NewInt(1)
	}
	return new(big.Int)
}

// signed reads v, w bits wide, as two's complement.
func signed(v *big.Int, w int) *big.Int {
	if v.Bit(w-1) == 1 {
		return new(big.Int).Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(w)))
	}
	return v
}

func (r *reference) binary(e *ir.Binary) *big.Int {
	x, y := r.eval(e.X), r.eval(e.Y)
	w := e.X.W()
	switch e.Op {
	case ir.Cat:
		return x.Or(x.Lsh(x, uint(e.Y.W())), y)
	case ir.Shl, ir.Shr:
		n := uint(w)
		if y.IsInt64() && y.Int64() < int64(w) {
			n = uint(y.Int64())
		}
		if e.Op == ir.Shl {
			return x.Lsh(x, n)
		}
		if e.Signed {
			x = signed(x, w)
		}
		return x.Rsh(x, n)
	}
	if e.Signed {
		x, y = signed(x, w), signed(y, w)
	}
	v := new(big.Int)
	switch e.Op {
	case ir.Add:
		return v.Add(x, y)
	case ir.Sub:
		return v.Sub(x, y)
	case ir.Mul:
		return v.Mul(x, y)
	case ir.Div:
		if y.Sign() == 0 {
			return v
		}
		return v.Quo(x, y)
	case ir.Mod:
		if y.Sign() == 0 {
			return v
		}
		return v.Rem(x, y)
	case ir.AddSat:
		return saturate(v.Add(x, y), e.Width, e.Signed)
	case ir.SubSat:
		return saturate(v.Sub(x, y), e.Width, e.Signed)
	case ir.And:
		return v.And(x, y)
	case ir.Or:
		return v.Or(x, y)
	case ir.Xor:
		return v.Xor(x, y)
	case ir.LAnd:
		return flag(x.Sign() != 0 && y.Sign() != 0)
	case ir.LOr:
		return flag(x.Sign() != 0 || y.Sign() != 0)
	case ir.Eq:
		return flag(x.Cmp(y) == 0)
	case ir.Ne:
		return flag(x.Cmp(y) != 0)
	case ir.Lt:
		return flag(x.Cmp(y) < 0)
	case ir.Le:
		return flag(x.Cmp(y) <= 0)
	case ir.Gt:
		return flag(x.Cmp(y) > 0)
	case ir.Ge:
		return flag(x.Cmp(y) >= 0)
	case ir.Min:
		if x.Cmp(y) < 0 {
			return x
		}
		return y
	case ir.Max:
		if x.Cmp(y) > 0 {
			return x
		}
		return y
	}
	panic(fmt.Sprintf("BUG: operator %d", e.Op))
}

// saturate gives the nearest value of w bits.
func saturate(v *big.Int, w int, isSigned bool) *big.Int {
	lo, hi := new(big.Int), bigOnes(w)
	if isSigned {
		hi = bigOnes(w - 1)
		lo = new(big.Int).Not(hi)
	}
	switch {
	case v.Cmp(lo) < 0:
		return lo
	case v.Cmp(hi) > 0:
		return hi
	}
	return v
}

func (r *reference) counter() *refCounter { return &r.counters[len(r.counters)-1] }
