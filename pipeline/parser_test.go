package pipeline

import (
	"context"
	"math/big"
	"testing"

	"gofino/pipeline/ir"
	"gofino/tables"
)

// Rules of the parser: tna-semantics.md sections 2.2 and 8.

func (tw *twins) write(e tables.TableEntry) {
	tw.t.Helper()
	if err := tw.store.Write(context.Background(), tables.AllPipes, []tables.Update{{Op: tables.Insert, Entry: e}}, tables.ContinueOnError); err != nil {
		tw.t.Fatal(err)
	}
}

func TestParserErrorsDropInIngressOnly(t *testing.T) {
	for _, c := range []struct {
		name     string
		dir      ir.Dir
		readsErr bool
		packet   string
		verdict  Verdict
		err      ParserError
	}{
		{"whole", ir.Ingress, false, "0102", Forward, 0},
		{"partial", ir.Ingress, false, "01", ParserDrop, ErrPartialHdr},
		{"partial, control reads parser_err", ir.Ingress, true, "01", Forward, ErrPartialHdr},
		{"no match", ir.Ingress, false, "0302", ParserDrop, ErrNoMatch},
		{"no match drops always", ir.Ingress, true, "0302", ParserDrop, ErrNoMatch},
		{"reject", ir.Ingress, true, "0202", ParserReject, 0},
		{"egress partial", ir.Egress, false, "01", Forward, ErrPartialHdr},
		{"egress no match", ir.Egress, false, "0302", Forward, ErrNoMatch},
		{"egress reject", ir.Egress, false, "0202", Forward, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newProg()
			if c.dir == ir.Egress {
				b.g = b.pl.Egress
			}
			x, y := b.header("x", 8), b.header("y", 8)
			perr := b.intr(ir.ParserErr, 16)
			b.parser(
				&ir.State{Body: []ir.Stmt{&ir.Extract{Header: x.index}}, Keys: []ir.Expr{ld(x.f[0])},
					Cases: []*ir.Case{exactCase(1, 1), exactCase(ir.Reject, 2)}},
				&ir.State{Body: []ir.Stmt{&ir.Extract{Header: y.index}}, Next: ir.Accept})
			b.g.Parser.ReadsErr = c.readsErr
			b.g.Deparser = []ir.Stmt{&ir.Emit{Header: x.index}, &ir.Emit{Header: y.index}}
			p := load(t, b).run(c.dir, unhex(c.packet))
			if p.Verdict != c.verdict || p.Err != c.err {
				t.Errorf("%v %v, want %v %v", p.Verdict, p.Err, c.verdict, c.err)
			}
			want(t, p, perr, int64(c.err))
			if c.err == ErrPartialHdr && c.verdict == Forward && hexOf(p.Head) != "01" {
				t.Errorf("head %x: what was extracted before stays", p.Head)
			}
		})
	}
}

func TestParserTimesOutAfter128States(t *testing.T) {
	b := newProg()
	n := b.meta("n", 16)
	h := b.header("h", 8)
	b.parser(&ir.State{Body: []ir.Stmt{&ir.Extract{Header: h.index}, set(n, bin(ir.Add, ld(n), num(16, 1)))},
		Keys: []ir.Expr{ld(h.f[0])}, Cases: []*ir.Case{exactCase(ir.Accept, 1), otherwise(0, 1)}})
	tw := load(t, b)
	if got := tw.fast.MaxParse(ir.Ingress); got != 128 {
		t.Errorf("MaxParse %d, want 128: one byte in each of 128 states", got)
	}
	long := make([]byte, 300)
	if p := tw.run(ir.Ingress, long); p.Err != ErrTimeoutHW || p.Consumed != 128 {
		t.Errorf("%v after %d bytes", p.Err, p.Consumed)
	}
	long[127] = 1
	if p := tw.run(ir.Ingress, long); p.Err != 0 || p.Consumed != 128 {
		t.Errorf("%v after %d bytes: the 128th state is in time", p.Err, p.Consumed)
	}
}

func TestLookaheadAndAdvanceStayInThePacket(t *testing.T) {
	b := newProg()
	a, w := b.meta("a", 12), b.meta("w", 72)
	b.parser(&ir.State{Body: []ir.Stmt{
		&ir.Lookahead{Dst: a, Off: 4}, &ir.Lookahead{Dst: w, Off: 8}, &ir.Advance{Bits: num(32, 80)}}, Next: ir.Accept})
	tw := load(t, b)
	p := tw.run(ir.Ingress, unhex("12345678aabbccddeeff"))
	want(t, p, a, 0x234)
	if get(p, w).Text(16) != "345678aabbccddeeff" || p.Consumed != 10 || p.Err != 0 {
		t.Errorf("lookahead %x, consumed %d, %v", get(p, w), p.Consumed, p.Err)
	}
	if p := tw.run(ir.Ingress, unhex("12345678aabbccddee")); p.Err != ErrPartialHdr || p.Consumed != 0 {
		t.Errorf("lookahead past the end: %v, consumed %d", p.Err, p.Consumed)
	}
	if n := tw.fast.MaxParse(ir.Ingress); n != 10 {
		t.Errorf("MaxParse %d", n)
	}
}

func TestMaxParseBoundsLengths(t *testing.T) {
	b := newProg()
	h := b.header("h", 4, 4)
	body := []ir.Stmt{&ir.Extract{Header: h.index},
		&ir.Advance{Bits: bin(ir.Shl, &ir.Cast{Width: 32, X: ld(h.f[1])}, num(8, 5))}}
	b.parser(&ir.State{Body: body, Next: ir.Accept})
	if n := load(t, b).fast.MaxParse(ir.Ingress); n != 1+15*4 {
		t.Errorf("length of 4 bits times 4: %d, want 61", n)
	}
	if n := load(t, b).fast.MaxParse(ir.Egress); n != 0 {
		t.Errorf("no parser: %d", n)
	}
	wide := b.meta("wide", 64)
	body[1] = &ir.Advance{Bits: ld(wide)}
	if n := load(t, b).fast.MaxParse(ir.Ingress); n != Unbounded {
		t.Errorf("any length: %d", n)
	}
}

func TestStackExtractsNextAndReadsLast(t *testing.T) {
	b := newProg()
	st, hs := b.stack("mpls", 2, 20, 3, 1, 8)
	b.parser(&ir.State{Body: []ir.Stmt{&ir.ExtractNext{Stack: st}}, Keys: []ir.Expr{&ir.StackLast{Stack: st, Off: 23, Width: 1}},
		Cases: []*ir.Case{exactCase(ir.Accept, 1), exactCase(0, 0)}})
	for _, h := range hs {
		b.g.Deparser = append(b.g.Deparser, &ir.Emit{Header: h.index})
	}
	tw := load(t, b)
	p := tw.run(ir.Ingress, unhex("00001000"+"00002140"+"ffffffff"))
	if p.Consumed != 8 || hexOf(p.Head) != "0000100000002140" {
		t.Errorf("consumed %d, head %x, %v", p.Consumed, p.Head, p.Err)
	}
	// A third element has no room: P4 rejects, no error bit is set.
	if p := tw.run(ir.Ingress, make([]byte, 12)); p.Verdict != ParserReject || p.Err != 0 {
		t.Errorf("full stack: %v %v", p.Verdict, p.Err)
	}
	// Push makes room in front, pop takes it away.
	b.g.Control = []ir.Stmt{&ir.Push{Stack: st, Count: 1}, &ir.SetValid{Header: hs[0].index}, set(hs[0].f[0], num(20, 0xabcde))}
	p = load(t, b).run(ir.Ingress, unhex("00002140"))
	if hexOf(p.Head) != "abcde140"+"00002140" {
		t.Errorf("after push: %x", p.Head)
	}
	b.g.Control = []ir.Stmt{&ir.Pop{Stack: st, Count: 1}}
	p = load(t, b).run(ir.Ingress, unhex("00001000"+"00002140"))
	if hexOf(p.Head) != "00002140" {
		t.Errorf("after pop: %x", p.Head)
	}
}

func TestParserCounter(t *testing.T) {
	set8 := func(v int64) *ir.CounterSet { return &ir.CounterSet{X: num(8, v)} }
	for _, c := range []struct {
		name      string
		body      []ir.Stmt
		zero, neg int64
		err       ParserError
	}{
		{"set", []ir.Stmt{set8(0)}, 1, 0, 0},
		{"decrement below zero", []ir.Stmt{set8(1), &ir.CounterAdd{Delta: num(8, 2), Neg: true}}, 0, 1, 0},
		{"increment to zero", []ir.Stmt{set8(255), &ir.CounterAdd{Delta: num(8, 1)}}, 1, 0, 0},
		// rotate-right(0x84, 2) = 0x21, & 0x0f = 1, + 0xff = 0
		{"field", []ir.Stmt{&ir.CounterSet{X: num(8, 0x84), Field: true, Max: 255, Rotate: 2, Mask: 0x0f, Add: 0xff}}, 1, 0, 0},
		{"field over max", []ir.Stmt{&ir.CounterSet{X: num(8, 6), Field: true, Max: 5, Mask: 255}}, 1, 0, ErrCtrRange},
		{"push and pop", []ir.Stmt{set8(0), &ir.CounterPush{Set: set8(9)}, &ir.CounterAdd{Delta: num(8, 1), Neg: true}, &ir.CounterPop{}}, 1, 0, 0},
		{"push, updated with the top", []ir.Stmt{set8(1), &ir.CounterPush{Set: set8(9), Update: true}, &ir.CounterAdd{Delta: num(8, 2), Neg: true}, &ir.CounterPop{}}, 0, 1, 0},
	} {
		b := newProg()
		z, n := b.meta("zero", 1), b.meta("neg", 1)
		b.parser(&ir.State{Body: append(c.body, set(z, &ir.CounterZero{}), set(n, &ir.CounterNeg{})), Next: ir.Accept})
		b.g.Parser.ReadsErr = true
		p := load(t, b).run(ir.Ingress, nil)
		if p.Err != c.err {
			t.Errorf("%s: %v, want %v", c.name, p.Err, c.err)
		}
		if c.err == 0 && (get(p, z).Int64() != c.zero || get(p, n).Int64() != c.neg) {
			t.Errorf("%s: zero %v negative %v, want %d %d", c.name, get(p, z), get(p, n), c.zero, c.neg)
		}
	}
}

func TestValueSetInSelect(t *testing.T) {
	b := newProg()
	x := b.header("x", 16)
	got := b.meta("got", 8)
	b.pl.ValueSets = []*ir.ValueSet{{Name: "p.vs", Size: 2, Names: []string{"f1"}, Widths: []int{16}, Kinds: []ir.MatchKind{ir.Ternary}}}
	b.parser(
		&ir.State{Body: []ir.Stmt{&ir.Extract{Header: x.index}}, Keys: []ir.Expr{ld(x.f[0])},
			Cases: []*ir.Case{{ValueSet: 0, Next: 1}, otherwise(ir.Accept, 1)}},
		&ir.State{Body: []ir.Stmt{set(got, num(8, 1))}, Next: ir.Accept})
	tw := load(t, b)
	want(t, tw.run(ir.Ingress, unhex("1234")), got, 0) // empty: never matches
	tw.write(tables.TableEntry{Table: "vs", Key: []tables.KeyField{{Name: "f1", Value: unhex("1200"), Mask: unhex("ff00")}}})
	want(t, tw.run(ir.Ingress, unhex("1234")), got, 1)
	want(t, tw.run(ir.Ingress, unhex("1334")), got, 0)
}

func TestSelectFormsAgree(t *testing.T) {
	// Dense, hashed, ternary, ranges, wide keys: each against its cases read one
	// by one, by the reference engine in run.
	big72 := new(big.Int).Lsh(big.NewInt(0xabc), 60)
	wide := func(v *big.Int, next int) *ir.Case {
		return &ir.Case{ValueSet: -1, Next: next, Match: []ir.Match{{Value: v, Mask: bigOnes(72)}}}
	}
	for name, c := range map[string]struct {
		width int
		cases []*ir.Case
	}{
		"dense":   {16, []*ir.Case{exactCase(1, 5), exactCase(2, 6), exactCase(1, 8), exactCase(2, 9), exactCase(1, 5)}},
		"hash":    {16, []*ir.Case{exactCase(1, 0x0800), exactCase(2, 0x86dd), exactCase(1, 0x8100), exactCase(2, 5), otherwise(1, 1)}},
		"ternary": {16, []*ir.Case{{ValueSet: -1, Next: 1, Match: []ir.Match{{Value: big.NewInt(4), Mask: big.NewInt(0xfffc)}}}, exactCase(2, 6), exactCase(2, 8), exactCase(2, 0x800), otherwise(1, 1)}},
		"range":   {16, []*ir.Case{{ValueSet: -1, Next: 1, Match: []ir.Match{{Range: true, Lo: big.NewInt(5), Hi: big.NewInt(0x801)}}}, otherwise(2, 1)}},
		"ranges":  {16, []*ir.Case{{ValueSet: -1, Next: 1, Match: []ir.Match{{Range: true, Lo: big.NewInt(1), Hi: big.NewInt(0xfffe)}}}, otherwise(2, 1)}},
		"wide":    {72, []*ir.Case{wide(big72, 1), wide(big.NewInt(6), 2)}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newProg()
			x := b.header("x", c.width)
			got := b.meta("got", 8)
			b.parser(
				&ir.State{Body: []ir.Stmt{&ir.Extract{Header: x.index}}, Keys: []ir.Expr{ld(x.f[0])}, Cases: c.cases},
				&ir.State{Body: []ir.Stmt{set(got, num(8, 1))}, Next: ir.Accept},
				&ir.State{Body: []ir.Stmt{set(got, num(8, 2))}, Next: ir.Accept})
			tw := load(t, b)
			for _, v := range []int64{0, 1, 4, 5, 6, 7, 8, 9, 10, 0x800, 0x801, 0x802, 0x86dd, 0x8100, 0xffff} {
				tw.run(ir.Ingress, big.NewInt(v).FillBytes(make([]byte, c.width/8)))
			}
			if c.width == 72 {
				want(t, tw.run(ir.Ingress, big72.FillBytes(make([]byte, 9))), got, 1)
			}
		})
	}
}

func TestParserChecksums(t *testing.T) {
	b := newProg()
	h := b.header("h", 16, 8, 8, 16)
	later := b.header("later", 8, 16)
	bad, residual, all := b.meta("bad", 1), b.meta("residual", 16), b.meta("all", 16)
	b.parser(&ir.State{Body: []ir.Stmt{
		&ir.Extract{Header: h.index},
		&ir.ChecksumAdd{Unit: 0, Data: []ir.Expr{ld(h.f[0]), ld(h.f[1])}},
		&ir.ChecksumAdd{Unit: 0, Data: []ir.Expr{ld(h.f[2]), ld(h.f[3])}}, // one list: the byte continues the word
		&ir.ChecksumVerify{Unit: 0, Dst: bad},
		&ir.ChecksumAdd{Unit: 1, Sub: true, Data: []ir.Expr{ld(h.f[0])}},
		&ir.ChecksumGet{Unit: 1, Dst: residual},
		&ir.ChecksumDeposit{Unit: 1, Dst: all},
		&ir.Extract{Header: later.index}}, Next: ir.Accept})
	tw := load(t, b)
	// 1234 + 5678 + 9753 = ffff: right, so that verify gives false.
	p := tw.run(ir.Ingress, unhex("123456789753"+"0a0b0c"))
	want(t, p, bad, 0)
	want(t, p, residual, 0xffff-0x1234)
	// ~1234 + ~(0a0b + 0c00) in one's complement
	want(t, p, all, 0xffff-(0x1234+0x0a0b+0x0c00))
	want(t, tw.run(ir.Ingress, unhex("123456789754"+"0a0b0c")), bad, 1)
}

// tna-semantics.md section 2.2: the bits of parser_err, which programs compare.
func TestParserErrorBits(t *testing.T) {
	for want, e := range map[uint16]ParserError{0x0001: ErrNoMatch, 0x0002: ErrPartialHdr, 0x0004: ErrCtrRange, 0x0010: ErrTimeoutHW} {
		if uint16(e) != want {
			t.Errorf("%v is %#04x, want %#04x", e, uint16(e), want)
		}
	}
	if s := (ErrNoMatch | ErrTimeoutHW).String(); s != "NO_MATCH|TIMEOUT_HW" {
		t.Error(s)
	}
}
