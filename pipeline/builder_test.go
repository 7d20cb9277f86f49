package pipeline

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"gofino/pipeline/ir"
	"gofino/tables"
)

// A small builder of hand-made programs. Values outside headers are laid out as
// ir.Loc says: right-aligned in whole bytes.

// prog is a program under construction; g is the gress that is added to.
type prog struct {
	pl *ir.Pipeline
	g  *ir.Gress
}

func newProg() *prog {
	pl := &ir.Pipeline{Name: "pipe", Ingress: &ir.Gress{Dir: ir.Ingress}, Egress: &ir.Gress{Dir: ir.Egress}}
	return &prog{pl: pl, g: pl.Ingress}
}

// meta adds a value.
func (b *prog) meta(name string, width int) ir.Loc {
	n := (width + 7) / 8
	l := ir.Loc{Bit: b.g.Bytes*8 + n*8 - width, Width: width}
	b.g.Bytes += n
	b.g.Fields = append(b.g.Fields, &ir.Field{Name: name, Loc: l, Header: -1})
	return l
}

// intr adds an intrinsic.
func (b *prog) intr(i ir.Intrinsic, width int) ir.Loc {
	b.g.Intr[i] = b.meta(fmt.Sprintf("intr%d", i), width)
	return b.g.Intr[i]
}

// hdr is a header of the builder.
type hdr struct {
	index int
	valid ir.Loc
	f     []ir.Loc
}

// header adds a header with fields of so many bits.
func (b *prog) header(name string, widths ...int) hdr {
	h := &ir.Header{Name: name, Off: b.g.Bytes}
	index := len(b.g.Headers)
	at := 0
	out := hdr{index: index}
	for i, w := range widths {
		l := ir.Loc{Bit: h.Off*8 + at, Width: w}
		f := &ir.Field{Name: fmt.Sprintf("%s.f%d", name, i), Loc: l, Header: index}
		h.Fields = append(h.Fields, f)
		b.g.Fields = append(b.g.Fields, f)
		out.f = append(out.f, l)
		at += w
	}
	h.Bytes = (at + 7) / 8
	if at%8 != 0 {
		h.Bits = at
	}
	b.g.Bytes += h.Bytes
	h.Valid = b.meta(name+".$valid", 1)
	out.valid = h.Valid
	b.g.Headers = append(b.g.Headers, h)
	return out
}

// stack adds a header stack.
func (b *prog) stack(name string, size int, widths ...int) (int, []hdr) {
	s := &ir.Stack{Name: name}
	var hs []hdr
	for i := range size {
		h := b.header(fmt.Sprintf("%s[%d]", name, i), widths...)
		hs = append(hs, h)
		s.Headers = append(s.Headers, h.index)
	}
	s.Next = b.meta(name+".$next", 8)
	b.g.Stacks = append(b.g.Stacks, s)
	return len(b.g.Stacks) - 1, hs
}

// action adds an action whose parameters have so many bits; body gets their
// places.
func (b *prog) action(name string, widths []int, body func(p []ir.Loc) []ir.Stmt) int {
	a := &ir.Action{Name: name, Dir: b.g.Dir, Off: b.g.Bytes}
	var ls []ir.Loc
	for i, w := range widths {
		l := b.meta(fmt.Sprintf("%s.p%d", name, i), w)
		a.Params = append(a.Params, ir.Param{Name: fmt.Sprintf("p%d", i), Loc: l})
		ls = append(ls, l)
	}
	a.Bytes = b.g.Bytes - a.Off
	if body != nil {
		a.Body = body(ls)
	}
	b.pl.Actions = append(b.pl.Actions, a)
	return len(b.pl.Actions) - 1
}

// table adds a table with the actions; the default is none.
func (b *prog) table(name string, keys []ir.Key, actions ...int) (int, *ir.Table) {
	t := &ir.Table{Name: name, Dir: b.g.Dir, Keys: keys, Default: ir.ActionCall{Action: -1}, Size: 64, Profile: -1, Selector: -1}
	for _, a := range actions {
		t.Actions = append(t.Actions, ir.ActionRef{Action: a})
	}
	b.pl.Tables = append(b.pl.Tables, t)
	return len(b.pl.Tables) - 1, t
}

func key(e ir.Expr, k ir.MatchKind) ir.Key { return ir.Key{Name: "k", Expr: e, Width: e.W(), Kind: k} }

// Expressions and statements.

func ld(l ir.Loc) ir.Expr { return &ir.Load{Loc: l} }

func num(width int, v int64) ir.Expr {
	x := new(big.Int).And(big.NewInt(v), bigOnes(width))
	return &ir.Const{Width: width, V: x}
}

func bin(op ir.Op, x, y ir.Expr) ir.Expr {
	w := x.W()
	switch op {
	case ir.Eq, ir.Ne, ir.Lt, ir.Le, ir.Gt, ir.Ge, ir.LAnd, ir.LOr:
		w = 1
	case ir.Cat:
		w += y.W()
	}
	return &ir.Binary{Op: op, Width: w, X: x, Y: y}
}

func sgn(op ir.Op, x, y ir.Expr) ir.Expr {
	b := bin(op, x, y).(*ir.Binary)
	b.Signed = true
	return b
}

func set(l ir.Loc, e ir.Expr) ir.Stmt { return &ir.Assign{Dst: l, X: e} }

func then(c ir.Expr, body ...ir.Stmt) *ir.If { return &ir.If{Cond: c, Then: body} }

// parser makes a parser of states.
func (b *prog) parser(states ...*ir.State) {
	b.g.Parser = &ir.Parser{Name: "prsr", States: states, Checksums: 2}
	for i, s := range states {
		if s.Name == "" {
			s.Name = fmt.Sprintf("s%d", i)
		}
	}
}

func exactCase(next int, values ...int64) *ir.Case {
	c := &ir.Case{ValueSet: -1, Next: next}
	for _, v := range values {
		c.Match = append(c.Match, ir.Match{Value: big.NewInt(v), Mask: bigOnes(64)})
	}
	return c
}

func otherwise(next, keys int) *ir.Case {
	return &ir.Case{ValueSet: -1, Next: next, Match: make([]ir.Match, keys)}
}

// Running.

// twins is one program loaded into two pipes: the fast engine runs in the
// first, the reference engine in the second.
type twins struct {
	t          testing.TB
	store      *tables.Store
	fast, slow *Pipe
	events     []Event
	passes     [2][2]*Pass // by engine and gress
}

func (tw *twins) Event(e Event) { tw.events = append(tw.events, e) }

func load(t testing.TB, b *prog) *twins {
	t.Helper()
	tw, err := tryLoad(t, b)
	if err != nil {
		t.Fatal(err)
	}
	return tw
}

func tryLoad(t testing.TB, b *prog) (*twins, error) {
	p := &ir.Program{Name: "test", Target: ir.Tofino, Pipelines: []*ir.Pipeline{b.pl}}
	store, err := tables.NewStore(p, 2)
	if err != nil {
		return nil, err
	}
	tw := &twins{t: t, store: store}
	if tw.fast, err = Load(b.pl, ir.Tofino, store.State(0), Options{}); err != nil {
		return nil, err
	}
	if tw.slow, err = Load(b.pl, ir.Tofino, store.State(1), Options{}); err != nil {
		return nil, err
	}
	for d := range 2 {
		tw.passes[0][d] = tw.fast.NewPass(ir.Dir(d))
		tw.passes[1][d] = tw.slow.NewPass(ir.Dir(d))
		for e := range 2 {
			tw.passes[e][d].Rand = rand.NewPCG(1, 2)
		}
	}
	return tw, nil
}

// run runs a packet through both engines, fails if they differ in anything, and
// returns the fast one's pass.
func (tw *twins) run(d ir.Dir, packet []byte) *Pass {
	tw.t.Helper()
	f, s := tw.passes[0][d], tw.passes[1][d]
	tw.events = tw.events[:0]
	for _, p := range []*Pass{f, s} {
		p.In, p.Bytes, p.GlobalTstamp, p.GlobalVer = packet, len(packet)+4, 0x123456789a, 7
	}
	if d == ir.Ingress {
		tw.fast.Ingress(f)
		tw.slow.TraceIngress(s, Look{Sink: tw})
	} else {
		tw.fast.Egress(f)
		tw.slow.TraceEgress(s, Look{Sink: tw})
	}
	if diff := tw.difference(d); diff != "" {
		tw.t.Fatalf("packet %x: %s", packet, diff)
	}
	return f
}

// difference tells how the two engines' results differ.
func (tw *twins) difference(d ir.Dir) string {
	f, s := tw.passes[0][d], tw.passes[1][d]
	g := tw.fast.pl.Ingress
	if d == ir.Egress {
		g = tw.fast.pl.Egress
	}
	ff := fmt.Sprintf("verdict %v error %v consumed %d head %x pad %d mirror %d %d %x resubmit %d %x digest %d %x pktgen %d %x", f.Verdict, f.Err, f.Consumed, f.Head, f.Pad,
		f.Mirror.Index, f.Mirror.Session, f.Mirror.Data, f.Resubmit.Index, f.Resubmit.Data, f.Digest.Index, f.Digest.Data, f.Pktgen.Index, f.Pktgen.Data)
	ss := fmt.Sprintf("verdict %v error %v consumed %d head %x pad %d mirror %d %d %x resubmit %d %x digest %d %x pktgen %d %x", s.Verdict, s.Err, s.Consumed, s.Head, s.Pad,
		s.Mirror.Index, s.Mirror.Session, s.Mirror.Data, s.Resubmit.Index, s.Resubmit.Data, s.Digest.Index, s.Digest.Data, s.Pktgen.Index, s.Pktgen.Data)
	if ff != ss {
		return fmt.Sprintf("\nfast      %s\nreference %s", ff, ss)
	}
	for i := lead; i < lead+g.Bytes; i++ {
		if f.mem[i] == s.mem[i] {
			continue
		}
		name := "?"
		for _, x := range g.Fields {
			if at := (i - lead) * 8; x.Loc.Bit < at+8 && x.Loc.Bit+x.Loc.Width > at {
				name = x.Name
			}
		}
		return fmt.Sprintf("memory byte %d (%s): fast %02x, reference %02x", i-lead, name, f.mem[i], s.mem[i])
	}
	a, b := tw.store.State(0), tw.store.State(1)
	for i, c := range a.Counters {
		for j := range uint64(20) {
			p0, b0 := c.Get(j)
			p1, b1 := b.Counters[i].Get(j)
			if p0 != p1 || b0 != b1 {
				return fmt.Sprintf("counter %d cell %d: fast %d %d, reference %d %d", i, j, p0, b0, p1, b1)
			}
		}
	}
	for i, r := range a.Registers {
		for j := range uint64(20) {
			l0, h0, _ := r.Get(j)
			l1, h1, _ := b.Registers[i].Get(j)
			if l0 != l1 || h0 != h1 {
				return fmt.Sprintf("register %d cell %d: fast %#x %#x, reference %#x %#x", i, j, l0, h0, l1, h1)
			}
		}
	}
	if *f.Rand != *s.Rand {
		return "random sources differ"
	}
	return ""
}

// get reads a place from a pass, by the reference's own reader.
func get(p *Pass, l ir.Loc) *big.Int {
	r := reference{mem: p.mem[lead:]}
	return r.read(l)
}

func want(t *testing.T, p *Pass, l ir.Loc, v int64) {
	t.Helper()
	if got := get(p, l); got.Cmp(big.NewInt(v)) != 0 {
		t.Errorf("place %+v = %#x, want %#x", l, got, v)
	}
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }
